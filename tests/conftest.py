"""The toy lab for whole runs, and workers to talk to directly."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.handles import Lab
from grader.labs import PROJECT
from grader.sandbox import Sandbox
from grader.slot import Slot
from grader.worker.limits import Limits
from grader.workers import Child, WorkerParent
from tests.toys import BWRAP, Toy, write

TOY = Path(__file__).parent / "toy"
collect_ignore = ["toy"]  # its checks run in runs of their own

OpenLab = Callable[..., Lab]


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """The toy project."""
    folder = tmp_path_factory.mktemp("toy") / "project"
    shutil.copytree(TOY, folder)
    project = Toy(folder)
    yield project
    project.close()


@pytest.fixture(scope="module")
def slot() -> Iterator[Slot]:
    """A judge that has imported torch and the real checks."""
    opened = Slot(Sandbox("none"), project=PROJECT)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project, without the checks that make the grader fail."""
    folder = tmp_path_factory.mktemp("project") / "project"
    shutil.copytree(TOY, folder)
    (folder / "checks" / "toy" / "test_basics.py").unlink()
    return folder


@pytest.fixture(scope="session", params=["none", BWRAP])
def workers(request: pytest.FixtureRequest) -> Iterator[WorkerParent]:
    """A workers' parent in each sandbox; the submissions lie below `workers.submission`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_TEST_SECRET", "ours")  # nothing of ours may reach a worker
        root = Path(tempfile.mkdtemp(prefix="toy-submissions-"))
        root.chmod(0o755)
        parent = WorkerParent(Sandbox(request.param), root, hash_seed=7)
        parent.start()
        yield parent
        parent.stop()
        shutil.rmtree(root)


@pytest.fixture
def open_lab(workers: WorkerParent) -> Iterator[OpenLab]:
    """`open_lab(files, seconds=20)`: a submission of the lab `toy` with a process of its own."""
    labs: list[Lab] = []

    def open_one(files: dict[str, str], seconds: float = 20.0, seed: int = 1) -> Lab:
        folder = Path(tempfile.mkdtemp(dir=workers.submission))
        folder.chmod(0o755)
        write(folder, files)

        def start(_: int | None) -> Child:
            child = workers.fork("toy", folder, Limits(cpu_seconds=60))
            child.allow(seconds)
            return child

        names = tuple(Path(name).stem for name in files)
        labs.append(Lab("toy", names, {}, seed, start))
        return labs[-1]

    yield open_one
    for lab in labs:
        lab.close()
