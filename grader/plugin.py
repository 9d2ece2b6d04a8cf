"""The pytest plugin: options, the `lab` fixture, and one verdict for every criterion."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from . import criteria, report
from .criteria import Board
from .handles import ImportFailed, Lab
from .inprocess import PlainLab
from .labs import LabSpec, derive_seed, discover
from .options import add_options
from .outcomes import Blocked, Outcome, Result
from .sandbox import Sandbox, choose
from .submission import Submission, SubmissionError, stage
from .verdict import judge
from .worker.limits import Limits
from .workers import Child, WorkerParent

GRADER_FAILED = 3  # exit status: the grader itself failed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the engine's options."""
    add_options(parser)


@pytest.hookimpl(trylast=True)  # after pytest's terminal reporter, which is replaced
def pytest_configure(config: pytest.Config) -> None:
    """Where checks are asked for, stage the submission and start the workers at once."""
    config.addinivalue_line(
        "markers", "criterion(id, points, section, hint, requires, seconds): a graded claim"
    )
    config.addinivalue_line("markers", "gpu: needs a GPU")
    checks = config.rootpath / "checks"
    if _asks_for(config, checks) and not config.option.collectonly:
        config.pluginmanager.register(Grading(config, discover(checks)), "grading")


def _asks_for(config: pytest.Config, folder: Path) -> bool:
    """Whether every path on the command line lies in the folder of checks."""
    paths = [Path(config.invocation_params.dir, arg.split("::")[0]) for arg in config.args]
    return bool(paths) and all(
        Path(os.path.normpath(path)).is_relative_to(folder) for path in paths
    )


