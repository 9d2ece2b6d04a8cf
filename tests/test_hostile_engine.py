"""A wrong answer stays wrong, whatever the submission does to look right."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from grader.sandbox import bwrap_problem
from tests.toys import Run, Toy, write

LIES = """\
import ctypes, os, signal, sys, threading, time, types
import torch
from grader.worker import wire

def every_method(value):
    names = '__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __and__ __or__ __invert__'.split()
    return {name: (lambda *_, **__: value) for name in names}

ALWAYS = every_method(True) | {
    '__hash__': lambda _: 0, '__float__': lambda _: 0.5, '__int__': lambda _: 42,
    '__index__': lambda _: 42, '__sub__': lambda *_: 0, '__rsub__': lambda *_: 0,
    '__abs__': lambda _: 0, '__len__': lambda _: 3, '__str__': lambda _: 'right',
    '__repr__': lambda _: '42',
    '__getattr__': lambda *_: (lambda *_, **__: True),
}
Anything = type('Anything', (), ALWAYS | {'__class__': property(lambda _: int)})
Int = type('int', (int,), {**ALWAYS})
Float = type('float', (float,), {**ALWAYS})
Str = type('str', (str,), {**ALWAYS})
Pair = type('tuple', (tuple,), {**ALWAYS})

class Tensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, kinds, arguments=(), keywords=None):
        if getattr(function, '__name__', '') in ('allclose', 'equal', 'eq', 'isfinite', 'all'):
            return torch.tensor(True)
        return super().__torch_function__(function, kinds, arguments, keywords or {})
    tolist = lambda self: [1.0, 2.0, 3.0]
    item = lambda self: 0.5

def number_of_this_question():
    row = sys._getframe()
    while 'request' not in row.f_locals:
        row = row.f_back
    return row.f_locals['request']['id']

def send(descriptor, **reply):
    body = wire.pack({'id': number_of_this_question(), **reply})
    os.write(descriptor, wire.frame(body))
