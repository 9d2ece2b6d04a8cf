"""Many runs, one import of torch: a judge that forks itself for each, and workers that they share.

`Slot` starts `python -m grader.slot` and hands it jobs one after the other; each is an ordinary run
of pytest in a fork of that process. Their submissions are staged below one folder, of which the
slot's sandbox is a window: it holds one submission at a time.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .sandbox import Sandbox

START_SECONDS = 180.0  # importing torch twice from a cold disk
# Nothing is cached, and checks that were imported before the fork are no mistake.
QUIET = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")


class SlotLost(Exception):
    """The slot's process died or did not answer in time; its job has no result."""


@dataclass(frozen=True)
class Job:
    """One run of pytest: where, with which arguments, and the file that takes what it prints."""

    folder: Path
    arguments: Sequence[str]
    output: Path = Path(os.devnull)
    environment: Mapping[str, str] = field(default_factory=dict)

    def as_line(self) -> str:
        """The job as it is sent."""
        row = {"folder": str(self.folder), "arguments": list(self.arguments)}
        return json.dumps({**row, "output": str(self.output), "environment": {**self.environment}})


class Slot:
    """A judge's process that waits for jobs. Close it when there are no more."""

    def __init__(self, sandbox: Sandbox, project: Path | None = None) -> None:
        """With a `project`, the checks of that folder are imported before the first job."""
        self.sandbox, self.project = sandbox, project
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None while there is no process."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; it imports torch on its own."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "grader.slot", self.sandbox.name, str(self.project or "")],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, job: Job, seconds: float = 3600.0) -> int:
        """The exit status of the run. Raises SlotLost; the next call starts a new process."""
        if self._process is None:
            self.start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            print(job.as_line(), file=process.stdin, flush=True)
            ready, _, _ = select.select([process.stdout], [], [], START_SECONDS + seconds)
            answer = process.stdout.readline() if ready else ""
            return int(answer)
        except (OSError, ValueError):
            self.close()
            raise SlotLost("the judge's process died or did not answer") from None

    def close(self, patience: float = 5.0) -> None:
        """End the process and everything it started, by force after so many seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=patience)  # its input ends, and so does it
        except (subprocess.TimeoutExpired, OSError, ValueError):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        finally:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what it never read
                        stream.close()


def serve(sandbox: Sandbox, project: str) -> None:
    """Run the jobs on standard input, one after the other, until it ends."""
    import pytest
    import torch

    from . import grading  # noqa: F401  # imported here, once, for every run
    from .worker.limits import PR_SET_PDEATHSIG, prctl
    from .workers import WorkerParent

    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    torch.set_num_threads(1)
    if project:
        os.chdir(project)
        with contextlib.redirect_stdout(io.StringIO()):
            pytest.main(["checks", "--collect-only", *QUIET])
    with tempfile.TemporaryDirectory(prefix="slot-") as inbox:
        os.chmod(inbox, 0o755)
        parent = WorkerParent(sandbox, Path(inbox).resolve(), hash_seed=0)
        for line in sys.stdin:
            parent.revive()
            pid = os.fork()
            if pid == 0:
                _run(json.loads(line), parent)
            _, status = os.waitpid(pid, 0)
            code = os.waitstatus_to_exitcode(status)
            if code < 0:
                parent.stop()  # nobody knows where their conversation was cut off
            print(code, flush=True)
        parent.stop()


def _run(job: dict[str, Any], parent: Any) -> None:
    """The forked process: one ordinary run of pytest. Never returns."""
    import pytest

    from .plugin import Sharing

    status = 70
    try:
        for target, source in ((0, os.devnull), (1, job["output"]), (2, job["output"])):
            flags = os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
            os.dup2(os.open(source, flags, 0o644), target)
        os.chdir(job["folder"])
        os.environ.update(job["environment"])
        status = pytest.main(job["arguments"], plugins=[Sharing(parent)])
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve(Sandbox(sys.argv[1]), sys.argv[2])
