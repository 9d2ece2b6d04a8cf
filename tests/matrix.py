"""Every known submission against every check: `make matrix`.

    python -m tests.matrix [--lab L]... [--kinds KINDS] [--seeds N] [--only PATTERN]
                           [--own-part | --named | --part PART] [--known LOG]... [--log LOG]

A right submission must pass everything, whatever the seed; one with a mistake must fail the ids
that it names, and nothing else may fail beside what these block; a hostile one must pass nothing
that the same mistake without the trick does not pass. Exit status 1 if one does not.

`--own-part` runs a mistake against the checks of the part that it is made in only, and `--named`
against the criteria that it names only, which is what CI does; `--share N` takes about every N-th
submission. `--part` runs a part that is checked on request only, on the processor and at the small
scale, with all right submissions and the mistakes that are made in it.

Torch is imported once: all runs of a slot are forks of one process and share one workers' parent,
which forks a fresh child for every check as always (`grader/slot.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from grader.outcomes import Outcome
from grader.report import LETTERS
from tests.cases import LABS, ROOT, SPECS, Case, accepted, buggy, hostile, template
from tests.runs import Job, Run, load, part_of, record, run_all

ON_REQUEST = sorted({part for spec in SPECS.values() for part in spec.on_request})
Made = dict[tuple[str, str, int], Run]  # by lab, name and seed; what ran of it


def problem(run: Run, twin: Run | None) -> str:
    """How the run differs from what its case says; empty if it does not."""
    ids = set(run.outcomes)
    ours = {id for id, outcome in run.outcomes.items() if outcome == "grader_error"}
    notes = {"no result": set() if ids else {"at all"}, "grader error in": ours}
    if run.case.kind == "template":
        empty = {id for id, outcome in run.outcomes.items() if outcome == "not_implemented"}
        notes["not `not_implemented`:"] = ids - empty - run.excused
    elif run.case.kind == "hostile":
        assert twin is not None
        notes["earned by the trick:"] = run.passed - twin.passed
    else:
        here = {id for id in run.case.fails if part_of(id) in run.parts}
        notes["not caught by"] = here - run.red
        notes["also red:"] = run.red - run.case.fails
        if run.case.kind == "accepted":
            notes["not passed:"] = ids - run.passed - run.red - run.excused
    return "; ".join(f"{note} {', '.join(sorted(found))}" for note, found in notes.items() if found)


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


def drawn(case: Case, share: int) -> bool:
    """Whether the case is in a `share`-th part of its kind: by its name alone."""
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


def usual_parts(case: Case) -> frozenset[str]:
    """The parts that show whether a case is as named: of a wrong one, its own."""
    spec = SPECS[case.lab]
    if case.kind in ("buggy", "hostile"):
        return frozenset((case.twin or case).parts)
    return frozenset(spec.parts) - set(spec.on_request)


def parts_of(case: Case, options: argparse.Namespace) -> frozenset[str]:
    """The parts that a case is to run against; none if it is about others than those asked for."""
    spec, usual = SPECS[case.lab], usual_parts(case)
    on_request = frozenset(spec.on_request)
    if options.part:
        about_it = case.kind in ("accepted", "template") or options.part in usual
        return on_request & {options.part} if about_it else frozenset()
    if usual <= on_request or options.own_part or options.named:
        return usual - on_request
    return frozenset(spec.parts) - on_request


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--lab", action="append", choices=LABS, help="repeatable (default: all)")
    parser.add_argument("--kinds", default="accepted,buggy,hostile,template")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--slots", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="*", help="a pattern of names")
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--own-part", action="store_true")
    scope.add_argument("--named", action="store_true")
    scope.add_argument("--part", choices=ON_REQUEST, help="one that runs on request")
    parser.add_argument("--share", type=int, default=1, help="only about every N-th submission")
    parser.add_argument("--log", type=Path, help="append each run to this file")
    parser.add_argument(
        "--known",
        type=Path,
        action="append",
        default=[],
        metavar="LOG",
        help="what ran as named there, the same submission and checks, does not run again",
    )
    return parser


def _cases(options: argparse.Namespace) -> list[Case]:
    labs = options.lab or LABS
    cases = [case for lab in labs for case in choose(lab, options.kinds, options.only)]
    cases = [case for case in cases if parts_of(case, options)]
    twins = {case.twin.name for case in cases if case.twin and drawn(case, options.share)}
    return [case for case in cases if drawn(case, options.share) or case.name in twins]


def _known(options: argparse.Namespace, cases: list[Case]) -> Made:
    """What need not be run again, each part by itself."""
    named = {(case.lab, case.kind, case.name): case for case in cases}
    made: Made = {}
    logs = [path for path in options.known if path.exists()]
    for row in load(logs, cases) if logs else []:
        case, seed = named[row["lab"], row["kind"], row["name"]], row["seed"]
        if not row["problem"] and row["part"] in parts_of(case, options):
            _add(made, Run(case, seed, row["outcomes"], 0.0))
    return made


def _add(made: Made, run: Run) -> None:
    key = (run.case.lab, run.case.name, run.seed)
    before = made[key].outcomes if key in made else {}
    made[key] = replace(run, outcomes={**before, **run.outcomes})


def _carry_out(jobs: list[Job], made: Made, options: argparse.Namespace) -> int:
    """Do the jobs, show each run; how many were not as named."""
    wrong, lab = 0, ""
    for run in run_all(jobs, options.slots):
        case = run.case
        if case.lab != lab:
            lab = case.lab
            print(f"--- {lab}", flush=True)
        _add(made, run)
        print(row(run), flush=True)
        twin = made.get((lab, case.twin.name, run.seed)) if case.twin else None
        said = {part: problem(run.only(part), twin and twin.only(part)) for part in run.parts}
        if not run.outcomes:
            said[""] = problem(run, twin)
        for text in filter(None, said.values()):
            print(f"    seed {run.seed}: {text[:400]}", flush=True)
        wrong += any(said.values())
        if options.log:
            with options.log.open("a", encoding="utf-8") as log:
                log.writelines(json.dumps(record(run, p, said[p])) + "\n" for p in run.parts)
    return wrong


def main() -> int:
    """The command; returns the exit status."""
    options = _parser().parse_args()
    os.chdir(ROOT)
    cases = _cases(options)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    made = {key: run for key, run in _known(options, cases).items() if run.seed in seeds}
    jobs = []
    for case, seed in ((case, seed) for seed in seeds for case in cases):
        known = made.get((case.lab, case.name, seed))
        if left := parts_of(case, options) - (known.parts if known else set()):
            jobs.append(Job(case, seed, left, options.named))
    if made:
        print(f"{len(seeds) * len(cases) - len(jobs)} runs are known.", flush=True)
    wrong = _carry_out(jobs, made, options)
    if "buggy" in options.kinds and options.only == "*" and options.share == 1:
        free = ", ".join(uncaught(list(made.values()))) or "none"
        print(f"criteria that no known mistake fails: {free}")
    right = len(made) - wrong
    print(f"{len(cases)} submissions, {options.seeds} seed(s): {right} as named, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
