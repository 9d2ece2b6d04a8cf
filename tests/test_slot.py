"""Slots: run after run in one process, each with its own submission, whatever the last one did."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox import Sandbox
from grader.slot import Job, Slot, SlotLost
from tests.test_outcomes import source
from tests.toys import BWRAP, ROOT, Toy

LOOKS_AROUND = """
import os
def right(*_):
    seen = [os.path.join(top, name) for top, _, names in os.walk('/submission') for name in names]
    raise RuntimeError(' '.join(sorted(seen)) or 'nothing')
"""


def grade(slot: Slot, toy: Toy, student: Path) -> dict[str, dict[str, object]]:
    """The criteria of one run in the slot, by id."""
    result = toy.new_path(".json")
    arguments = ["checks", f"--student={student}", f"--result={result}", "--part=answers"]
    environment = {"TOY_ASKS": "answers.right"}
    slot.run(Job(toy.folder, ["--assert=plain", *arguments], environment=environment))
    return {row["id"]: row for row in json.loads(result.read_text())["criteria"]}


@pytest.fixture(params=["none", BWRAP])
def slot(request: pytest.FixtureRequest) -> Iterator[Slot]:
    opened = Slot(Sandbox(request.param))
    yield opened
    opened.close()


def test_a_slot_runs_one_submission_after_the_other(slot: Slot, toy: Toy) -> None:
    right = toy.submission({"answers.py": source(["right"])})
    wrong = toy.submission({"answers.py": "def right(*_): return None"})
    dying = toy.submission({"answers.py": "import os\nos.kill(os.getppid(), 9)\nos._exit(0)"})
    found = [
        grade(slot, toy, student)["toy.answers.right"]["outcome"]
        for student in (right, wrong, dying, right)
    ]
    assert found == ["passed", "failed", "crashed", "passed"]


@pytest.mark.parametrize("slot", [BWRAP], indirect=True)
def test_a_slots_sandbox_shows_one_submission_at_a_time(slot: Slot, toy: Toy) -> None:
    first = toy.submission({"answers.py": LOOKS_AROUND, "first.py": ""})
    second = toy.submission({"answers.py": LOOKS_AROUND, "second.py": ""})
    grade(slot, toy, first)
    got = str(grade(slot, toy, second)["toy.answers.right"]["got"])
    assert "second.py" in got
    assert "first.py" not in got


def test_a_slot_that_died_is_told_and_starts_anew(toy: Toy) -> None:
    slot = Slot(Sandbox("none"))
    right = toy.submission({"answers.py": source(["right"])})
    assert grade(slot, toy, right)["toy.answers.right"]["outcome"] == "passed"
    assert slot.pid is not None
    os.kill(slot.pid, signal.SIGKILL)
    with pytest.raises(SlotLost):
        grade(slot, toy, right)
    assert grade(slot, toy, right)["toy.answers.right"]["outcome"] == "passed"
    slot.close()


def test_a_run_that_takes_too_long_is_ended(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.slot.START_SECONDS", 0.0)
    slot = Slot(Sandbox("none"))
    with pytest.raises(SlotLost):
        slot.run(Job(ROOT, ["--version"]), seconds=0.01)
    assert slot.pid is None
