"""How far a training has come, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .run import Run

Row = dict[str, float]


@dataclass
class Place:
    """How far a training has come: so many epochs, and so much of the one that runs."""

    epoch: int = 0
    batches: int = 0
    trained: bool = False  # only the evaluation is missing
    nats: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    digest: str = ""  # of all that was read from the train loader


class Watcher(Protocol):
    """Who is told how it goes."""

    def piece(self, run: Run, loss: float) -> None:
        """A few batches more are trained on."""

    def replayed(self, run: Run, batches: int) -> None:
        """A few batches more are read again, on the way to where the training was."""

    def epoch(self, run: Run, row: Row) -> None:
        """An epoch is over."""
