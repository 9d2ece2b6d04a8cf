"""A notebook runs once: in a process of its own, of which every check is a fork.

    parent --fork--> host: runs the cells, then waits --fork--> a check's process
    (no student code)       (the submission's own code)             (asked by the judge)

A notebook trains, perhaps for a minute, and twenty checks would train twenty times. A check's
process is forked from the host twice over, so that the workers' parent, which adopts orphans, is
its parent in the end, and ends it like any other.

The host is in the submission's hands. Nothing that it says is believed, and whatever is wrong with
it (it has ended, hangs, sends nonsense), the check gets an ordinary process instead, in which the
cells run again and what is wrong shows.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import socket
import struct
import tempfile
import time
from dataclasses import replace
from typing import Any, NoReturn

import torch

from . import limits
from .child import seed_everything
from .limits import Limits
from .modules import LabFinder
from .notebook import CELLS
from .process import become_check, prepare, receive
from .wire import frame, pack

HOST_SECONDS = 90.0  # a notebook's cells are stopped before; this ends a host that is not stopped
FORK_SECONDS = 5.0  # a fork takes milliseconds
READY = 1  # no process id of a check: it is init's
_PID = struct.Struct(">i")


class Host:
    """The parent's side: at most one host, for the notebook that was asked for last."""

    def __init__(self) -> None:
        self.pid = 0
        self._cells: tuple[str, int, int] | None = None
        self._channel: socket.socket | None = None
        self._scratch = ""

    def fork(self, request: dict[str, Any], descriptors: list[int], scratch: str) -> int | None:
        """The id of a check's process in which the notebook has been run; None if there is none.

        The host of another notebook is ended first: no submission meets another.
        """
        cells = _identity(request)
        if cells != self._cells:
            self.end()
            self._cells = cells
            if cells is not None:
                self._start(request)
        if self._channel is None:
            return None
        try:
            message = frame(pack({**request, "scratch": scratch}))
            socket.send_fds(self._channel, [message], descriptors)
            return self._answer(FORK_SECONDS)
        except OSError:
            self._end()
            return None

    def _start(self, request: dict[str, Any]) -> None:
        self._channel, theirs = socket.socketpair()
        self._scratch = tempfile.mkdtemp(prefix="notebook-")
        self.pid = os.fork()
        if self.pid == 0:
            _become_host(request, theirs, self._scratch)
        theirs.close()
        try:
            if self._answer(HOST_SECONDS) != READY:
                self._end()
        except OSError:
            self._end()

    def _answer(self, seconds: float) -> int:
        """The number that the host sends. Raises OSError."""
        assert self._channel is not None
        until, data = time.monotonic() + seconds, b""
        while len(data) < _PID.size:
            self._channel.settimeout(max(until - time.monotonic(), 0.001))
            part = self._channel.recv(_PID.size - len(data))
            if not part:
                raise ConnectionError("the host has ended")
            data += part
        number = int(_PID.unpack(data)[0])
        if number < READY:
            raise ConnectionError("the host sends nonsense")
        return number

    def end(self) -> None:
        """End the host, and forget its notebook."""
        self._cells = None
        self._end()

    def _end(self) -> None:
        """End the host and all that it has started."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0
            limits.end_descendants()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _identity(request: dict[str, Any]) -> tuple[str, int, int] | None:
    """Which notebook is meant, by the file with its cells; None for a submission without one."""
    if not request["notebook"]:
        return None
    path = os.path.join(request["folder"], request["notebook"] + CELLS)
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_ino, status.st_mtime_ns


def _become_host(request: dict[str, Any], channel: socket.socket, scratch: str) -> NoReturn:
    """Run the notebook in this process, which has just been forked; then fork on request."""
    try:
        bounds = Limits(**request["limits"])
        bounds = replace(bounds, cpu_seconds=int(2 * HOST_SECONDS))
        null = os.open(os.devnull, os.O_WRONLY)
        prepare(channel.fileno(), null, scratch, request["folder"], bounds)
        channel.detach()
        control = socket.socket(fileno=3)
        LabFinder(request["lab"], request["folder"]).install()
        seed_everything(request["seed"])
        importlib.import_module(f"{request['lab']}.{request['notebook']}")
        control.sendall(_PID.pack(READY))
        while (message := receive(control)) is not None:
            _fork(control, *message)
    finally:
        os._exit(70)


def _fork(control: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    between = os.fork()
    if between == 0:
        between = os.getpid()
        if os.fork():
            os._exit(0)
        while os.getppid() == between:  # until the workers' parent has adopted this process
            time.sleep(0.0002)
        control.sendall(_PID.pack(os.getpid()))
        torch.set_num_threads(1)  # threads that a cell asked for did not survive the fork
        become_check(request, descriptors, request["scratch"])
    os.waitpid(between, 0)
    for descriptor in descriptors:
        os.close(descriptor)
