"""What is left of a class whose grading is killed: `python -m benchmarks.kills`.

A class is graded undisturbed, and once more with SIGKILL at random moments, started again after
each. Both databases must then say the same of every submission: its verdict, criterion by
criterion, once. Exit status 1 if they do not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.classes import make_class
from tests.cases import LABS, ROOT

Verdicts = list[tuple[str, ...]]
COLUMNS = (
    "submission",
    "content",
    "checks",
    "environment",
    "options",
    "seed",
    "status",
    "said",
    "score",
)
BY_CLOCK = ("seconds",)  # what differs from run to run in any case


def grade(folder: Path, out: Path, lab: str) -> subprocess.Popen[bytes]:
    """Start the command, with a seed that makes verdicts comparable."""
    command = [sys.executable, "-m", "grader.classes", str(folder), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--lab", lab, "--seed=3"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def disturbed(folder: Path, out: Path, lab: str, moments: list[float]) -> None:
    """Grade, ended by force so many seconds after each start, and then to the end."""
    for number, seconds in enumerate(moments, start=1):
        process = grade(folder, out, lab)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        print(f"  kill {number} after {seconds:.1f} s: {len(verdicts(out))} verdicts", flush=True)
    if grade(folder, out, lab).wait() != 0:
        raise RuntimeError("the last run failed")


def verdicts(out: Path) -> Verdicts:
    """What the database says, without what the clock said."""
    try:
        with sqlite3.connect(f"file:{out / 'class.sqlite'}?mode=ro", uri=True) as database:
            rows = database.execute(
                f"SELECT {', '.join(COLUMNS)}, document FROM grading"
            ).fetchall()
    except sqlite3.Error:
        return []
    return sorted((*map(str, row[:-1]), _timeless(row[-1])) for row in rows)


def _timeless(document: str | None) -> str:
    """The criteria of a result as text, without their times."""
    criteria = json.loads(document)["criteria"] if document else []
    return json.dumps([{k: v for k, v in row.items() if k not in BY_CLOCK} for row in criteria])


def main() -> int:
    """Print what happened; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--lab", choices=LABS, default="statelm")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, help="of the moments (default: a new one)")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        folder, whole, torn = (Path(place, name) for name in ("class", "whole", "torn"))
        make_class(folder, options.lab, options.count)
        started = time.perf_counter()
        if grade(folder, whole, options.lab).wait() != 0:
            raise RuntimeError("the undisturbed run failed")
        seconds = time.perf_counter() - started
        print(
            f"{options.lab}, {options.count} submissions: {seconds:.0f} s undisturbed", flush=True
        )
        longest = 2 * seconds / options.kills
        moments = [draw.uniform(0, longest) for _ in range(options.kills)]
        disturbed(folder, torn, options.lab, moments)
        one, other = verdicts(whole), verdicts(torn)
    differing = len(set(one) ^ set(other))
    print(f"{len(one)} and {len(other)} verdicts, {differing} that only one of them holds")
    return 0 if one == other and len(one) == options.count else 1


if __name__ == "__main__":
    sys.exit(main())
