"""The filter of system calls that bubblewrap installs, as the kernel reads it (seccomp).

It stops what outlives a check or reaches beyond it though no file does: keys, System V memory,
memory without a name, the priority and the limits of the workers' parent, which has the same user.
It is one loop over three tables; libseccomp would be one more library that a machine can lack.
"""

from __future__ import annotations

import contextlib
import os
import platform
import struct
from collections.abc import Iterator

# Numbers of each call on x86-64 and ARM64.
DENIED = {
    "ptrace": (101, 117),
    **{"shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195)},
    **{"semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192)},
    **{"msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187)},
    **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
    **{"process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438)},
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447)},
    **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282)},
    **{"io_uring_setup": (425, 425), "unshare": (272, 97), "setns": (308, 268)},
    **{"mount": (165, 40)},
}
PRETENDED = {  # they return success and do nothing: a library may ask in good faith
    **{"setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setattr": (314, 274)},
    **{"sched_setparam": (142, 118), "sched_setscheduler": (144, 119)},
}
OF_OTHERS = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}  # allowed for oneself
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
X32 = 0x40000000  # the first number of x86-64's second set of calls


def program(machine: str) -> bytes:
    """The filter for a machine as `platform.machine()` names it; empty where there is none."""
    if machine not in ARCHITECTURES:
        return b""
    column, architecture = ARCHITECTURES[machine]
    rows = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL)]
    rows += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (RETURN, 0, 0, ERROR | ENOSYS)]
    for calls, answer in ((DENIED, ERROR | EPERM), (PRETENDED, ERROR)):
        for numbers in calls.values():
            rows += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, answer)]
    for numbers in OF_OTHERS.values():
        rows += [(EQUAL, 0, 4, numbers[column]), (LOAD, 0, 0, FIRST_ARGUMENT)]
        rows += [(EQUAL, 0, 1, 0), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ERROR | EPERM)]
    rows.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *row) for row in rows)


@contextlib.contextmanager
def descriptors() -> Iterator[list[int]]:
    """The descriptor to read this machine's filter from; none where there is no filter."""
    filter_ = program(platform.machine())
    if not filter_:
        yield []
        return
    source, sink = os.pipe()
    try:
        os.write(sink, filter_)  # less than a pipe holds
        os.close(sink)
        yield [source]
    finally:
        os.close(source)
