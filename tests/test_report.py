"""What a student reads: every field, within the width, and nothing that moves the cursor."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from grader.outcomes import Frame, Outcome, Result
from grader.report import LETTERS, as_text, blocks, by_lab, printable, summary, table, words
from tests.test_wire import QUICK

FIELDS = ("required", "given", "expected", "got", "cause", "where", "hint", "output")
RED = (Outcome.FAILED, Outcome.ERRORED, Outcome.TIMED_OUT, Outcome.CRASHED)


def result(outcome: Outcome, **fields: object) -> Result:
    values = {"hint": "look there", "required": "It must be so", **fields}
    return Result(
        "toy.part.claim", "toy", "part", "A title.", "1 Section", 2.0, outcome=outcome, **values
    )  # type: ignore[arg-type]


def test_every_field_is_shown_once() -> None:
    values = {name: f"the-{name}-here" for name in FIELDS}
    text = as_text(result(Outcome.FAILED, **values))
    for value in values.values():
        assert text.count(value) == 1
    assert text.startswith("toy.part.claim - failed\n")


def test_empty_fields_leave_no_label() -> None:
    text = as_text(result(Outcome.FAILED))
    assert text.splitlines() == [
        "toy.part.claim - failed",
        "  It must be so",
        "  what to do:   look there",
    ]


def test_frames_show_place_and_source() -> None:
    frames = [Frame("model.py", 3, "forward", "x = y / 0"), Frame("data.py", 7, "split", "a[9]")]
    text = as_text(result(Outcome.ERRORED, frames=frames))
    assert "    model.py:3 in forward\n        x = y / 0\n    data.py:7 in split\n" in text


def test_several_labs_get_a_row_each_and_one_lab_none() -> None:
    results = [
        Result("a.part.claim", "a", "part", "A title.", "1", points, "look", outcome=outcome)
        for points, outcome in ((2.0, Outcome.PASSED), (3.0, Outcome.FAILED))
    ]
    other = Result("b.part.claim", "b", "part", "A title.", "1", 4.0, "look", Outcome.PASSED)
    assert by_lab(results) == []
    assert by_lab([*results, other]) == [
        f"{'a':<16}    2 /   5  1 passed, 1 failed",
        f"{'b':<16}    4 /   4  1 passed",
    ]


def test_the_graders_own_failure_gives_no_advice() -> None:
    assert "what to do" not in as_text(result(Outcome.GRADER_ERROR))


def test_blocked_results_have_no_block_and_empty_bodies_share_one() -> None:
    empty = [result(Outcome.NOT_IMPLEMENTED, required=f"write {name}") for name in "aab"]
    rest = [result(outcome) for outcome in (Outcome.PASSED, Outcome.BLOCKED, Outcome.SKIPPED)]
    (text,) = blocks([*rest, *empty])
    assert text.splitlines() == [
        "Still to be written:",
        "  write a (2 criteria)",
        "  write b (1 criterion)",
    ]


@pytest.mark.parametrize("outcome", RED)
def test_every_red_result_has_a_block(outcome: Outcome) -> None:
    assert blocks([result(outcome)]) == [as_text(result(outcome))]


def test_long_texts_are_cut_and_say_so() -> None:
    text = as_text(result(Outcome.FAILED, got="x" * 100_000, output="y " * 100_000))
    assert len(text) < 6_000
    assert "(100000 characters)" in " ".join(text.split())


any_text = st.text(st.characters(exclude_categories=()), max_size=400)
any_frame = st.builds(Frame, any_text, st.integers(0, 10**9), any_text, any_text)


@QUICK
@given(
    st.fixed_dictionaries(dict.fromkeys(FIELDS, any_text)),
    st.lists(any_frame, max_size=2),
    st.sampled_from(Outcome),
    st.sampled_from([60, 80, 100]),
)
def test_any_text_is_shown_within_the_width_and_without_control_characters(
    values: dict[str, str], frames: list[Frame], outcome: Outcome, width: int
) -> None:
    shown = result(outcome, **values, frames=frames)
    for text in [as_text(shown, width), *blocks([shown], width)]:
        for line in text.split("\n"):
            assert line.isprintable()
            line.encode()  # no lone surrogate either
    for line in as_text(result(outcome, **values), width).split("\n"):
        assert len(line) <= width


def test_escapes_reach_the_terminal_as_text() -> None:
    assert printable("\x1b[2J\x07\u202e\ud800ok é") == "\\x1b[2J\\x07\\u202e\\ud800ok é"
    assert "\x1b" not in as_text(result(Outcome.FAILED, got="\x1b[1A\x1b[2K passed"))


def test_the_table_adds_up_by_part_and_keeps_to_the_width() -> None:
    results = [
        Result("toy.one.a", "toy", "one", "A.", "1", 2.0, "", outcome=Outcome.PASSED),
        Result(f"toy.one.{'b' * 90}", "toy", "one", "B.", "1", 3.0, "", outcome=Outcome.FAILED),
        Result("toy.two.c", "toy", "two", "C.", "1", 1.0, "", outcome=Outcome.NOT_IMPLEMENTED),
    ]
    rows = [row for row, _ in table(results, 80)]
    heads = [row.split() for row in rows if row.startswith("toy")]
    assert heads == [["toy", "/", "one", "2", "/", "5"], ["toy", "/", "two", "0", "/", "1"]]
    assert all(len(row) <= 80 for row in rows)
    assert any("not implemented" in row for row in rows)


def test_each_outcome_has_a_letter_and_words_of_its_own() -> None:
    assert len({LETTERS[outcome] for outcome in Outcome}) == len(Outcome)
    assert words(Outcome.TIMED_OUT) == "timed out"
    assert summary([result(Outcome.PASSED), result(Outcome.PASSED), result(Outcome.FAILED)]) == (
        "2 passed, 1 failed"
    )


def test_only_passing_earns_points() -> None:
    assert {outcome for outcome in Outcome if result(outcome).points} == {Outcome.PASSED}


def test_the_message_holds_no_expected_value() -> None:
    shown = result(Outcome.FAILED, expected="the-secret", got="mine", given="x = 1", cause="c")
    row = shown.as_dict()
    assert row["message"] == "It must be so\nInput: x = 1\nLikely cause: c"
    assert (row["expected"], row["got"]) == ("the-secret", "mine")
