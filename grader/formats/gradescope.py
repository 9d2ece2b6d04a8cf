"""Gradescope's `results.json` (its autograder specification, "Output format").

Every criterion is a test with its points; the total is their sum, so no overall score is given
that could differ from it. Criteria that could not be judged have no points and are no failures.
"""

from __future__ import annotations

from typing import Any

from .feedback import Document, counts, passed, text, words


def results(document: Document, *, details: bool = True) -> dict[str, Any]:
    """The content of `/autograder/results/results.json`."""
    return {
        "output": f"Score {document['score']:g} of {document['max_score']:g}, "
        f"seed {document['seed']}, sandbox: {document['sandbox']}.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(document["seconds"]),
        "extra_data": {"seed": document["seed"], "environment": document["environment"]},
        "tests": [
            _test(number, criterion, details)
            for number, criterion in enumerate(document["criteria"], start=1)
        ],
    }


def _test(number: int, criterion: dict[str, Any], details: bool) -> dict[str, Any]:
    judged = counts(criterion)
    return {
        "number": str(number),
        "name": f"{criterion['id']}: {criterion['title']}",
        "score": criterion["points"] if judged else 0,
        "max_score": criterion["max_points"] if judged else 0,
        "status": "passed" if passed(criterion) or not judged else "failed",
        "output": f"{words(criterion)}\n{text(criterion, details=details)}",
        "tags": [criterion["lab"], criterion["part"]],
        "visibility": "visible",
        "extra_data": {"outcome": criterion["outcome"]},
    }
