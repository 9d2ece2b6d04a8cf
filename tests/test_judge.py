"""Judgements: what they accept by meaning, what they refuse, and what a refusal says."""

import collections
import contextlib
import math

import numpy as np
import pytest
import torch

from checks.support.judge import (
    Mismatch,
    as_int,
    as_list,
    as_number,
    as_pair,
    as_tensor,
    as_text,
    assert_close,
    assert_raises,
    assert_shape,
    describe,
    reject,
)

NOT_A_NUMBER = [None, True, "3", b"3", [3.0], (3.0,), {}, object(), float("nan"), 1j]
NOT_A_NUMBER += [torch.tensor([3.0]), torch.tensor(True), torch.tensor(float("nan"))]
JUNK = [*NOT_A_NUMBER, 3, -1, 1.5, "", (1, 2, 3), [None, None], lambda: None]


def kind(value: object) -> str:
    """A name that is the same in every process; what has an address in its repr needs one."""
    return type(value).__name__


JUNK += [torch.zeros(0), torch.zeros(2, 3), torch.tensor(1j), torch.zeros(2).to_sparse()]


def refusal(judgement, *args, **kwargs):
    """The Mismatch that `judgement` raises."""
    with pytest.raises(Mismatch) as caught:
        judgement(*args, **kwargs)
    return caught.value


# ------------------------------------------------------------------ what a value is


@pytest.mark.parametrize(
    "value",
    [3, 3.0, np.float32(3), np.int64(3), np.array(3.0), torch.tensor(3), torch.tensor(3.0)],
)
def test_a_number_is_accepted_by_meaning(value):
    number = as_number(value, "n")
    assert (number, type(number)) == (3.0, float)


@pytest.mark.parametrize("value", NOT_A_NUMBER, ids=kind)
def test_what_is_no_number_is_refused(value):
    assert "n must be" in refusal(as_number, value, "n").required


def test_infinity_is_a_number():
    assert as_number(math.inf, "n") == math.inf


@pytest.mark.parametrize("value", [3, np.int64(3), np.array(3), torch.tensor(3)])
def test_an_integer_is_accepted_by_meaning(value):
    integer = as_int(value, "n")
    assert (integer, type(integer)) == (3, int)


@pytest.mark.parametrize("value", [3.0, True, "3", None, torch.tensor(3.0), torch.tensor([3])])
def test_what_is_no_integer_is_refused(value):
    refusal(as_int, value, "n")


def test_a_tensor_comes_back_plain_and_detached():
    parameter = torch.nn.Parameter(torch.ones(2))
    plain = as_tensor(parameter, "t")
    assert (type(plain), plain.requires_grad) == (torch.Tensor, False)


@pytest.mark.parametrize("value", [*JUNK[:10], torch.tensor(1j), torch.zeros(2).to_sparse()])
def test_what_is_no_dense_real_tensor_is_refused(value):
    refusal(as_tensor, value, "t")


def test_type_and_dimensions_of_a_tensor_are_those_asked_for():
    ids = torch.tensor([1, 2])
    assert as_tensor(ids, "ids", dtype=torch.int64, ndim=1).tolist() == [1, 2]
    wrong = refusal(as_tensor, ids.float(), "ids", dtype=torch.int64)
    assert (wrong.required, wrong.got) == (
        "ids must be a LongTensor (int64)",
        "a float32 tensor of shape (2,) holding [1.0, 2.0]",
    )
    assert refusal(as_tensor, ids, "ids", ndim=2).required == "ids must have 2 dimension(s)"


def test_a_pair_is_any_tuple_or_list_of_two():
    Point = collections.namedtuple("Point", "x y")
    for value in ((1, 2), [1, 2], Point(1, 2)):
        assert as_pair(value, "p") == (1, 2)
    for value in ((1,), (1, 2, 3), "ab", torch.zeros(2), {1: 2, 3: 4}, None):
        refusal(as_pair, value, "p")


def test_a_list_has_the_length_asked_for():
    assert as_list((1, 2), "l", length=2) == [1, 2]
    assert refusal(as_list, [1], "l", length=2).required == "l must have 2 entries"
    refusal(as_list, "ab", "l")


def test_a_text_is_a_plain_str():
    class Text(str):
        def __str__(self):
            return "another"

    text = as_text(Text("one"), "s")
    assert (text, type(text)) == ("one", str)
    for value in (b"one", ["o"], None, 1):
        refusal(as_text, value, "s")


@pytest.mark.parametrize("value", JUNK, ids=kind)
def test_junk_is_refused_and_never_an_error(value):
    for judgement in (
        lambda: as_tensor(value, "t", ndim=4),
        lambda: as_pair(value, "p", given="x") and refusal(as_int, None, ""),
        lambda: as_text(value, "s") and refusal(as_int, None, ""),
        lambda: assert_shape(value, (7, 7), "t", "B, T"),
        lambda: assert_close(value, torch.ones(2, 2), "t", atol=0.1),
        lambda: assert_close(value, 17.0, "n", atol=0.1),
    ):
        with contextlib.suppress(Mismatch):  # a refusal or none, but nothing else
            judgement()


