"""What the matrix says of a run, and which runs it finds in a log."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cases import Case
from tests.matrix import problem
from tests.runs import Run, load, record, save
from tests.toys import write
from tests.versions import version

A, B = "charlm.data.a", "charlm.data.b"


def case(kind: str, fails: set[str] = frozenset(), twin: Case | None = None) -> Case:  # type: ignore[assignment]
    return Case("one", "charlm", kind, "", Path(), frozenset(fails), twin=twin)


@pytest.mark.parametrize(
    ("one", "outcomes", "said"),
    [
        (case("accepted"), ("passed", "passed"), ""),
        (case("accepted"), ("passed", "skipped"), f"not passed: {B}"),
        (case("accepted"), ("timed_out", "blocked"), f"also red: {A}; not passed: {B}"),
        (case("buggy", {A}), ("failed", "blocked"), ""),
        (case("buggy", {A}), ("passed", "failed"), f"not caught by {A}; also red: {B}"),
        (case("buggy", {A}), ("blocked", "failed"), f"not caught by {A}; also red: {B}"),
        (case("buggy", {A}), ("failed", "grader_error"), f"grader error in {B}"),
        (case("template"), ("not_implemented", "passed"), f"not `not_implemented`: {B}"),
    ],
)
def test_a_run_is_as_named_or_it_is_said_how_it_is_not(
    one: Case, outcomes: tuple[str, str], said: str
) -> None:
    run = Run(one, 0, dict(zip((A, B), outcomes, strict=True)), 1.0)
    assert problem(run, None) == said


def test_a_trick_may_earn_nothing_and_no_result_is_a_problem() -> None:
    twin = Run(case("buggy", {A}), 0, {A: "failed", B: "passed"}, 1.0)
    tricky = replace(twin, case=case("hostile", {A}, twin.case))
    assert problem(tricky, twin) == ""
    assert problem(replace(tricky, outcomes={A: "failed", B: "crashed"}), twin) == ""
    assert A in problem(replace(tricky, outcomes={A: "passed", B: "passed"}), twin)
    assert "no result at all" in problem(replace(twin, outcomes={}), None)


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.xz"])
def test_a_log_gives_back_what_was_run_on_the_same_submission(name: str, tmp_path: Path) -> None:
    one = replace(case("accepted"), base=write(tmp_path / "one", {"charlm/data.py": "x = 1"}))
    rows = [record(Run(one, seed, {A: "passed"}, 1.0), "data", "") for seed in (0, 1, 1)]
    if name.endswith(".xz"):
        save(tmp_path / name, rows)
    else:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load([tmp_path / name], [one]) == rows[:2]
    before = version(one, "data")
    write(one.base, {"charlm/data.py": "x = 2"})
    assert version(one, "data") != before
    assert load([tmp_path / name], [one]) == []
