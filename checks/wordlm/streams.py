"""Streams for the training checks, and what a student's `train_epoch` does with a stub model.

The stub looks its logits up in a table, `logits = table[x]`, and plain SGD with lr 1 moves the
table by minus the gradient it is handed.  The chunks have no id in common:

    columns   0 . . . . T | . . . . . 2T | . . .          N = K * T + 1
    ids       0 2 1 1 2 1 | 3 5 4 3 3 5  | 6 8 7 ...      chunk k has 3k, 3k+1, 3k+2

So which rows of the table a step moves tells whose gradient it was, and no step changes the
gradient of another chunk. In the first row the id 0 stands at the start and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.inputs import generator
from checks.support.judge import as_list, as_number, as_tensor, reject
from checks.support.oracles import table_gradient, token_losses

V, T, K, B = 36, 5, 12, 3  # ids, steps of a chunk, chunks, rows
NO_CLIP = 1e9
# train.py may call `get_batch`: what fails because of a mistake there is that mistake's red line.
OF_DATA = ("wordlm.data.chunk-*", "wordlm.data.keywords")
GIVEN = f"streams of {B} rows, {K} chunks of seq_len={T}, SGD with lr=1"


@dataclass(frozen=True)
class Case:
    """A table of logits to start from, and streams `(B, N)`."""

    table: Tensor  # (V, V)
    data: Tensor  # (B, N)

    def chunk(self, k: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of chunk k; the last may be shorter."""
        last = self.data.shape[1] - 1
        end = min((k + 1) * T, last)
        return self.data[:, k * T : end], self.data[:, k * T + 1 : end + 1]

    def gradients(self) -> Tensor:
        """The gradient of each chunk's mean loss, `(K, V, V)`."""
        return torch.stack([table_gradient(self.table, *self.chunk(k)) for k in range(K)])

    def losses(self) -> Tensor:
        """The loss of each prediction before any training, `(B, N-1)`."""
        return token_losses(self.table[self.data[:, :-1]], self.data[:, 1:])


def disjoint_case(seed: int, *, extra: int = 0) -> Case:
    """Streams of `K` chunks that share no id, and `extra` columns more than these need."""
    source = generator(seed)
    chunks = torch.arange(K * T + 1 + extra).clamp_max(K * T - 1) // T  # of each column
    data = 3 * chunks + torch.randint(3, (B, len(chunks)), generator=source)
    data[0, 1:T][data[0, 1:T] == 0] = 1
    data[:, 0] = 0
    for k in range(K):
        for row, id_ in ((1, 3 * k + 1), (2, 3 * k + 2)):  # each id at least once
            data[row, k * T + row] = id_
        data[0, k * T] = 3 * k
    data[1, 2], data[2, 3] = 0, 1  # the specials are targets too
    return Case(torch.randn(V, V, generator=source), data)


def arrange(
    lab: Any, case: Case, lr: float = 0.01, groups: int = 1, **options: Any
) -> tuple[Any, Any]:
    """A stub and its optimizer, with so many groups of parameters."""
    model = lab.probes_training.Table(case.table, **options)
    return model, lab.probes_training.watched_sgd(model, lr=lr, groups=groups)


def moves(lab: Any, case: Case, clip: float, groups: int = 1) -> Tensor:
    """What each optimizer step of an epoch adds to the table, `(steps, V, V)`."""
    model, optimizer = arrange(lab, case, lr=1.0, groups=groups)
    lab.train.train_epoch(model, case.data, optimizer, T, clip)
    positions = as_tensor(lab.probes_training.positions(optimizer), "the table", ndim=3)
    steps = positions.double().diff(dim=0)
    if not steps.any():
        reject(
            "every chunk must move the weights",
            given=GIVEN,
            got=f"{len(steps)} optimizer steps, and the weights are where they were",
            cause="no `backward()`, no `optimizer.step()`, or `zero_grad()` between the two",
        )
    return steps


def touched(step: Tensor) -> list[int]:
    """The chunks on whose rows of the table a step acts."""
    rows = step.abs().sum(1).view(K, V // K).sum(1) > 0
    return [int(k) for k in rows.nonzero().flatten()]


def own_chunk(step: Tensor) -> int:
    """The chunk on whose rows a step acts most."""
    return int(step.abs().sum(1).view(K, V // K).sum(1).argmax())


@dataclass(frozen=True)
class Visit:
    """One forward pass of the stub: what it read, from which state, in which manner."""

    x: Tensor
    read: list[float]  # how many ids of each row the state had seen
    code: list[float]  # and which
    attached: bool  # whether the state hung on a graph
    train_mode: bool
    graphs: float

    @property
    def column(self) -> int:
        """Where in the streams it begins, as the state has it."""
        return int(self.read[0])

    def starts(self) -> bool:
        """Whether it begins at the beginning of the streams."""
        return int(self.x[0, 0]) == 0


def visits(model: Any) -> list[Visit]:
    """The forward passes that recorded gradients; measuring passes may run as they like."""
    found = []
    for visit in as_list(model.visits(), "the visits"):
        if visit["gradient"] is not True:
            continue
        found.append(
            Visit(
                as_tensor(visit["x"], "x", ndim=2),
                [as_number(n, "a count") for n in as_list(visit["read"], "counts")],
                [as_number(n, "a code") for n in as_list(visit["code"], "codes")],
                visit["attached"] is True,
                visit["train_mode"] is True,
                as_number(visit["graphs"], "the count of graphs"),
            )
        )
    if not found:
        reject("training must run the model with gradients", got="no such forward pass")
    return found


def code_of(ids: list[int]) -> float:
    """What the stub's c says after reading these ids."""
    code = 0
    for id_ in ids:
        code = (31 * code + id_ + 1) % 8191
    return float(code)