# ------------------------------------------------------------------ what a value equals


def test_a_shape_is_named_by_its_axes():
    assert assert_shape(torch.zeros(2, 3), (2, 3), "x").shape == (2, 3)
    wrong = refusal(assert_shape, torch.zeros(3, 2), (2, 3), "x", "B, T", given="an input")
    assert str(wrong).splitlines() == [
        "required: x must have shape (B, T)",
        "given: an input",
        "expected: (2, 3)",
        "got: (3, 2)",
        "likely cause: the axes are in another order than (B, T)",
    ]


def test_values_are_compared_to_the_tolerance():
    assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.05, 2.0]), "x", atol=0.1)
    assert_close(torch.tensor([100.0]), torch.tensor([101.0]), "x", atol=0.0, rtol=0.01)
    assert_close(3, 3.0, "n", atol=0.0)
    assert_close(torch.tensor(3.0), 3.0, "n", atol=0.0)
    refusal(assert_close, torch.tensor([1.0]), torch.tensor([1.2]), "x", atol=0.1)


def test_the_first_difference_is_shown():
    got = torch.tensor([[1.0, 2.0], [7.0, 8.0]])
    wrong = refusal(assert_close, got, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "x", atol=0.1)
    assert wrong.expected == "x[1, 0] = 3"
    assert wrong.got == "x[1, 0] = 7 (2 of 4 entries differ)"


def test_numbers_are_shown_with_the_digits_in_which_they_differ():
    wrong = refusal(assert_close, 1.0, 1.00000001, "n", atol=0.0)
    assert (wrong.expected, wrong.got) == ("1.00000001", "1")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_equals_nothing_and_infinity_only_itself(value):
    got = torch.tensor([1.0, value])
    refusal(assert_close, got, torch.tensor([1.0, 2.0]), "x", atol=1e9, rtol=1e9)
    refusal(assert_close, torch.tensor([1.0, 2.0]), got, "x", atol=1e9, rtol=1e9)
    if math.isnan(value):
        refusal(assert_close, got, got, "x", atol=1.0)
    else:
        assert_close(got, got, "x", atol=1.0)


# ------------------------------------------------------------------ what a call raises


def raising(error):
    """A function that raises `error`."""

    def call(*args, **kwargs):
        raise error

    return call


def test_an_exception_counts_as_its_bases_do():
    assert_raises(raising(ValueError("x")))
    assert_raises(raising(UnicodeDecodeError("utf-8", b"", 0, 1, "x")))
    assert_raises(raising(KeyError("z")), types=("KeyError", "ValueError"), naming="z")
    assert_raises(raising(RuntimeError()), types=("Exception",))


def test_another_exception_or_none_is_refused():
    assert refusal(assert_raises, raising(IndexError())).got == "IndexError"
    wrong = refusal(assert_raises, len, "abc", given="a text")
    assert (wrong.got, wrong.given) == ("it gave 3", "a text")


def test_the_message_has_to_name_what_is_wrong():
    wrong = refusal(assert_raises, raising(ValueError("no")), naming="z")
    assert wrong.expected == "a message that contains 'z'"
    assert_raises(raising(KeyError("\n")), types=("KeyError",), naming="\n")


def test_an_empty_body_is_no_answer():
    with pytest.raises(NotImplementedError):
        assert_raises(raising(NotImplementedError()), types=("Exception",))


class _Reported(Exception):
    """As the engine reports what the student's code raised."""

    type_names = ("KeyError", "LookupError", "Exception")
    message = "'z'"


class _EngineError(Exception):
    """As the engine says that a worker died."""


_EngineError.__module__ = "grader.outcomes"


def test_an_exception_from_the_worker_is_judged_by_the_names_of_its_types():
    assert_raises(raising(_Reported()), types=("KeyError",), naming="z")
    assert refusal(assert_raises, raising(_Reported())).got == "KeyError"


def test_an_error_of_the_engine_is_no_answer():
    with pytest.raises(_EngineError):
        assert_raises(raising(_EngineError()), types=("Exception",))


# ------------------------------------------------------------------ words


def test_a_refusal_without_details_says_what_was_required():
    assert str(refusal(reject, "be right")) == "required: be right"


def test_describing_runs_no_code_of_the_value():
    class Loud:
        def __repr__(self):
            raise AssertionError

    assert describe(Loud()) == "an object of type Loud"
    assert describe("x" * 1000).endswith("... (1000 long)")
    assert describe([1, 2]) == "a list of length 2"
