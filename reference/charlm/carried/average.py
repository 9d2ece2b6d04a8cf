"""The average of the weights along the way, which is often better than where the way ends.

With a step size that is not small, the weights w_k circle around the bottom of a valley and never
reach it. Their mean does, being where the circle has its centre. An exponential moving average
costs one more copy of the weights and one line a step:

    a_k = d_k a_{k-1} + (1 - d_k) w_k        d_k = min(d, k / (k + 9)),  k = 1, 2, ...

Written out, w_j has in a_K the share (1 - d_j) d_{j+1} ... d_K: it fades by d a step, and about the
last 1 / (1 - d) steps count. The smaller d_k of the first steps lets the average forget the
untrained weights, which would otherwise have a share d^K for good.

A learning rate that goes to zero ends the circling too (schedule.py). Then the average is one over
weights that hardly move, and there is little left for it to do. It pays where the rate stays up.

Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992); Izmailov and
others, "Averaging Weights Leads to Wider Optima and Better Generalization" (UAI 2018).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Average:
    """The moving average of a model's parameters."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Begin at the model's present parameters; `decay` is d above, 0 <= d < 1.

        Raises ValueError for another `decay`. A parameter used at two places is averaged once.
        """
        if not 0 <= decay < 1:
            raise ValueError(f"decay must lie in [0, 1), but is {decay}")
        self._parameters, self._decay, self._updates = list(model.parameters()), decay, 0
        self.values = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def update(self) -> None:
        """Take the model's parameters into the average: once after each optimizer step."""
        self._updates += 1
        decay = min(self._decay, self._updates / (self._updates + 9))
        for value, parameter in zip(self.values, self._parameters, strict=True):
            value.lerp_(parameter, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the model the average for the length of a `with` block, and its own back after.

        Written into the model's own tensors, which cuDNN wants to stay where they are.
        """
        own = [parameter.detach().clone() for parameter in self._parameters]
        self._write(self.values)
        try:
            yield
        finally:
            self._write(own)

    @torch.no_grad()
    def _write(self, values: list[torch.Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)
