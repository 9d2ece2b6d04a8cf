"""What is to be graded and how: a plan for the class, a task for each submission."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..formats.feedback import counts
from ..sandbox import Sandbox
from .found import HandedIn
from .store import Grading, Key, Store

LIBRARIES = ("torch", "numpy", "pytest", "hypothesis", "msgpack")


@dataclass(frozen=True)
class Plan:
    """How a class is graded: the same for every submission."""

    project: Path  # the folder that holds checks/
    sandbox: Sandbox
    seed: int  # of the class; each submission has its own, derived from it
    time_limit: float  # seconds for all checks of one submission
    labs: tuple[str, ...] = ()  # all that a submission holds, if empty

    @property
    def key(self) -> Key:
        """What the verdicts depend on beside the submissions."""
        options = {"labs": self.labs, "time_limit": self.time_limit, "seed": self.seed}
        return Key(
            checks=digest_of(self.project, ("checks", "grader", "fixtures/corpora")),
            environment=environment(),
            options=json.dumps({**options, "sandbox": self.sandbox.name}, sort_keys=True),
        )


@dataclass(frozen=True)
class Task:
    """One submission to be graded: all of it, or only some criteria of an earlier grading."""

    one: HandedIn
    content: str
    criteria: tuple[str, ...] = ()
    previous: dict[str, Any] | None = None  # the result file that keeps its other criteria


def digest_of(project: Path, folders: Iterable[str]) -> str:
    """A digest of the sources in these folders: another version of the checks grades anew."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((project / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(project).as_posix().encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def environment() -> str:
    """The versions that a verdict may depend on, without importing them."""
    versions = " ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"python {platform.python_version()} {versions} {platform.machine()}"


def pending(store: Store, plan: Plan, again: Iterable[str] = ()) -> list[Task]:
    """The submissions without a verdict under this plan, and those that are to be graded again."""
    again, contents, latest, key = set(again), store.contents(), store.latest(), plan.key
    chosen = []
    for name, one in store.submissions().items():
        last = latest.get(name)
        known = (
            last is not None
            and (last.content, last.key) == (contents[name], key)
            and last.status != "infrastructure"
        )
        if name in again or not known:
            chosen.append(Task(one, contents[name]))
    return chosen


def once_more(store: Store, names: Iterable[str], criteria: Iterable[str]) -> list[Task]:
    """These criteria again, of the submissions that have a verdict on them; the rest is kept.

    What one of them blocked is judged too. A submission that was handed in anew, or in which
    something else blocks the criterion, is left as it is.
    """
    contents, latest, names = store.contents(), store.latest(), set(names)
    tasks = []
    for name, one in store.submissions().items():
        last = latest.get(name)
        if name not in names or last is None or last.status != "graded":
            continue
        if last.content == contents[name]:
            ids = _with_blocked(last, set(criteria))
            if ids:
                tasks.append(Task(one, last.content, ids, last.document))
    return tasks


def _with_blocked(last: Grading, wanted: set[str]) -> tuple[str, ...]:
    rows = [] if last.document is None else last.document["criteria"]
    return tuple(
        row["id"]
        for row in rows
        if (row["where"] if row["outcome"] == "blocked" else row["id"]) in wanted
    )


def merged(previous: dict[str, Any], fresh: dict[str, Any]) -> dict[str, Any]:
    """The earlier result file with the criteria that have been judged again."""
    new = {row["id"]: row for row in fresh["criteria"]}
    rows = [new.get(row["id"], row) for row in previous["criteria"]]
    judged = [row for row in rows if counts(row)]
    return {
        **previous,
        "score": sum(row["points"] for row in judged),
        "max_score": sum(row["max_points"] for row in judged),
        "criteria": rows,
    }
