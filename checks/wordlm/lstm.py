"""A student's `WordLSTM` as the checks use it: built at small sizes, filled with random weights.

The weights are large (N(0, 0.8^2)), so that a small initialisation hides nothing.  A right model
computed another way (gates by hand, time step by time step, fused) then agrees to 1e-5 over a
dozen steps and to 1e-4 over 130; the mistakes looked for move logits by more than 1e-2.

What a state is made of is the student's choice: it is handed on where it is, by a probe.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.causality import ROUNDING
from checks.support.inputs import random_ids
from checks.support.judge import as_list, as_pair, as_tensor, assert_finite, assert_shape

SECTION = "2 Model"

RUNS = ("wordlm.model.logits-shape",)
STEADY = (*RUNS, "wordlm.model.start-state", "wordlm.model.no-leak")  # where calls are compared


@dataclass(frozen=True)
class Sizes:
    """Arguments of `WordLSTM`: different from each other, so that no two axes can be confused."""

    vocab_size: int = 11
    emb_dim: int = 5
    hid_dim: int = 7
    num_layers: int = 2
    dropout: float = 0.0

    def __str__(self) -> str:
        V, E, H, L, p = asdict(self).values()
        return f"V={V} E={E} H={H} L={L} dropout={p}"


class Model:
    """A model in eval mode with random weights; calling it checks the form of what comes back."""

    def __init__(self, lab: Any, sizes: Sizes | None = None, scale: float = 0.8) -> None:
        self.lab, self.sizes = lab, sizes or Sizes()
        options = asdict(self.sizes)
        self.handle = lab.probes_models.build(lab.model.WordLSTM, options, lab.seed, scale)

    def __call__(self, x: Tensor) -> Tensor:
        """Logits without a state, of shape (B, T, V), finite, in double precision."""
        name = "what forward returns, (logits, hidden),"
        logits, _ = as_pair(self.handle(x), name, given=self.describe(x))
        return self.logits(logits, x)

    def logits(self, value: object, x: Tensor) -> Tensor:
        """`value` as logits for `x`, in double precision: they are only compared."""
        B, T = x.shape
        given = self.describe(x)
        logits = assert_shape(value, (B, T, self.sizes.vocab_size), "logits", "B, T, V", given)
        return assert_finite(logits, "logits", given).double()

    def from_start(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits with the state that `init_hidden` gives, and the tensors in that state."""
        given = self.describe(x)
        evidence = self.lab.probes_states.from_start(self.handle, x)
        logits, state = as_pair(evidence, "logits and state", given=given)
        return self.logits(logits, x), self.tensors(state, given)

    def tensors(self, values: object, given: str) -> list[Tensor]:
        """The tensors of a state, in double precision."""
        found = as_list(values, "the state's tensors", given=given)
        return [as_tensor(value, "a state", given=given).double() for value in found]

    def one_step(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the numbers of the state that belong to each row, `(B, F)`."""
        evidence = self.lab.probes_states.one_step(self.handle, x)
        logits, rows = as_pair(evidence, "logits and state")
        rows = assert_finite(as_tensor(rows, "the state", ndim=2), "the state", self.describe(x))
        return self.logits(logits, x), rows.double()

    def describe(self, x: Tensor) -> str:
        """The sizes, for the `given` of a message."""
        B, T = x.shape
        return f"WordLSTM with {self.sizes}, random weights, x of shape (B={B}, T={T})"

    def ids(self, B: int, T: int, salt: int = 0) -> Tensor:
        """Random ids (B, T)."""
        return random_ids(B, T, vocab_size=self.sizes.vocab_size, seed=self.lab.seed + salt)


def quiet_in_train_mode(model: Model) -> bool:
    """Go to train mode; whether calls repeat there, as they should while dropout is 0."""
    model.handle.train()
    x = model.ids(3, 6)
    return torch.allclose(model.from_start(x)[0], model.from_start(x)[0], atol=ROUNDING)
