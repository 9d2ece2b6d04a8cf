"""Sampling: the model continues a text, one character at a time, each drawn and then read back."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn


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
    raise NotImplementedError(
        "charlm/sample.py sample: not implemented - "
        "Continue the prompt by `length` characters of the model's choice"
    )
