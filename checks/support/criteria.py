"""The `criterion` decorator: what turns a test function into a graded claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

Check = TypeVar("Check", bound=Callable[..., None])

# lab.part.claim, in small letters; a claim may carry a number (`temperature-0.7`)
_ID = re.compile(r"[a-z][a-z0-9]*\.[a-z]+\.[a-z][a-z0-9-]*(\.[0-9]+)?")


def criterion(
    id: str,
    *,
    points: int,
    section: str,
    hint: str,
    requires: Sequence[str] = (),
    explained_by: Sequence[str] = (),
    seconds: float = 20,
) -> Callable[[Check], Check]:
    """Mark a test as the graded claim `id`.

    points        what passing it earns
    section       the part of the handout it comes from
    hint          what to look at and change when it fails; never code of the solution
    requires      ids or `fnmatch` patterns of claims that must not have failed, else this is not
                  run and is blocked
    explained_by  ids or patterns of claims of other files that a submission may build on: the
                  check runs, and counts as blocked if it fails and one of them has failed
    seconds       limit for the whole check: a hang detector, not a measure of speed
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"criterion id {id!r} is not of the form lab.part.claim")
    if not isinstance(points, int) or isinstance(points, bool) or points < 1:
        raise ValueError(f"{id}: points must be a positive integer, not {points!r}")
    if not section.strip() or not hint.strip():
        raise ValueError(f"{id}: section and hint must say something")
    for others in (requires, explained_by):
        if isinstance(others, str) or id in others:
            raise ValueError(f"{id}: a sequence of other ids is needed, not {others!r}")
    if seconds <= 0:
        raise ValueError(f"{id}: seconds must be positive, not {seconds!r}")

    def mark(check: Check) -> Check:
        if not (check.__doc__ or "").strip():
            raise ValueError(f"{id}: the docstring is the title a student sees; it is empty")
        return pytest.mark.criterion(
            id=id,
            points=points,
            section=section,
            hint=hint,
            requires=tuple(requires),
            explained_by=tuple(explained_by),
            seconds=seconds,
        )(check)

    return mark
