"""Property tests: inputs that Hypothesis draws and, where a check fails, makes as simple as it can.

Hypothesis was chosen because it knows which texts and sizes break programs, and finds the smallest
that does. The engine seeds it for each check from the run seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from checks.support.inputs import ALPHABETS, SMALLEST, distinct_text

SIMPLEST_FIRST = (Phase.explicit, Phase.generate, Phase.shrink)


def for_all(examples: int, *fixed: dict[str, Any], **inputs: st.SearchStrategy[Any]) -> Any:
    """Run a check on the `fixed` inputs, then on so many drawn ones.

    The time limit is the engine's; the `lab` of a check is one worker for all its examples.
    """

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        for values in reversed(fixed):
            check = example(**values)(check)
        profile = settings(
            max_examples=examples,
            phases=SIMPLEST_FIRST,
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        return profile(given(**inputs)(check))

    return decorate


def any_text() -> st.SearchStrategy[str]:
    """Texts of at least one character, over one alphabet or over all of Unicode."""
    of_one_alphabet = st.sampled_from(ALPHABETS).flatmap(
        lambda letters: st.text(letters, min_size=1, max_size=60)
    )
    # surrogates are no characters, and no text holds NUL
    of_unicode = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    return of_one_alphabet | st.text(of_unicode, min_size=1, max_size=40)


# One-character texts, and one with more characters than fit in a byte.
FIXED_TEXTS = [{"text": text} for text in (*SMALLEST, distinct_text(400, seed=0))]


def sizes(**most: int) -> dict[str, st.SearchStrategy[int]]:
    """A size from 1 to `most` for each name."""
    return {name: st.integers(1, largest) for name, largest in most.items()}
