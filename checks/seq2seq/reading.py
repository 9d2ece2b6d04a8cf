"""Which ids are read: whether another id at one place moves the logits at another.

A model may take an id for a mark (0 for padding, say) and pass over what stands beside it. So each
id k has rows of its own: it stands at every second place of them, and what is changed is one of the
ids in between, into another that is not k either.

           k  .  k  .  k  .        and        .  k  .  k  .  k        "." is any other id
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from checks.seq2seq.translator import ROUNDING, Model
from checks.support.inputs import generator

ROWS, MODELS = 12, (0, 1)  # of each id and parity; what none of 24 rows shows does not happen

Read = Callable[[Model, Tensor], Tensor]


def read_source(model: Model, src: Tensor) -> Tensor:
    """Logits at twelve steps for these sources."""
    return model(src, model.targets(1, 12).expand(len(src), -1))


def read_target(model: Model, tgt_in: Tensor) -> Tensor:
    """Logits for these targets of one source."""
    return model(model.sources(1, 12).expand(len(tgt_in), -1), tgt_in)


def moves(lab: Any, read: Read, vocab_size: int, steps: int) -> Tensor:
    """`moved[s, t]`: whatever id stands beside it, another id at s moves the logits at t.

    In ten right models (LSTM, GRU, plain RNN, two layers, attention), drawn 25 times each, the
    largest change in 16 rows was 0.005 or more, at any distance. A model that does not depend gives
    1e-5 or less.
    """
    found = torch.zeros(vocab_size, steps, 0, dtype=torch.bool)
    for salt in MODELS:
        moved = _moves(Model(lab, salt=salt), read, vocab_size, steps)
        found = found | moved if found.numel() else moved
    return found.all(0)


def _moves(model: Model, read: Read, vocab_size: int, steps: int) -> Tensor:
    """The same for one model and each id k: `(k, s, t)`."""
    draw = generator(model.seed)
    k = torch.arange(vocab_size).repeat_interleave(ROWS)[:, None]  # (V * ROWS, 1)
    other = torch.randint(vocab_size - 1, (len(k), steps), generator=draw)

    def ids(other: Tensor, parity: int) -> Tensor:
        rows = (k + 1 + other) % vocab_size  # any id but k
        rows[:, 1 - parity :: 2] = k
        return rows

    bases = [read(model, ids(other, parity)) for parity in (0, 1)]
    moved = []
    for s in range(steps):
        changed = other.clone()
        changed[:, s] = (other[:, s] + 1) % (vocab_size - 1)
        difference = (read(model, ids(changed, s % 2)) - bases[s % 2]).abs()
        at = (difference > ROUNDING).any(-1)  # (V * ROWS, T)
        moved.append(at.view(vocab_size, ROWS, -1).any(1))
    return torch.stack(moved, dim=1)
