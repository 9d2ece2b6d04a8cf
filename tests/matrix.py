"""Every known submission against every check: `make matrix`.

    python -m tests.matrix [--lab L]... [--kinds KINDS] [--seeds N] [--only PATTERN]
                           [--own-part | --named]

A right submission must pass everything, whatever the seed; one with a mistake must fail the ids
that it names, and nothing else may fail beside what these block; a hostile one must pass nothing
that the same mistake without the trick does not pass. Exit status 1 if one does not.

`--own-part` runs a mistake against the checks of the part that it is made in only, and `--named`
against the criteria that it names only; CI does that with about every eighth submission.

Torch is imported once: all runs of a slot are forks of one process and share one workers' parent,
which forks a fresh child for every check as always (`grader/slot.py`).
"""

from __future__ import annotations

import argparse
import hashlib
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

from grader.outcomes import Outcome
from grader.report import LETTERS
from grader.sandbox import Sandbox
from grader.slot import QUIET, Job, Slot
from tests.cases import LABS, ROOT, Case, accepted, buggy, hostile, template

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
    def passed(self) -> set[str]:
        """Ids that earned their points."""
        return {id for id, outcome in self.outcomes.items() if outcome == "passed"}


def problem(run: Run, twin: Run | None) -> str:
    """How the run differs from what its case says; empty if it does not."""
    ids = set(run.outcomes)
    ours = {id for id, outcome in run.outcomes.items() if outcome == "grader_error"}
    notes = {"no result": set() if ids else {"at all"}, "grader error in": ours}
    if run.case.kind == "template":
        empty = {id for id, outcome in run.outcomes.items() if outcome == "not_implemented"}
        notes["not `not_implemented`:"] = ids - empty
    elif run.case.kind == "hostile":
        assert twin is not None
        notes["earned by the trick:"] = run.passed - twin.passed
    else:
        notes["not caught by"] = (run.case.fails & ids or run.case.fails) - run.red
        notes["also red:"] = run.red - run.case.fails
        if run.case.kind == "accepted":
            notes["not passed:"] = ids - run.passed - run.red
    return "; ".join(f"{note} {', '.join(sorted(found))}" for note, found in notes.items() if found)


def run_all(cases: list[Case], seeds: range, slots: int, scope: str) -> Iterator[Run]:
    """Run every case under every seed, `slots` at a time."""
    free: Queue[Slot] = Queue()
    started = [Slot(Sandbox("none"), project=ROOT) for _ in range(slots)]
    for slot in started:
        slot.start()
        free.put(slot)
    jobs = [(case, seed) for seed in seeds for case in cases]
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
    return Run(case, seed, outcomes, time.monotonic() - started)


def row(run: Run) -> str:
    """One line of the matrix: a letter for each criterion, in order, part by part."""
    letters, part = "", ""
    for id, outcome in run.outcomes.items():
        letters += " " * bool(part and part != id.split(".")[1]) + LETTERS[Outcome(outcome)]
        part = id.split(".")[1]
    return f"{run.case.name:<34} {letters}  {run.seconds:4.1f}s"


def record(run: Run, said: str) -> dict[str, Any]:
    """What `tests.matrix_table` needs of a run."""
    case = run.case
    kept = {"lab": case.lab, "kind": case.kind, "name": case.name, "about": case.about}
    return {**kept, "seed": run.seed, "problem": said, "outcomes": run.outcomes}


def uncaught(runs: list[Run]) -> list[str]:
    """Criteria that no known mistake fails."""
    ids = {id for run in runs for id in run.outcomes}
    return sorted(ids - {id for run in runs for id in run.red})


def drawn(case: Case, share: int) -> bool:
    """Whether the case is in the `share`-th part of its kind that CI runs: by its name alone."""
    digest = hashlib.sha256(f"{case.lab}/{case.name}".encode()).digest()
    return case.kind == "template" or int.from_bytes(digest[:4], "big") % share == 0


def choose(lab: str, kinds: str, only: str) -> list[Case]:
    """A lab's submissions of these kinds whose name fits the pattern, and hostile ones' twins."""
    known = (*accepted(lab), *buggy(lab), *hostile(lab), template(lab))
    wanted = [case for case in known if case.kind in kinds.split(",")]
    wanted = [case for case in wanted if fnmatchcase(case.name, only)]
    names = {case.name for case in wanted}
    twins = {case.twin.name: case.twin for case in wanted if case.twin}
    return [twin for name, twin in twins.items() if name not in names] + wanted


def main() -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--lab", action="append", choices=LABS, help="repeatable (default: all)")
    parser.add_argument("--kinds", default="accepted,buggy,hostile,template")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--slots", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="*", help="a pattern of names")
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--own-part", dest="scope", action="store_const", const="part", default="")
    scope.add_argument("--named", dest="scope", action="store_const", const="named")
    parser.add_argument("--share", type=int, default=1, help="only about every N-th submission")
    parser.add_argument("--log", help="append each run to this file, for tests.matrix_table")
    options = parser.parse_args()
    os.chdir(ROOT)
    labs = options.lab or LABS
    cases = [case for lab in labs for case in choose(lab, options.kinds, options.only)]
    twins = {case.twin.name for case in cases if case.twin and drawn(case, options.share)}
    cases = [case for case in cases if drawn(case, options.share) or case.name in twins]
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    runs: dict[tuple[str, str, int], Run] = {}
    wrong, lab = 0, ""
    for run in run_all(cases, seeds, options.slots, options.scope):
        case = run.case
        if case.lab != lab:
            lab = case.lab
            print(f"--- {lab}", flush=True)
        runs[lab, case.name, run.seed] = run
        print(row(run), flush=True)
        twin = runs.get((lab, case.twin.name, run.seed)) if case.twin else None
        if said := problem(run, twin):
            wrong += 1
            print(f"    seed {run.seed}: {said[:400]}", flush=True)
        if options.log:
            with open(options.log, "a", encoding="utf-8") as log:
                print(json.dumps(record(run, said)), file=log)
    if "buggy" in options.kinds and options.only == "*" and options.share == 1:
        free = ", ".join(uncaught(list(runs.values()))) or "none"
        print(f"criteria that no known mistake fails: {free}")
    right = len(runs) - wrong
    print(f"{len(cases)} submissions, {options.seeds} seed(s): {right} as named, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
