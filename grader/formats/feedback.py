"""What a student is told of one criterion, as plain text; every format says the same."""

from __future__ import annotations

import re
from typing import Any

from ..outcomes import Outcome

Document = dict[str, Any]  # a result file
Criterion = dict[str, Any]  # one of its criteria

GIVES_ADVICE = frozenset(
    {"failed", "errored", "timed_out", "crashed", "not_implemented"}  # something of the student's
)

# Half of a pair stands for a byte in a file's name that is no text; no file in UTF-8 can hold it
_HALF = re.compile("[\ud800-\udfff]")


def readable(value: str) -> str:
    """The text as any file can hold it."""
    return _HALF.sub("\ufffd", value)


def words(criterion: Criterion) -> str:
    """The outcome as a reader's words."""
    return Outcome(criterion["outcome"]).value.replace("_", " ")


def passed(criterion: Criterion) -> bool:
    """Whether the criterion earned its points."""
    return bool(criterion["outcome"] == Outcome.PASSED.value)


def counts(criterion: Criterion) -> bool:
    """Whether its points could be earned: not if it was skipped, or if the grader failed."""
    return criterion["outcome"] not in (Outcome.SKIPPED.value, Outcome.GRADER_ERROR.value)


def text(criterion: Criterion, *, details: bool = True) -> str:
    """What was required, what came instead, where, and what to do.

    Without `details` neither the input nor expected nor actual values are told, as for checks
    whose inputs are not to be known.
    """
    lines = [criterion["title"]]
    if criterion["outcome"] == Outcome.BLOCKED.value:
        return readable("\n".join([*lines, f"Not judged: {criterion['where']} failed first."]))
    if criterion["message"]:
        message = criterion["message"] if details else criterion["message"].split("\n")[0]
        lines.append(message)
    for label, name in (("Expected", "expected"), ("Got", "got")):
        if details and criterion[name]:
            lines.append(f"{label}: {criterion[name]}")
    if criterion["where"]:
        lines.append(f"Look at: {criterion['where']}")
    if criterion["outcome"] in GIVES_ADVICE:
        lines.append(f"What to do: {criterion['hint']}")
    return readable("\n".join(lines))
