"""The reports of a class, made anew from the database: a page, gradebooks, JUnit, result files."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..formats import gradebook
from ..formats.feedback import Document, passed, text
from ..formats.junit import junit
from ..formats.page import Entry, class_page
from ..terminal import WALLS
from .found import HandedIn
from .store import Grading, Store


@dataclass(frozen=True)
class Look:
    """How reports are written: the class's title, Canvas's column, and whether values are told."""

    title: str
    assignment: str
    details: bool


def write(store: Store, out: Path, look: Look) -> list[Path]:
    """Write every report below the folder; returns the files, the page first."""
    latest, submissions = store.latest(), store.submissions()
    results = out / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    for key, grading in latest.items():
        if grading.document is not None:
            name = re.sub(r"[^\w.-]", "_", key)[:100]
            path = results / f"{grading.number:06d}-{name}.json"
            path.write_text(json.dumps(grading.document, indent=1), encoding="ascii")
    documents = {key: one.document for key, one in latest.items() if one.document is not None}
    rows = [_row(submissions[key], grading, look) for key, grading in latest.items()]
    points = max((row.max_score or 0.0 for row in rows), default=0.0)
    entries = [
        Entry(submissions[key].student, key, grading.document, grading.said)
        for key, grading in latest.items()
    ]
    files = {
        "index.html": class_page(look.title, entries, _notes(documents), details=look.details),
        "grades.csv": gradebook.plain(rows),
        "canvas.csv": gradebook.canvas(rows, look.assignment, points),
        "moodle.csv": gradebook.moodle(rows),
        "junit.xml": junit(documents, details=look.details),
    }
    for name, content in files.items():
        (out / name).write_text(content, encoding="utf-8", newline="")
    return [out / name for name in files]


def _row(one: HandedIn, grading: Grading, look: Look) -> gradebook.Row:
    return gradebook.Row(
        student=one.student,
        student_id=one.student_id,
        email=one.email,
        score=grading.score,
        max_score=grading.max_score,
        feedback=_feedback(grading, look),
        finished=grading.finished,
        submission=one.key,
    )


def _feedback(grading: Grading, look: Look) -> str:
    """What a student reads in the gradebook."""
    if grading.document is None:
        return grading.said
    red = [
        one
        for one in grading.document["criteria"]
        if not passed(one) and one["outcome"] not in ("blocked", "skipped")
    ]
    return "\n\n".join(f"{one['id']}: {text(one, details=look.details)}" for one in red)


def _notes(documents: dict[str, Document]) -> list[str]:
    """How the class was graded: once for each way in which it was."""
    if not documents:
        return ["Nothing was graded."]
    walls = {WALLS[document["sandbox"]] for document in documents.values()}
    versions = {
        "Python {python}, torch {torch}, {machine}.".format(**document["environment"])
        for document in documents.values()
    }
    return [*sorted(walls), *sorted(versions)]
