"""Twenty bombs in a class of sixty change no other verdict, and end in their time."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from grader.classes.store import Store
from grader.sandbox import Sandbox
from tests.test_classes import grade_all
from tests.test_outcomes import source
from tests.toys import BWRAP, write

RIGHT, WRONG = source(["right"]), "def right(): return 41\n"
FIRST_LINES = "import ctypes, os, signal, socket, sys, threading, time\nimport torch\n\n"
BOMBS = {
    "forks": "while True:\n    os.fork()",
    "forks_of_sleepers": "for _ in range(10_000):\n    if os.fork() == 0: time.sleep(600)",
    "threads": "while True: threading.Thread(target=time.sleep, args=(600,)).start()",
    "memory": "kept = []\nwhile True: kept.append(bytearray(2**26))",
    "memory_of_tensors": "kept = []\nwhile True: kept.append(torch.ones(2**24))",
    "one_big_tensor": "return torch.ones(2**45)",
    "stack": "def deeper(n): return deeper(n + 1)\nsys.setrecursionlimit(10**9)\ndeeper(0)",
    "disk": "with open('/tmp/x', 'wb') as file:\n    while True: file.write(bytes(2**24))",
    "many_files": "for n in range(10**6): open(f'/tmp/{n}', 'w').close()",
    "shared_memory": "with open('/dev/shm/x', 'wb') as file:\n"
    "    while True: file.write(bytes(2**24))",
    "descriptors": "kept = []\nwhile True: kept.append(open('/dev/null'))",
    "output": "while True: os.write(1, b'x' * 2**16)",
    "reply": "return [0.0] * 10**8",
    "processor": "while True: pass",
    "deaf": "for n in range(1, 32):\n    if n not in (9, 19): signal.signal(n, signal.SIG_IGN)\n"
    "time.sleep(3600)",
    "kills_everybody": "os.kill(-1, signal.SIGKILL)",
    "kills_parent": "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)",
    "stops_parent": "os.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(60)",
    "segfault": "ctypes.string_at(0)",
    "daemon": "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n"
    "    os._exit(0)\nos._exit(0)",
}
TIME_LIMIT = 3.0
SLACK = 30.0  # a fresh workers' parent after one was killed, on a busy machine


def bomb(body: str) -> str:
    """`answers.py` with the bomb in place of the answer."""
    return FIRST_LINES + "def right():\n    " + body.replace("\n", "\n    ") + "\n"


@pytest.mark.parametrize("sandbox", [BWRAP])
def test_bombs_change_no_other_verdict(sandbox: str, project: Path, tmp_path: Path) -> None:
    texts = {f"bomb-{name}": bomb(body) for name, body in BOMBS.items()}
    texts |= {f"{n:02d}": RIGHT if n % 2 else WRONG for n in range(40)}
    in_turn = sorted(texts, key=lambda name: zlib.crc32(name.encode()))  # bombs among the others
    folder = write(
        tmp_path / "class",
        {f"{k:02d}-{name}/toy/answers.py": texts[name] for k, name in enumerate(in_turn)},
    )
    store = Store(tmp_path / "class.sqlite")
    walls = Sandbox(sandbox)
    said = grade_all(store, project, folder, sandbox=walls, time_limit=TIME_LIMIT)
    assert len(said) == len(texts) == 60
    for one in said:
        name = one.submission[3:]
        earned = 2.0 if texts[name] == RIGHT else 0.0
        assert (one.status, one.score) == ("graded", earned), (name, one.said)
        assert one.seconds < TIME_LIMIT + SLACK, name
