"""A student's `CharacterLSTM` as the checks use it: small, filled with random weights.

The weights are large (N(0, 0.8^2)), so that a small initialisation hides nothing. A right model
computed another way (gates by hand, time step by time step) then agrees to 1e-5 over a dozen
steps; the mistakes looked for move logits by more than 1e-2.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.causality import ROUNDING
from checks.support.inputs import generator, random_ids
from checks.support.judge import as_pair, assert_finite, assert_shape

SECTION = "2 Model"

State = tuple[Tensor, Tensor]

RUNS = ("statelm.model.logits-shape", "statelm.model.unit-check")
STEADY = (*RUNS, "statelm.model.repeats")  # where calls are compared
PLACED = (*STEADY, "statelm.model.flat-order")  # where logits are looked up by row and time


@dataclass(frozen=True)
class Sizes:
    """Arguments of `CharacterLSTM`: all different, so that no two axes can be confused."""

    vocab_size: int = 11
    embedding_dim: int = 5
    hidden_size: int = 7

    def __str__(self) -> str:
        V, E, H = asdict(self).values()
        return f"V={V} E={E} H={H}"


class Model:
    """A model in eval mode with random weights; calling it checks the form of what comes back."""

    def __init__(self, lab, sizes: Sizes | None = None, scale: float = 0.8) -> None:
        self.lab, self.sizes = lab, sizes or Sizes()
        options = asdict(self.sizes)
        self.handle = lab.probes_models.build(lab.model.CharacterLSTM, options, lab.seed, scale)

    def __call__(self, x: Tensor, state: State | None = None) -> tuple[Tensor, Any]:
        """Logits for `x`, checked, in the order (B, T, V), and the state as it came.

        Without a state the model is given zeros.
        """
        logits, returned = self.answer(x, state)
        return self.logits(logits, x), returned

    def answer(self, x: Tensor, state: State | None = None) -> tuple[Any, Any]:
        """What should be logits and state, as they came."""
        name = "what forward returns, (logits, (h, c)),"
        h, c = self.zeros(len(x)) if state is None else state
        mine = h.clone(), c.clone()  # with --in-process the model could write into the check's own
        return as_pair(self.handle(x, mine), name, given=self.describe(x))

    def run(self, x: Tensor) -> Tensor:
        """Logits from a state of zeros, in the order (B, T, V)."""
        return self(x)[0]

    def logits(self, value: object, x: Tensor) -> Tensor:
        """`value` as flat logits for `x`, in double precision: row b*T + t at [b, t]."""
        B, T = x.shape
        V, given = self.sizes.vocab_size, self.describe(x)
        flat = assert_shape(value, (B * T, V), "logits", "B*T, V", given)
        return assert_finite(flat, "logits", given).double().reshape(B, T, V)

    def state(self, value: object, x: Tensor) -> State:
        """`value` as the state after `x`: (h, c), each of shape (1, B, H)."""
        given, shape = self.describe(x), (1, len(x), self.sizes.hidden_size)
        h, c = as_pair(value, "the state that forward returns, (h, c),", given=given)
        return (
            assert_finite(assert_shape(h, shape, "h", "1, B, H", given), "h", given),
            assert_finite(assert_shape(c, shape, "c", "1, B, H", given), "c", given),
        )

    def zeros(self, B: int) -> State:
        """The state at the start of a text."""
        shape = (1, B, self.sizes.hidden_size)
        return torch.zeros(shape), torch.zeros(shape)

    def any_state(self, B: int, salt: int = 0) -> State:
        """A state that a text could have led to: h between -1 and 1, c about as large."""
        shape, source = (1, B, self.sizes.hidden_size), generator(self.lab.seed + salt)
        return torch.randn(shape, generator=source).tanh(), torch.randn(shape, generator=source)

    def in_train_mode(self, x: Tensor) -> bool:
        """Go to train mode; whether calls with `x` repeat there, as they do without dropout."""
        self.handle.train()
        return torch.allclose(self.run(x), self.run(x), atol=ROUNDING)

    def describe(self, x: Tensor) -> str:
        """The sizes, for the `given` of a message."""
        B, T = x.shape
        return f"CharacterLSTM with {self.sizes}, random weights, x of shape (B={B}, T={T})"

    def ids(self, B: int, T: int, salt: int = 0) -> Tensor:
        """Random ids (B, T)."""
        return random_ids(B, T, vocab_size=self.sizes.vocab_size, seed=self.lab.seed + salt)
