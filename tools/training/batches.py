"""Reading a loader in pieces of a few batches, and finding a place in it again.

A loader is only asked to be iterated over. It may draw its order from torch, numpy, `random` or a
generator of its own, once or at each pass, so its state cannot be saved. It is read again instead:
made anew with the same stream of random numbers, it gives the same batches, and a digest of all
that was read shows whether it did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from tools.submission import LoadedLab, UsageError

from .randomness import Stream

Batch = tuple[Tensor, Tensor]  # x, y: LongTensor (B, T) each


class Reader:
    """Reads a loader pass after pass, with its draws from the stream, and digests what it reads."""

    def __init__(
        self, lab: LoadedLab, loader: Iterable[Any], stream: Stream, name: str, digest: str = ""
    ) -> None:
        """Read `loader`, which `name` names in messages."""
        self._lab, self._loader, self._stream, self._name = lab, loader, stream, name
        self._iterator: Iterator[Any] | None = None
        self.digest = digest  # hexadecimal, of all batches so far in their order

    def take(self, most: int) -> list[Batch]:
        """The pass's next batches, fewer at its end; none when it is over, and a new one begins.

        Raises UsageError if the loader fails or gives anything but batches `(x, y)`.
        """
        with self._stream.flowing(), self._lab.blamed(self._name):
            if self._iterator is None:
                self._iterator = iter(self._loader)
            batches = [self._checked(batch) for batch in islice(self._iterator, most)]
        if not batches:
            self.restart()
        for x, y in batches:
            content = hashlib.sha256(self.digest.encode())
            content.update(x.numpy().tobytes())
            content.update(y.numpy().tobytes())
            self.digest = content.hexdigest()
        return batches

    def restart(self) -> None:
        """Leave the pass; the next batches are the first ones of a new one."""
        self._iterator = None

    def _checked(self, batch: Any) -> Batch:
        x, y = batch
        ids = [z for z in (x, y) if isinstance(z, Tensor) and z.dtype == torch.long and z.ndim == 2]
        if len(ids) < 2 or x.shape != y.shape or not len(x):
            raise UsageError(f"{self._name} gives batches that are not two LongTensors (B, T)")
        return x.detach().cpu(), y.detach().cpu()


def loaders_of(batches: list[Batch]) -> Iterator[tuple[DataLoader[Any], int]]:
    """Plain loaders that give these batches again, in order, and how many characters each has.

    One will do, unless a batch in the middle is smaller than the first or one is larger.
    """
    while batches:
        first = batches[0][0].shape
        end = 1
        while end < len(batches) and _continues(batches[end - 1 : end + 1], first):
            end += 1
        group, batches = batches[:end], batches[end:]
        x, y = (torch.cat(parts) for parts in zip(*group, strict=True))
        yield DataLoader(TensorDataset(x, y), batch_size=first[0], shuffle=False), y.numel()


def _continues(two: list[Batch], first: torch.Size) -> bool:
    """Whether a batch may follow another: that one is full, and this one not larger."""
    (before, _), (after, _) = two
    return before.shape == first and after.shape[1] == first[1] and len(after) <= first[0]


def length_of(loader: Any, otherwise: int) -> int:
    """The number of batches of a pass, as far as the loader tells."""
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return otherwise
