"""Sampling: the model continues a text, one character at a time, each drawn and then read back.

    prompt                       new characters
    t   h   e   _           c           a           t
    |   |   |   |           |           |           |
    model ------+--(h, c)-- model --+-- model --+-- ...      the state carries the past along
                |           |       |   |       |   |
                logits -> draw c ---'   draw a -'   draw t

The whole prompt is read in one call, and its last logits give the first new character. Each
further call reads the one character just drawn, together with the state (h, c), in which the past
is contained. So a character costs the same however long the text before it has become. On a CPU
it costs less without oneDNN, to which PyTorch gives its LSTMs there: oneDNN rearranges all the
weights at each call, which pays over a long sequence, and for one character can take several
times as long as the character's own arithmetic: the more, the larger the model.

Three ways to turn logits z into a character:

    greedy        argmax z. The same each time, and soon in a loop.
    temperature   draw from softmax(z / temperature). At 1 the model's own distribution; below 1
                  sharper, towards greedy; above 1 flatter, towards uniform.
    top-p         of the distribution so obtained, keep the most probable characters until their
                  probabilities add up to p at least, that is *with* the one that crosses p, and
                  draw among these. It cuts the long tail, of which each character is improbable
                  but the whole is not, and keeps few where the model is sure, many where it is not.

Left out on purpose: beam search, top-k, repetition penalties, several samples in one batch.

Temperature: Ackley, Hinton and Sejnowski, "A Learning Algorithm for Boltzmann Machines" (Cognitive
Science, 1985). Top-p: Holtzman, Buys, Du, Forbes and Choi, "The Curious Case of Neural Text
Degeneration" (ICLR 2020).
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ._switch import in_mode, without_onednn
from .data import decode, encode


def sample(
    model: nn.Module,
    prompt: str,
    stoi: Mapping[str, int],
    itos: Mapping[int, str] | Sequence[str],
    length: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    greedy: bool = False,
    device: torch.device | str = "cpu",
    generator: torch.Generator | None = None,
) -> str:
    """Continue the prompt by `length` characters of the model's choice.

    model: any module with `forward(x, hidden=None) -> (logits (B, T, V), hidden)`, its parameters
    on `device`; it runs in eval mode and without gradients, and gets back the mode it had.
    stoi, itos: the tables of `build_vocab`. temperature: divides the logits. top_p: draw among the
    fewest most probable characters whose probabilities reach it; 1 keeps them all. greedy: take
    the most probable character instead, always.

    `generator`, a CPU one that the contract does not ask for, makes the text repeatable.

    Returns the prompt followed by the new characters. Raises ValueError for an empty prompt, a
    prompt with a character outside the vocabulary, a temperature that is not positive and finite,
    a top_p outside (0, 1] and a negative length.
    """
    _check_settings(prompt, length, temperature, top_p)
    x = encode(prompt, stoi).to(device)[None]  # (T,) -> (1, T)
    hidden = None
    new_ids: list[int] = []
    with in_mode(model, training=False), torch.no_grad(), without_onednn():
        for _ in range(length):
            logits, hidden = model(x, hidden)  # (1, T, V), and after the prompt (1, 1, V)
            last = logits[0, -1].cpu().double()  # (V,)
            if greedy:
                choice = last.argmax()
            else:
                choice = _distribution(last, temperature, top_p).multinomial(1, generator=generator)
            new_ids.append(int(choice))
            x = torch.tensor([new_ids[-1:]], device=device)  # (1, 1)
    return prompt + decode(new_ids, itos)


def _check_settings(prompt: str, length: int, temperature: float, top_p: float) -> None:
    """Raise ValueError for settings that leave nothing to draw, or nothing to draw from."""
    if not prompt:
        raise ValueError("the prompt is empty: the model needs a character to start from")
    if length < 0:
        raise ValueError(f"length must not be negative, but is {length}")
    if not 0 < temperature < math.inf:  # written so that NaN is turned away too
        raise ValueError(f"temperature must be positive and finite, not {temperature}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must lie in (0, 1], but is {top_p}")


def _distribution(logits: Tensor, temperature: float, top_p: float) -> Tensor:
    """Return the probabilities `(V,)` to draw from, up to a common factor."""
    # Less the largest logit, which changes no probability, nothing overflows at tiny temperatures.
    probs = torch.softmax((logits - logits.max()) / temperature, dim=0)
    if top_p == 1:
        return probs
    ranked, order = probs.sort(descending=True)
    ahead = ranked.cumsum(0) - ranked  # the mass of all more probable ones: 0 for the first, so
    kept = ranked * (ahead < top_p)  # that it is kept at any top_p, and so is the one that crosses
    return torch.zeros_like(probs).scatter(0, order, kept)  # from ranks back to ids
