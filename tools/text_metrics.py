"""Measure text files, and compare them: every metric of the lab `textmetrics`, in a table.

    python -m tools.text_metrics sample-0.7.txt sample-1.3.txt --reference corpus.txt

A row for each metric and a column for each file; below it, where there are several files, what they
have in common. The numbers are those of a submission's `metrics.py`, the model answer's by default.

Exit status 2, and one sentence on stderr, for a file that cannot be read as text, or a submission
that cannot be loaded or does not measure it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.support.corpora import load_text
from grader.worker.modules import LabFinder

ROOT = Path(__file__).parent.parent
LAB = "textmetrics"

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


class UsageError(ValueError):
    """What was asked for cannot be done; the message is one sentence."""


@contextmanager
def metrics_of(submission: Path) -> Iterator[ModuleType]:
    """The module `metrics.py` of a submission, in its folder `textmetrics` or in itself.

    Raises UsageError if it is not there or does not load.
    """
    places = (submission / LAB, submission)
    folder = next((place for place in places if (place / "metrics.py").is_file()), None)
    if folder is None:
        raise UsageError(f"{submission} has no {LAB}/metrics.py")
    finder = LabFinder(LAB, str(folder.resolve()))  # siblings may be imported in any form
    finder.install()
    try:
        try:
            metrics = importlib.import_module(f"{LAB}.metrics")
        except Exception as error:
            said = _words_of(error)
            raise UsageError(f"{folder}/metrics.py cannot be imported: {said}") from error
        yield metrics
    finally:
        finder.remove()


def read(path: str) -> str:
    """The text of a file. Raises UsageError if there is none."""
    try:
        return load_text(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error


def measure(metrics: ModuleType, paths: list[str], reference: str | None) -> dict[str, Any]:
    """The metrics of each file in the order of `METRICS`, and those of all files together."""
    texts = [read(path) for path in paths]
    against = None if reference is None else read(reference)
    names = METRICS if against is None else (*METRICS, COVERAGE)
    try:
        reports = [metrics.evaluate_generation(text, reference=against) for text in texts]
        rows = [{name: _number(name, report[name]) for name in names} for report in reports]
        found: dict[str, Any] = {
            "files": [{"file": path, **row} for path, row in zip(paths, rows, strict=True)]
        }
        if len(texts) > 1:
            found["together"] = {
                f"ngram_overlap n={n}": float(metrics.ngram_overlap(texts, n=n)) for n in OVERLAPS
            } | {"self_bleu": float(metrics.self_bleu(texts))}
    except Exception as error:
        raise UsageError(f"{metrics.__file__} does not measure it: {_words_of(error)}") from error
    return found


def _number(name: str, value: Any) -> float | int:
    return int(value) if name in COUNTS else float(value)


def _words_of(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def table(found: dict[str, Any]) -> str:
    """What was found, in columns."""
    files = found["files"]
    heads = [_shortened(one["file"]) for one in files]
    widths = [max(NUMBER_WIDTH, len(head) + 2) for head in heads]
    lines = [" " * NAME_WIDTH + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True))]
    for name in (name for name in files[0] if name != "file"):
        cells = (f"{_shown(f[name]):>{w}}" for f, w in zip(files, widths, strict=True))
        lines.append(f"{name:<{NAME_WIDTH}}{''.join(cells)}")
    if together := found.get("together"):
        lines += ["", f"all {len(files)} files together"]
        for name, value in together.items():
            lines.append(f"{name:<{NAME_WIDTH}}{_shown(value):>{NUMBER_WIDTH}}")
    return "\n".join(lines)


def _shown(value: float | int) -> str:
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
        default=ROOT / "reference",
        help="whose metrics.py (the reference's)",
    )
    parser.add_argument("--reference", metavar="FILE", help="a text whose words are to be covered")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    try:
        with metrics_of(options.student) as metrics:
            found = measure(metrics, options.files, options.reference)
    except UsageError as error:
        print(f"text_metrics: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
