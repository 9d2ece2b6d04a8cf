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


def run(lab: str, student: str, *more: str) -> Timed:
    """Run the checks as a user would. Raises RuntimeError unless the grader itself held."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-m", "pytest", "checks", "--lab", lab, "--student", student]
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


def median_ms(action: Callable[[], object], times: int) -> float:
    """The median duration of an action, in milliseconds."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        durations.append(1e3 * (time.perf_counter() - started))
    return statistics.median(durations)


def isolation(lab: str, student: str) -> dict[str, float]:
    """The pieces of the isolation's cost: seconds to start, milliseconds per check and per call."""
    labs = discover(ROOT / "checks")
    submission = stage(ROOT / student, {lab: labs[lab]})
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
    parser.add_argument("--lab", default="charlm")
    parser.add_argument("--student", default="reference")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    lab, student = options.lab, options.student
    pairs = [(run(lab, student), run(lab, student, "--in-process")) for _ in range(options.runs)]
    count = pairs[0][0].criteria
    print(f"{lab}, {student}, {count} criteria, {options.runs} pairs of runs, medians")
    for name, index in (("check run", 0), ("floor, one process", 1)):
        wall = statistics.median(pair[index].wall for pair in pairs)
        print(f"  {name:<34}{wall:8.2f} s wall")
    ratio = statistics.median(check.wall / floor.wall for check, floor in pairs)
    more = statistics.median(check.wall - floor.wall for check, floor in pairs)
    print(f"  {'ratio of wall times (at most 2)':<34}{ratio:8.2f}")
    print(f"  {'isolation in all':<34}{more:8.2f} s = {1e3 * more / count:.0f} ms per criterion")
    for name, figure in isolation(lab, student).items():
        print(f"  {name:<34}{figure:8.2f}")


if __name__ == "__main__":
    main()
