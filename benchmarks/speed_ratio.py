"""Ratios that hold on a machine with other work: what is compared takes turns in one run."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Action = Callable[[], int]  # does something so many times, and says how many
Clock = Callable[[], float]

# What the process computed, in seconds on a core: while other programs have the core it stands
# still. It adds up all threads, and so it is for comparisons in which both sides have one.
CPU: Clock = time.process_time
WALL: Clock = time.perf_counter


def lab(module: str, name: str = "charlm") -> Any:
    """A module of the measured solution, the reference's.

    By its name and not by an `import`: nothing in the project depends on the answers.
    """
    return importlib.import_module(f"reference.{name}.{module}")


@dataclass(frozen=True)
class Ratio:
    """The ratio of two measurements, one value for each round."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def middle_half(self) -> tuple[float, float]:
        """The quartiles, between which half of the values lie."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        first, _, third = statistics.quantiles(self.values, n=4, method="inclusive")
        return first, third

    def __str__(self) -> str:
        """Median and quartiles, as two cells of a table."""
        low, high = self.middle_half
        return f"{self.median:.3g} | {low:.3g} to {high:.3g}"


def interleaved(
    actions: Mapping[str, Action], rounds: int, clock: Clock = CPU
) -> dict[str, list[float]]:
    """Seconds that one unit of each action takes, in each round.

    A round runs every action once, so that what slows the machine slows them all; the next one
    starts with another of them. One more round goes before, untimed: caches fill, libraries load.
    """
    names = list(actions)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            started = clock()
            count = actions[name]()
            if number >= 0:
                seconds[name].append((clock() - started) / count)
    return seconds


def ratio(seconds: Mapping[str, Sequence[float]], slow: str, fast: str) -> Ratio:
    """How many times as long `slow` takes as `fast`, round by round."""
    return Ratio([a / b for a, b in zip(seconds[slow], seconds[fast], strict=True)])


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table; a Ratio fills two columns."""
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)
