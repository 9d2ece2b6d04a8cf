"""Asking a submission for a measure, and judging the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.support.diagnosis import likely_cause
from checks.support.judge import as_list, as_number, as_pair, assert_close, describe, reject
from checks.textmetrics import definitions

# The handout gives its known values to three decimals, and so may a submission; single precision is
# off by less. Of two decimals 1/3 or 3/8 is off by 0.003 and more.
THREE_DECIMALS = 6e-4

# Whoever measures a text may take its words from a helper that the measures of words use too: these
# claims show what is wrong with that.
OF_SPLITTING = (
    "textmetrics.words.vocabulary-size",
    "textmetrics.words.case",
    "textmetrics.words.white-space",
    "textmetrics.words.punctuation",
    "textmetrics.words.long",
)

Call = tuple[str, Sequence[Any], dict[str, Any]]  # function, arguments, options


def in_words(call: Call) -> str:
    """The call as a student would type it."""
    name, arguments, options = call
    shown = [*map(repr, arguments), *(f"{key}={value!r}" for key, value in options.items())]
    text = f"{name}({', '.join(shown)})"
    return text if len(text) <= 400 else f"{text[:400]}... ({len(text)} long)"


def measure(lab: Any, name: str, *arguments: Any, **options: Any) -> float:
    """The number that the submission's function gives."""
    __tracebackhide__ = True
    value = getattr(lab.metrics, name)(*arguments, **options)
    return as_number(value, f"`{name}`", given=in_words((name, arguments, options)))


def assert_measure(
    lab: Any,
    expected: float,
    name: str,
    *arguments: Any,
    suspects: Mapping[str, float] | None = None,
    cause: str = "",
    **options: Any,
) -> None:
    """`name(*arguments, **options)` must be `expected`; `suspects` are what mistakes would give."""
    __tracebackhide__ = True
    got = measure(lab, name, *arguments, **options)
    assert_close(
        got,
        expected,
        f"`{name}`",
        atol=THREE_DECIMALS,
        given=in_words((name, arguments, options)),
        cause=likely_cause(got, suspects or {}) or cause,
    )


def answers(lab: Any, calls: Sequence[Call], kind: str) -> list[Any]:
    """What each call gives, asked all at once; none may raise, whatever the text."""
    __tracebackhide__ = True
    asked = [[getattr(lab.metrics, name), list(args), options] for name, args, options in calls]
    found = []
    pairs = as_list(lab.probes.attempts(asked), "the answers", length=len(calls))
    for call, pair in zip(calls, pairs, strict=True):
        fine, value = as_pair(pair, "an answer", given=in_words(call))
        if fine is not True:
            reject(
                f"`{call[0]}` must give {kind} for any text",
                given=in_words(call),
                got=value if isinstance(value, str) else describe(value),
                cause="0/0 is to be 0.0" if "ZeroDivision" in str(value) else "",
            )
        found.append(value)
    return found


def numbers(lab: Any, calls: Sequence[Call]) -> list[float]:
    """The number that each call gives; none may raise, whatever the text."""
    __tracebackhide__ = True
    found = zip(calls, answers(lab, calls, "a number"), strict=True)
    return [as_number(value, f"`{call[0]}`", given=in_words(call)) for call, value in found]


def assert_defined(lab: Any, calls: Sequence[Call], cause: str = "") -> None:
    """Each call must give, without raising, the number that the definition gives."""
    __tracebackhide__ = True
    for call, got in zip(calls, numbers(lab, calls), strict=True):
        assert_one_of(got, right_values(call), call, cause=cause)


def right_values(call: Call) -> list[float]:
    """What the call may give: one number, but for what the contract leaves open."""
    name, arguments, options = call
    values = [float(getattr(definitions, name)(*arguments, **options))]
    if name == "sliding_ttr" and len(definitions.words(arguments[0])) < options["window"]:
        values.append(0.0)  # a text shorter than the window has no window, or is one
    return values


def assert_one_of(got: float, allowed: Sequence[float], call: Call, cause: str = "") -> None:
    """What a call gave must be one of these numbers."""
    __tracebackhide__ = True
    if not any(abs(got - value) <= THREE_DECIMALS for value in allowed):
        reject(
            f"`{call[0]}` must have the right value",
            given=in_words(call),
            expected=" or ".join(f"{value:.6g}" for value in dict.fromkeys(allowed)),
            got=f"{got:.6g}",
            cause=cause,
        )
