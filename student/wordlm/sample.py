"""Generation: the model continues a prompt, one word at a time, each drawn and then read back."""

from .data import Vocab
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
    raise NotImplementedError(
        "wordlm/sample.py generate: not implemented - "
        "Continue the prompt by at most `length` words of the model's choice"
    )
