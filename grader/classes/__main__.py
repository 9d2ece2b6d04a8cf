"""`make grade`: grade a folder of submissions, show what came of it, grade again.

python -m grader.classes SUBMISSIONS --out DIR                      what is not graded yet
python -m grader.classes SUBMISSIONS --out DIR --scheduler ADDRESS  on a Dask cluster
python -m grader.classes --out DIR --history NAME                   each grading of one
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..labs import PROJECT, discover
from ..outcomes import USAGE_ERROR
from ..sandbox import Sandbox, choose
from ..submission import SubmissionError
from ..terminal import WALLS
from .cluster import Cluster
from .found import RosterError, find, with_roster
from .plan import Plan, Task, once_more, pending
from .reports import Look, write
from .run import Local, Runner, grade
from .store import Grading, Store, StoreError


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit status 0, or 4 for a path or option that cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        store = Store(options.out / "class.sqlite")
        try:
            if options.history:
                return _show_history(store, options.history)
            return _grade(store, options)
        finally:
            store.close()
    except (SubmissionError, RosterError, StoreError, OSError, ValueError) as error:
        print(f"grade: {error}", file=sys.stderr)
        return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader.classes", description=__doc__)
    parser.add_argument("submissions", nargs="?", type=Path, help="a folder, or a zip of one")
    parser.add_argument("--out", type=Path, required=True, help="the folder for all results")
    parser.add_argument("--roster", type=Path, help="CSV with the columns id and name")
    parser.add_argument("--lab", action="append", default=[], help="only this lab (repeatable)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    parser.add_argument("--seed", type=int, help="of the class, for a new folder of results")
    parser.add_argument(
        "--time-limit", type=float, default=600.0, help="seconds for one submission (600)"
    )
    parser.add_argument(
        "--sandbox",
        choices=("bwrap", "none"),
        default="bwrap",
        help="none runs other people's code as you, with your files and your network",
    )
    parser.add_argument(
        "--regrade", action="append", default=[], metavar="NAME", help="NAME, or `all`, once more"
    )
    parser.add_argument(
        "--criterion",
        action="append",
        default=[],
        metavar="ID",
        help="with --regrade: judge only this criterion anew, and what it blocked (repeatable)",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="grade on the workers of this Dask scheduler"
    )
    parser.add_argument("--title", help="of the page (default: the folder's name)")
    parser.add_argument(
        "--assignment", default="LSTM lab", help="Canvas's column, such as 'Lab 3 (4711)'"
    )
    parser.add_argument(
        "--hide-details", action="store_true", help="tell no inputs and no values in the reports"
    )
    parser.add_argument("--history", metavar="NAME", help="every grading of one submission")
    return parser


def _grade(store: Store, options: argparse.Namespace) -> int:
    _refuse_nonsense(options)
    unpacked = options.out / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    found, others = find(options.submissions, unpacked)
    absent: list[str] = []
    if options.roster:
        found, absent = with_roster(found, options.roster)
    store.register(found)
    plan = _plan(store, options)
    tasks = _tasks(store, plan, options, {one.key for one in found})
    print(f"{len(found)} submissions, {len(found) - len(tasks)} graded already, seed {plan.seed}.")
    print(WALLS[plan.sandbox.name])
    for name in others:
        print(f"Not a folder, zip or notebook, left out: {name}")
    for name in absent:
        print(f"Nothing handed in: {name}")
    if tasks:
        _run(store, plan, options, tasks)
    _summarise(store, {one.key for one in found})
    title = options.title or options.submissions.absolute().name
    look = Look(title, options.assignment, details=not options.hide_details)
    for path in write(store, options.out, look):
        print(f"wrote {path}")
    return 0


def _refuse_nonsense(options: argparse.Namespace) -> None:
    if options.submissions is None:
        raise ValueError("which submissions? name a folder, or a zip of one")
    if options.jobs < 1 or not options.time_limit > 0:
        raise ValueError("--jobs and --time-limit must be positive")
    if options.criterion and not options.regrade:
        raise ValueError("--criterion says what to judge anew; --regrade NAME or `all` says whose")
    labs = discover(PROJECT / "checks")
    for lab in options.lab:
        if lab not in labs:
            raise ValueError(f"--lab {lab}: there is no such lab; there are {', '.join(labs)}")


def _plan(store: Store, options: argparse.Namespace) -> Plan:
    drawn = secrets.randbelow(2**40) if options.seed is None else options.seed
    seed = int(store.setting("seed", str(drawn)))
    sandbox = Sandbox(options.sandbox) if options.scheduler else choose(options.sandbox)
    return Plan(PROJECT, sandbox, seed, options.time_limit, tuple(sorted(options.lab)))


def _tasks(store: Store, plan: Plan, options: argparse.Namespace, keys: set[str]) -> list[Task]:
    again = keys if "all" in options.regrade else set(options.regrade)
    if unknown := again - keys:
        raise ValueError(f"--regrade {min(unknown)}: there is no such submission")
    if options.criterion:
        return once_more(store, again, options.criterion)
    return [task for task in pending(store, plan, again) if task.one.key in keys]


def _run(store: Store, plan: Plan, options: argparse.Namespace, tasks: list[Task]) -> None:
    """Grade them, with a progress bar that tells the rate and the time left."""
    runner: Runner
    if options.scheduler:
        runner = Cluster(plan, options.scheduler)
    else:
        runner = Local(plan, min(options.jobs, len(tasks)))
    pause = 0.1 if sys.stderr.isatty() else 30.0  # a log needs no line for each
    bar: tqdm[Any] = tqdm(total=len(tasks), unit="submission", smoothing=0.1, mininterval=pause)
    try:
        with bar:
            grade(store, runner, tasks, lambda grading: _note(bar, grading))
    finally:
        runner.close()


def _note(bar: tqdm[Any], grading: Grading) -> None:
    if sys.stderr.isatty():
        bar.write(_row(grading), file=sys.stdout)  # above the bar
    else:
        print(_row(grading), flush=True)
    bar.update()


def _row(grading: Grading) -> str:
    if grading.status != "graded":
        return f"{grading.submission[:40]:<40} {grading.status}: {grading.said[:200]}"
    return (
        f"{grading.submission[:40]:<40} {grading.score:>6g} / {grading.max_score:g}"
        f"  {grading.seconds:6.1f} s"
    )


def _summarise(store: Store, keys: set[str]) -> None:
    latest = [grading for key, grading in store.latest().items() if key in keys]
    counts = Counter(grading.status for grading in latest)
    print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) + ".")


def _show_history(store: Store, name: str) -> int:
    gradings = store.history(name)
    if not gradings:
        raise ValueError(f"--history {name}: there is no grading of it")
    for grading in gradings:
        print(f"{grading.finished}  seed {grading.seed}  {_row(grading)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
