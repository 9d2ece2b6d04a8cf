"""CSV files for the gradebooks of learning platforms.

A cell that a spreadsheet would take for a formula gets an apostrophe before it: names come from
students, and a gradebook is opened in a spreadsheet sooner or later.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .feedback import readable

FORMULA = ("=", "+", "-", "@", "\t", "\n")


@dataclass(frozen=True)
class Row:
    """One student's grade; `score` is None where nothing could be graded."""

    student: str
    student_id: str
    email: str
    score: float | None
    max_score: float | None
    feedback: str
    finished: str = ""
    submission: str = ""


def canvas(rows: Iterable[Row], title: str, points: float) -> str:
    """A gradebook to import into Canvas: `title` is the assignment's, with its id in brackets.

    Canvas compares grades at two decimals. A student without a grade has an empty cell, which
    leaves the gradebook as it is.
    """
    lines: list[Sequence[str]] = [
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", title),
        ("    Points Possible", "", "", "", "", f"{points:.2f}"),
    ]
    lines += [
        (row.student, row.student_id, "", row.email, "", _number(row.score, 2)) for row in rows
    ]
    return _csv(lines)


def moodle(rows: Iterable[Row]) -> str:
    """Moodle's offline grading worksheet."""
    lines: list[Sequence[str]] = [
        (
            *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"),
            *("Last modified (grade)", "Feedback comments"),
        )
    ]
    for row in rows:
        identifier = f"Participant {row.student_id}" if row.student_id else ""
        status = "Submitted for grading" if row.score is not None else "Not graded"
        grades = (_number(row.score, 2), _number(row.max_score, 2))
        lines.append(
            (identifier, row.student, row.email, status, *grades, row.finished, row.feedback)
        )
    return _csv(lines)


def plain(rows: Iterable[Row]) -> str:
    """One line for each submission, for everything else."""
    lines: list[Sequence[str]] = [
        ("submission", "student", "id", "email", "score", "max_score", "finished", "feedback")
    ]
    for row in rows:
        grades = (_number(row.score, 6), _number(row.max_score, 6))
        who = (row.submission, row.student, row.student_id, row.email)
        lines.append((*who, *grades, row.finished, row.feedback))
    return _csv(lines)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _csv(lines: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([map(_harmless, line) for line in lines])
    return text.getvalue()


def _harmless(cell: str) -> str:
    cell = readable(cell).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{cell}" if cell.startswith(FORMULA) else cell
