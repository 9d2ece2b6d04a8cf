"""`make grade`: grade a folder of submissions, show what came of it, grade again.

python -m grader.classes SUBMISSIONS --out DIR     grade what is not graded yet
python -m grader.classes --out DIR --history NAME  every grading of one submission
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

from ..labs import discover
from ..sandbox import choose
from ..submission import SubmissionError
from ..terminal import WALLS
from .found import RosterError, find, with_roster
from .reports import Look, write
from .run import Plan, grade, pending
from .store import Grading, Store, StoreError

PROJECT = Path(__file__).parents[2]
USAGE_ERROR = 4


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
    if options.submissions is None:
        raise ValueError("which submissions? name a folder, or a zip of one")
    if options.jobs < 1 or not options.time_limit > 0:
        raise ValueError("--jobs and --time-limit must be positive")
    labs = discover(PROJECT / "checks")
    for lab in options.lab:
        if lab not in labs:
            raise ValueError(f"--lab {lab}: there is no such lab; there are {', '.join(labs)}")
    sandbox = choose(options.sandbox)
    unpacked = options.out / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    found, others = find(options.submissions, unpacked)
    absent: list[str] = []
    if options.roster:
        found, absent = with_roster(found, options.roster)
    store.register(found)
    drawn = secrets.randbelow(2**40) if options.seed is None else options.seed
    seed = int(store.setting("seed", str(drawn)))
    plan = Plan(PROJECT, sandbox, seed, options.time_limit, tuple(sorted(options.lab)))
    again = [one.key for one in found] if "all" in options.regrade else options.regrade
    keys = {one.key for one in found}
    if unknown := set(again) - keys:
        raise ValueError(f"--regrade {min(unknown)}: there is no such submission")
    chosen = [one for one in pending(store, plan, again) if one.key in keys]
    print(f"{len(found)} submissions, {len(found) - len(chosen)} graded already, seed {seed}.")
    print(WALLS[sandbox.name])
    for name in others:
        print(f"Not a folder, zip or notebook, left out: {name}")
    for name in absent:
        print(f"Nothing handed in: {name}")
    bar: tqdm[Any] = tqdm(total=len(chosen), unit="submission", smoothing=0.1)
    with bar:
        grade(store, plan, chosen, options.jobs, lambda grading: _note(bar, grading))
    _summarise(store, keys)
    title = options.title or options.submissions.absolute().name
    look = Look(title, options.assignment, details=not options.hide_details)
    for path in write(store, options.out, look):
        print(f"wrote {path}")
    return 0


def _note(bar: tqdm[Any], grading: Grading) -> None:
    bar.write(_row(grading), file=sys.stdout)
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
