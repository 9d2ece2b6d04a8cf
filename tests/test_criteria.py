"""The board of results: prerequisites, red lines, points."""

from __future__ import annotations

import pytest

from grader.criteria import Board
from grader.outcomes import Blocked, Outcome, Result
from grader.verdict import judge


def result(id: str, outcome: Outcome) -> Result:
    lab, part, _ = id.split(".", 2)
    return Result(id, lab, part, "title", "section", 2, "hint", outcome)


def board(**outcomes: Outcome) -> Board:
    """A board on which criteria of the toy lab have these outcomes."""
    made = Board()
    made.expect(result(f"toy.alpha.{name}", outcome) for name, outcome in outcomes.items())
    made.done.update(made.results)
    return made


@pytest.mark.parametrize(
    "outcome", [Outcome.FAILED, Outcome.ERRORED, Outcome.TIMED_OUT, Outcome.CRASHED]
)
def test_what_failed_by_itself_is_the_red_line(outcome: Outcome) -> None:
    assert board(one=outcome).red_line("toy.beta.two", ["toy.alpha.*"]) == "toy.alpha.one"


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.SKIPPED, Outcome.NOT_IMPLEMENTED])
def test_what_did_not_fail_blocks_nothing(outcome: Outcome) -> None:
    assert board(one=outcome).red_line("toy.beta.two", ["toy.alpha.*"]) is None


def test_a_blocked_prerequisite_names_the_root() -> None:
    made = board(one=Outcome.FAILED, two=Outcome.PASSED)
    judge(made.results["toy.alpha.two"], Blocked("toy.alpha.one", "reason"), "")
    assert made.red_line("toy.beta.three", ["toy.alpha.two"]) == "toy.alpha.one"


def test_a_criterion_does_not_block_itself() -> None:
    assert board(one=Outcome.FAILED).red_line("toy.alpha.one", ["toy.*"]) is None


def test_a_blocked_verdict_keeps_nothing_of_the_first_one() -> None:
    failed = result("toy.alpha.one", Outcome.FAILED)
    failed.got, failed.expected, failed.output = "3", "4", "noise"
    judge(failed, Blocked("toy.alpha.zero", "what failed here fails there first"), "")
    row = failed.as_dict()
    assert (row["outcome"], row["got"], row["expected"]) == ("blocked", "", "")
    assert (row["where"], "noise" in row["message"]) == ("toy.alpha.zero", False)


def test_an_id_may_be_taken_once() -> None:
    made = Board()
    with pytest.raises(pytest.UsageError, match="two checks have the id"):
        made.expect([result("toy.alpha.one", Outcome.CRASHED)] * 2)


def test_the_graders_own_failure_counts_for_nothing() -> None:
    made = board(one=Outcome.PASSED, two=Outcome.FAILED, three=Outcome.GRADER_ERROR)
    assert (made.score, made.max_score) == (2, 4)
    made.give_up("broken")
    assert (made.score, made.max_score) == (0, 0)
