"""A row of the table: a configuration, trained, and what it has written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tools.sample_lm import restored
from tools.submission import UsageError
from tools.texts import Corpus
from tools.training import checkpoint
from tools.training.config import Config
from tools.training.display import Display
from tools.training.interrupt import Stop
from tools.training.report import thinned, write_text
from tools.training.session import opened, train, validation_of

SHAPE = ("embed_dim", "hidden_size", "num_layers", "seq_len")  # E/H/L/T, as the table has them
RNN = "/rnn"
PLANS = {
    "spec": ("256/256/1/128", "256/512/2/128", "256/512/2/64"),
    "laptop": ("64/64/1/64", "64/128/2/64", "64/128/2/32"),
}
PROMPT, LENGTH, TEMPERATURE = 12, 60, 0.8  # characters from the text's beginning, and new ones

Row = dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """A configuration that is to be a row."""

    config: Config

    @property
    def name(self) -> str:
        """E/H/L/T, and the word RNN if it is one."""
        shape = "/".join(str(getattr(self.config, name)) for name in SHAPE)
        return shape if self.config.cell == "lstm" else f"{shape} RNN"

    def key(self, code: str, corpus: Corpus) -> str:
        """What the row depends on: the submission, the text and the configuration, in a word."""
        whole = json.dumps([code, corpus.digest, asdict(self.config)])
        name = self.name.replace("/", "-").replace(" ", "-").lower()
        return f"{name}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def planned(shapes: Sequence[str], base: Config, rnn: bool) -> list[Planned]:
    """A row for each shape E/H/L/T or E/H/L/T/rnn; with `rnn` the largest one as an RNN as well.

    Raises UsageError for a shape that is none.
    """
    rows = [Planned(_shaped(shape, base)) for shape in shapes]
    if rnn:
        largest = max(rows, key=lambda row: (row.config.hidden_size, row.config.seq_len))
        rows.append(Planned(replace(largest.config, cell="rnn")))
    return list(dict.fromkeys(rows))


def _shaped(shape: str, base: Config) -> Config:
    numbers = shape.removesuffix(RNN)
    try:
        sizes: dict[str, Any] = dict(zip(SHAPE, map(int, numbers.split("/")), strict=True))
    except ValueError:
        wanted = f"E/H/L/T, four numbers, or E/H/L/T{RNN}"
        raise UsageError(f"--config takes {wanted}, and not {shape}") from None
    cell = "lstm" if numbers == shape else "rnn"
    return replace(base, cell=cell, **sizes).checked()


def stored(folder: Path, key: str) -> Row | None:
    """The finished row, if there is one."""
    try:
        row: Row = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return row


def store(folder: Path, key: str, row: Row) -> None:
    """Keep a finished row. Raises UsageError if it cannot be written."""
    write_text(folder / f"{key}.json", json.dumps(row, indent=1) + "\n")


def train_row(
    student: Path,
    corpus: Corpus,
    one: Planned,
    folder: Path,
    display: Display,
    stop: Stop,
    device: str = "cpu",
    threads: int | None = None,
) -> Row | None:
    """Train a row in the folder, from its checkpoint on if it has one; None if it was stopped.

    Raises UsageError if the submission fails.
    """
    with opened(student, one.config.seed) as lab:
        run, finished = train(lab, corpus, one.config, folder, display, stop, device, threads)
        if not finished:
            return None
        trained = restored(lab, checkpoint.load(folder / checkpoint.NAME), device)
        prompt = corpus.text[:PROMPT]
        sample = trained.write(prompt, LENGTH, TEMPERATURE, seed=one.config.seed)
    last = run.history[-1]
    return {
        "name": one.name,
        "config": asdict(one.config),
        "train_ce": last["train_ce"],
        "val_ce": last["val_ce"],
        "val_ppl": last["val_ppl"],
        "sample": prompt + sample,
        "seconds": sum(row["seconds"] for row in run.history),
        "vocab_size": len(run.chars),
        "curve": thinned(run.curve),
        "validation": validation_of(run),
    }
