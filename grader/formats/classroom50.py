"""Classroom 50's `result.json`, schema `classroom50/result/v1`.

Scores there are integers. A lab's points are integers too, and so are all sums of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .feedback import Document, counts, passed, text

SCHEMA = "classroom50/result/v1"
IDENTITY = ("classroom", "assignment", "owner", "submission", "commit", "release")


def result(
    document: Document, identity: Mapping[str, str], datetime: str, *, details: bool = True
) -> dict[str, Any]:
    """The content of `result.json`.

    `identity` holds what the platform tells of the submission, under the names of `IDENTITY`; what
    it lacks is empty. `datetime` is when the grading ended, ISO 8601.
    """
    return {
        "schema": SCHEMA,
        **{name: identity.get(name, "") for name in IDENTITY[:2]},
        "assignment_type": "individual",
        **{name: identity.get(name, "") for name in IDENTITY[2:]},
        "review": "",
        "datetime": datetime,
        "score": round(document["score"]),
        "max-score": round(document["max_score"]),
        "tests": [
            {
                "test-name": criterion["id"],
                "passed": passed(criterion),
                "score": round(criterion["points"]),
                "max-score": round(criterion["max_points"]),
                "outcome": criterion["outcome"],
                "feedback": text(criterion, details=details),
            }
            for criterion in document["criteria"]
            if counts(criterion)
        ],
    }
