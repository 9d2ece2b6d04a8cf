"""Training data for stub models: batches that have no character in common.

A model that looks its logits up, `logits = table[x]`, learns from such a batch only in the batch's
own rows of the table.  So each step of an optimizer shows whose gradient it followed, and no step
changes the gradient of another batch.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from checks.support.oracles import table_gradient

V, T, K, ROWS = 36, 6, 12, 2  # characters, steps, batches, rows of a batch (1 in the last)


class Case(NamedTuple):
    """A table of logits to start from, and windows `x` with targets `y`, batch by batch."""

    table: Tensor  # (V, V)
    x: Tensor  # (2K - 1, T)
    y: Tensor

    def batches(self) -> list[tuple[Tensor, Tensor]]:
        """The windows as a loader gives them."""
        return list(zip(self.x.split(ROWS), self.y.split(ROWS), strict=True))

    def gradients(self) -> Tensor:
        """The gradient of each batch's mean loss, `(K, V, V)`."""
        return torch.stack([table_gradient(self.table, x, y) for x, y in self.batches()])


def disjoint_case(seed: int) -> Case:
    """Batch k holds the characters 3k, 3k+1 and 3k+2 only, and every row of it begins with 3k."""
    generator = torch.Generator().manual_seed(seed)
    first = V // K * (torch.arange(ROWS * K - 1) // ROWS)[:, None]  # (rows, 1)
    x = first + torch.randint(V // K, (ROWS * K - 1, T), generator=generator)
    x[:, :3] = first + torch.arange(3)  # each character at least once
    y = torch.randint(V, x.shape, generator=generator)
    return Case(torch.randn(V, V, generator=generator), x, y)
