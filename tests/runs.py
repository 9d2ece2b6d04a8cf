"""Runs of known submissions: made in slots, written to a log, and found there again."""

from __future__ import annotations

import json
import lzma
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from queue import Queue
from typing import Any

from grader.sandbox import Sandbox, choose
from grader.slot import QUIET, Slot
from grader.slot import Job as SlotJob
from tests.cases import ROOT, SPECS, Case
from tests.versions import version


def part_of(id: str) -> str:
    """The part of a lab that a criterion belongs to."""
    return id.split(".")[1]


RED = {"failed", "errored", "timed_out", "crashed"}


@dataclass(frozen=True)
class Job:
    """A submission that is to run under a seed against some parts, or only what it names there."""

    case: Case
    seed: int
    parts: frozenset[str]
    named_only: bool = False


@dataclass(frozen=True)
class Run:
    """One submission under one seed, and the outcome of each criterion."""

    case: Case
    seed: int
    outcomes: dict[str, str]
    seconds: float

    @property
    def parts(self) -> set[str]:
        """The parts that ran."""
        return {part_of(id) for id in self.outcomes}

    def only(self, part: str) -> Run:
        """What the run says of one part."""
        kept = {id: outcome for id, outcome in self.outcomes.items() if part_of(id) == part}
        return replace(self, outcomes=kept)

    @property
    def red(self) -> set[str]:
        """Ids that failed by themselves."""
        return {id for id, outcome in self.outcomes.items() if outcome in RED}

    @property
    def excused(self) -> set[str]:
        """Ids that a part on request skips, because they need more than the part itself."""
        skipped = {id for id, outcome in self.outcomes.items() if outcome == "skipped"}
        return {id for id in skipped if part_of(id) in SPECS[self.case.lab].on_request}

    @property
    def passed(self) -> set[str]:
        """Ids that earned their points."""
        return {id for id, outcome in self.outcomes.items() if outcome == "passed"}


def run_all(jobs: list[Job], slots: int) -> Iterator[Run]:
    """Do every job, `slots` at a time."""
    free: Queue[Slot] = Queue()
    walled = any(job.case.kind == "hostile" for job in jobs)  # they are what the walls are for
    sandbox = choose("auto") if walled else Sandbox("none")
    started = [Slot(sandbox, project=ROOT) for _ in range(slots)]
    for slot in started:
        slot.start()
        free.put(slot)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(slots) as pool:
        yield from pool.map(lambda job: _run(job, Path(folder), free), jobs)
    for slot in started:
        slot.close()


def _run(job: Job, folder: Path, free: Queue[Slot]) -> Run:
    started, case = time.monotonic(), job.case
    place = Path(tempfile.mkdtemp(dir=folder))
    submission, result = case.build(place), place / "result.json"
    arguments = ["checks", f"--student={submission}", f"--lab={case.lab}", f"--seed={job.seed}"]
    arguments += [f"--result={result}", "--time-factor=4", *QUIET]  # other runs are beside it
    arguments += ["--device=cpu", "--scale=small", *(f"--part={part}" for part in job.parts)]
    if job.named_only and case.kind in ("buggy", "hostile"):
        arguments += [f"--criterion={id}" for id in case.fails]
    slot = free.get()
    try:
        slot.run(SlotJob(ROOT, arguments))
    finally:
        free.put(slot)
    document: dict[str, Any] = (
        json.loads(result.read_text()) if result.exists() else {"criteria": []}
    )
    outcomes = {row["id"]: row["outcome"] for row in document["criteria"]}
    return Run(case, job.seed, outcomes, time.monotonic() - started)


# ------------------------------------------------------------------ the log

Row = dict[str, Any]  # a part of a run, as it is recorded


def record(run: Run, part: str, said: str) -> Row:
    """A part of a run as it is written to a log; `said` is how it differs from what is expected."""
    case = run.case
    kept = {"lab": case.lab, "kind": case.kind, "name": case.name, "about": case.about}
    of_run = {"seed": run.seed, "part": part, "version": version(case, part), "problem": said}
    return {**kept, **of_run, "outcomes": run.only(part).outcomes}


def load(paths: Iterable[Path], cases: Iterable[Case]) -> list[Row]:
    """What the logs hold of runs with these cases and their checks as they are now, each part once.

    A log is a file with a JSON object on each line, perhaps compressed (`.xz`).
    """
    named = {(case.lab, case.kind, case.name): case for case in cases}
    versions = cache(lambda name, part: version(named[name], part) if name in named else None)
    rows = {}
    for path in paths:
        with lzma.open(path, "rt") if path.suffix == ".xz" else path.open() as log:
            for row in map(json.loads, log):
                name = (row["lab"], row["kind"], row["name"])
                if versions(name, row["part"]) == row["version"]:
                    rows[(*name, row["seed"], row["part"])] = row
    return list(rows.values())


def save(path: Path, rows: Iterable[Row]) -> None:
    """Write a compressed log."""
    with lzma.open(path, "wt") as log:
        log.writelines(json.dumps(row) + "\n" for row in rows)
