"""What a training leaves beside its checkpoint: figures in files, and the loss curve."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .checkpoint import write_atomically
from .config import Config
from .place import Row

NO_MATPLOTLIB = "No picture of the curve, only its numbers: matplotlib is not installed."
PICTURES = ("png", "svg")


@dataclass(frozen=True)
class Curve:
    """One training in a picture: the loss by batches, and the validation after each epoch."""

    name: str
    points: Sequence[Sequence[float]]  # (batches so far, mean loss of the last few)
    validation: Sequence[tuple[float, float]]  # (batches so far, validation loss)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically. Raises UsageError."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the same keys as CSV. Raises UsageError."""
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, table.getvalue())


def write_history(
    folder: Path, config: Config, history: list[Row], curve: list[list[float]]
) -> None:
    """Write `history.json`, `history.csv` and `curve.csv`. Raises UsageError."""
    whole = {"config": asdict(config), "epochs": history}
    write_text(folder / "history.json", json.dumps(whole, indent=2) + "\n")
    write_table(folder / "history.csv", history)
    points = [{"batches": int(batches), "train_ce": loss} for batches, loss in curve]
    write_table(folder / "curve.csv", points)


def draw(folder: Path, name: str, title: str, curves: Sequence[Curve], vocab_size: int) -> str:
    """Draw the curves as `name.png` and `name.svg`; returns a sentence if that is not possible.

    Losses are in nats per character. A dotted line is the loss of knowing nothing, ln V. Raises
    UsageError if the files cannot be written.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return NO_MATPLOTLIB
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(math.log(vocab_size), color="0.6", linestyle=":", linewidth=1)
    for number, curve in enumerate(curves):
        color, label = f"C{number}", f"{curve.name} " if curve.name else ""
        batches, losses = zip(*thinned(curve.points), strict=True) if curve.points else ((), ())
        axes.plot(batches, losses, color=color, linewidth=1, alpha=0.7, label=f"{label}training")
        if curve.validation:
            places, values = zip(*curve.validation, strict=True)
            axes.plot(places, values, "o--", color=color, label=f"{label}validation")
    axes.set(title=title, xlabel="batches", ylabel="cross-entropy, nats per character")
    axes.grid(alpha=0.2)
    axes.legend(frameon=False)
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        for kind in PICTURES:
            buffer = io.BytesIO()
            metadata = {"Date": None} if kind == "svg" else {}
            figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
            write_atomically(folder / f"{name}.{kind}", _writer(buffer.getvalue()))
    return ""


def _writer(content: bytes) -> Any:
    return lambda file: file.write(content)


def thinned(points: Sequence[Sequence[float]], most: int = 400) -> list[tuple[float, float]]:
    """At most so many points, each the mean of its neighbours: more than a picture can show."""
    size = math.ceil(len(points) / most)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(group[-1][0], sum(point[1] for point in group) / len(group)) for group in groups]
