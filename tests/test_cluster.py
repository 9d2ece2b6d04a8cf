"""Grading on a Dask cluster of real processes, one of which is killed in mid-run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes import cluster
from grader.classes.cluster import Cluster, ClusterError, Parcel, grade_parcel
from grader.classes.found import HandedIn, find
from grader.classes.plan import Plan, Task
from grader.labs import derive_seed
from grader.sandbox import Sandbox
from tests.test_classes import start_grading, stored, verdicts
from tests.toys import ROOT, write

pytest.importorskip("distributed")

PLAN = Plan(ROOT, Sandbox("none"), seed=3, time_limit=60.0, labs=("charlm",))


@contextmanager
def process(*arguments: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command of Dask's, ended when the test is."""
    command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextmanager
def worker(known_by: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with one thread, of the scheduler that wrote this file."""
    files = ["--scheduler-file", str(known_by), "--local-directory", str(known_by.parent)]
    more = ["--nthreads=1", "--no-nanny", "--no-dashboard"]
    with process("dask_worker", *files, *more, home=known_by.parent) as running:
        yield running


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Path]:
    """A scheduler's file, which tells its address."""
    known_by = tmp_path / "scheduler.json"
    where = ["--host=127.0.0.1", "--port=0", "--no-dashboard", "--scheduler-file", str(known_by)]
    with process("dask_scheduler", *where, home=tmp_path):
        until = time.monotonic() + 60
        while not known_by.exists() and time.monotonic() < until:
            time.sleep(0.1)
        yield known_by


def address(known_by: Path) -> str:
    return str(json.loads(known_by.read_text())["address"])


def test_a_worker_that_dies_loses_and_doubles_nothing(scheduler: Path, tmp_path: Path) -> None:
    files = {f"s{k}/charlm/data.py": f"broken = {k} /" for k in range(6)}
    files["s8/nothing.txt"] = ""
    folder = write(tmp_path / "class", files)
    out = tmp_path / "out"
    with ExitStack() as workers:
        first, _ = (workers.enter_context(worker(scheduler)) for _ in range(2))
        run = start_grading(folder, out, "--scheduler", address(scheduler))
        until = time.monotonic() + 300
        while stored(out) < 2 and run.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
        assert stored(out) < len(files)  # it was in mid-run
        workers.enter_context(worker(scheduler))  # and one comes back
        assert run.wait(timeout=300) == 0
    expected = []
    for one in find(folder, tmp_path)[0]:
        seed = derive_seed(3, f"{one.key}/{one.content()}")
        verdict = ("unusable", None) if one.key == "s8" else ("graded", 0.0)
        expected.append((one.key, one.content(), seed, *verdict))
    assert verdicts(out / "class.sqlite") == expected


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:9 cannot be reached"):
        Cluster(PLAN, "tcp://127.0.0.1:9")


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_parcel_holds_what_was_handed_in(is_folder: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "one", {"a.py": "x\n", "b/ü.py": "y"})
    (path / "link").symlink_to("/etc/passwd")
    (path / "b" / "\udcff.py").write_text("")
    path = path if is_folder else path / "a.py"
    (tmp_path / "arrived").mkdir()
    arrived = Parcel.of(path).unpack(tmp_path / "arrived")
    assert arrived.name == path.name
    assert HandedIn("one", arrived, "").content() == HandedIn("one", path, "").content()
    assert not (arrived / "link").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"checks": "others"}, "a worker has another version of this project"),
        ({"environment": "python 2"}, "a worker has python 3"),
    ],
)
def test_a_worker_of_another_kind_costs_nobody_points(
    changes: dict[str, str], said: str, tmp_path: Path
) -> None:
    one = HandedIn("one", write(tmp_path / "one", {"charlm/data.py": ""}), "Ada")
    key = replace(PLAN.key, **changes)  # type: ignore[arg-type]
    grading = grade_parcel(PLAN, Task(one, one.content()), key, Parcel.of(one.path))
    assert (grading.status, grading.score) == ("infrastructure", None)
    assert grading.said.startswith(said)
