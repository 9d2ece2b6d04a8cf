"""What is read out of lab notes, however they are written, and that no text takes long to read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from checks.charlm.experiments import exp_fits, missing_columns, notes_of, rows_of, topics_missing
from grader.slot import QUIET, Job, Slot
from tests.cases import ROOT
from tests.toys import write

HEADS = "| Config (E/H/L/T) | Train CE | Val CE | Val PPL | Sample |\n|---|---:|:-:|---|---|\n"
ROWS = (
    "| 256/256/1/128 | 1.40 | 1.60 | 4.95 | the king |\n"
    "| 256/512/2/128 | 1.21 | 1.52 | 4.57 | the queen \\| all |\n"
    "| 256/512/2/64 | 1.25 | 1.55 | 4.71 | the fool |\n"
)
TALK = """
## Hidden size

With 512 units the model learns faster per epoch, and spells longer words right.

## Sequence length

Halving T costs little here, since most of what matters is a few words back.

## Clipping

Without it the loss jumped twice in the first epoch and took long to recover.
"""
GOOD = HEADS + ROWS + TALK
SAME_FIGURES = HEADS + "".join(
    f"| {shape} | 1.21 | 1.52 | 4.57 | the king |\n"
    for shape in ("256/256/1/128", "256/512/2/128", "256/512/2/64")
)


def row(*cells: str) -> str:
    return HEADS + "| " + " | ".join(cells) + " |\n"


@pytest.mark.parametrize(
    ("text", "config", "ppl"),
    [
        (row("256/512/2/128", "1.2", "1.52", "4.57", "x"), (256, 512, 2, 128), (4.57, 0.005)),
        (row("LSTM E=8 / H=16 / L=1 / T=4", "1", "1", "**2.7**", "x"), (8, 16, 1, 4), (2.7, 0.05)),
        (row("`E8 H16 L1 T4`", "1", "1", "2,72", "x"), (8, 16, 1, 4), (2.72, 0.005)),
        (row("8/16/1/4", "1", "1", "~ 1.3e1", "x"), (8, 16, 1, 4), (13.0, 0.5)),
        (
            "Val perplexity|Config|Training loss|Validation loss|A sample|Notes\n-|-|-|-|-|-\n"
            "4.5|8/16/1/4|1.2|1.5|so it|mine\n",
            (8, 16, 1, 4),
            (4.5, 0.05),
        ),
        (
            "> Config|CE (train)|Training device|CE (val)|Train PPL|Val PPL = exp(Val CE)|Sample\n"
            "> -|-|-|-|-|-|-\n> Run 1: 8, 16, 1, 4|1.2|cpu|1.5|3.3|<b>4.5</b>|so it\n",
            (8, 16, 1, 4),
            (4.5, 0.05),
        ),
        (row("8/16/1/4", "1", "1", "$.95$", "x"), (8, 16, 1, 4), (0.95, 0.005)),
        (row("8/16/1/4", "1", "1", "→ 1,339.4", "x"), (8, 16, 1, 4), (1339.4, 0.05)),
    ],
)
def test_a_row_is_understood_in_many_forms(
    text: str, config: tuple[int, ...], ppl: tuple[float, float]
) -> None:
    (found,) = rows_of("Notes\n\n" + text + "\nMore text.")
    assert found.config == config
    assert found.number("Val PPL") == pytest.approx(ppl)


@pytest.mark.parametrize("cell", ["", "...", "tbd", "nan", "-", "55%", "."])
def test_what_is_no_number_is_none(cell: str) -> None:
    (found,) = rows_of(row("8/16/1/4", "1", "1", cell, "x"))
    assert found.number("Val PPL") is None


@pytest.mark.parametrize(
    ("ce", "ppl", "fits"),
    [
        ((1.52, 0.005), (4.57, 0.005), True),
        ((1.52, 0.005), (4.5, 0.05), True),
        ((1.5, 0.05), (4.57, 0.005), True),  # the loss was rounded further
        ((1.529, 0.0005), (4.61, 0.005), True),  # cut off, not rounded
        ((1.52, 0.005), (4.70, 0.005), False),
        ((1.52, 0.005), (2.87, 0.005), False),  # two to the loss
        ((1.52, 0.005), (1.52, 0.005), False),
        ((1e9, 0.5), (4.57, 0.005), False),
    ],
)
def test_a_perplexity_fits_its_loss_up_to_rounding(
    ce: tuple[float, float], ppl: tuple[float, float], fits: bool
) -> None:
    assert exp_fits(ce, ppl) is fits


def test_tables_without_the_columns_are_no_rows() -> None:
    text = "| Config | Val CE |\n|---|---|\n| 8/16/1/4 | 1 |\n"
    assert rows_of(text) == []
    assert missing_columns(text) == ["Train CE", "Val PPL", "Sample"]
    assert len(missing_columns("no table")) == 5


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (GOOD, []),
        (HEADS + ROWS, ["hidden size", "sequence length", "clipping"]),
        (GOOD.replace("Without it the loss", "TODO the loss"), ["clipping"]),
        (GOOD.partition("## Clipping")[0], ["clipping"]),
        (
            "Ein paar Wörter über die Größe, so viele wie nötig sind.\n\n"
            "Noch ein Absatz mit genug Wörtern über die Länge der Fenster.\n\n"
            "* Und einer über das Kappen, auch er ist lang genug dafür.\n",
            [],
        ),
        (
            "A larger hidden state helps, a longer sequence does not, and clipping saves the day.",
            [],
        ),
        (
            "Hidden units: more of them helped.\n\nWe don't know what it did.\n\n"
            "(write here what clipping did in your runs, and why you think it did)\n\n"
            "All rows: B=64, AdamW lr=0.003, clip=1.0, 5 epochs, dropout=0.1 on one core.",
            ["sequence length", "clipping"],
        ),
        (
            "<!-- " + TALK + " -->\n```\n" + TALK + "\n```",
            ["hidden size", "sequence length", "clipping"],
        ),
    ],
)
def test_notes_on_each_topic_are_found(text: str, missing: list[str]) -> None:
    assert topics_missing(text) == missing


@pytest.mark.parametrize(
    "piece",
    ["<!--", "```\n", "|-|\n", "| a |\n|-|\n", "1", "1/", " ", "|", "-", "# \n", "* a\n\n", "\\|"],
)
def test_no_text_takes_long_to_read(piece: str) -> None:
    text = HEADS + piece * (2**18 // len(piece)) + "x"
    started = time.process_time()
    rows = rows_of(text)
    assert len([one.config for one in rows]) == len(rows)
    missing_columns(text), topics_missing(text), notes_of(text)
    assert time.process_time() - started < 20  # a second or so; squared it would be hours


def verdicts(slot: Slot, folder: Path, notes: str | None, *, place: str = "charlm") -> list[str]:
    files = {"charlm/data.py": ""} | ({} if notes is None else {f"{place}/Experiments.md": notes})
    write(folder / "lab", files)
    output = folder / "output.txt"
    arguments = ["checks", f"--student={folder}/lab", "--part=notes", "--lab=charlm", *QUIET]
    slot.run(Job(ROOT, arguments, output))
    text = output.read_text()
    return [line.split()[1] for line in text.splitlines() if line.strip().startswith(CLAIMS)]


CLAIMS = ("table", "figures", "discussion")


@pytest.mark.parametrize(
    ("notes", "place", "expected"),
    [
        (GOOD, "charlm", ["passed", "passed", "passed"]),
        (GOOD, ".", ["passed", "passed", "passed"]),
        (None, "charlm", ["failed", "blocked", "blocked"]),
        (GOOD.replace("4.57", "4.75"), "charlm", ["passed", "failed", "passed"]),
        (GOOD.replace("the fool", ""), "charlm", ["passed", "failed", "passed"]),
        (GOOD.replace("1.25", "low"), "charlm", ["passed", "failed", "passed"]),
        (GOOD.replace("256/512/2/64", "256/512/2/128"), "charlm", ["failed", "blocked", "passed"]),
        (GOOD.replace("256/256/1", "256/512/1"), "charlm", ["failed", "blocked", "passed"]),
        (GOOD.replace("512/2/128", "1024/2/32"), "charlm", ["failed", "blocked", "passed"]),
        (GOOD.replace("1.52 | 4.57", "-1.52 | 0.22"), "charlm", ["passed", "failed", "passed"]),
        (GOOD.replace("the fool", "???"), "charlm", ["passed", "failed", "passed"]),
        (SAME_FIGURES + TALK, "charlm", ["passed", "failed", "passed"]),
        (GOOD.replace("256/512/2/64", "the last"), "charlm", ["failed", "blocked", "passed"]),
        (GOOD.replace("Val PPL", "Remark"), "charlm", ["failed", "blocked", "passed"]),
        (HEADS + ROWS, "charlm", ["passed", "passed", "failed"]),
    ],
)
def test_notes_are_judged(
    slot: Slot, tmp_path: Path, notes: str | None, place: str, expected: list[str]
) -> None:
    assert verdicts(slot, tmp_path, notes, place=place) == expected
