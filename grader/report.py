"""What a student reads in the terminal: a table by part, then one block per thing to fix.

Pure functions of results; `grader/terminal.py` writes what they return.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from itertools import groupby

from .outcomes import Outcome, Result

LETTERS = {
    Outcome.PASSED: ".",
    Outcome.FAILED: "F",
    Outcome.NOT_IMPLEMENTED: "n",
    Outcome.ERRORED: "E",
    Outcome.TIMED_OUT: "T",
    Outcome.CRASHED: "C",
    Outcome.BLOCKED: "b",
    Outcome.SKIPPED: "s",
    Outcome.GRADER_ERROR: "G",
}
COLOURS = {
    Outcome.PASSED: "green",
    Outcome.BLOCKED: "yellow",
    Outcome.SKIPPED: "yellow",
    Outcome.NOT_IMPLEMENTED: "cyan",
    Outcome.GRADER_ERROR: "purple",
}
QUIET = (Outcome.PASSED, Outcome.BLOCKED, Outcome.SKIPPED)
MAX_BLOCK_FIELD = 1200  # characters


def words(outcome: Outcome) -> str:
    """The outcome as a reader's words."""
    return outcome.value.replace("_", " ")


def columns() -> int:
    """The width to write for: the terminal's, at most 100; 80 where there is none."""
    return max(60, min(shutil.get_terminal_size((80, 24)).columns, 100))


def table(results: Iterable[Result], width: int = 80) -> list[tuple[str, Outcome | None]]:
    """The rows of the table, each with the outcome that colours it."""
    rows: list[tuple[str, Outcome | None]] = []
    for (lab, part), group in groupby(results, key=lambda result: (result.lab, result.part)):
        members = list(group)
        earned = sum(result.points for result in members)
        full = sum(result.max_points for result in members)
        title = f"{lab} / {part}"
        rows.append(("", None))
        rows.append((f"{title:<{width - 13}}{earned:>5g} /{full:>4g}", None))
        room = width - 2 - 16 - 12
        for result in members:
            claim = result.id.split(".", 2)[2]
            points = f"{result.points:>5g} /{result.max_points:>4g}"
            text = f"  {_cut(claim, room):<{room}}{words(result.outcome):<15} {points}"
            rows.append((text, result.outcome))
    return rows


def by_lab(results: Iterable[Result], width: int = 80) -> list[str]:
    """One row for each lab, where there are several: its points, and how its criteria came out."""
    labs = [(lab, list(group)) for lab, group in groupby(results, key=lambda result: result.lab)]
    rows = []
    for lab, members in labs if len(labs) > 1 else []:
        earned = sum(result.points for result in members)
        full = sum(result.max_points for result in members)
        head = f"{lab:<16}{earned:>5g} /{full:>4g}  "
        wrapped = textwrap.wrap(summary(members), max(20, width - len(head)))
        rows += [head + wrapped[0], *(" " * len(head) + line for line in wrapped[1:])]
    return rows


def blocks(results: Iterable[Result], width: int = 80) -> list[str]:
    """One block of text for each result that has something to say."""
    chosen = [result for result in results if result.outcome not in QUIET or result.figures]
    empty = [result for result in chosen if result.outcome is Outcome.NOT_IMPLEMENTED]
    rest = [result for result in chosen if result.outcome is not Outcome.NOT_IMPLEMENTED]
    texts = [as_text(result, width) for result in rest]
    if empty:
        texts.append(_still_to_write(empty, width))
    return texts


def as_text(result: Result, width: int = 80) -> str:
    """Everything that a student needs for one criterion."""
    lines = [f"{result.id} - {words(result.outcome)}", *_wrapped("", result.required, width)]
    for label, text in (
        ("input", result.given),
        ("expected", result.expected),
        ("got", result.got),
        ("likely cause", result.cause),
        ("look at", "" if result.outcome is Outcome.BLOCKED else result.where),
    ):
        lines += _wrapped(label, text, width)
    for frame in result.frames:
        lines += [f"    {frame}", f"        {frame.source}"]
    if result.outcome not in (*QUIET, Outcome.GRADER_ERROR):
        lines += _wrapped("what to do", result.hint, width)
    lines += _wrapped("measured", result.figures, width)
    lines += _wrapped("it printed", result.output, width)
    return "\n".join(printable(line) for line in lines)


def skipped(results: Iterable[Result]) -> list[str]:
    """Why criteria were skipped, each reason once."""
    reasons = [result.required for result in results if result.outcome is Outcome.SKIPPED]
    return [f"{reasons.count(reason)} skipped: {reason}." for reason in dict.fromkeys(reasons)]


def summary(results: list[Result]) -> str:
    """One line: how many of each outcome."""
    counts = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    return ", ".join(f"{count} {words(outcome)}" for outcome, count in counts.items() if count)


def _still_to_write(results: list[Result], width: int) -> str:
    """Empty bodies, each once: what to write, and how many criteria wait for it."""
    lines = ["Still to be written:"]
    for message, group in groupby(
        sorted(results, key=lambda result: result.required), key=lambda result: result.required
    ):
        number = len(list(group))
        lines += _wrapped(
            "", f"{message} ({number} {'criteria' if number > 1 else 'criterion'})", width
        )
    return "\n".join(printable(line) for line in lines)


def _wrapped(label: str, text: str, width: int) -> list[str]:
    if not text:
        return []
    if len(text) > MAX_BLOCK_FIELD:
        text = text[:MAX_BLOCK_FIELD] + f" ... ({len(text)} characters)"
    head = f"  {label + ':':<14}" if label else "  "
    lines: list[str] = []
    for number, line in enumerate(text.splitlines()):
        lines += textwrap.wrap(
            printable(line),  # before it is measured
            width,
            initial_indent=head if number == 0 else " " * len(head),
            subsequent_indent=" " * len(head),
            break_long_words=True,
            replace_whitespace=False,
        ) or [""]
    return lines


def _cut(text: str, room: int) -> str:
    return text if len(text) < room else text[: room - 4] + "..."


def printable(line: str) -> str:
    """No control character of a submission's reaches the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
