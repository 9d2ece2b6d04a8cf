"""The database of a class: every grading ever made, one transaction each.

SQLite was chosen because it comes with Python, survives a kill in the middle of a write, and can be
read by anything. A grading is found again by its key: the submission's content, the checks, the
environment and the options; so a second run grades only what has changed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .found import HandedIn

SCHEMA_VERSION = 1
_TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE submission (
    key TEXT PRIMARY KEY, student TEXT NOT NULL, student_id TEXT NOT NULL, email TEXT NOT NULL,
    path TEXT NOT NULL, content TEXT NOT NULL
);
CREATE TABLE grading (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    submission TEXT NOT NULL REFERENCES submission (key),
    content TEXT NOT NULL, checks TEXT NOT NULL, environment TEXT NOT NULL, options TEXT NOT NULL,
    seed INTEGER NOT NULL, status TEXT NOT NULL, said TEXT NOT NULL, document TEXT,
    score REAL, max_score REAL, seconds REAL NOT NULL, finished TEXT NOT NULL
);
CREATE INDEX latest ON grading (submission, number);
"""


class StoreError(ValueError):
    """The database cannot be used; the message is one sentence that names it."""


@dataclass(frozen=True)
class Key:
    """What a verdict depends on, beside the submission's content."""

    checks: str
    environment: str
    options: str


@dataclass(frozen=True)
class Grading:
    """One grading of one submission.

    status    `graded`, `unusable` (nothing there to check: `said` is the sentence that says so) or
              `infrastructure` (the grader failed, and failed again when it was tried anew)
    document  the result file (docs/result-file.md), None unless graded
    """

    submission: str
    content: str
    key: Key
    seed: int
    status: str
    said: str
    document: dict[str, Any] | None
    seconds: float
    finished: str  # UTC, ISO 8601
    number: int = 0

    @property
    def score(self) -> float | None:
        """Points earned; None if it was not graded."""
        return None if self.document is None else float(self.document["score"])

    @property
    def max_score(self) -> float | None:
        """Points that could be earned; None if it was not graded."""
        return None if self.document is None else float(self.document["max_score"])


class Store:
    """The database in one file."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises StoreError."""
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                with self._transaction():
                    for statement in filter(str.strip, _TABLES.split(";")):
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be used as a database: {error}") from error
        if version not in (0, SCHEMA_VERSION):
            raise StoreError(f"{path} was written by another version (schema {version})")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def setting(self, name: str, value: str) -> str:
        """The setting of that name; `value` is kept if there is none yet."""
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, value))
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,))
        return str(row.fetchone()[0])

    def register(self, submissions: Iterable[HandedIn]) -> None:
        """Note what was handed in; a key that is there already is brought up to date."""
        rows = [
            (one.key, one.student, one.student_id, one.email, str(one.path), one.content())
            for one in submissions
        ]
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " student = excluded.student, student_id = excluded.student_id,"
                " email = excluded.email, path = excluded.path, content = excluded.content",
                rows,
            )

    def submissions(self) -> dict[str, HandedIn]:
        """All submissions, by key."""
        rows = self._connection.execute(
            "SELECT key, path, student, student_id, email FROM submission ORDER BY key"
        )
        return {key: HandedIn(key, Path(path), *others) for key, path, *others in rows}

    def contents(self) -> dict[str, str]:
        """The digest of each submission's content, by key."""
        return dict(self._connection.execute("SELECT key, content FROM submission ORDER BY key"))

    def add(self, grading: Grading) -> None:
        """Add a grading, in a transaction of its own."""
        key, document = grading.key, grading.document
        with self._transaction():
            self._connection.execute(
                "INSERT INTO grading (submission, content, checks, environment, options, seed,"
                " status, said, document, score, max_score, seconds, finished)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(grading.submission, grading.content),
                    *(key.checks, key.environment, key.options, grading.seed),
                    *(grading.status, grading.said),
                    None if document is None else json.dumps(document),
                    *(grading.score, grading.max_score, grading.seconds, grading.finished),
                ),
            )

    def history(self, submission: str) -> list[Grading]:
        """All gradings of a submission, the oldest first."""
        rows = self._connection.execute(
            "SELECT submission, content, checks, environment, options, seed, status, said,"
            " document, seconds, finished, number FROM grading WHERE submission = ?"
            " ORDER BY number",
            (submission,),
        )
        return [_grading(row) for row in rows]

    def latest(self) -> dict[str, Grading]:
        """The last grading of every submission that has one, by the submission's key."""
        gradings = {key: self.history(key) for key in self.submissions()}
        return {key: of_one[-1] for key, of_one in gradings.items() if of_one}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _grading(row: tuple[Any, ...]) -> Grading:
    submission, content, checks, environment, options, seed, status, said, document, *rest = row
    return Grading(
        submission,
        content,
        Key(checks, environment, options),
        seed,
        status,
        said,
        None if document is None else json.loads(document),
        *rest,
    )
