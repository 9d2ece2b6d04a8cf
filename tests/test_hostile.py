"""The hostile submissions are tricks and not only mistakes, and leave nothing behind."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.classes.plan import digest_of
from grader.sandbox import Sandbox, bwrap_problem
from grader.slot import QUIET, Job, Slot
from tests.cases import LABS, ROOT, Case, accepted, hostile

CASES = {f"{case.lab}/{case.name}": case for lab in LABS for case in hostile(lab)}
OURS = ("checks", "fixtures", "grader", "reference")
MARKER = b"left-behind"  # what the attacks call the processes that they leave
SECONDS = 60.0  # two criteria of 20 seconds each, and a slow machine


def left_behind() -> list[int]:
    """Processes of an attack that live on."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("comm", "cmdline"):
            try:
                if (process / name).read_bytes().startswith(MARKER):
                    found.append(int(process.name))
            except OSError:
                continue
    return found


def test_there_are_many_and_every_lab_has_some() -> None:
    assert len(CASES) >= 40
    assert {case.lab for case in CASES.values()} == set(LABS)


@pytest.mark.parametrize("name", CASES)
def test_there_is_a_trick_beside_the_mistake(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    assert case.twin is not None
    folders = tmp_path / "with", tmp_path / "without"
    with_trick, without = case.build(folders[0]), case.twin.build(folders[1])
    assert digest_of(with_trick, ["."]) != digest_of(without, ["."])
    for path in with_trick.rglob("*.py"):
        if not (without / path.relative_to(with_trick)).exists():
            continue
        compile(path.read_text(encoding="utf-8"), str(path), "exec")  # no mere slip


# ---------------------------------------------------------------- what is graded after an attack

NASTY = (
    "charlm/late-daemon",
    "charlm/forks-without-end",
    "charlm/planted-packages",
    "charlm/kills-its-group",  # last: a new workers' parent has to import torch
)


@pytest.fixture(scope="module")
def slot() -> Iterator[Slot]:
    """One slot for all: what an attack did to it, the right submission after it would meet."""
    opened = Slot(Sandbox("none" if bwrap_problem() else "bwrap"), project=ROOT)
    opened.start()
    yield opened
    opened.close()


def grade(slot: Slot, case: Case, folder: Path, ids: list[str]) -> dict[str, str]:
    """The outcome of each of these criteria."""
    folder.mkdir()
    result = folder / "result.json"
    arguments = ["checks", f"--student={case.build(folder)}", f"--lab={case.lab}", "--seed=0"]
    arguments += [*(f"--criterion={id}" for id in ids), f"--result={result}", *QUIET]
    slot.run(Job(ROOT, arguments), seconds=60.0)
    return {row["id"]: row["outcome"] for row in json.loads(result.read_text())["criteria"]}


def test_nothing_meets_the_one_that_is_graded_next(slot: Slot, tmp_path: Path) -> None:
    right = accepted("charlm")[0]
    ids = sorted({id for name in NASTY for id in CASES[name].fails})
    before = digest_of(ROOT, OURS)
    wanted = grade(slot, right, tmp_path / "first", ids)
    assert set(wanted.values()) == {"passed"}
    for number, name in enumerate(NASTY):
        started = time.monotonic()
        attack = grade(slot, CASES[name], tmp_path / f"attack-{number}", ids)
        assert time.monotonic() - started < SECONDS, name
        assert not {id for id in CASES[name].fails if attack[id] == "passed"}, name
        assert left_behind() == [], name
        assert grade(slot, right, tmp_path / f"right-{number}", ids) == wanted, name
    assert digest_of(ROOT, OURS) == before
