"""A student's `CharLSTM` as the checks use it: built at small sizes, filled with random weights.

The weights are large (N(0, 0.8^2)), so that a small initialisation hides nothing.  A right model
computed another way (gates by hand, time step by time step, fused) then agrees to 1e-5 over a
dozen steps and to 1e-4 over 130; the mistakes looked for move logits by more than 1e-2.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.causality import ROUNDING
from checks.support.inputs import random_ids
from checks.support.judge import as_pair, assert_finite, assert_shape, reject

SECTION = "2 Model"

RUNS = ("charlm.model.logits-shape", "charlm.model.unit-check")
STEADY = (*RUNS, "charlm.model.zero-state", "charlm.model.no-leak")  # where calls are compared


@dataclass(frozen=True)
class Sizes:
    """Arguments of `CharLSTM`: different from each other, so that no two axes can be confused."""

    vocab_size: int = 11
    embed_dim: int = 5
    hidden_size: int = 7
    num_layers: int = 2
    dropout: float = 0.0

    def __str__(self) -> str:
        V, E, H, L, p = asdict(self).values()
        return f"V={V} E={E} H={H} L={L} dropout={p}"


class Model:
    """A model in eval mode with random weights; calling it checks the form of what comes back."""

    def __init__(self, lab, sizes: Sizes | None = None, scale: float = 0.8) -> None:
        self.lab, self.sizes = lab, sizes or Sizes()
        self.handle = lab.probes_models.build(lab.model.CharLSTM, self.options, lab.seed, scale)

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `CharLSTM`."""
        return asdict(self.sizes)

    def answer(self, x: Tensor, *hidden: Any, **options: Any) -> tuple[Any, Any]:
        """What should be logits and state, as they came."""
        name = "what forward returns, (logits, (h, c)),"
        return as_pair(self.handle(x, *hidden, **options), name, given=self.describe(x))

    def __call__(self, x: Tensor, *hidden: Any, **options: Any) -> tuple[Tensor, Any]:
        """Logits, of shape (B, T, V) and finite, and the state as it came."""
        logits, state = self.answer(x, *hidden, **options)
        return self.logits(logits, x), state

    def run(self, x: Tensor) -> Tensor:
        """Logits alone, of shape (B, T, V), in double precision."""
        return self(x)[0]

    def state(self, value: object, x: Tensor) -> tuple[Tensor, Tensor]:
        """`value` as the state after `x`: (h, c), each of shape (L, B, H)."""
        given = self.describe(x)
        shape = (self.sizes.num_layers, len(x), self.sizes.hidden_size)
        h, c = as_pair(value, "the state that forward returns, (h, c),", given=given)
        return (
            assert_finite(assert_shape(h, shape, "h", "L, B, H", given), "h", given),
            assert_finite(assert_shape(c, shape, "c", "L, B, H", given), "c", given),
        )

    def from_zeros(self, x: Tensor) -> Tensor:
        """Logits for `x` with a state of zeros, of shape (L, B, H).

        A model whose states have another shape gets zeros of the shape that it returns: the wrong
        shape is a matter for the check of shapes.
        """
        shape = (self.sizes.num_layers, len(x), self.sizes.hidden_size)
        tries: list[Any] = [(torch.zeros(shape), torch.zeros(shape))]
        _, returned = self.answer(x)
        if isinstance(returned, (list, tuple)) and all(isinstance(t, Tensor) for t in returned):
            tries.append(tuple(torch.zeros_like(t) for t in returned))
        for zeros in tries:
            ran, answer = as_pair(
                self.lab.probes_models.call_or_error(self.handle, x, zeros), "an answer"
            )
            if ran is True:
                logits, _ = as_pair(answer, "what forward returns", given=self.describe(x))
                return self.logits(logits, x)
        reject(
            "forward must take a state (h, c), each of shape (L, B, H)",
            given=f"{self.describe(x)}, h and c zeros of shape {shape}",
            got=str(answer),
        )

    def logits(self, value: object, x: Tensor) -> Tensor:
        """`value` as logits for `x`, in double precision: they are only compared."""
        B, T = x.shape
        given = self.describe(x)
        logits = assert_shape(value, (B, T, self.sizes.vocab_size), "logits", "B, T, V", given)
        return assert_finite(logits, "logits", given).double()

    def train(self) -> bool:
        """Go to train mode; whether calls repeat there, as they should while dropout is 0."""
        self.handle.train()
        x = self.ids(3, 6)
        return torch.allclose(self.from_zeros(x), self.from_zeros(x), atol=ROUNDING)

    def describe(self, x: Tensor) -> str:
        """The sizes, for the `given` of a message."""
        B, T = x.shape
        return f"CharLSTM with {self.sizes}, random weights, x of shape (B={B}, T={T})"

    def ids(self, B: int, T: int, salt: int = 0) -> Tensor:
        """Random ids (B, T)."""
        return random_ids(B, T, vocab_size=self.sizes.vocab_size, seed=self.lab.seed + salt)
