"""Every outcome, provoked for real: by one submission whose functions each misbehave in a way."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from grader.sandbox import bwrap_problem
from tests.toys import Run, Toy

FIRST_LINES = """\
import ctypes, os, signal, sys, time
import torch
from grader.worker.wire import frame, pack

def double(x):
    return x * 2

def square(x):
    return x * x

def send(reply):
    os.write(3, frame(pack(reply)))

def number_of_this_question():
    row = sys._getframe()
    while "request" not in row.f_locals:
        row = row.f_back
    return row.f_locals["request"]["id"]

def ignore_signals():
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
"""

# name: (body, outcome, something that the report says)
BEHAVIOURS = {
    "right": ("return 42", "passed", ""),
    "wrong": ("return 41", "failed", "41"),
    "number_nan": ("return float('nan')", "failed", "nan"),
    "number_huge": ("return 10**4000", "failed", "int of 13288 bits"),
    "text_long": ("return 'x' * 10**6", "failed", ""),
    "nothing": ("return None", "failed", "None"),
    "empty": ("raise NotImplementedError('write empty')", "not_implemented", "write empty"),
    "raises": ("return [][1]", "errored", "IndexError: list index out of range"),
    "not_for_long": ("return torch.ones(2, dtype=torch.int64).softmax(0)", "errored", "Long"),
    "leaves": ("sys.exit(0)", "errored", "sys.exit"),
    "interrupts": ("raise KeyboardInterrupt", "errored", "KeyboardInterrupt"),
    "skips": ("import pytest\npytest.skip('no')", "errored", "Skipped"),
    "asserts": ("assert 1 == 2", "errored", "AssertionError"),
    "nests": ("value = []\nvalue.append(value)\nreturn value", "errored", "nested"),
    "exits": ("os._exit(0)", "crashed", "exit code 0"),
    "segfaults": ("ctypes.string_at(0)", "crashed", "SIGSEGV"),
    "kills_itself": ("os.kill(os.getpid(), signal.SIGKILL)", "crashed", "SIGKILL"),
    "hangs_up": ("os.closerange(0, 256)\nreturn 42", "crashed", "process"),
    "garbage": ("os.write(3, b'\\0\\0\\0\\1\\xc1')\nreturn 42", "crashed", "malformed"),
    "oversized": ("os.write(3, b'\\xff\\xff\\xff\\xff')\nreturn 42", "crashed", "over the limit"),
    "unasked": ("send({'id': 999, 'value': 42})", "crashed", "no question"),
    "no_dict": ("send([1])", "crashed", "no question"),
    "odd_number": ("send({'id': torch.ones(2), 'value': 42})", "crashed", "no question"),
    "ends": ("send({'id': number_of_this_question(), 'end': True})", "crashed", "process"),
    "odd_error": ("send({'id': number_of_this_question(), 'raised': 7})", "crashed", "malformed"),
    "memory": ("return torch.ones(2**40)", "errored", "ran out of memory"),
    "memory_of_lists": ("return bytearray(2**40)", "errored", "ran out of memory"),
    "flood": ("for _ in range(20_000): print('x' * 80)\nreturn 42", "passed", ""),
    "flood_wrong": ("for _ in range(20_000): print('x' * 80)", "failed", "bytes left out"),
    "kills_parent": (
        "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)", "crashed", "its own parent"
    ),
    "right_after_that": ("return 42", "passed", ""),
    "hang_loop": (
        "while True:\n try:\n  while True: pass\n except BaseException: pass",
        "timed_out", "no answer within 1 second",
    ),
    "hang_asleep": ("ignore_signals()\ntime.sleep(3600)", "timed_out", "within 1 second"),
    "hang_flood": ("while True: print('x' * 80)", "timed_out", "within 1 second"),
}  # fmt: skip

MODULES = {
    "constants": "first = 5\n",
    "syntax": "x = 1\ndef broken(:\n    pass\n",
    "leaving": "import sys\nsys.exit(0)\n",
    "dying": "import os\nos._exit(0)\n",
    "needing": "import no_such_library\n",
    "nameless": "",
}
IMPORTS = {  # the first check shows why a module cannot be imported, the second is blocked
    "syntax": ("errored", "syntax.py cannot be imported"),
    "missing": ("errored", "The submission has no missing.py"),
    "leaving": ("errored", "leaving.py cannot be imported"),
    "dying": ("crashed", "exit code 0"),
    "needing": ("errored", "no_such_library"),
}
ASKS = [f"answers.{name}" for name in BEHAVIOURS]
ASKS += [f"{module}.{name}" for module in IMPORTS for name in ("first", "second")]
ASKS += ["nameless.first", "constants.first"]


def source(names: list[str]) -> str:
    """`answers.py` with these functions."""
    functions = [
        f"def {name}():\n{textwrap.indent(BEHAVIOURS[name][0], '    ')}\n" for name in names
    ]
    return "\n".join([FIRST_LINES, *functions])


def id_of(name: str) -> str:
    return f"toy.answers.{name.replace('_', '-')}"


@pytest.fixture(scope="module")
def runs(toy: Toy) -> Iterator[dict[str, Run]]:
    """One run in each sandbox, side by side."""
    student = toy.submission({"answers.py": source(list(BEHAVIOURS))} | {
        f"{name}.py": text for name, text in MODULES.items()
    })  # fmt: skip
    names = ["none"] if bwrap_problem() else ["none", "bwrap"]
    started = {name: toy.start(student, f"--sandbox={name}", asks=ASKS) for name in names}
    return {name: one.finish() for name, one in started.items()}


@pytest.fixture(params=["none", "bwrap"])
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    if request.param not in runs:
        pytest.skip(bwrap_problem() or "")
    return runs[request.param]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_each_behaviour_has_its_outcome(run: Run, name: str) -> None:
    _, outcome, words = BEHAVIOURS[name]
    row = run.row(id_of(name))
    said = "\n".join([row["message"], row["got"], row["where"]])
    assert (row["outcome"], row["points"]) == (outcome, 2 if outcome == "passed" else 0), said
    assert words in said
    assert len(said) < 12_000


@pytest.mark.parametrize("module", IMPORTS)
def test_a_broken_module_is_one_red_line(run: Run, module: str) -> None:
    outcome, words = IMPORTS[module]
    first, second = run.row(f"toy.{module}.first"), run.row(f"toy.{module}.second")
    assert first["outcome"] == outcome
    assert words in first["message"] + first["got"]
    assert second["outcome"] == "blocked"
    assert first["id"] == second["where"]
    assert first["id"] in second["message"]


def test_a_missing_name_is_said_plainly(run: Run) -> None:
    row = run.row("toy.nameless.first")
    assert row["outcome"] == "errored"
    assert "nameless.py defines no `first`" in row["got"]


def test_data_where_a_function_belongs_is_said_plainly(run: Run) -> None:
    row = run.row("toy.constants.first")
    assert row["outcome"] == "errored"
    assert "`first` of constants.py is a value of type int, no function and no class" in row["got"]


def test_an_exception_shows_the_students_own_line(run: Run) -> None:
    lines = source(list(BEHAVIOURS)).splitlines()
    number = lines.index("    return [][1]") + 1
    assert run.row("toy.answers.raises")["where"] == f"answers.py:{number} in raises"
    assert f"answers.py:{number} in raises\n        return [][1]\n" in run.text
    assert run.row("toy.syntax.first")["where"] == "syntax.py:2 in <module>"
    assert "        def broken(:\n" in run.text


def test_prerequisites_skips_and_the_graders_own_bugs(run: Run) -> None:
    assert {id: outcome for id, outcome in run.outcomes.items() if ".basics." in id} == {
        "toy.basics.builds-on": "blocked",
        "toy.basics.chain": "blocked",
        "toy.basics.after-empty": "blocked",
        "toy.basics.empty-too": "not_implemented",
        "toy.basics.skips": "skipped",
        "toy.basics.breaks": "grader_error",
        "toy.basics.after-breaks": "grader_error",
        "toy.basics.property": "passed",
        "toy.basics.gradient": "passed",
    }
    assert run.row("toy.basics.chain")["where"] == "toy.answers.wrong"  # the cause, not the link
    assert run.row("toy.basics.after-empty")["where"] == "toy.answers.empty"
    assert "builds on toy.basics.breaks" in run.row("toy.basics.after-breaks")["got"]
    broken = run.row("toy.basics.breaks")
    assert "not your mistake" in broken["message"]
    assert "KeyError: 'ours'" in broken["got"]


def test_the_graders_own_bug_costs_no_points_and_shows_in_the_status(run: Run) -> None:
    counted = [
        row for row in run.document["criteria"] if row["outcome"] not in ("skipped", "grader_error")
    ]
    assert run.status == 3
    assert run.document["max_score"] == sum(row["max_points"] for row in counted)
    assert run.document["score"] == sum(
        row["max_points"] for row in counted if row["outcome"] == "passed"
    )


def test_each_failing_criterion_is_in_the_report_once(run: Run) -> None:
    red = {"failed", "errored", "timed_out", "crashed", "grader_error"}
    for id, outcome in run.outcomes.items():
        heads = [line for line in run.text.splitlines() if line.startswith(f"{id} - ")]
        assert len(heads) == (outcome in red), id


def test_no_line_of_the_report_is_too_long_or_holds_control_characters(run: Run) -> None:
    for line in run.text.splitlines():
        assert line.isprintable(), repr(line)
        assert len(line) <= 80 or line.startswith(("Checking ", "        ")), line
