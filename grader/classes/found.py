"""What was handed in: one submission for each folder, zip or notebook of a folder or a zip.

Downloads of two learning platforms are understood by the names that they give to files:

    Canvas    lovelaceada_4711_98765_lab3.zip, lovelaceada_LATE_4711_98765_lab3.zip
    Moodle    Ada Lovelace_12345_assignsubmission_file/lab3.zip (and without `_file`)
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..submission import IGNORED, SubmissionError, unpack

FILES = (".zip", ".ipynb")
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_.+")
_MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_file_?")


@dataclass(frozen=True)
class HandedIn:
    """One submission: its key in the database, whose it is, and where it lies."""

    key: str  # the file's or folder's name: unique in a class
    path: Path
    student: str
    student_id: str = ""
    email: str = ""

    def content(self) -> str:
        """A digest of the bytes handed in and of their names."""
        digest = hashlib.sha256()
        for path in files_of(self.path):
            name = path.relative_to(self.path).as_posix()
            digest.update(f"{len(name)}:{name}".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


def find(source: Path, unpacked: Path) -> tuple[list[HandedIn], list[str]]:
    """The submissions in a folder, or in a zip of one, and the names of what is none.

    A zip is unpacked below the folder `unpacked`. Raises SubmissionError if there are none.
    """
    folder = source
    if source.is_file():
        unpack(source, unpacked)
        folder = unpacked
    elif not source.is_dir():
        raise SubmissionError(f"{source} does not exist")
    found, others = [], []
    for entry in sorted(folder.iterdir()):
        if entry.name in IGNORED or entry.name.startswith("."):
            continue
        if entry.is_symlink() or not (entry.is_dir() or entry.suffix.lower() in FILES):
            others.append(entry.name)
        else:
            found.append(_handed_in(entry))
    if not found:
        raise SubmissionError(f"{source} holds no folder, zip or notebook to grade")
    return found, others


def _handed_in(entry: Path) -> HandedIn:
    for pattern in (_MOODLE, _CANVAS):
        if match := pattern.fullmatch(entry.name):
            return HandedIn(entry.name, _inner(entry), match["name"], match["id"])
    return HandedIn(entry.name, entry, entry.name if entry.is_dir() else entry.stem)


def _inner(entry: Path) -> Path:
    """What a Moodle folder holds, where that is a single file to grade."""
    if not entry.is_dir():
        return entry
    inside = [path for path in entry.iterdir() if path.name not in IGNORED]
    single = len(inside) == 1 and inside[0].suffix.lower() in FILES
    return inside[0] if single and not inside[0].is_symlink() else entry


def files_of(path: Path) -> Iterator[Path]:
    """The file itself, or all files of a folder in the order of their names, without links."""
    if path.is_file():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry.name not in IGNORED and not entry.is_symlink():
            yield from files_of(entry)


class RosterError(ValueError):
    """The roster cannot be used; the message is one sentence that names it."""


def with_roster(found: list[HandedIn], roster: Path) -> tuple[list[HandedIn], list[str]]:
    """The submissions with names from a CSV file, and the students who handed in nothing.

    Columns `id` and `name`, and optionally `email` and `submission`. A row belongs to the
    submission that its column `submission` names, or whose platform id, or file name without its
    ending, is the row's `id`. Raises RosterError.
    """
    rows = _rows(roster)
    by_key = {row["submission"]: row for row in rows if row.get("submission")}
    by_id = {row["id"]: row for row in rows}
    matched, used = [], set()
    for one in found:
        stem = one.key.removesuffix(Path(one.key).suffix) if one.path.is_file() else one.key
        row = by_key.get(one.key) or by_id.get(one.student_id) or by_id.get(stem)
        if row is None:
            matched.append(one)
            continue
        used.add(row["id"])
        email = row.get("email") or ""
        matched.append(replace(one, student=row["name"], student_id=row["id"], email=email))
    return matched, [row["name"] for row in rows if row["id"] not in used]


def _rows(roster: Path) -> list[dict[str, str]]:
    try:
        with roster.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or ()
            rows = [
                {key: (value or "").strip() for key, value in row.items() if key} for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RosterError(f"the roster {roster} cannot be read: {error}") from error
    if not {"id", "name"} <= set(names):
        raise RosterError(f"the roster {roster} needs the columns id and name")
    repeated = {row["id"] for row in rows if sum(other["id"] == row["id"] for other in rows) > 1}
    if repeated:
        raise RosterError(f"the roster {roster} has the id {min(repeated)} twice")
    return rows
