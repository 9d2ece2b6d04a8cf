"""Measure text files, and compare them: every metric of the lab `textmetrics`, in a table.

    python -m tools.text_metrics sample-0.7.txt sample-1.3.txt --reference corpus.txt

A row for each metric and a column for each file; below it, where there are several files, what they
have in common. The numbers are those of a submission's `metrics.py`, the model answer's by default.

Exit status 2, and one sentence on stderr, for a file that cannot be read as text, or a submission
that cannot be loaded or does not measure it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.submission import REFERENCE, LoadedLab, UsageError, loaded
from tools.texts import read

LAB = "textmetrics"
MEASURING = f"{LAB}/metrics.py: what evaluate_generation and the like return"

COUNTS = ("vocabulary_size", "sentence_count")
METRICS = (
    "distinctness",
    "sliding_ttr",
    "repetition_ratio",
    "word_entropy",
    "vocabulary_size",
    "average_word_length",
    "sentence_count",
    "average_sentence_length",
)
COVERAGE = "vocabulary_coverage"
OVERLAPS = (1, 2, 3)  # n-grams of so many words
NAME_WIDTH, NUMBER_WIDTH, WIDEST = 26, 12, 24


def measure(lab: LoadedLab, paths: list[str], reference: str | None) -> dict[str, Any]:
    """The metrics of each file in the order of `METRICS`, and those of all files together."""
    texts = [read(path) for path in paths]
    against = None if reference is None else read(reference)
    rows = [row_of(lab, text, against) for text in texts]
    found: dict[str, Any] = {
        "files": [{"file": path, **row} for path, row in zip(paths, rows, strict=True)]
    }
    if len(texts) > 1:
        overlap, bleu = "metrics.ngram_overlap", "metrics.self_bleu"
        with lab.blamed(MEASURING):
            found["together"] = {
                f"ngram_overlap n={n}": float(lab.call(overlap, texts, n=n)) for n in OVERLAPS
            } | {"self_bleu": float(lab.call(bleu, texts))}
    return found


def row_of(lab: LoadedLab, text: str, reference: str | None = None) -> dict[str, float | int]:
    """The metrics of one text in the order of `METRICS`; with a reference, the coverage too.

    Raises UsageError if the submission does not measure them.
    """
    names = METRICS if reference is None else (*METRICS, COVERAGE)
    report = lab.call("metrics.evaluate_generation", text, reference=reference)
    with lab.blamed(MEASURING):
        return {name: _number(name, report[name]) for name in names}


def _number(name: str, value: Any) -> float | int:
    return int(value) if name in COUNTS else float(value)


def table(found: dict[str, Any]) -> str:
    """What was found, in columns."""
    files = found["files"]
    heads = [_shortened(one["file"]) for one in files]
    widths = [max(NUMBER_WIDTH, len(head) + 2) for head in heads]
    lines = [" " * NAME_WIDTH + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True))]
    for name in (name for name in files[0] if name != "file"):
        cells = (f"{shown(f[name]):>{w}}" for f, w in zip(files, widths, strict=True))
        lines.append(f"{name:<{NAME_WIDTH}}{''.join(cells)}")
    if together := found.get("together"):
        lines += ["", f"all {len(files)} files together"]
        for name, value in together.items():
            lines.append(f"{name:<{NAME_WIDTH}}{shown(value):>{NUMBER_WIDTH}}")
    return "\n".join(lines)


def shown(value: float | int) -> str:
    """A number as the table has it."""
    return f"{value}" if isinstance(value, int) else f"{value:.3f}"


def _shortened(path: str) -> str:
    """The end of a path, which tells more than its beginning."""
    return path if len(path) <= WIDEST else f"...{path[-WIDEST + 3 :]}"


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.text_metrics",
        description="Measure text files and compare them.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a text, in UTF-8")
    parser.add_argument(
        "--student",
        type=Path,
        default=REFERENCE,
        help="whose metrics.py (the reference's)",
    )
    parser.add_argument("--reference", metavar="FILE", help="a text whose words are to be covered")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    try:
        with loaded(options.student, LAB) as lab:
            found = measure(lab, options.files, options.reference)
    except UsageError as error:
        print(f"text_metrics: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
