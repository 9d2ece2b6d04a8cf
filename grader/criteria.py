"""The criteria of a run: which are expected, what came of each, and what each waits for."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from .labs import LabSpec
from .outcomes import BLOCKING, OURS, Outcome, Result

SCHEMA = "lstm-lab/result/v1"
NOT_RUN = "The run ended before this check had a result."


def marker_of(item: pytest.Item) -> dict[str, Any] | None:
    """The arguments of the item's `criterion` marker, or None for an ordinary test."""
    marker = item.get_closest_marker("criterion")
    return None if marker is None else dict(marker.kwargs)


def blank_result(item: pytest.Item, marker: dict[str, Any]) -> Result:
    """The criterion's result before it has run: it counts as crashed until it has one."""
    lab, part, _ = marker["id"].split(".", 2)
    doc = getattr(getattr(item, "function", None), "__doc__", None) or item.name
    return Result(
        id=marker["id"],
        lab=lab,
        part=part,
        title=doc.strip().splitlines()[0],
        section=marker["section"],
        max_points=marker["points"],
        hint=marker["hint"],
        required=NOT_RUN,
    )


def asked_for(item: pytest.Item, id: str, spec: LabSpec, option: Any) -> bool:
    """Whether the options ask for the criterion; `-k` and `-m` may still leave it out.

    A part on request has to be named: by `--part`, by one of its criteria, or by its mark.
    """
    part = id.split(".")[1]
    if id not in (option.criterion or [id]) or part not in (option.part or [part]):
        return False
    marked = any(mark.name in option.markexpr for mark in item.iter_markers())
    return part not in spec.on_request or bool(option.part or option.criterion) or marked


def in_order(items: list[pytest.Item], labs: dict[str, LabSpec]) -> list[pytest.Item]:
    """Labs by name, parts as the lab names them, then file order: prerequisites come first."""

    def key(item: pytest.Item) -> tuple[str, int]:
        marker = marker_of(item)
        if marker is None:
            return "", 0
        lab, part, _ = marker["id"].split(".", 2)
        parts = labs[lab].parts if lab in labs else ()
        return lab, parts.index(part) if part in parts else len(parts)

    return sorted(items, key=key)


@dataclass
class Board:
    """All results of a run, in order; every expected id is there from the beginning."""

    results: dict[str, Result] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    broken_modules: dict[str, dict[str, str]] = field(default_factory=dict)

    def expect(self, results: Iterable[Result]) -> None:
        """Announce the criteria of this run. Raises pytest.UsageError if an id is taken twice."""
        for result in results:
            if result.id in self.results:
                raise pytest.UsageError(f"two checks have the id {result.id}")
            self.results[result.id] = result

    def give_up(self, reason: str) -> None:
        """Nothing can be judged: every criterion becomes the grader's own failure."""
        for result in self.results.values():
            result.outcome, result.required, result.got = Outcome.GRADER_ERROR, OURS, reason

    def red_line(
        self, id: str, patterns: Iterable[str], outcomes: Container[Outcome] = BLOCKING
    ) -> str | None:
        """The root cause among the criteria that match and have such an outcome, or None."""
        for pattern in patterns:
            for other, result in self.results.items():
                if other == id or other not in self.done or not fnmatchcase(other, pattern):
                    continue
                if result.outcome in outcomes:
                    return self.root_of(result)
        return None

    def root_of(self, result: Result) -> str:
        """The id of the red line behind a blocked result."""
        return result.where if result.outcome is Outcome.BLOCKED else result.id

    @property
    def score(self) -> float:
        """Points earned."""
        return sum(result.points for result in self.results.values())

    @property
    def max_score(self) -> float:
        """Points that could be earned; a criterion that could not be judged does not count."""
        left_out = (Outcome.SKIPPED, Outcome.GRADER_ERROR)
        return sum(
            result.max_points for result in self.results.values() if result.outcome not in left_out
        )


def write_result(path: Path, board: Board, header: dict[str, Any]) -> None:
    """Write the result file, whole or not at all (docs/result-file.md)."""
    document = {
        "schema": SCHEMA,
        **header,
        "score": board.score,
        "max_score": board.max_score,
        "criteria": [result.as_dict() for result in board.results.values()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=True, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def environment() -> dict[str, str]:
    """The versions that a verdict may depend on."""
    import hypothesis
    import torch

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "pytest": pytest.__version__,
        "hypothesis": hypothesis.__version__,
        "platform": platform.platform(),
        "machine": platform.machine(),
    }
