"""One submission in a judge's process: run, tried anew where the grader fails, put in words."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..labs import derive_seed
from ..outcomes import GRADER_FAILED, USAGE_ERROR
from ..sandbox import Sandbox
from ..slot import QUIET, Job, Slot, SlotLost
from .plan import Plan, Task, merged
from .store import Grading, Key

ATTEMPTS = 3  # an infrastructure failure is tried anew; none of a student's is


class Slots:
    """Judges' processes: started when one more is needed, and used again."""

    def __init__(self, sandbox: Sandbox, project: Path) -> None:
        self.sandbox, self.project = sandbox, project
        self._lock = threading.Lock()
        self._all: list[Slot] = []
        self._free: list[Slot] = []

    def start(self, count: int) -> None:
        """Start so many at once: each imports torch on its own."""
        for _ in range(count):
            slot = self._new()
            slot.start()
            self._free.append(slot)

    @contextmanager
    def one(self) -> Iterator[Slot]:
        """A process for one submission."""
        with self._lock:
            slot = self._free.pop() if self._free else self._new()
        try:
            yield slot
        finally:
            self._free.append(slot)

    def _new(self) -> Slot:
        self._all.append(Slot(self.sandbox, project=self.project))
        return self._all[-1]

    def close(self) -> None:
        """End them all, whatever they are at."""
        for slot in self._all:
            slot.close(patience=1.0)


def grade_one(slots: Slots, plan: Plan, task: Task, key: Key) -> Grading:
    """Grade one submission in the next free slot, anew where the grader itself failed."""
    started = time.monotonic()
    seed = derive_seed(plan.seed, f"{task.one.key}/{task.content}")
    with slots.one() as slot:
        for _ in range(ATTEMPTS):
            status, said, document = _attempt(task, seed, plan, slot)
            if status != "infrastructure":
                break
    if task.previous is not None and document is not None:
        document = merged(task.previous, document)
    return Grading(
        *(task.one.key, task.content, key, seed, status, said, document),
        seconds=round(time.monotonic() - started, 3),
        finished=now(),
    )


def now() -> str:
    """UTC, as a grading has it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _attempt(
    task: Task, seed: int, plan: Plan, slot: Slot
) -> tuple[str, str, dict[str, Any] | None]:
    """Status, what was said, and the result file of one run."""
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        result, output = Path(folder, "result.json"), Path(folder, "output.txt")
        arguments = ["checks", f"--student={task.one.path.absolute()}", f"--result={result}"]
        arguments += [f"--seed={seed}", f"--time-limit={plan.time_limit}", *QUIET]
        arguments += [f"--lab={lab}" for lab in plan.labs]
        arguments += [f"--criterion={id}" for id in task.criteria]
        try:
            code = slot.run(Job(plan.project, arguments, output), seconds=2 * plan.time_limit + 60)
        except SlotLost as error:
            return "infrastructure", str(error), None
        text = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
        document = json.loads(result.read_text(encoding="utf-8")) if result.exists() else None
    if code == USAGE_ERROR:
        return "unusable", _sentence(text), None
    if code in (0, 1) and document is not None:
        return "graded", "", document
    if code == GRADER_FAILED and document is not None:
        return "infrastructure", "the grader failed in some of the checks", document
    return "infrastructure", f"the run ended with status {code}: {text[-2000:]}", None


def _sentence(text: str) -> str:
    """The line with which pytest reports a usage error."""
    lines = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    return lines[-1].removeprefix("ERROR: ") if lines else text[-500:]
