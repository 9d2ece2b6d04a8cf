"""Grading what is not graded yet, here or on a cluster, each verdict stored at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from .attempts import Slots, grade_one
from .plan import Plan, Task
from .store import Grading, Store

Said = Callable[[Grading], None]


class Runner(Protocol):
    """Where submissions are graded."""

    def width(self) -> int:
        """How many may be on their way at a time."""

    def submit(self, task: Task) -> Future[Grading]:
        """Begin with one; its future never fails for the submission's sake."""

    def close(self) -> None:
        """End what runs."""


class Local:
    """Slots on this machine, side by side."""

    def __init__(self, plan: Plan, jobs: int) -> None:
        """The slots start at once: each imports torch on its own."""
        self._jobs, self._plan, self._key = jobs, plan, plan.key
        self._slots = Slots(plan.sandbox, plan.project)
        self._pool = ThreadPoolExecutor(jobs)
        self._slots.start(jobs)

    def width(self) -> int:
        """One each, and one to take up when it is done."""
        return 2 * self._jobs

    def submit(self, task: Task) -> Future[Grading]:
        """Begin with one as soon as a slot is free."""
        return self._pool.submit(grade_one, self._slots, self._plan, task, self._key)

    def close(self) -> None:
        """End the slots, whatever they are at."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._slots.close()


def grade(store: Store, runner: Runner, tasks: list[Task], said: Said) -> None:
    """Grade the submissions; `said` hears of each verdict once it is stored.

    Whoever interrupts or kills this loses the submissions that are being graded, and no others.
    """
    waiting: set[Future[Grading]] = set()
    left = iter(tasks)
    while True:
        while len(waiting) < runner.width() and (task := next(left, None)) is not None:
            waiting.add(runner.submit(task))
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            store.add(future.result())
            said(future.result())
