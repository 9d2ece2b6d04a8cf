"""Runs of a student's `train` with a model whose validation loss follows a script.

Training text is one pattern over and over, after an id 0 at the start: every chunk of 4 columns has
the targets 1 1 1 2, so that the gradient of the model's one vector of logits hardly changes. Along
such a gradient every step of Adam is as long as the learning rate, whatever the gradient's size.

    column   0 1 2 3 4 5 6 7 8 ...
    id       0 1 1 1 2 1 1 1 2          x = 0 1 1 1 | 2 1 1 1 | ...     y = 1 1 1 2 | 1 1 1 2 | ...

Validation text is the id 4 over and over; there the loss after epoch e is what the script says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from checks.support.judge import as_int, as_list, as_number, as_tensor, reject

SIZE, CHUNKS, T = 5, 6, 4
LR = 0.002  # small, so that the gradient hardly changes on the way
FALLING = (9.0, 3.0, 2.0, 1.0)  # validation improves after every epoch: the rate stays
TRAIN = torch.tensor([[0] + [1, 1, 1, 2] * CHUNKS] * 2)  # (2, 25)
VALID = torch.full((2, 25), SIZE - 1)


def level(ce: float) -> float:
    """The logit of the one right id, all others 0, at which the cross-entropy is `ce`."""
    return -math.log(math.expm1(ce) / (SIZE - 1))


class Run:
    """One call of `train`: its history, and where the vector was at which time."""

    def __init__(
        self, lab: Any, script: Sequence[float], later: float = 1.0, **options: Any
    ) -> None:
        """Train for as many epochs as the script has losses after the first, that of no epoch."""
        levels = [level(ce) for ce in script]
        self.epochs = len(script) - 1
        self.model = lab.probes_training.Script(SIZE, levels, later)
        options = {"epochs": self.epochs, "seq_len": T, "lr": LR, "clip": 10.0, **options}
        settings = ", ".join(f"{name}={value}" for name, value in options.items())
        self.given = f"train(model, train_data, valid_data, {settings}), {CHUNKS} chunks an epoch"
        history = lab.train.train(self.model, TRAIN, VALID, **options)
        self.history = lab.probes_training.plain_rows(history)
        self.visits = as_list(self.model.visits(), "the visits")
        spark, idle = as_list(self.model.weights(), "the weights", length=2)
        self.final = as_tensor(spark, "the weights").double()
        self.idle = as_tensor(idle, "the weights").double()

    def rows(self, *names: str) -> list[dict[str, float]]:
        """The history, a dict of numbers for each epoch."""
        rows = as_list(self.history, "what `train` returns", given=self.given)
        if len(rows) != self.epochs:
            reject(
                "`train` must return one dict for each epoch",
                given=self.given,
                expected=f"{self.epochs} entries",
                got=f"{len(rows)} entries",
            )
        for row in rows:
            lacking = [name for name in names if not isinstance(row, dict) or name not in row]
            if lacking:
                reject(
                    "each entry of the history must be a dict with train_ce, val_ce and lr",
                    given=self.given,
                    got=f"a dict without {', '.join(lacking)}"
                    if isinstance(row, dict)
                    else f"an entry of type {type(row).__name__}",
                )
        return [
            {name: as_number(row[name], f"{name} of epoch {e}") for name in names}
            for e, row in enumerate(rows, start=1)
        ]

    def path(self, epoch: int, *, trained: bool = True) -> Tensor:
        """Where the vector was at each pass of an epoch that trains, or of its evaluation."""
        found = [
            as_tensor(visit["spark"], "the weights").double()
            for visit in self.visits
            if as_int(visit["epoch"], "the epoch") == epoch and visit["trained"] is trained
        ]
        if not found:
            what = "train" if trained else "evaluate"
            got = f"no such pass in epoch {epoch}"
            reject(f"`train` must {what} in every epoch", given=self.given, got=got)
        return torch.stack(found)

    def end(self, epoch: int) -> Tensor:
        """The vector after an epoch, as the evaluation found it."""
        return self.path(epoch, trained=False)[0]

    def steps(self, epoch: int) -> Tensor:
        """The optimizer's steps in an epoch but for the last, `(steps, SIZE)`."""
        steps = self.path(epoch).diff(dim=0)
        return steps[steps.abs().sum(dim=1) > 0]

    def rate(self, epoch: int) -> float:
        """How long the steps of an epoch were, in the middle: the learning rate, under Adam."""
        steps = self.steps(epoch).abs()
        return float(steps.median()) if len(steps) else 0.0
