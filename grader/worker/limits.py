"""What a submission's process may use of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
UNPRIVILEGED = 2**20  # the least user and group of a sandboxed worker whose judge runs as root


@dataclass(frozen=True)
class Limits:
    """Ceilings for one check: bytes (None: no limit), processes, seconds of processor time."""

    memory: int | None = 4 * 2**30
    file_size: int = 256 * 2**20
    open_files: int = 4096  # each batch from a data loader in processes holds two
    processes: int = 128
    cpu_seconds: int = 120

    def apply(self) -> None:
        """Lower this process's own limits; they hold for all its descendants."""
        if self.memory is not None:
            _lower(resource.RLIMIT_AS, _address_space() + self.memory)
        _lower(resource.RLIMIT_FSIZE, self.file_size)
        _lower(resource.RLIMIT_NOFILE, self.open_files)
        if os.getuid() != 0:  # root is exempt
            _lower(resource.RLIMIT_NPROC, _threads_of_user() + self.processes)
        _lower(resource.RLIMIT_CPU, self.cpu_seconds)
        _lower(resource.RLIMIT_CORE, 0)


def prctl(option: int, value: int) -> None:
    """Linux's prctl(2); elsewhere, where it does not exist, nothing."""
    call = getattr(ctypes.CDLL(None), "prctl", None)
    if call is not None:
        call(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Have descendants that lose their parent become this process's children, to be ended by it."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def go_first() -> None:
    """Where memory runs out, have the kernel end this process and its descendants before others."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def drop_root() -> None:
    """Give up root: the kernel does not limit root's processes, so a fork bomb has no end.

    The user is a new one each time, since the kernel counts processes by user: nobody else's count.
    """
    user = UNPRIVILEGED + int.from_bytes(os.urandom(3), "big")
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def end_descendants(spared: int = 0) -> None:
    """Kill and reap every process below this one, those in a session of their own too.

    The child `spared` lives on, with what is below it.
    """
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        others = [child for child in children() if child != spared]
        if not others:
            return
        for child in others:
            _kill(child)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(others[0], 0)


def children() -> list[int]:
    """Process ids of this process's children."""
    own = os.getpid()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == own:
                found.append(int(entry))
    return found


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _address_space() -> int:
    """Bytes of address space in use: torch maps gigabytes that it never touches."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 32 * 2**30


def _threads_of_user() -> int:
    """Threads that this user runs already: the process limit counts them all."""
    uid, total = os.getuid(), 0
    try:
        entries = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return 1024
    for entry in entries:
        try:
            if os.stat(f"/proc/{entry}").st_uid == uid:
                total += len(os.listdir(f"/proc/{entry}/task"))
        except OSError:
            continue
    return total
