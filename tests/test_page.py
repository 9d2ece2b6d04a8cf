"""The class page: complete, in order of need, and free of what a student could put there."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from grader.formats.page import Entry, class_page, distribution, rates
from grader.outcomes import Outcome
from tests.test_formats import NASTY, document


class Reader(HTMLParser):
    """Collects tags, attribute names and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def page(says: str, *, details: bool = True) -> str:
    entries = [Entry(says, says, document(says)), Entry("Grace", "g.zip", None, says)]
    return class_page(says, entries, [says], details=details)


@pytest.mark.parametrize("says", NASTY)
def test_nothing_that_a_student_wrote_becomes_part_of_the_page(says: str) -> None:
    harmless, nasty = Reader(page("harmless")), Reader(page(says))
    assert nasty.tags == harmless.tags
    assert nasty.names == harmless.names
    assert not any(name.startswith("on") for name in nasty.names)
    visible = " ".join(" ".join(nasty.said).split())
    assert " ".join(says.split()) in visible


def test_the_page_needs_no_network() -> None:
    assert not any(word in page("x") for word in ("http:", "https:", "src=", "@import", "url("))


def test_hidden_details_are_nowhere_on_the_page() -> None:
    shown, hidden = page("required\nSECRET"), page("required\nSECRET", details=False)
    assert "expected required" in shown
    assert "expected required" not in hidden


def test_criteria_come_in_the_order_of_their_failures() -> None:
    often = document(outcomes=(Outcome.PASSED, Outcome.FAILED, Outcome.BLOCKED))
    once = document(outcomes=(Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED))
    often["criteria"][1]["message"] = "It must be\nLikely cause: a softmax too many"
    found = rates([Entry("a", "a", often), Entry("b", "b", once), Entry("c", "c", often)])
    assert [(one.id[-1], one.failed, one.blocked, one.judged) for one in found] == [
        ("1", 3, 0, 3),
        ("2", 1, 2, 3),
        ("0", 0, 0, 3),
    ]
    assert found[0].cause == "a softmax too many"


def test_scores_are_counted_by_tenths() -> None:
    full = {**document(), "score": 14.0, "max_score": 14.0}
    none = {**document(), "score": 0.0, "max_score": 14.0}
    entries = [Entry("a", "a", full), Entry("b", "b", none), Entry("c", "c", None, "broken")]
    counts = [count for _, count in distribution(entries)]
    assert (counts[0], counts[-1], sum(counts)) == (1, 1, 2)
