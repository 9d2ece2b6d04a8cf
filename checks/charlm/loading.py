"""What a data loader gives in one pass, read as places in a text of distinct characters.

Where every character occurs once, a window is known by its first character:

    text      d h a f c b g e          every character once
    x         . . a f c . . .          starts at 2
    y         . . . f c b . .          starts at 3

So which windows were visited, how often and in which order can be read off the batches alone,
whatever kind of loader gave them and whichever way the text was split.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.charlm.vocabulary import ids_of
from checks.support.inputs import distinct_text
from checks.support.judge import as_int, as_list, as_pair, as_tensor, assert_shape, describe, reject

BOTH = ("train", "validation")


@dataclass(frozen=True)
class Pass:
    """One pass over a loader: rows of each batch, and all rows of x and y, ids (rows, T)."""

    rows: list[int]
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Setting:
    """How `make_loaders` is called: a text of N distinct characters and its options."""

    N: int = 1000
    T: int = 8
    B: int = 16
    fraction: float | None = None  # None: left to the default of 0.05

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `make_loaders`."""
        options: dict[str, Any] = {"seq_len": self.T, "batch_size": self.B}
        return options if self.fraction is None else {**options, "val_fraction": self.fraction}

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"make_loaders(text, {options}) for a text of {self.N} characters"


# Loaders are made of ids and windows: what fails because of these is their red line.
OF_WINDOWS = ("charlm.data.encode-ids", "charlm.data.window-*", "charlm.data.vocab-*")


class Loaders:
    """`make_loaders` called in one `Setting`, and what its loaders give.

    The text has N distinct characters, unless another is given.
    """

    def __init__(self, lab, setting: Setting, text: str | None = None) -> None:
        self.lab, self.setting, self.given = lab, setting, str(setting)
        self.text = distinct_text(setting.N, lab.seed) if text is None else text
        self.train, self.validation, tables = make_loaders(
            lab, self.text, self.given, **setting.options
        )
        self.chars, self.stoi, self.itos = tables

    def one_pass(self, name: str) -> Pass:
        """A pass over the loader "train" or "validation", in ids."""
        loader = self.train if name == "train" else self.validation
        N, T = self.setting.N, self.setting.T
        return read_pass(self.lab, loader, self.given, name, T, most=2 * N)

    def places(self, name: str) -> Pass:
        """The same with each id replaced by its character's place in the text; -1 for no id."""
        seen = self.one_pass(name)
        ids = ids_of(self.lab, self.stoi, self.text, given=self.given)
        place_of = {id_: place for place, id_ in enumerate(ids)}
        x, y = (
            torch.tensor([[place_of.get(id_, -1) for id_ in row] for row in rows.tolist()])
            for rows in (seen.x, seen.y)
        )
        return Pass(seen.rows, x, y)

    def starts(self, name: str) -> list[int]:
        """Where in the text each window begins, in the order visited.

        Windows whose x and y are swapped are still those windows.
        """
        seen = self.places(name)
        x, y = seen.x[:, 0], seen.y[:, 0]
        return [int(start) for start in (y if torch.equal(y, x - 1) else x)]


def make_loaders(lab, text: str, given: str, **options: Any) -> tuple[Any, Any, list[Any]]:
    """Train loader, validation loader and the three tables."""
    train, validation, tables = as_list(
        lab.data.make_loaders(text, **options),
        "the result of make_loaders, (train_loader, val_loader, (chars, stoi, itos)),",
        length=3,
        given=given,
    )
    tables = as_list(tables, "(chars, stoi, itos)", length=3, given=given)
    return train, validation, tables


def read_pass(lab, loader: object, given: str, name: str, T: int, most: int) -> Pass:
    """One pass over a loader; every batch must be a pair of LongTensors (rows, T)."""
    rows, x, y, odd = as_list(lab.probes.one_pass(loader, most), "a pass", length=4)
    counts = [as_int(row, "the number of rows") for row in as_list(rows, "rows")]
    for batch in as_list(odd, "the odd batch"):
        if len(counts) >= most:
            reject("a pass must come to an end", given=given, got=f"over {most} {name} batches")
        reject_odd(batch, given, name)
    if not counts or x is None:
        got = "an empty loader: a pass over it gives nothing"
        reject(f"the {name} loader must give batches", given=given, got=got)
    stacked = []
    for letter, value in (("x", x), ("y", y)):
        label = f"{letter} of the {name} batches"
        tensor = as_tensor(value, label, dtype=torch.int64, given=given)
        stacked.append(assert_shape(tensor, (sum(counts), T), label, "rows, T", given))
    return Pass(counts, *stacked)


def reject_odd(batch: object, given: str, name: str) -> None:
    """Say what is wrong with a batch that is no pair of equally shaped LongTensors (rows, T)."""
    x, y = as_pair(batch, f"a {name} batch", given=given)
    for letter, value in (("x", x), ("y", y)):
        as_tensor(value, f"{letter} of a {name} batch", dtype=torch.int64, ndim=2, given=given)
    reject(
        "x and y must have one shape (B, T), with the same T in every batch",
        given=given,
        got=f"in a {name} batch, x is {describe(x)} and y is {describe(y)}",
    )


def within(ids: Tensor, vocab_size: int, given: str) -> Tensor:
    """`ids` must be in `[0, vocab_size)`."""
    outside = ids[(ids < 0) | (ids >= vocab_size)]
    if len(outside):
        reject(
            "ids must be at least 0 and below the size of the vocabulary",
            given=given,
            expected=f"ids from 0 to {vocab_size - 1}",
            got=f"the id {outside[0].item()}",
            cause="a vocabulary made from a part of the text, or numbered from 1",
        )
    return ids


def assert_disjoint(loaders: Loaders) -> None:
    """No window may come from both loaders."""
    train, validation = loaders.starts("train"), loaders.starts("validation")
    both = sorted(set(train) & set(validation))
    if both:
        reject(
            "no window may be both in training and in validation",
            given=loaders.given,
            expected="no window in both",
            got=f"{len(both)} windows in both, the first at character {both[0]} of the text",
            cause="every validation window is trained on: training uses the whole text"
            if set(validation) <= set(train)
            else "the two parts overlap",
        )
