"""Runs of known submissions: made in slots, written to a log, and found there again."""

from __future__ import annotations

import json
import lzma
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import Queue
from typing import Any

from grader.sandbox import Sandbox, choose
from grader.slot import QUIET, Job, Slot
from tests.cases import ROOT, Case
from tests.versions import version

RED = {"failed", "errored", "timed_out", "crashed"}


@dataclass(frozen=True)
class Run:
    """One submission under one seed, and the outcome of each criterion."""

    case: Case
    seed: int
    scope: str
    outcomes: dict[str, str]
    seconds: float

    @property
    def red(self) -> set[str]:
        """Ids that failed by themselves."""
        return {id for id, outcome in self.outcomes.items() if outcome in RED}

    @property
    def passed(self) -> set[str]:
        """Ids that earned their points."""
        return {id for id, outcome in self.outcomes.items() if outcome == "passed"}


def run_all(jobs: list[tuple[Case, int]], slots: int, scope: str) -> Iterator[Run]:
    """Run every case under its seed, `slots` at a time."""
    free: Queue[Slot] = Queue()
    walled = any(case.kind == "hostile" for case, _ in jobs)  # they are what the walls are for
    sandbox = choose("auto") if walled else Sandbox("none")
    started = [Slot(sandbox, project=ROOT) for _ in range(slots)]
    for slot in started:
        slot.start()
        free.put(slot)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(slots) as pool:
        yield from pool.map(lambda job: _run(*job, scope, Path(folder), free), jobs)
    for slot in started:
        slot.close()


def _run(case: Case, seed: int, scope: str, folder: Path, free: Queue[Slot]) -> Run:
    started = time.monotonic()
    place = Path(tempfile.mkdtemp(dir=folder))
    submission, result = case.build(place), place / "result.json"
    arguments = ["checks", f"--student={submission}", f"--lab={case.lab}", f"--seed={seed}"]
    arguments += [f"--result={result}", "--time-factor=4", *QUIET]  # other runs are beside it
    if scope == "part" and case.kind in ("buggy", "hostile"):
        arguments += [f"--part={part}" for part in (case.twin or case).parts]
    if scope == "named" and case.kind in ("buggy", "hostile"):
        arguments += [f"--criterion={id}" for id in case.fails]
    slot = free.get()
    try:
        slot.run(Job(ROOT, arguments))
    finally:
        free.put(slot)
    document: dict[str, Any] = (
        json.loads(result.read_text()) if result.exists() else {"criteria": []}
    )
    outcomes = {row["id"]: row["outcome"] for row in document["criteria"]}
    return Run(case, seed, scope, outcomes, time.monotonic() - started)


# ------------------------------------------------------------------ the log

Rows = list[dict[str, Any]]  # runs, as they are recorded


def record(run: Run, said: str) -> dict[str, Any]:
    """A run as it is written to a log; `said` is how it differs from what its case says."""
    case = run.case
    kept = {"lab": case.lab, "kind": case.kind, "name": case.name, "about": case.about}
    of_run = {
        "version": version(case, run.scope),
        "seed": run.seed,
        "scope": run.scope,
        "problem": said,
    }
    return {**kept, **of_run, "outcomes": run.outcomes}


def load(paths: Iterable[Path], cases: Iterable[Case]) -> Rows:
    """The runs in the logs that were made with these cases and checks as they are now, each once.

    A log is a file with a JSON object on each line, perhaps compressed (`.xz`).
    """
    named = {(case.lab, case.kind, case.name): case for case in cases}
    versions = cache(lambda name, scope: version(named[name], scope) if name in named else None)
    rows = {}
    for path in paths:
        with lzma.open(path, "rt") if path.suffix == ".xz" else path.open() as log:
            for row in map(json.loads, log):
                name = (row["lab"], row["kind"], row["name"])
                if versions(name, row["scope"]) == row["version"]:
                    rows[(*name, row["seed"], row["scope"])] = row
    return list(rows.values())


def save(path: Path, rows: Rows) -> None:
    """Write a compressed log."""
    with lzma.open(path, "wt") as log:
        log.writelines(json.dumps(row) + "\n" for row in rows)
