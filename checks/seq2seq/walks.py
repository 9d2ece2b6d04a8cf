"""What greedy decoding has to give: the argmax of `forward`, on a prefix that grows by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.seq2seq.translator import Model
from checks.support.judge import as_int, as_list, reject

STEPS, ROWS = 10, 32

# Two right ways to compute a logit differ by 1e-5; where two logits are closer than this, either
# may be the larger.
CLOSE = 1e-3


@dataclass(frozen=True)
class Walk:
    """The likeliest ids from `bos` on, for each row of `src`, as if there were no `eos`.

    `clear[b]` is how many steps of row b are beyond doubt: its likeliest id was not nearly
    matched by another, and was not `bos` (whether that one ends up in the list, the contract does
    not say).
    """

    model: Model
    src: Tensor  # (B, S)
    bos: int
    ids: list[list[int]]
    clear: list[int]

    def expected(self, b: int, eos: int, max_len: int) -> list[int] | None:
        """The answer for row b; None where it is in doubt."""
        row = self.ids[b][:max_len]
        end = row.index(eos) if eos in row else len(row)
        needed = min(end + 1, len(row))  # the step that gives eos must be clear too
        return row[:end] if needed <= self.clear[b] else None

    def ends(self, eos: int) -> list[int]:
        """For each row the step that gives `eos`, or STEPS."""
        return [row.index(eos) if eos in row else STEPS for row in self.ids]

    def marks(self) -> list[int]:
        """The ids that may stand for `eos`: all but `bos`."""
        return [i for i in range(self.model.sizes.tgt_vocab) if i != self.bos]

    def rare(self) -> int:
        """The `eos` that the fewest rows come to."""
        return min(self.marks(), key=lambda eos: sum(end < STEPS for end in self.ends(eos)))

    def telling(self) -> list[int]:
        """Three `eos` at which the rows end at as many different steps as they can."""
        return sorted(self.marks(), key=lambda eos: -len(set(self.ends(eos))))[:3]

    def stuttering(self) -> list[int]:
        """Rows of which an id is that of the step before: a loop that waits for a change ends."""
        return [b for b, row in enumerate(self.ids) if any(map(int.__eq__, row, row[1:]))]

    def describe(self, eos: int, max_len: int) -> str:
        """The call, for the `given` of a message."""
        model = f"Seq2Seq with {self.model.sizes}, random weights"
        shape = tuple(self.src.shape)
        return f"{model}; greedy_decode(model, src {shape}, bos={self.bos}, {eos=}, {max_len=})"


def walks(lab: Any) -> list[Walk]:
    """Walks of three models.

    The weights are from N(0, 1.5^2), so that rows go different ways: over 20 models each with LSTM,
    GRU, two layers and attention, 32 rows came to one `eos` at seven or more different steps on
    average.
    """
    return [_walk(Model(lab, scale=1.5, salt=salt)) for salt in (0, 1, 2)]


def _walk(model: Model) -> Walk:
    src = model.sources(ROWS, 5)
    bos = (model.seed + 5) % model.sizes.tgt_vocab
    prefix = torch.full((ROWS, 1), bos)
    sure = []
    for _ in range(STEPS):
        logits = model(src, prefix)[:, -1]  # (B, V)
        best, ids = logits.topk(2, dim=-1)
        sure.append((best[:, 0] - best[:, 1] > CLOSE) & (ids[:, 0] != bos))
        prefix = torch.cat([prefix, ids[:, :1]], dim=1)
    clear = torch.stack(sure, dim=1).long().cumprod(1).sum(1)
    return Walk(model, src, bos, prefix[:, 1:].tolist(), clear.tolist())


def decode(
    lab: Any, walk: Walk, eos: int, max_len: int = STEPS, rows: slice = slice(None)
) -> list[list[int]]:
    """What `greedy_decode` gives for these rows: one list of ids each."""
    given = walk.describe(eos, max_len)
    src = walk.src[rows]
    value = lab.model.greedy_decode(walk.model.handle, src, walk.bos, eos, max_len)
    return as_rows(value, walk, len(src), given)


def as_rows(value: object, walk: Walk, count: int, given: str) -> list[list[int]]:
    """`value` as what `greedy_decode` has to give: so many lists of target ids."""
    name = "what greedy_decode returns, a list for each row,"
    answer = as_list(value, name, length=count, given=given)
    lists = [as_list(row, "a row's answer", given=given) for row in answer]
    found = [[as_int(i, "an id of an answer", given=given) for i in row] for row in lists]
    strange = [i for row in found for i in row if not 0 <= i < walk.model.sizes.tgt_vocab]
    if strange:
        reject(
            "answers must consist of target ids",
            given=given,
            expected=f"ids in [0, {walk.model.sizes.tgt_vocab})",
            got=str(strange[0]),
        )
    return found
