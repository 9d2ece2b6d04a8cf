"""From what happened while a check ran to the verdict that is reported."""

from __future__ import annotations

import builtins
import traceback
from typing import Any

from hypothesis.errors import Flaky

from .handles import ImportFailed
from .outcomes import OURS, Blocked, Outcome, Result, StudentError, SubmissionProblem

FIELDS = ("required", "given", "expected", "got", "cause", "where")


def judge(result: Result, error: BaseException | None, output: str) -> None:
    """Fill in the outcome and what to say of it; no error means that the check passed."""
    if error is None:
        result.outcome, result.required = Outcome.PASSED, ""
        return
    error = _principal(error)
    if isinstance(error, Blocked):
        result.outcome = Outcome.BLOCKED
        for name in FIELDS:
            setattr(result, name, "")
        result.frames, result.output = [], ""
        result.required = f"Not judged: {error} (see {error.cause})."
        result.where = error.cause
    elif isinstance(error, SubmissionProblem):
        _submission_problem(result, error)
        result.output = output
    elif isinstance(error, AssertionError):
        result.outcome = Outcome.FAILED
        result.output = output
        for name in FIELDS:
            setattr(result, name, str(getattr(error, name, "")))
        result.required = result.required or str(error) or result.title
    else:
        result.outcome = Outcome.GRADER_ERROR
        result.required = OURS
        places = [
            f"{row.filename}:{row.lineno}" for row in traceback.extract_tb(error.__traceback__)
        ]
        result.got = f"{type(error).__name__}: {error}\n" + "\n".join(places[-4:])


# ExceptionGroup is built in since Python 3.11; before, Hypothesis brings the backport's
_GROUPS: tuple[Any, ...] = tuple(
    kind for kind in (getattr(builtins, "BaseExceptionGroup", None),) if kind is not None
)


def _principal(error: BaseException) -> BaseException:
    """The failure itself where Hypothesis wraps it: two examples failed, or one not twice."""
    while isinstance(error, (Flaky, *_GROUPS)):
        inner = [*getattr(error, "exceptions", ()), error.__cause__, error.__context__]
        known = [one for one in inner if one is not None]
        if not known:
            break
        error = known[0]
    return error


def _submission_problem(result: Result, problem: SubmissionProblem) -> None:
    if isinstance(problem, ImportFailed):
        _submission_problem(result, problem.problem)
        _import_problem(result, problem)
        return
    result.outcome = problem.outcome
    if isinstance(problem, StudentError):
        _student_error(result, problem)
        return
    result.required = f"{result.title.rstrip('.')}: {problem}."
    if result.outcome is Outcome.TIMED_OUT:
        result.cause = "a loop without end, or work that grows with every step"


def _student_error(result: Result, error: StudentError) -> None:
    result.frames = error.frames
    if error.frames:
        last = error.frames[-1]
        result.where = str(last)
    if result.outcome is Outcome.NOT_IMPLEMENTED:
        result.required = error.message or "This is still to be written."
        return
    result.got = f"{error.type_names[0]}: {error.message}".rstrip(": ")
    result.required = f"{result.title.rstrip('.')}; your code raised an exception instead."
    if "MemoryError" in error.type_names or "can't allocate memory" in error.message:
        result.required = f"{result.title.rstrip('.')}; your code ran out of memory instead."
        result.cause = "a tensor far larger than the task needs"
    elif "SystemExit" in error.type_names:
        result.required = f"{result.title.rstrip('.')}; your code called sys.exit instead."


def _import_problem(result: Result, failed: ImportFailed) -> None:
    problem = failed.problem
    result.required = f"{failed.reason}."
    if isinstance(problem, StudentError):
        missing = problem.module if "ModuleNotFoundError" in problem.type_names else None
        if missing is None or problem.frames:
            return
        if missing.rpartition(".")[2] == failed.module:
            result.required = f"The submission has no {failed.module}.py."
            result.got = ""
    else:
        result.required = f"{failed.reason}: {problem}."
