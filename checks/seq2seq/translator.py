"""A student's `Seq2Seq` as the checks use it: built at small sizes, filled with random weights.

The weights are large (N(0, 0.8^2)), so that a small initialisation hides nothing. A right model
computed another way (step by step, gates by hand, fused) then agrees to 1e-5 over a dozen steps;
the mistakes looked for move logits by more than 1e-2.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from checks.support.causality import ROUNDING
from checks.support.inputs import random_ids
from checks.support.judge import assert_finite, assert_shape

__all__ = ["FORM", "REPEATS", "ROUNDING", "SECTION", "Model", "Sizes"]

SECTION = "1 Model"

FORM = ("seq2seq.model.logits-shape", "seq2seq.model.any-size")
REPEATS = (*FORM, "seq2seq.model.repeats")  # where calls are compared


@dataclass(frozen=True)
class Sizes:
    """Arguments of `Seq2Seq`: different from each other, so that no two can be confused."""

    src_vocab: int = 11
    tgt_vocab: int = 14
    embed_dim: int = 8
    hidden_size: int = 16

    def __str__(self) -> str:
        src, tgt, E, H = asdict(self).values()
        return f"src_vocab={src} tgt_vocab={tgt} E={E} H={H}"


class Model:
    """A model in eval mode with random weights; calling it checks the form of what comes back."""

    def __init__(
        self, lab: Any, sizes: Sizes | None = None, *, scale: float = 0.8, salt: int = 0
    ) -> None:
        self.sizes, self.seed = sizes or Sizes(), lab.seed + salt
        options = asdict(self.sizes)
        self.handle = lab.probes_models.build(lab.model.Seq2Seq, options, self.seed, scale)

    def __call__(self, src: Tensor, tgt_in: Tensor) -> Tensor:
        """Logits (B, T, V), in double precision: they are only compared."""
        given = self.describe(src, tgt_in)
        shape = (*tgt_in.shape, self.sizes.tgt_vocab)
        value = self.handle(src, tgt_in)
        logits = assert_shape(value, shape, "logits", "B, T_tgt, tgt_vocab", given)
        return assert_finite(logits, "logits", given).double()

    def describe(self, src: Tensor, tgt_in: Tensor) -> str:
        """Sizes and shapes, for the `given` of a message."""
        shapes = f"src {tuple(src.shape)}, tgt_in {tuple(tgt_in.shape)}"
        return f"Seq2Seq with {self.sizes}, random weights, {shapes}"

    def sources(self, B: int, S: int, salt: int = 0) -> Tensor:
        """Random source ids (B, S)."""
        return random_ids(B, S, vocab_size=self.sizes.src_vocab, seed=self.seed + salt)

    def targets(self, B: int, T: int, salt: int = 0) -> Tensor:
        """Random target ids (B, T)."""
        return random_ids(B, T, vocab_size=self.sizes.tgt_vocab, seed=self.seed + salt + 1)
