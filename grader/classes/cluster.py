"""Grading on a Dask cluster: submissions and verdicts travel through its scheduler.

Dask was chosen because courses' machines differ: its scheduler and workers are two commands on any
machine, there are packages of its own for SLURM and Kubernetes, and it gives the work of a worker
that died to another one. A worker needs this project in the same version, and the walls asked for.
"""

from __future__ import annotations

import tempfile
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..labs import PROJECT
from ..sandbox import bwrap_problem
from .attempts import Slots, grade_one, now
from .found import files_of
from .plan import Plan, Task
from .store import Grading, Key

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
DEATHS = 3  # of workers that had the same submission


class ClusterError(ValueError):
    """The cluster cannot be used; the message is one sentence that names it."""


@dataclass(frozen=True)
class Parcel:
    """A submission as bytes: the files of a folder, by their names in it; or one file, named ""."""

    name: str
    files: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, path: Path) -> Parcel:
        """Pack the file or folder, without links. Raises OSError."""
        if path.is_file():
            return cls(path.name, (("", path.read_bytes()),))
        files = ((file.relative_to(path).as_posix(), file.read_bytes()) for file in files_of(path))
        return cls(path.name, tuple(files))

    def unpack(self, folder: Path) -> Path:
        """Write it below the folder."""
        path = folder / self.name
        if self.files and not self.files[0][0]:
            path.write_bytes(self.files[0][1])
            return path
        path.mkdir()
        for name, data in self.files:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path


def connect(address: str) -> Client:
    """A scheduler's client. Raises ClusterError if there is none, or no Dask here."""
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError("--scheduler needs Dask: pip install 'distributed'") from None
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"--scheduler {address} cannot be reached: {error}") from None


class Cluster:
    """The workers of a Dask scheduler."""

    def __init__(self, plan: Plan, address: str) -> None:
        """Connect. Raises ClusterError."""
        self._plan, self._key, self._address = plan, plan.key, address
        self._client = connect(address)
        self._executor = self._client.get_executor(pure=False, retries=DEATHS)

    def width(self) -> int:
        """Two for each thread of the workers, so that none waits for the next."""
        threads: dict[str, int] = self._client.nthreads()
        return max(2 * sum(threads.values()), 2)

    def submit(self, task: Task) -> Future[Grading]:
        """Send one off. Its future fails only with ClusterError: the scheduler is gone."""
        parcel = Parcel.of(task.one.path)
        sent: Future[Grading] = self._executor.submit(
            grade_parcel, self._plan, task, self._key, parcel
        )
        answered: Future[Grading] = Future()
        sent.add_done_callback(lambda done: self._settle(answered, task, done))
        return answered

    def _settle(self, answered: Future[Grading], task: Task, done: Future[Grading]) -> None:
        from distributed.scheduler import KilledWorker

        try:
            answered.set_result(done.result())
        except KilledWorker:
            said = "each of the workers that had it died"
            answered.set_result(_failed(task, self._key, said))
        except CancelledError:
            said = f"the scheduler {self._address} is gone; the same command again goes on"
            answered.set_exception(ClusterError(said))
        except Exception as error:  # whatever a worker's set-up raises is not the student's
            answered.set_result(_failed(task, self._key, f"a worker failed: {error!r}"))

    def close(self) -> None:
        """Leave the cluster; what was sent and has no answer yet is given up."""
        self._executor.shutdown(wait=False)
        self._client.close(timeout=2)


def grade_parcel(plan: Plan, task: Task, key: Key, parcel: Parcel) -> Grading:
    """A worker's part: grade what has come, if this worker is as the plan wants it."""
    here = replace(plan, project=PROJECT)
    if problem := _unfit(here, key):
        return _failed(task, key, problem)
    with tempfile.TemporaryDirectory(prefix="parcel-") as folder:
        local = replace(task, one=replace(task.one, path=parcel.unpack(Path(folder))))
        grading = grade_one(_slots_of(here, key), here, local, key)
    if grading.document is None:
        return grading
    return replace(grading, document={**grading.document, "submission": str(task.one.path)})


def _unfit(plan: Plan, key: Key) -> str:
    """Why this worker's verdicts would not be those of the others; empty if they would."""
    own = plan.key
    if own.checks != key.checks:
        return "a worker has another version of this project"
    if own.environment != key.environment:
        return f"a worker has {own.environment}, not {key.environment}"
    if plan.sandbox.isolated and (problem := bwrap_problem()):
        return f"a worker has no walls: {problem}"
    return ""


_SLOTS: dict[tuple[Any, ...], Slots] = {}
_LOCK = threading.Lock()


def _slots_of(plan: Plan, key: Key) -> Slots:
    """This process's slots; those that have imported other checks are ended."""
    wanted = (plan.sandbox, key.checks)
    with _LOCK:
        for other in [name for name in _SLOTS if name != wanted]:
            _SLOTS.pop(other).close()
        return _SLOTS.setdefault(wanted, Slots(plan.sandbox, plan.project))


def _failed(task: Task, key: Key, said: str) -> Grading:
    row = (task.one.key, task.content, key, 0, "infrastructure", said, None)
    return Grading(*row, seconds=0.0, finished=now())