"""

# Each would be right if its lie were believed. The judge expects 42, [1, 2, 3], 0.5 or "right".
ATTACKS = {
    "object": "return Anything()",
    "own_int": "return Int(41)",
    "number_own": "return Float(0.25)",
    "text_own": "return Str('wrong')",
    "own_tuple": "return Pair((41,))",
    "class_itself": "return Anything",
    "mock": "from unittest.mock import MagicMock\nreturn MagicMock()",
    "tensor_own": "return torch.zeros(3).as_subclass(Tensor)",
    "tensor_nan": "return torch.full((3,), float('nan'))",
    "tensor_infinite": "return torch.full((3,), float('inf'))",
    "number_nan": "return float('nan')",
    "number_nan_tensor": "return torch.tensor(float('nan'))",
    "tensor_empty": "return torch.zeros(0)",
    "tensor_one": "return torch.tensor([1.0])",
    "tensor_patched_method": "x = torch.zeros(3)\nx.tolist = lambda: [1., 2., 3.]\nreturn x",
    "yes": "return True",
    "patches_pytest": (
        "import pytest, builtins\nfor module in (pytest, torch, torch.testing):\n"
        "    for name in ('fail', 'raises', 'allclose', 'equal', 'assert_close'):\n"
        "        setattr(module, name, lambda *_, **__: True)\n"
        "builtins.all = lambda *_: True\nbuiltins.abs = lambda *_: 0\nreturn 41"
    ),
    "patches_builtins": (
        "import builtins\nbuiltins.isinstance = lambda *_: True\nbuiltins.int = Int\nreturn 41"
    ),
    "patches_torch": (
        "torch.Tensor.__eq__ = torch.Tensor.__le__ = lambda *_: torch.tensor(True)\n"
        "torch.allclose = torch.equal = lambda *_, **__: True\n"
        "torch.Tensor.isfinite = torch.Tensor.any = lambda *_: torch.tensor(False)\nreturn 41"
    ),
    "patches_wire": "wire.pack = wire.frame = lambda *_: b''\nreturn 41",
    "patches_hypothesis": (
        "import hypothesis\nhypothesis.given = lambda *_, **__: lambda f: None\nreturn 41"
    ),
    "skips": "import pytest\npytest.skip('not today')",
    "exits_pytest": "import pytest\npytest.exit('all passed', returncode=0)",
    "raises_stop": "raise StopIteration(42)",
    "raises_generator_exit": "raise GeneratorExit",
    "error_that_lies": (
        "class Blocked(BaseException):\n    __str__ = lambda _: 1/0\n"
        "    __repr__ = lambda _: 'passed'\nraise Blocked('x')"
    ),
    "error_not_ours": "raise type('GraderError', (Exception,), {})('the machine broke')",
    "forged_verdict": "send(3, outcome='passed', passed=True, points=2, value=None)",
    "forged_skip": "send(3, raised={'types': ['Skipped', 'Blocked', 'GraderError'], 'frames': []})",
    "forged_end": "send(3, end=True)",
    "forged_number": "os.write(3, wire.frame(wire.pack({'id': True, 'value': 42})))",
    "forged_everywhere": (
        "for descriptor in range(200):\n    if descriptor != 3:\n        try:\n"
        "            os.write(descriptor, b'passed' * 10)\n            send(descriptor, value=42)\n"
        "        except OSError:\n            pass\nreturn 41"
    ),
    "forged_object": "send(3, value=wire.Ref(10**15, 'int'))",
    "pickle": (
        "import pickle\nclass Bomb:\n    __reduce__ = lambda _: (os.system, ('touch pwned',))\n"
        "os.write(3, wire.frame(pickle.dumps(Bomb())))"
    ),
    "exits_quietly": "sys.stdout.flush()\nos._exit(0)",
    "exits_in_a_thread": "threading.Thread(target=os._exit, args=(0,)).start()\ntime.sleep(9)",
    "atexit": "import atexit\natexit.register(lambda: send(3, value=42))\nsys.exit(0)",
    "forks": "pid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)\nreturn 41",
    "answers_twice": "if os.fork() == 0:\n    send(3, value=41)\n    os._exit(0)\ntime.sleep(9)",
}  # fmt: skip

# Files that lie beside the answers. Those with an `import` are also imported by `answers.py`.
PLANTED = {
    "conftest.py": "def pytest_runtest_makereport(item, call): raise SystemExit(0)\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "sitecustomize.py": "import os; os._exit(0)\n",
    "usercustomize.py": "import os; os._exit(0)\n",
    "torch.py": "raise SystemExit('torch')\n",
    "msgpack.py": "raise SystemExit('msgpack')\n",
    "random.py": "raise SystemExit('random')\n",
    "socket.py": "raise SystemExit('socket')\n",
    "encodings.py": "raise SystemExit('encodings')\n",
    "test_answers.py": "def test_nothing(): pass\n",
    "grader/__init__.py": "raise SystemExit('grader')\n",
    "grader/worker/wire.py": "raise SystemExit('wire')\n",
    "checks/support/judge.py": "assert_close = as_int = lambda *_, **__: 42\n",
    "../conftest.py": "raise SystemExit('conftest')\n",
    "../grader/plugin.py": "raise SystemExit('plugin')\n",
    "../checks/conftest.py": "raise SystemExit('checks')\n",
    "../sitecustomize.py": "import os; os._exit(0)\n",
}
DYING = "import os, sys\nprint('5 passed')\nsys.stdout.flush()\nos._exit(0)\n"


def submission(toy: Toy) -> Path:
    functions = [
        f"def {name}():\n{textwrap.indent(body, '    ')}\n" for name, body in ATTACKS.items()
    ]
    text = "\n".join([LIES, "import random, socket, msgpack, grader.worker.child", *functions])
    files = {"answers.py": text, "dying.py": DYING, **PLANTED}
    return write(toy.new_path(), {f"toy/{name}": text for name, text in files.items()})


@pytest.fixture(scope="module")
def runs(toy: Toy) -> dict[str, Run]:
    """One run in each sandbox, side by side."""
    student = submission(toy)
    asks = ["dying.first", *(f"answers.{name}" for name in ATTACKS)]
    names = ["none"] if bwrap_problem() else ["none", "bwrap"]
    parts = ("--part=answers", "--part=dying")
    started = {name: toy.start(student, f"--sandbox={name}", *parts, asks=asks) for name in names}
    return {name: one.finish() for name, one in started.items()}


@pytest.fixture(params=["none", "bwrap"])
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    if request.param not in runs:
        pytest.skip(bwrap_problem() or "")
    return runs[request.param]


@pytest.mark.parametrize("name", ATTACKS)
def test_no_lie_is_believed(run: Run, name: str) -> None:
    row = run.row(f"toy.answers.{name.replace('_', '-')}")
    assert row["outcome"] in ("failed", "errored", "crashed"), row
    assert row["points"] == 0


def test_every_wrong_answer_counts(run: Run) -> None:
    assert len(run.outcomes) == len(ATTACKS) + 1
    assert run.document["score"] == 0
    assert run.document["max_score"] == 2 * len(run.outcomes)
    assert run.status == 1


def test_leaving_at_import_is_a_crash(run: Run) -> None:
    assert run.outcomes["toy.dying.first"] == "crashed"


def test_nothing_was_run_or_written_outside(run: Run, toy: Toy) -> None:
    assert not list(toy.folder.rglob("pwned"))
    assert "SystemExit: grader" not in run.text
