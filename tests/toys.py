"""Runs of pytest over the toy lab (`tests/toy`), as a user would start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox import Sandbox, bwrap_problem
from grader.slot import Job, Slot

BWRAP = pytest.param(
    "bwrap", marks=pytest.mark.skipif(bwrap_problem() is not None, reason=bwrap_problem() or "")
)
ISOLATED = pytest.mark.parametrize("workers", [BWRAP], indirect=True)  # for what only it does

ROOT = Path(__file__).parent.parent
TERMINAL = {"OMP_NUM_THREADS": "1", "COLUMNS": "80"}


@dataclass(frozen=True)
class Run:
    """What a run left behind: exit status, what it printed, the result file if there is one."""

    status: int
    text: str
    document: dict[str, Any]

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each criterion, by id."""
        return {row["id"]: row["outcome"] for row in self.document["criteria"]}

    def row(self, id: str) -> dict[str, Any]:
        """The criterion's entry in the result file."""
        return next(row for row in self.document["criteria"] if row["id"] == id)


class Toy:
    """A copy of the toy project, in which pytest runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._slot = Slot(Sandbox("none"))
        self._count = 0

    def new_path(self, suffix: str = "") -> Path:
        """A path below the project that does not exist yet."""
        self._count += 1
        return self.folder / f"new-{self._count}{suffix}"

    def submission(self, files: dict[str, str], lab: str = "toy") -> Path:
        """A folder with the files, each below the lab's folder."""
        return write(self.new_path(), {f"{lab}/{name}": text for name, text in files.items()})

    def start(
        self, student: Path, *options: str, asks: Iterable[str] = (), **environment: str
    ) -> Started:
        """Start `python -m pytest checks --student ...`, which imports torch twice."""
        result = self.new_path(".json")
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *_arguments(student, result, options)],
            cwd=self.folder,
            env={**_environment(), "TOY_ASKS": _asks(asks), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Started(process, result)

    def run(self, student: Path, *options: str, asks: Iterable[str] = ()) -> Run:
        """The same run in a fork of a process that has torch already, without a sandbox."""
        result, output = self.new_path(".json"), self.new_path(".txt")
        arguments = ["--assert=plain", *_arguments(student, result, options)]
        environment = {**TERMINAL, "TOY_ASKS": _asks(asks)}
        status = self._slot.run(Job(self.folder, arguments, output, environment))
        return _run(status, output.read_text(), result)

    def close(self) -> None:
        """End the slot."""
        self._slot.close()


@dataclass(frozen=True)
class Started:
    """A run in a process of its own."""

    process: subprocess.Popen[str]
    result: Path

    def finish(self) -> Run:
        """Wait for its end."""
        text, _ = self.process.communicate(timeout=300)
        return _run(self.process.returncode, text, self.result)


def value(module: Any, name: str) -> Any:
    """What a name of a submission's module stands for, though it be no function and no class."""
    return getattr(module._import(), name)


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write the files below the folder, and give the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _arguments(student: Path, result: Path, options: Iterable[str]) -> list[str]:
    return ["checks", f"--student={student}", f"--result={result}", *options]


def _asks(asks: Iterable[str]) -> str:
    return ",".join(asks) or "answers.right"


def _environment() -> dict[str, str]:
    return {**os.environ, **TERMINAL, "PYTHONPATH": str(ROOT)}


def _run(status: int, text: str, result: Path) -> Run:
    return Run(status, text, json.loads(result.read_text()) if result.exists() else {})
