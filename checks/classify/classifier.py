"""A student's `SequenceClassifier` as the checks use it: small, with random weights, asked rows.

The weights are drawn from N(0, 0.5^2), so that a small initialisation hides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.inputs import generator, random_ids
from checks.support.judge import assert_finite, assert_shape

SECTION = "6 Classification"
POOLINGS = ("last", "mean", "max")

# Rows computed alone, packed or padded agree to 1e-6; the mistakes looked for move logits by more
# than 1e-2.
ROUNDING = 1e-4

FORM = ("classify.model.logits-shape", "classify.model.any-size")
ROWS = ("classify.model.no-leak", "classify.model.padding", "classify.model.other-rows")


@dataclass(frozen=True)
class Sizes:
    """Arguments of `SequenceClassifier`: all different, so that no two axes can be confused."""

    vocab_size: int = 6
    num_classes: int = 5
    embed_dim: int = 4
    hidden_size: int = 8
    num_layers: int = 1

    def __str__(self) -> str:
        V, C, E, H, L = asdict(self).values()
        return f"V={V} C={C} E={E} H={H} L={L}"


class Model:
    """A model in eval mode with random weights; calling it checks the form of what comes back.

    Models with the same architecture and `salt` have the same weights, whatever their pooling.
    """

    def __init__(
        self,
        lab: Any,
        pooling: str | None = None,
        sizes: Sizes | None = None,
        scale: float = 0.5,
        salt: int = 0,
    ) -> None:
        self.lab, self.pooling, self.sizes = lab, pooling, sizes or Sizes()
        options = asdict(self.sizes) | ({} if pooling is None else {"pooling": pooling})
        self.options = options
        build, seed = lab.probes_models.build, lab.seed + salt
        self.handle = build(lab.model.SequenceClassifier, options, seed, scale)

    def __call__(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Logits (B, C), finite, in double precision."""
        given = self.describe(x)
        shape = (len(x), self.sizes.num_classes)
        logits = assert_shape(self.handle(x, lengths), shape, "logits", "B, C", given)
        return assert_finite(logits, "logits", given).double()

    def of(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Logits (B, C) for rows of any length, padded on the right with random ids."""
        return self(*self.pad(rows))

    def pad(self, rows: Sequence[Sequence[int]], beyond: int = 0, salt: int = 0) -> Any:
        """Ids (B, T) and lengths (B,); `beyond` columns more than the longest row needs."""
        T = max(map(len, rows)) + beyond
        x = random_ids(len(rows), T, vocab_size=self.sizes.vocab_size, seed=self.lab.seed + salt)
        for b, row in enumerate(rows):
            x[b, : len(row)] = torch.as_tensor(row)
        return x, torch.tensor([len(row) for row in rows])

    def rows(self, *lengths: int, salt: int = 0) -> list[list[int]]:
        """Random rows of these lengths."""
        source = generator(self.lab.seed + 1000 + salt)
        V = self.sizes.vocab_size
        return [torch.randint(V, (n,), generator=source).tolist() for n in lengths]

    def describe(self, x: Tensor | None = None) -> str:
        """The sizes, for the `given` of a message."""
        pooling = "the default pooling" if self.pooling is None else f"pooling={self.pooling!r}"
        shape = "" if x is None else f", x of shape (B={x.shape[0]}, T={x.shape[1]})"
        return f"SequenceClassifier with {self.sizes}, {pooling}, random weights{shape}"


def apart(one: Tensor, other: Tensor) -> float:
    """The largest difference between two tensors of logits."""
    return float((one - other).abs().max())


def spread(logits: Tensor) -> float:
    """The largest difference between rows."""
    return float((logits.amax(dim=0) - logits.amin(dim=0)).max())
