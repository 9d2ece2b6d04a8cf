"""Whether logits are a linear layer's output as it is, or something was done to them after it."""

import torch
from torch import Tensor


def squashed_cause(logits: Tensor, width: int) -> str:
    """What was done to `logits` (rows, V) after a linear layer of `width` inputs, or ""."""
    if (logits >= 0).all() and ((logits.sum(dim=1) - 1).abs() < 1e-3).all():
        return "softmax: every row sums to 1"
    if (logits.logsumexp(dim=1).abs() < 1e-3).all():
        return "log_softmax: the exponentials of every row sum to 1"
    if (logits >= 0).all():
        return "ReLU, or another function that is never negative"
    # A linear layer maps `width` numbers to V: after the mean over rows is taken away (the bias),
    # and that over a row (a shift of a row changes no probability), the rank is `width` at most.
    # Rounding leaves 1e-6 of the largest singular value; tanh, clamp, sigmoid leave over 1e-2.
    centred = logits - logits.mean(dim=1, keepdim=True)
    values = torch.linalg.svdvals(centred - centred.mean(dim=0))
    if len(values) > width and values[width] > 1e-3 * values[0]:
        return "a function such as tanh, sigmoid or a normalisation comes after the linear layer"
    return ""
