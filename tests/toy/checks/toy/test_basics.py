"""Checks for what the engine does around a check. They need `right`, `double` and `square`."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from checks.support.criteria import criterion
from checks.support.judge import as_int, assert_close, reject

FACTS = {"points": 1, "section": "2 Basics", "hint": "Look again."}


@criterion("toy.basics.builds-on", requires=("toy.answers.wrong*",), **FACTS)
def test_builds_on(lab):
    """What builds on a wrong answer is not run."""
    as_int(lab.answers.right(), "right()")


@criterion("toy.basics.chain", requires=("toy.basics.builds-on",), **FACTS)
def test_chain(lab):
    """What builds on something blocked names the first cause."""
    as_int(lab.answers.right(), "right()")


@criterion("toy.basics.after-empty", requires=("toy.answers.empty",), **FACTS)
def test_after_empty(lab):
    """What builds on an empty body is run, and blocked unless it is empty too."""
    as_int(lab.answers.right(), "right()")


@criterion("toy.basics.empty-too", requires=("toy.answers.empty",), **FACTS)
def test_empty_too(lab):
    """An empty body behind an empty body says so."""
    as_int(lab.answers.empty(), "empty()")


@criterion("toy.basics.skips", **FACTS)
def test_skips(lab):
    """Something that this machine lacks is needed."""
    pytest.skip("needs a GPU")


@criterion("toy.basics.breaks", **FACTS)
def test_breaks(lab):
    """The check has a bug of its own."""
    {}["ours"]


@criterion("toy.basics.after-breaks", requires=("toy.basics.breaks",), **FACTS)
def test_after_breaks(lab):
    """What builds on a bug of the grader's is not judged, and costs nothing."""
    as_int(lab.answers.right(), "right()")


@criterion("toy.basics.property", **FACTS)
@settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(-(2**62), 2**62))
def test_property(lab, number):
    """`double` doubles any integer."""
    if as_int(lab.answers.double(number), "double(number)") != 2 * number:
        reject("double(number) must be twice the number", given=f"number = {number}")


@criterion("toy.basics.gradient", **FACTS)
def test_gradient(lab):
    """`square` has the gradient 2x."""
    found = lab.probes.gradient(lab.answers.square, torch.tensor(3.0))
    assert_close(found, torch.tensor(6.0), "the gradient at 3", atol=1e-6)
