"""What grading a class costs: `python -m benchmarks.classes`.

The class is made of the known submissions of a lab, right ones and wrong ones. It is graded as an
instructor would, in a new folder. The floor is what the same submissions take in the same slots
without any wall, each in one process with its checks (`--in-process`), torch imported already; it
is measured on every k-th of them, in turn with the isolated run of the same submission.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox import choose
from grader.slot import QUIET, Job, Slot
from tests.cases import LABS, ROOT, accepted, buggy


def make_class(folder: Path, lab: str, count: int) -> list[Path]:
    """So many submissions, taken in turn from all known ones of the lab."""
    known = itertools.cycle([*accepted(lab), *buggy(lab)])
    made = []
    for number, case in zip(range(count), known, strict=False):
        place = folder / f"{number:04d}"
        place.mkdir(parents=True)
        made.append(case.build(place).rename(folder / f"{number:04d}-{case.name}"))
        place.rmdir()
    return made


@dataclass
class Load:
    """What the machine did while something ran."""

    wall: float = 0.0
    busy: float = 0.0  # share of all cores
    memory: int = 0  # bytes of the largest check's process

    def __enter__(self) -> Load:
        self._before, self._started, self._over = _ticks(), time.perf_counter(), threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()
        self.wall = time.perf_counter() - self._started
        idle, whole = (after - before for before, after in zip(self._before, _ticks(), strict=True))
        self.busy = 1 - idle / whole

    def _look(self) -> None:
        while not self._over.wait(1.0):
            self.memory = max([self.memory, *_memory_of_workers()])


def _ticks() -> tuple[int, int]:
    """Idle and all ticks of the machine's cores so far."""
    row = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return row[3] + row[4], sum(row)


def _memory_of_workers() -> list[int]:
    """Bytes of each process that runs `grader.worker`, shared pages by their share."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"grader.worker" in (folder / "cmdline").read_bytes():
                rows = (folder / "smaps_rollup").read_text().splitlines()
                found += [1024 * int(row.split()[1]) for row in rows if row.startswith("Pss:")]
        except OSError:
            continue
    return found


def isolated_and_floor(submissions: list[Path], lab: str) -> tuple[float, float]:
    """Seconds of all these with and without walls, in one slot, in turn."""
    slot = Slot(choose("auto"), project=ROOT)
    seconds = [0.0, 0.0]
    slot.run(Job(ROOT, ["checks", "--collect-only", *QUIET]))
    for path in submissions:
        for which, more in enumerate(([], ["--in-process"])):
            started = time.perf_counter()
            slot.run(Job(ROOT, ["checks", f"--student={path}", f"--lab={lab}", *QUIET, *more]))
            seconds[which] += time.perf_counter() - started
    slot.close()
    return seconds[0], seconds[1]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classes", description=__doc__)
    parser.add_argument("--lab", choices=LABS, default="charlm")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--floor", type=int, default=20, help="how many to measure the floor on")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        submissions = make_class(Path(folder, "class"), options.lab, options.count)
        command = [sys.executable, "-m", "grader.classes", str(Path(folder, "class"))]
        command += ["--out", str(Path(folder, "out")), "--lab", options.lab]
        with Load() as load:
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        step = max(1, len(submissions) // options.floor)
        isolated, floor = isolated_and_floor(submissions[::step], options.lab)
    print(f"{options.lab}, {options.count} submissions")
    print(f"  wall time, s                        {load.wall:8.0f}")
    print(f"  submissions per minute              {60 * options.count / load.wall:8.1f}")
    print(f"  use of all cores                    {load.busy:8.0%}")
    print(f"  memory of the largest worker, MiB   {load.memory / 2**20:8.0f}")
    print(f"  ratio to the floor                  {isolated / floor:8.2f}")


if __name__ == "__main__":
    main()
