"""From a process that has torch to one that serves a check: its files, its limits, its folder."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from typing import Any, NoReturn

from . import limits
from .child import Server
from .limits import Limits
from .wire import HEADER, unpack


def receive(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next request and the descriptors that came with it; None at the end."""
    data, descriptors, _, _ = socket.recv_fds(control, HEADER.size, 2)
    while data and len(data) < HEADER.size:
        data += control.recv(HEADER.size - len(data))
    if not data:
        return None
    (size,) = HEADER.unpack(data)
    body = b""
    while len(body) < size:
        part = control.recv(size - len(body))
        if not part:
            return None
        body += part
    return unpack(body), list(descriptors)


def become_check(request: dict[str, Any], descriptors: list[int], scratch: str) -> NoReturn:
    """Serve one check in this process, which has just been forked."""
    code = 70
    try:
        connection, output = descriptors
        prepare(connection, output, scratch, request["folder"], Limits(**request["limits"]))
        Server(socket.socket(fileno=3), request["lab"], request["folder"]).run()
        code = 0
    finally:
        os._exit(code)


def prepare(connection: int, output: int, scratch: str, folder: str, limits_: Limits) -> None:
    """Keep of this process's descriptors the connection, as 3, and the output; limit the rest."""
    limits.prctl(limits.PR_SET_DUMPABLE, 1)
    limits.prctl(limits.PR_SET_PDEATHSIG, signal.SIGKILL)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, output), (2, output), (3, connection)):
        os.dup2(source, target)
    os.closerange(4, 2**16)
    _enter(scratch, folder)
    limits.go_first()
    limits_.apply()
    sys.argv = ["check"]


def _enter(scratch: str, folder: str) -> None:
    """A working directory that shows the lab's files and can be written to."""
    for entry in os.scandir(folder):
        os.symlink(entry.path, os.path.join(scratch, entry.name))
    os.chdir(scratch)
    os.environ.update(HOME=scratch, TMPDIR=scratch)
    tempfile.tempdir = None
