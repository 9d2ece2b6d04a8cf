"""Launching a workers' parent, without importing torch here: both sides then import it at once."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import gpus
from .sandbox import Sandbox

BOOT = (
    "import sys; sys.path[0] = sys.argv[1]; import grader.worker.parent as parent;"
    "sys.path.pop(0); parent.main(int(sys.argv[2]))"
)


@dataclass(frozen=True)
class Launched:
    """A running parent and the judge's end of its control socket."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    @property
    def alive(self) -> bool:
        """Whether the other end of the control socket is still open."""
        hung_up, _, _ = select.select([self.control], [], [], 0)
        return not hung_up  # the parent says nothing unasked

    def stop(self) -> None:
        """End the process and, with it, its descendants."""
        self.control.close()  # which the parent takes as its leave
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()

    def last_words(self) -> str:
        """The last line the parent wrote before it died, to tell a broken set-up from an attack."""
        if self.process.stderr is None:
            return ""
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return ""
        os.set_blocking(self.process.stderr.fileno(), False)
        lines = (self.process.stderr.read() or b"").decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def launch(sandbox: Sandbox, submission: Path, hash_seed: int) -> Launched:
    """Start a parent for the submission, with an environment that holds nothing of ours."""
    ours, theirs = socket.socketpair()
    python = [sys.executable, "-s", "-c", BOOT, sandbox.engine, str(theirs.fileno())]
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",
        "PYTHONHASHSEED": str(hash_seed),
        "OMP_NUM_THREADS": "1",
    }
    if sandbox.gpu:
        environment |= gpus.environment()
    if sandbox.isolated:
        environment["GRADER_ISOLATED"] = "1"
    with theirs, sandbox.filters() as filters:
        process = subprocess.Popen(
            sandbox.command(python, submission, filters),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(), *filters),
            start_new_session=True,
        )
    return Launched(process, ours)
