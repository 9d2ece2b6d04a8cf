"""One run over one submission: which checks, in which order, and one verdict for each."""

from __future__ import annotations

import gc
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch

from . import criteria, gpus
from .criteria import Board
from .handles import ImportFailed, Lab
from .inprocess import PlainLab
from .labs import LabSpec, derive_seed
from .outcomes import GRADER_FAILED, Blocked, GraderError, Outcome, Result, TimedOut
from .plugin import SHARED, Setting
from .report import as_text
from .terminal import WALLS, Terminal
from .verdict import judge
from .worker.limits import Limits
from .workers import Child, WorkerParent


class Grading:
    """One run over one submission."""

    def __init__(self, config: pytest.Config, setting: Setting) -> None:
        self.config, self.setting = config, setting
        self.started = time.monotonic()
        torch.set_num_threads(1)  # the worker has the other core
        gc.freeze()  # pytest collects garbage at the end: spare it torch's million objects
        self.board = Board()
        self.broken: list[str] = []
        self.parents: dict[int, WorkerParent] = {}
        shared = config.pluginmanager.get_plugin(SHARED)
        if shared is not None:
            self.parents[setting.hash_seed] = shared
        elif setting.launched:
            self._parent(setting.hash_seed).start(setting.launched)

    def _parent(self, hash_seed: int) -> WorkerParent:
        if hash_seed not in self.parents:
            setting = self.setting
            parent = WorkerParent(setting.sandbox, setting.submission.root, hash_seed)
            self.parents[hash_seed] = parent
        return self.parents[hash_seed]

    def pytest_sessionstart(self) -> None:
        """Join pytest's reporter, which exists by now."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            terminal = Terminal(reporter, self.board, self._notes())
            self.config.pluginmanager.register(terminal, "criteria-terminal")

    def _notes(self) -> list[str]:
        setting, header = self.setting, self.header()
        labs = ", ".join(header["labs"])
        notes = [f"Checking {header['submission']} ({labs}), seed {header['seed']}."]
        notes.append(WALLS[header["sandbox"]])
        left_out = setting.submission.left_out
        notes += [f"Left out, a link or too large: {name}" for name in left_out[:5]]
        notes += setting.submission.unread
        missing = set(self.config.option.lab or setting.labs) - set(header["labs"])
        if missing:
            notes.append(f"Not in this submission: {', '.join(sorted(missing))}.")
        return notes

    # ------------------------------------------------------------------ collection

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the folders of labs that the submission does not hold."""
        setting = self.setting
        absent = {
            lab.folder for name, lab in setting.labs.items() if name not in setting.submission.labs
        }
        return True if collection_path in absent else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks of the labs and parts asked for, prerequisites first."""
        chosen: list[pytest.Item] = []
        others: list[pytest.Item] = []
        for item in criteria.in_order(items, self.setting.labs):
            (chosen if self._selected(item) else others).append(item)
        items[:] = chosen
        known = {marker["id"] for marker in map(criteria.marker_of, [*chosen, *others]) if marker}
        for id in self.config.option.criterion:
            if id not in known and not self.broken:
                raise pytest.UsageError(f"--criterion {id}: there is no such criterion here")
        if others:
            self.config.hook.pytest_deselected(items=others)

    def _selected(self, item: pytest.Item) -> bool:
        marker = criteria.marker_of(item)
        if marker is None:
            return True
        id = marker["id"]
        spec = self.setting.labs[id.split(".")[0]]
        held = spec.name in self.setting.submission.labs
        return held and criteria.asked_for(item, id, spec, self.config.option)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce what is expected, once `-k`, `-m` and `--lf` have had their say."""
        marked = [(item, criteria.marker_of(item)) for item in session.items]
        self.board.expect(criteria.blank_result(item, m) for item, m in marked if m)
        if self.broken:
            self.board.give_up("The checks cannot be loaded:\n" + "\n".join(self.broken))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of checks that cannot be loaded is the grader's failure, not the student's."""
        if report.failed:
            self.broken.append(str(report.longrepr)[-2000:])

    # ------------------------------------------------------------------ running

    @pytest.fixture
    def lab(self, request: pytest.FixtureRequest) -> Iterator[Lab | PlainLab]:
        """The submission's modules, in a process of their own."""
        marker = criteria.marker_of(request.node)
        if marker is None:
            raise pytest.UsageError(f"{request.node.nodeid} uses `lab` but is no criterion")
        spec = self.setting.labs[marker["id"].split(".")[0]]
        folder = self.setting.submission.labs[spec.name]
        seed = derive_seed(self.setting.seed, marker["id"])
        lab: Lab | PlainLab
        if self.config.option.in_process:
            broken = self.board.broken_modules.setdefault(spec.name, {})
            notebooks = self.setting.submission.notebooks.get(spec.name, {})
            lab = PlainLab(spec, folder, seed, broken, notebooks)
        else:
            gpu = gpus.needed_by(request.node, self.config.option)
            lab = self._remote_lab(spec, folder, seed, marker["seconds"], gpu)
        request.node.stash[_LAB] = lab
        yield lab
        lab.close()

    def _remote_lab(self, spec: LabSpec, folder: Path, seed: int, seconds: float, gpu: bool) -> Lab:
        limit = min(seconds * self.config.option.time_factor, max(self._seconds_left(), 1.0))
        until = time.monotonic() + limit

        notebooks = self.setting.submission.notebooks.get(spec.name, {})

        def start(hash_seed: int | None) -> Child:
            parent = self._parent(self.setting.hash_seed if hash_seed is None else hash_seed)
            memory = None if gpu else Limits.memory  # CUDA maps more than any limit of ours
            limits = Limits(memory=memory, cpu_seconds=int(2 * limit) + 1)
            child = parent.fork(spec.name, folder, limits, notebook="".join(notebooks))
            child.allow(limit if hash_seed is None else max(until - time.monotonic(), 1.0))
            return child

        broken = self.board.broken_modules.setdefault(spec.name, {})
        return Lab(spec.name, spec.modules, spec.probes, seed, start, broken, notebooks)

    def _seconds_left(self) -> float:
        """What is left of the time for all checks together."""
        return float(self.config.option.time_limit) - (time.monotonic() - self.started)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A check whose prerequisite failed, or for which no time is left, is not run."""
        marker = criteria.marker_of(item)
        if marker:
            if self._seconds_left() <= 0:
                limit = self.config.option.time_limit
                raise TimedOut(f"all checks together took longer than {limit:g} seconds")
            id, requires = marker["id"], marker["requires"]
            if cause := self.board.red_line(id, requires, {Outcome.GRADER_ERROR}):
                raise GraderError(f"it builds on {cause}, where the grader failed")
            if cause := self.board.red_line(id, requires):
                raise Blocked(cause, "something that it builds on failed")
            if gpus.needed_by(item, self.config.option) and (lack := gpus.lack()):
                pytest.skip(lack)
            if getattr(item.obj, "is_hypothesis_test", False):  # type: ignore[attr-defined]
                hypothesis.seed(derive_seed(self.setting.seed, marker["id"]))(item.obj)  # type: ignore[attr-defined]

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
            result.outcome = Outcome.SKIPPED
            result.required = str(call.excinfo.value) if call.excinfo else ""
        else:
            result.figures = str(dict(item.user_properties).get("figures", ""))
            self._judge(item, result, call)
            made.outcome = "passed" if result.outcome is Outcome.PASSED else "failed"
            made.longrepr = None if made.passed else as_text(result)
        self.board.done.add(result.id)
        made.criterion = result  # type: ignore[attr-defined]
        return made

    def _judge(self, item: pytest.Item, result: Result, call: pytest.CallInfo[None]) -> None:
        error = call.excinfo.value if call.excinfo else None
        lab = item.stash.get(_LAB, None)
        if error is not None and isinstance(lab, PlainLab):
            error = lab.as_reported(error)
        judge(result, error, lab.output if lab is not None and call.when == "call" else "")
        self._look_for_causes(result, criteria.marker_of(item) or {})
        if isinstance(error, ImportFailed):
            self.board.broken_modules.setdefault(result.lab, {})[error.module] = result.id
        if isinstance(error, Blocked) and error.cause in self.board.results:
            result.where = self.board.root_of(self.board.results[error.cause])

    def _look_for_causes(self, result: Result, marker: dict[str, Any]) -> None:
        """Block what has its cause elsewhere, now that it has said for itself what it is."""
        if result.outcome in (Outcome.NOT_IMPLEMENTED, Outcome.BLOCKED, Outcome.GRADER_ERROR):
            return
        id, requires = result.id, marker.get("requires", ())
        cause = self.board.red_line(id, requires, {Outcome.NOT_IMPLEMENTED})
        why = "something that it builds on is to be written"
        if cause is None and result.outcome in (Outcome.FAILED, Outcome.ERRORED):
            cause = self.board.red_line(id, marker.get("explained_by", ()))
            why = "what failed here fails there first"
        if cause:
            judge(result, Blocked(cause, why), "")

    # ------------------------------------------------------------------ the end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the result file; the grader's own failure makes the exit status differ."""
        outcomes = {result.outcome for result in self.board.results.values()}
        if self.broken or Outcome.GRADER_ERROR in outcomes:
            session.exitstatus = GRADER_FAILED
        if self.config.option.result and exitstatus != pytest.ExitCode.USAGE_ERROR:
            path = Path(self.config.invocation_params.dir, self.config.option.result)
            criteria.write_result(path, self.board, self.header())

    def header(self) -> dict[str, Any]:
        """What a result file says of the run."""
        return {
            "submission": str(self.config.option.student),
            "labs": sorted(self.setting.submission.labs),
            "seed": self.setting.seed,
            "seconds": round(time.monotonic() - self.started, 3),
            "sandbox": "in-process" if self.config.option.in_process else self.setting.sandbox.name,
            "environment": criteria.environment(),
        }

    def pytest_unconfigure(self) -> None:
        """End the workers and delete the copy of the submission."""
        for parent in self.parents.values():
            if parent is self.config.pluginmanager.get_plugin(SHARED):
                parent.forget()
            else:
                parent.stop()
        self.setting.submission.close()


_LAB: pytest.StashKey[Lab | PlainLab] = pytest.StashKey()
