"""Naming the mistake: which of the usual wrong ways to compute a value gives what came back?"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def likely_cause(
    got: Tensor | float, suspects: Mapping[str, Tensor | float], *, tolerance: float = 1e-3
) -> str:
    """The first suspect, a cause in words, whose value is `got` up to `tolerance` of its size.

    "" when none fits.  A diagnosis only adds words to a failure; it never decides one.
    """
    actual = torch.as_tensor(got).detach().double()
    for cause, value in suspects.items():
        suspect = torch.as_tensor(value).detach().double()
        if suspect.shape != actual.shape or not bool(suspect.isfinite().all()):
            continue
        scale = max(float(suspect.norm()), 1e-9)
        if float((actual - suspect).norm()) <= tolerance * scale:
            return cause
    return ""