class Grading:
    """One run over one submission."""

    def __init__(self, config: pytest.Config, labs: dict[str, LabSpec]) -> None:
        self.config, self.labs = config, labs
        self.started = time.monotonic()
        option = config.option
        self.seed = secrets.randbelow(2**40) if option.seed is None else option.seed
        self.board = Board()
        source = Path(config.invocation_params.dir, option.student)
        unknown = sorted(set(option.lab) - set(labs))
        if unknown:
            raise pytest.UsageError(f"--lab {unknown[0]}: there is no such lab; {', '.join(labs)}")
        wanted = {name: lab for name, lab in labs.items() if name in (option.lab or labs)}
        try:
            self.sandbox = Sandbox("none") if option.in_process else choose(option.sandbox)
            self.submission: Submission = stage(source, wanted)
        except (SubmissionError, ValueError) as error:
            raise pytest.UsageError(str(error)) from error
        self.parents: dict[int, WorkerParent] = {}
        if not option.in_process:
            self._parent(self._hash_seed)
        report.take_over(config, self)

    @property
    def _hash_seed(self) -> int:
        return derive_seed(self.seed, "hash") % 2**32

    def _parent(self, hash_seed: int) -> WorkerParent:
        if hash_seed not in self.parents:
            parent = WorkerParent(self.sandbox, self.submission.root, hash_seed)
            parent.start()
            self.parents[hash_seed] = parent
        return self.parents[hash_seed]

    # ------------------------------------------------------------------ collection

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks of the labs and parts asked for, prerequisites first."""
        chosen, others = [], []
        for item in criteria.in_order(items, self.labs):
            (chosen if self._selected(item) else others).append(item)
        items[:] = chosen
        if others:
            self.config.hook.pytest_deselected(items=others)

    def _selected(self, item: pytest.Item) -> bool:
        marker = criteria.marker_of(item)
        if marker is None:
            return True
        lab, part, _ = marker["id"].split(".", 2)
        parts = self.config.option.part
        return lab in self.submission.labs and (not parts or part in parts)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce what is expected, once `-k`, `-m` and `--lf` have had their say."""
        marked = [(item, criteria.marker_of(item)) for item in session.items]
        self.board.expect(criteria.blank_result(item, m) for item, m in marked if m)

    # ------------------------------------------------------------------ running

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest) -> Iterator[Lab | PlainLab]:
        """The submission's modules, in a process of their own."""
        marker = criteria.marker_of(request.node)
        if marker is None:
            raise pytest.UsageError(f"{request.node.nodeid} uses `lab` but is no criterion")
        spec = self.labs[marker["id"].split(".")[0]]
        folder = self.submission.labs[spec.name]
        seed = derive_seed(self.seed, marker["id"])
        lab: Lab | PlainLab
        if self.config.option.in_process:
            lab = PlainLab(spec, folder, seed)
        else:
            lab = self._remote_lab(spec, folder, seed, marker["seconds"])
        request.node.stash[_LAB] = lab
        yield lab
        lab.close()

    def _remote_lab(self, spec: LabSpec, folder: Path, seed: int, seconds: float) -> Lab:
        limit = seconds * self.config.option.time_factor
        until = time.monotonic() + limit

        def start(hash_seed: int | None) -> Child:
            parent = self._parent(self._hash_seed if hash_seed is None else hash_seed)
            child = parent.fork(spec.name, folder, Limits(cpu_seconds=int(2 * limit) + 1))
            child.allow(limit if hash_seed is None else max(until - time.monotonic(), 1.0))
            return child

        broken = self.board.broken_modules.setdefault(spec.name, {})
        return Lab(spec.name, spec.modules, spec.probes, seed, start, broken)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A check whose prerequisite failed is not run."""
        marker = criteria.marker_of(item)
        if marker:
            self.board.check_requirements(marker["id"], marker["requires"])
            if getattr(item.obj, "is_hypothesis_test", False):  # type: ignore[attr-defined]
                hypothesis.seed(derive_seed(self.seed, marker["id"]))(item.obj)  # type: ignore[attr-defined]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what happened into a verdict, and the verdict into pytest's report."""
        made = yield
        marker = criteria.marker_of(item)
        if marker is None or (call.when != "call" and not call.excinfo):
            return made
        result = self.board.results[marker["id"]]
        result.seconds += call.duration
        if made.skipped:
            result.outcome, result.required = (
                Outcome.SKIPPED,
                str(call.excinfo and call.excinfo.value),
            )
        else:
            self._judge(item, result, call)
            made.outcome = "passed" if result.outcome is Outcome.PASSED else "failed"
            made.longrepr = None if made.passed else report.as_text(result)
        self.board.done.add(result.id)
        made.criterion = result  # type: ignore[attr-defined]
        return made

    def _judge(self, item: pytest.Item, result: Result, call: pytest.CallInfo[None]) -> None:
        error = call.excinfo.value if call.excinfo else None
        lab = item.stash.get(_LAB, None)
        judge(result, error, lab.output if lab is not None and call.when == "call" else "")
        if isinstance(error, ImportFailed):
            self.board.broken_modules.setdefault(result.lab, {})[error.module] = result.id
        if isinstance(error, Blocked) and error.cause in self.board.results:
            result.where = self.board.root_of(self.board.results[error.cause])

    # ------------------------------------------------------------------ the end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the result file; the grader's own failure makes the exit status differ."""
        outcomes = {result.outcome for result in self.board.results.values()}
        if Outcome.GRADER_ERROR in outcomes:
            session.exitstatus = GRADER_FAILED
        if self.config.option.result:
            path = Path(self.config.invocation_params.dir, self.config.option.result)
            criteria.write_result(path, self.board, self.header())

    def header(self) -> dict[str, Any]:
        """What a result file says of the run."""
        return {
            "submission": str(self.config.option.student),
            "labs": sorted(self.submission.labs),
            "seed": self.seed,
            "seconds": round(time.monotonic() - self.started, 3),
            "sandbox": "in-process" if self.config.option.in_process else self.sandbox.name,
            "environment": criteria.environment(),
        }

    def pytest_unconfigure(self) -> None:
        """End the workers and delete the copy of the submission."""
        for parent in self.parents.values():
            parent.stop()
        self.submission.close()


_LAB: pytest.StashKey[Lab | PlainLab] = pytest.StashKey()
