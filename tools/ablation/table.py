"""The rows as a table in Markdown, and as a picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from tools.training.config import Config
from tools.training.report import Curve, draw, write_text

from .rows import LENGTH, TEMPERATURE, Row

HEADS = ("Config (E/H/L/T)", "Train CE", "Val CE", "Val PPL", "Sample")
SPECIAL = re.compile(r"([\\`*_|<>\[\]~#&$])")


def markdown(rows: Sequence[Row]) -> str:
    """The table, to be pasted into one's notes.

    A perplexity is `exp` of the cross-entropy as it stands beside it, so that the two agree.
    """
    lines = [f"| {' | '.join(HEADS)} |", "|---|---:|---:|---:|---|"]
    for row in rows:
        ppl = math.exp(min(round(row["val_ce"], 4), 700.0))
        losses = f"{row['train_ce']:.4f} | {row['val_ce']:.4f} | {ppl:.2f}"
        lines.append(f"| {row['name']} | {losses} | {_cell(row['sample'])} |")
    return "\n".join(lines) + "\n"


def settings(rows: Sequence[Row], characters: int) -> str:
    """What all rows have in common, in words."""
    config = Config(**rows[0]["config"])
    epochs = "1 epoch" if config.epochs == 1 else f"{config.epochs} epochs"
    return (
        f"{epochs} of a text of {characters:,} characters, "
        f"{rows[0]['vocab_size']} different ones; B={config.batch_size}, AdamW lr={config.lr:g}, "
        f"clip={config.clip:g}, dropout={config.dropout:g}, seed={config.seed}. CE in nats per "
        f"character, of the last epoch; PPL = exp(Val CE). Samples: {LENGTH} new characters at "
        f"temperature {TEMPERATURE:g}.\n"
    )


def write(folder: Path, rows: Sequence[Row], characters: int) -> str:
    """Write `ablation.md` and the picture; returns a sentence if there is no picture."""
    if not rows:
        return ""
    write_text(folder / "ablation.md", f"{markdown(rows)}\n{settings(rows, characters)}")
    curves = [Curve(row["name"], row["curve"], row["validation"]) for row in rows]
    title = "Loss by configuration E/H/L/T"
    return draw(folder, "ablation", title, curves, rows[0]["vocab_size"])


def _cell(text: str) -> str:
    """A text in one line, of which Markdown takes nothing for its own."""
    line = text.replace("\n", "↵")
    line = "".join(char if char.isprintable() else "\ufffd" for char in line)
    return SPECIAL.sub(r"\\\1", line)
