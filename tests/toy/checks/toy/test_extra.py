"""Checks that run on request only, one of them on a GPU."""

import pytest

from checks.support.criteria import criterion
from checks.support.judge import as_int

FACTS = {"points": 1, "section": "3 Extra", "hint": "Look again."}


@criterion("toy.extra.asked", **FACTS)
def test_asked(lab):
    """Runs where its part or its id is named."""
    as_int(lab.answers.right(), "right()")


@pytest.mark.gpu
@criterion("toy.extra.measured", **FACTS)
def test_measured(lab, record_property):
    """Runs on a GPU, and says what it measured."""
    record_property("figures", f"answer {as_int(lab.answers.right(), 'right()')}")
