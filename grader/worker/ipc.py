"""System V's shared memory, queues and semaphores, which outlive the process that made them."""

from __future__ import annotations

import contextlib
import ctypes

IPC_RMID = 0


def remove_all() -> None:
    """Delete all in the IPC namespace, which must be this process's own, not the machine's."""
    libc = ctypes.CDLL(None)
    for number in _numbers("shm"):
        libc.shmctl(number, IPC_RMID, None)
    for number in _numbers("msg"):
        libc.msgctl(number, IPC_RMID, None)
    for number in _numbers("sem"):
        libc.semctl(number, 0, IPC_RMID)


def _numbers(kind: str) -> list[int]:
    with contextlib.suppress(OSError), open(f"/proc/sysvipc/{kind}", encoding="ascii") as table:
        return [int(row.split()[1]) for row in table.readlines()[1:]]
    return []
