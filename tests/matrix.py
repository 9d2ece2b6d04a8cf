"""Every known submission against every check: `make matrix`.

    python -m tests.matrix [--lab L] [--kinds accepted,buggy,template] [--seeds N] [--only PATTERN]

A right submission must pass everything, whatever the seed; one with a mistake must fail the ids
that it names, and nothing else may fail beside what these block. Exit status 1 if one does not.

Torch is imported once: each run is a fork of this process, and all runs of a slot share one
workers' parent, which forks a fresh child for every check as always.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from grader.outcomes import Outcome
from grader.plugin import SHARED
from grader.report import LETTERS
from grader.sandbox import Sandbox
from grader.workers import WorkerParent
from tests.cases import ROOT, Case, accepted, buggy, template

RED = {"failed", "errored", "timed_out", "crashed"}


@dataclass(frozen=True)
class Run:
    """One submission under one seed, and the outcome of each criterion."""

    case: Case
    seed: int
    outcomes: dict[str, str]
    seconds: float

    @property
    def red(self) -> set[str]:
        """Ids that failed by themselves."""
        return {id for id, outcome in self.outcomes.items() if outcome in RED}

    @property
    def problem(self) -> str:
        """How the run differs from what its case says; empty if it does not."""
        if not self.outcomes:
            return "no result"
        if self.case.kind == "template":
            other = {id for id, outcome in self.outcomes.items() if outcome != "not_implemented"}
            return f"not `not_implemented`: {', '.join(sorted(other))}" if other else ""
        strange = {id for id, outcome in self.outcomes.items() if outcome in {"grader_error"}}
        missing, extra = self.case.fails - self.red, self.red - self.case.fails
        notes = [
            f"{label} {', '.join(sorted(ids))}"
            for label, ids in (
                ("not caught by", missing),
                ("also red", extra),
                ("grader error in", strange),
            )
            if ids
        ]
        if self.case.kind == "accepted" and set(self.outcomes.values()) - {"passed"} and not notes:
            notes.append("not everything passed")
        return "; ".join(notes)


def run_all(cases: list[Case], seeds: int, slots: int) -> Iterator[Run]:
    """Run every case under `seeds` seeds, `slots` at a time, in order of completion."""
    parents: Queue[WorkerParent] = Queue()
    started = []
    for slot in range(slots):
        parent = WorkerParent(Sandbox("none"), Path("/"), hash_seed=slot)
        parent.start()
        started.append(parent)
        parents.put(parent)
    _warm_judge()
    for parent in started:
        parent.await_ready()
    jobs = [(case, seed) for seed in range(seeds) for case in cases]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(slots) as pool:
        yield from pool.map(lambda job: _run(*job, Path(folder), parents), jobs)
    for parent in started:
        parent.stop()


def _warm_judge() -> None:
    """Import what every judge needs, before forking them."""
    for name in ("hypothesis", "torch", "grader.grading"):
        importlib.import_module(name)


def _run(case: Case, seed: int, folder: Path, parents: Queue[WorkerParent]) -> Run:
    started = time.monotonic()
    place = Path(tempfile.mkdtemp(dir=folder))
    submission, result = case.build(place), place / "result.json"
    parent = parents.get()
    try:
        pid = os.fork()
        if pid == 0:
            _judge(case, submission, seed, result, parent)
        os.waitpid(pid, 0)
    finally:
        parents.put(parent)
    document: dict[str, Any] = (
        json.loads(result.read_text()) if result.exists() else {"criteria": []}
    )
    outcomes = {row["id"]: row["outcome"] for row in document["criteria"]}
    return Run(case, seed, outcomes, time.monotonic() - started)


def _judge(case: Case, submission: Path, seed: int, result: Path, parent: WorkerParent) -> None:
    """The forked process: one ordinary run of the checks. Never returns."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.chdir(ROOT)
    arguments = ["checks", f"--student={submission}", f"--lab={case.lab}", f"--seed={seed}"]
    arguments += [f"--result={result}", "--sandbox=none", "-p", "no:cacheprovider"]
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # imported before the fork
    try:
        pytest.main(arguments, plugins=[_Sharing(parent)])
    finally:
        os._exit(0)


class _Sharing:
    """Hands a running workers' parent to the plugin."""

    def __init__(self, parent: WorkerParent) -> None:
        self.parent = parent

    def pytest_addoption(self, pluginmanager: pytest.PytestPluginManager) -> None:
        pluginmanager.register(self.parent, SHARED)


def row(run: Run) -> str:
    """One line of the matrix: a letter for each criterion, in order, part by part."""
    letters, part = "", ""
    for id, outcome in run.outcomes.items():
        letters += " " * bool(part and part != id.split(".")[1]) + LETTERS[Outcome(outcome)]
        part = id.split(".")[1]
    return f"{run.case.name:<34} {letters}  {run.seconds:4.1f}s"


def uncaught(runs: list[Run]) -> list[str]:
    """Criteria that no known mistake fails."""
    ids = {id for run in runs for id in run.outcomes}
    return sorted(ids - {id for run in runs for id in run.red})


def main() -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--lab", default="charlm")
    parser.add_argument("--kinds", default="accepted,buggy,template")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--slots", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="*", help="a pattern of names")
    options = parser.parse_args()
    lab, kinds = options.lab, options.kinds.split(",")
    cases = [case for case in (*accepted(lab), *buggy(lab), template(lab)) if case.kind in kinds]
    cases = [case for case in cases if fnmatchcase(case.name, options.only)]
    runs, wrong = [], 0
    for run in run_all(cases, options.seeds, options.slots):
        runs.append(run)
        print(row(run), flush=True)
        if run.problem:
            wrong += 1
            print(f"    seed {run.seed}: {run.problem}", flush=True)
    if {"buggy"} <= set(kinds) and options.only == "*":
        print(f"criteria that no known mistake fails: {', '.join(uncaught(runs)) or 'none'}")
    right = len(runs) - wrong
    print(f"{len(cases)} submissions, {options.seeds} seed(s): {right} as named, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
