"""What a run costs against its floor: `make bench`.

The floor is one process without any wall that does the same forward passes and training steps
(`--in-process`), `import torch` included. The two are run in turn, and each pair gives a ratio:
other work on the machine slows both. The isolation's own cost is measured piece by piece.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.handles import Lab
from grader.labs import discover
from grader.sandbox import choose
from grader.submission import stage
from grader.worker.limits import Limits
from grader.workers import WorkerParent

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Timed:
    """One whole run: wall seconds, number of criteria."""

    wall: float
    criteria: int


def run(labs: list[str], student: str, *more: str) -> Timed:
    """Run the checks as a user would. Raises RuntimeError unless the grader itself held."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-m", "pytest", "checks", "--student", student]
        command += [f"--lab={lab}" for lab in labs]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, "--result", str(result), "-p", "no:cacheprovider", *more],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - started
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stdout + done.stderr)
        criteria = len(json.loads(result.read_text())["criteria"])
    return Timed(wall, criteria)


@dataclass(frozen=True)
class Pairs:
    """Check runs and floors that took turns, and their medians."""

    checks: list[Timed]
    floors: list[Timed]

    @property
    def ratio(self) -> float:
        """Of wall times, pair by pair."""
        pairs = zip(self.checks, self.floors, strict=True)
        return statistics.median(check.wall / floor.wall for check, floor in pairs)

    @property
    def isolation(self) -> float:
        """Seconds by which a check run is longer than its floor."""
        pairs = zip(self.checks, self.floors, strict=True)
        return statistics.median(check.wall - floor.wall for check, floor in pairs)

    def row(self, name: str) -> str:
        """One row of the table."""
        count = self.checks[0].criteria
        check, floor = (
            statistics.median(one.wall for one in timed) for timed in (self.checks, self.floors)
        )
        more = f"{self.isolation:11.2f} {1e3 * self.isolation / count:13.0f}"
        return f"{name:<12}{count:>9} {check:>9.2f} {floor:>9.2f} {self.ratio:>7.2f} {more}"


def measure(labs: list[str], student: str, runs: int) -> Pairs:
    """Check runs and floors in turn."""
    pairs = [(run(labs, student), run(labs, student, "--in-process")) for _ in range(runs)]
    return Pairs(*map(list, zip(*pairs, strict=True)))


def median_ms(action: Callable[[], object], times: int) -> float:
    """The median duration of an action, in milliseconds."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        durations.append(1e3 * (time.perf_counter() - started))
    return statistics.median(durations)


def isolation() -> dict[str, float]:
    """The pieces of the isolation's cost, on the reference's `data.py` of the lab charlm."""
    lab, labs = "charlm", discover(ROOT / "checks")
    submission = stage(ROOT / "reference", {lab: labs[lab]})
    parent = WorkerParent(choose("auto"), submission.root, hash_seed=0)
    started = time.perf_counter()
    parent.start()
    parent.await_ready()
    figures = {"start of the workers' parent, s": time.perf_counter() - started}

    def fresh() -> Lab:
        spec, folder = labs[lab], submission.labs[lab]
        return Lab(lab, spec.modules, {}, 0, lambda _: parent.fork(lab, folder, Limits()))

    def check() -> None:
        with_nothing = fresh()
        assert with_nothing.data.build_vocab is not None
        with_nothing.close()

    figures["fork, import of data.py, end, ms"] = median_ms(check, 30)
    one = fresh()
    build = one.data.build_vocab
    figures["one call, ms"] = median_ms(lambda: build("a"), 300)
    one.close()
    parent.stop()
    submission.close()
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    parser.add_argument("--lab", action="append", help="repeatable (default: all, and each)")
    parser.add_argument("--student", default="reference")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    labs = options.lab or list(discover(ROOT / "checks"))
    print(f"{options.student}: medians of {options.runs} pairs of runs, seconds of wall time")
    print("lab          criteria     check     floor   ratio   isolation  ms/criterion", flush=True)
    for lab in labs:
        print(measure([lab], options.student, options.runs).row(lab), flush=True)
    if len(labs) > 1:
        print(measure(labs, options.student, options.runs).row("together"), flush=True)
    for name, figure in isolation().items():
        print(f"  {name:<34}{figure:8.2f}")


if __name__ == "__main__":
    main()
