"""One self-contained HTML page for a class: everybody, every criterion, and what went wrong.

Jinja2 was chosen because it escapes by default, so that nothing a student wrote becomes part of the
page. The page needs no network; its script sorts and filters what is there without it, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..outcomes import Outcome
from .feedback import Criterion, Document, counts, passed, readable, text, words

TEMPLATES = Path(__file__).parent / "templates"
LETTERS = {
    "passed": "✓",
    "failed": "✗",
    "not_implemented": "n",
    "errored": "!",
    "timed_out": "T",
    "crashed": "C",
    "blocked": "·",
    "skipped": "s",
    "grader_error": "?",
}
BINS = 10


@dataclass(frozen=True)
class Entry:
    """One student of the page; without a document, `said` tells why there is none."""

    student: str
    submission: str
    document: Document | None
    said: str = ""

    @property
    def share(self) -> float | None:
        """Points earned, as a share of those that could be earned."""
        if self.document is None or not self.document["max_score"]:
            return None
        return float(self.document["score"]) / float(self.document["max_score"])


@dataclass(frozen=True)
class Rate:
    """How a criterion went in the class."""

    id: str
    title: str
    failed: int  # by themselves
    blocked: int  # by something that failed before
    judged: int
    cause: str

    @property
    def share(self) -> float:
        """Of those whose submission was judged, how many failed by themselves."""
        return self.failed / self.judged if self.judged else 0.0


def class_page(title: str, entries: Sequence[Entry], notes: Sequence[str], *, details: bool) -> str:
    """The page. `notes` say how it was graded: the sandbox, the seed, the versions."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = words
    environment.globals["letters"] = LETTERS
    environment.globals["outcomes"] = [outcome.value for outcome in Outcome]
    page = environment.get_template("class.html").render(
        title=title,
        entries=entries,
        notes=notes,
        criteria=_columns(entries),
        rates=rates(entries),
        bins=distribution(entries),
        explain=lambda criterion: text(criterion, details=details),
        to_mend=lambda document: [one for one in document["criteria"] if _to_mend(one)],
        by_id=lambda document: {one["id"]: one for one in document["criteria"]},
    )
    return readable(page)


def rates(entries: Iterable[Entry]) -> list[Rate]:
    """The criteria, those first that most submissions failed, each with its usual cause."""
    found: dict[str, list[Criterion]] = {}
    for entry in entries:
        for criterion in entry.document["criteria"] if entry.document else ():
            found.setdefault(criterion["id"], []).append(criterion)
    made = []
    for id, members in found.items():
        judged = [one for one in members if counts(one)]
        red = [one for one in judged if _to_mend(one)]
        blocked = sum(one["outcome"] == Outcome.BLOCKED.value for one in judged)
        title, cause = members[0]["title"], _usual_cause(red)
        made.append(Rate(id, title, len(red), blocked, len(judged), cause))
    return sorted(made, key=lambda rate: (-rate.share, -rate.blocked, rate.id))


def distribution(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """How many submissions earned which tenth of the points."""
    shares = [entry.share for entry in entries if entry.share is not None]
    tally = Counter(min(int(share * BINS), BINS - 1) for share in shares)
    return [(f"{100 * k // BINS}-{100 * (k + 1) // BINS} %", tally[k]) for k in range(BINS)]


def _columns(entries: Iterable[Entry]) -> list[tuple[str, str]]:
    """Id and title of every criterion that a submission was judged by, in order."""
    seen: dict[str, str] = {}
    for entry in entries:
        for criterion in entry.document["criteria"] if entry.document else ():
            seen.setdefault(criterion["id"], criterion["title"])
    return list(seen.items())


def _to_mend(criterion: Criterion) -> bool:
    return not passed(criterion) and criterion["outcome"] not in ("blocked", "skipped")


def _usual_cause(red: list[Criterion]) -> str:
    """The likeliest explanation: the most frequent cause, or else the most frequent requirement."""
    causes = Counter(filter(None, map(_cause, red)))
    return causes.most_common(1)[0][0] if causes else ""


def _cause(criterion: Criterion) -> str:
    lines: list[str] = criterion["message"].split("\n")
    named = [line for line in lines if line.startswith("Likely cause: ")]
    return named[0].removeprefix("Likely cause: ") if named else lines[0]
