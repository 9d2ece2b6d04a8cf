"""The workers' parent: imports torch once, and forks a fresh child for every check.

No student code ever runs in this process (a notebook runs in one between: `host.py`). The judge
sends `fork` with two descriptors (the child's socket and the pipe for what it prints), and `end`
when it has heard enough; the answers are the child's process id and how it ended.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import socket
import tempfile
import time
from typing import Any

import torch

from . import hugepages, limits
from .child import seed_everything
from .host import Host
from .process import become_check, receive
from .wire import frame, pack

SCRATCH = ("/tmp", "/dev/shm")  # all that a sandboxed worker can write to


def main(descriptor: int) -> None:
    """Serve the judge at the other end of the socket until it closes."""
    control = socket.socket(fileno=descriptor)
    isolated = os.environ.pop("GRADER_ISOLATED", "")
    if isolated and os.getuid() == 0:
        limits.drop_root()
    limits.prctl(limits.PR_SET_PDEATHSIG, signal.SIGKILL)
    limits.adopt_orphans()
    _warm_up()
    limits.prctl(limits.PR_SET_DUMPABLE, 0)  # no child may look into this process
    control.sendall(frame(pack("ready")))
    scratch = {folder: set(os.listdir(folder)) for folder in SCRATCH if isolated}
    host = Host()
    while (message := receive(control)) is not None:
        request, descriptors = message
        reply = None  # to a `ping`
        if request["op"] == "fork":
            reply = _fork(control, host, request, descriptors)
        elif request["op"] == "end":
            reply = _end(request["pid"], request["scratch"], request["grace"], host)
            _empty(scratch)
        elif request["op"] == "forget":
            host.end()
            _empty(scratch)
        control.sendall(frame(pack(reply)))
        if request["op"] == "end" and _used(scratch):
            break  # what cannot be deleted makes way for a new parent
    limits.end_descendants()
    os._exit(0)  # torch's own farewell takes a tenth of a second


def _warm_up() -> None:
    """Pay for what torch loads or builds at first use once, here, and not in every child."""
    torch.set_num_threads(1)  # the lab's models are small, and threads do not survive a fork
    seed_everything(0)
    model = torch.nn.LSTM(8, 16, 2, batch_first=True)
    torch.nn.LSTMCell(8, 16)(torch.zeros(1, 8))
    output, _ = model(torch.zeros(2, 3, 8))
    torch.autograd.backward(output.sum())
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    torch.optim.AdamW(model.parameters()).step()  # loads torch._dynamo: over a second
    gc.collect()
    gc.freeze()  # else the first collection in a child would touch, and so copy, every page
    hugepages.collapse()


def _empty(scratch: dict[str, set[str]]) -> None:
    """Delete what a check left behind, so that no state of its own meets the next one."""
    for path in _used(scratch):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(path)


def _used(scratch: dict[str, set[str]]) -> list[str]:
    """What there is beside what was there at first."""
    return [
        os.path.join(folder, name)
        for folder, first in scratch.items()
        for name in os.listdir(folder)
        if name not in first
    ]


def _fork(
    control: socket.socket, host: Host, request: dict[str, Any], descriptors: list[int]
) -> dict[str, Any]:
    scratch = tempfile.mkdtemp(prefix="check-")
    pid = host.fork(request, descriptors, scratch)
    if pid is None:
        pid = os.fork()
        if pid == 0:
            control.close()
            become_check(request, descriptors, scratch)
    for descriptor in descriptors:
        os.close(descriptor)
    return {"pid": pid, "scratch": scratch}


def _end(pid: int, scratch: str, grace: float, host: Host) -> dict[str, int | None]:
    """How the child ended (its own exit code or signal; neither if it had to be killed here).

    `grace` is how long, in seconds, a child that hung up may take to become a zombie.
    """
    status = _own_end(pid, grace)
    limits.end_descendants(spared=host.pid)
    shutil.rmtree(scratch, ignore_errors=True)
    if status is None:
        return {"exit": None, "signal": None}
    if os.WIFSIGNALED(status):
        return {"exit": None, "signal": os.WTERMSIG(status)}
    return {"exit": os.WEXITSTATUS(status), "signal": None}


def _own_end(pid: int, grace: float) -> int | None:
    """The wait status of a child that ends in time, else None."""
    until = time.monotonic() + grace
    try:
        while not (finished := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() < until:
            time.sleep(0.002)
    except ChildProcessError:  # the end of another child, in the same check, was its end too
        return None
    return finished[1] if finished[0] else None
