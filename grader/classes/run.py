"""Grading what is not graded yet: slots side by side, each verdict stored at once."""

from __future__ import annotations

import hashlib
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

from ..labs import derive_seed
from ..outcomes import GRADER_FAILED
from ..sandbox import Sandbox
from ..slot import QUIET, Job, Slot, SlotLost
from .found import HandedIn
from .store import Grading, Key, Store

ATTEMPTS = 3  # an infrastructure failure is tried anew; none of a student's is
USAGE_ERROR = 4
LIBRARIES = ("torch", "numpy", "pytest", "hypothesis", "msgpack")

Said = Callable[[Grading], None]


@dataclass(frozen=True)
class Plan:
    """How a class is graded: the same for every submission."""

    project: Path  # the folder that holds checks/
    sandbox: Sandbox
    seed: int  # of the class; each submission has its own, derived from it
    time_limit: float  # seconds for all checks of one submission
    labs: tuple[str, ...] = ()  # all that a submission holds, if empty

    @property
    def key(self) -> Key:
        """What the verdicts depend on beside the submissions."""
        options = {"labs": self.labs, "time_limit": self.time_limit, "seed": self.seed}
        return Key(
            checks=digest_of(self.project, ("checks", "grader", "fixtures/corpora")),
            environment=environment(),
            options=json.dumps({**options, "sandbox": self.sandbox.name}, sort_keys=True),
        )


def digest_of(project: Path, folders: Iterable[str]) -> str:
    """A digest of the sources in these folders: another version of the checks grades anew."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((project / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(project).as_posix().encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def environment() -> str:
    """The versions that a verdict may depend on, without importing them."""
    versions = " ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"python {platform.python_version()} {versions} {platform.machine()}"


def pending(store: Store, plan: Plan, again: Iterable[str] = ()) -> list[HandedIn]:
    """The submissions without a verdict under this plan, and those that are to be graded again."""
    again, contents, latest, key = set(again), store.contents(), store.latest(), plan.key
    chosen = []
    for name, one in store.submissions().items():
        last = latest.get(name)
        known = (
            last is not None
            and (last.content, last.key) == (contents[name], key)
            and last.status != "infrastructure"
        )
        if name in again or not known:
            chosen.append(one)
    return chosen


def grade(store: Store, plan: Plan, chosen: list[HandedIn], jobs: int, said: Said) -> None:
    """Grade the submissions, `jobs` at a time; `said` hears of each verdict once it is stored.

    Whoever interrupts or kills this loses the submissions that are being graded, and no others.
    """
    contents, key = store.contents(), plan.key
    slots: SimpleQueue[Slot] = SimpleQueue()
    opened = [Slot(plan.sandbox, project=plan.project) for _ in range(min(jobs, len(chosen)))]
    pool = ThreadPoolExecutor(max(len(opened), 1))
    try:
        for slot in opened:
            slot.start()
            slots.put(slot)
        futures = [
            pool.submit(_grade_one, one, contents[one.key], plan, key, slots) for one in chosen
        ]
        for future in as_completed(futures):
            store.add(future.result())
            said(future.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for slot in opened:
            slot.close(patience=1.0)


def _grade_one(
    one: HandedIn, content: str, plan: Plan, key: Key, slots: SimpleQueue[Slot]
) -> Grading:
    """Grade one submission in the next free slot, anew where the grader itself failed."""
    started = time.monotonic()
    seed = derive_seed(plan.seed, f"{one.key}/{content}")
    slot = slots.get()
    try:
        for _ in range(ATTEMPTS):
            status, said, document = _attempt(one, seed, plan, slot)
            if status != "infrastructure":
                break
    finally:
        slots.put(slot)
    seconds = round(time.monotonic() - started, 3)
    finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Grading(one.key, content, key, seed, status, said, document, seconds, finished)


def _attempt(
    one: HandedIn, seed: int, plan: Plan, slot: Slot
) -> tuple[str, str, dict[str, object] | None]:
    """Status, what was said, and the result file of one run."""
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        result, output = Path(folder, "result.json"), Path(folder, "output.txt")
        arguments = ["checks", f"--student={one.path.absolute()}", f"--result={result}"]
        arguments += [f"--seed={seed}", f"--time-limit={plan.time_limit}", *QUIET]
        arguments += [f"--lab={lab}" for lab in plan.labs]
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
