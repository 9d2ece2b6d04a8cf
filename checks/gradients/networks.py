"""The three networks as definitions, and the derivatives of their J, found in two ways.

J is computed forwards, from the definition.  Its derivatives are autograd's, in float64, and, as a
second witness that shares nothing with the first but the definition, finite differences.  Neither
knows a formula of backpropagation.

The derivative for a state, dJ/dh_t, is that for a nudge, a vector of zeros that is added to h_t.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

Gradients = dict[str, Tensor]

FUNCTIONS = {"pair": "word_pair_grads", "rnn": "rnn_grads", "residual": "residual_rnn_grads"}


@dataclass(frozen=True)
class Problem:
    """One call of a function of by_hand.py: the words read, the word that follows, the weights."""

    kind: str  # a key of FUNCTIONS
    words: tuple[int, ...]
    y: int
    weights: Mapping[str, Tensor]  # by name, in the order of the arguments

    @property
    def V(self) -> int:  # noqa: N802 (the field's name)
        """The number of words."""
        return self.weights["W_unembed"].shape[0]

    @property
    def H(self) -> int:  # noqa: N802
        """The size of a state."""
        return self.weights["W_unembed"].shape[1]

    @property
    def T(self) -> int:  # noqa: N802
        """The number of words read."""
        return len(self.words)

    @property
    def arguments(self) -> list[Any]:
        """What the function is called with."""
        first = self.words[0] if self.kind == "pair" else torch.tensor(self.words)
        return [first, self.y, *(weight.clone() for weight in self.weights.values())]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each derivative; that of `h` in a recurrent network has one row a step."""
        weights = {name: tuple(weight.shape) for name, weight in self.weights.items()}
        if self.kind == "pair":
            return {"s": (self.V,), "h": (self.H,), **weights}
        return {"h": (self.T, self.H), **weights}

    def with_weights(self, **weights: Tensor) -> Problem:
        """The same words, with some of the weights replaced."""
        return replace(self, weights={**self.weights, **weights})

    def __str__(self) -> str:
        read = f"x={self.words[0]}" if self.kind == "pair" else f"xs={list(self.words)}"
        return f"{FUNCTIONS[self.kind]} with V={self.V} H={self.H}, {read}, y={self.y}"


def last_state(problem: Problem, at: Mapping[str, Tensor]) -> Tensor:
    """h `(..., H)` after the last word; what is in `at` may have any leading axes."""
    W_embed = at["W_embed"]
    if problem.kind == "pair":
        return W_embed[..., problem.words[0]] + at["h"]
    W_recurrent, nudges = at["W_recurrent"], at["h"]
    h = torch.zeros_like(W_embed[..., 0])
    for t, word in enumerate(problem.words):
        z = torch.tanh(W_embed[..., word] + (W_recurrent @ h[..., None])[..., 0])
        h = (h + z if problem.kind == "residual" else z) + nudges[..., t, :]
    return h


def logits(problem: Problem, at: Mapping[str, Tensor]) -> Tensor:
    """s `(..., V)`."""
    s = (at["W_unembed"] @ last_state(problem, at)[..., None])[..., 0]
    return s + at["s"] if problem.kind == "pair" else s


def log_probability(problem: Problem, at: Mapping[str, Tensor]) -> Tensor:
    """J `(...)`, the log-probability of y."""
    return torch.log_softmax(logits(problem, at), dim=-1)[..., problem.y]


def start(problem: Problem) -> Gradients:
    """Where the derivatives are taken: the weights themselves, and nudges of zero."""
    nudges = {
        name: torch.zeros(shape, dtype=torch.float64)
        for name, shape in problem.shapes.items()
        if name not in problem.weights
    }
    return {**nudges, **problem.weights}


def by_autograd(problem: Problem) -> Gradients:
    """The derivative of J for each of `problem.shapes`."""
    at = {name: value.clone().requires_grad_() for name, value in start(problem).items()}
    found = torch.autograd.grad(log_probability(problem, at), list(at.values()))
    return dict(zip(at, found, strict=True))


def by_differences(problem: Problem, step: float = 1e-4) -> Gradients:
    """The same from values of J alone: four points on a line, for each number by itself."""
    at = start(problem)
    here = torch.cat([value.flatten() for value in at.values()])  # (P,)
    unit = step * torch.eye(len(here), dtype=torch.float64)

    def moved(steps: int) -> Tensor:  # J with each number changed in turn, (P,)
        parts = (here + steps * unit).split([value.numel() for value in at.values()], dim=1)
        pairs = zip(at.items(), parts, strict=True)
        return log_probability(problem, {n: p.reshape(-1, *v.shape) for (n, v), p in pairs})

    slopes = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)  # (P,)
    parts = slopes.split([value.numel() for value in at.values()])
    return {n: part.reshape(v.shape) for (n, v), part in zip(at.items(), parts, strict=True)}
