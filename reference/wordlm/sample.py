"""Generation: the model continues a prompt, one word at a time, each drawn and then read back.

    prompt                 new words
    how   are              you           today          <eos>
     |     |                |              |              |
    model ----- (h, c) --- model -------- model --------- stop
           |               |  |           |  |
           p -> draw you --'  p -> today -'  p -> <eos>

p is the softmax of the logits, divided by the temperature: below 1 it is sharper, above 1 flatter.
`<unk>` has a probability too, since the training text is full of it, but it is no word that one
could write. It is struck out before the draw, and the others share what it had.

A seed makes the text repeatable. It goes to a generator of its own, so that no other random number
of the program depends on whether somebody asked for a text.

Left out on purpose: greedy choice, top-k and top-p (the character lab has them), beam search.
"""

import torch
from torch import Tensor

from ._switch import in_mode
from .data import EOS, UNK, Vocab, tokenize
from .model import WordLSTM


def generate(
    prompt: str,
    length: int,
    temperature: float,
    model: WordLSTM,
    vocab: Vocab,
    seed: int | None = None,
) -> str:
    """Continue the prompt by at most `length` words of the model's choice.

    The model reads all words of the prompt, `<unk>` for one that it does not know. `temperature`
    divides the logits. A new word is never `<unk>`; `<eos>` ends the text and is not part of it.
    The same `seed`, of whatever value, gives the same text; None draws a new one each time. Runs in
    eval mode and without gradients.

    Returns the prompt's words and the new ones, joined by single spaces. Raises ValueError for a
    prompt without a word and for a temperature that is not positive.
    """
    words = tokenize(prompt)
    if not words:
        raise ValueError("the prompt has no word: the model needs one to start from")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    device = next(model.parameters()).device
    x = torch.tensor([[vocab[word] for word in words]], device=device)  # (1, T)
    hidden = model.init_hidden(1, device)
    with in_mode(model, training=False), torch.no_grad():
        for _ in range(length):
            logits, hidden = model(x, hidden)  # (1, T, V), and after the prompt (1, 1, V)
            choice = _draw(logits[0, -1], temperature, vocab[UNK], generator)
            if choice == vocab[EOS]:
                break
            words.append(vocab.itos[choice])
            x = torch.tensor([[choice]], device=device)  # (1, 1)
    return " ".join(words)


def _draw(logits: Tensor, temperature: float, banned: int, generator: torch.Generator) -> int:
    """Draw an id from `softmax(logits / temperature)`, logits `(V,)`, but never the banned one."""
    scaled = logits.cpu().double() / temperature  # the generator lives on the CPU
    scaled[banned] = -torch.inf  # e^-inf = 0
    return int(torch.softmax(scaled, dim=0).multinomial(1, generator=generator))
