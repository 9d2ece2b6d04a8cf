"""What holds of a recurrent model's state (h, c) in every lab that passes one in.

A `model` here is a lab's: called with ids and a state it gives logits, and the state as it came.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from checks.support.causality import ROUNDING
from checks.support.judge import reject


def carry_cause(model: Any, x: Tensor, state: Any, rest: Tensor, wanted: Tensor) -> str:
    """Which other state explains the logits `rest`, or would have given those `wanted`."""
    (h, c), zeros = state, torch.zeros_like(state[0])
    explanations = (
        ("the state that is passed in is ignored", (zeros, zeros), rest),
        ("c is ignored: only h is carried on", (h, zeros), rest),
        ("h is ignored: only c is carried on", (zeros, c), rest),
        ("h and c change places between two calls", (c, h), wanted),
    )
    for cause, other, logits in explanations:
        if torch.allclose(model(x, other)[0], logits, atol=ROUNDING):
            return cause
    return "the state returned is not the one after the last step"


def assert_each_part_counts(model: Any, x: Tensor, state: tuple[Tensor, Tensor]) -> None:
    """A state of which h or c is zero must move the logits too: it is none that is missing.

    With weights as large as the checks', what is left of it moves them by more than 1e-2.
    """
    __tracebackhide__ = True
    (h, c), zeros = state, torch.zeros_like(state[0])
    without = model(x, (zeros, zeros))[0]
    for name, other, given in (("h", "c", (zeros, c)), ("c", "h", (h, zeros))):
        if torch.allclose(model(x, given)[0], without, atol=ROUNDING):
            reject(
                "h and c of the state that is passed in must both be used",
                given=f"{model.describe(x)}, a state of which {name} is zero and {other} is not",
                expected="other logits than from a state of zeros",
                got="the same logits",
                cause=f"a state whose {name} is zero is taken for none",
            )
