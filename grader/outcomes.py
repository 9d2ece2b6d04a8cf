"""What can come of a check, never conflated, and the exceptions that say so on the judge's side."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outcome(str, Enum):
    """The verdict on one criterion. Only PASSED earns points."""

    PASSED = "passed"
    FAILED = "failed"  # a wrong answer
    NOT_IMPLEMENTED = "not_implemented"  # the template's empty body
    ERRORED = "errored"  # the student's code raised an exception
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"  # the worker died, or there is no result
    BLOCKED = "blocked"  # a prerequisite failed
    SKIPPED = "skipped"  # needs something this machine lacks
    GRADER_ERROR = "grader_error"  # ours: never costs points


# A prerequisite with one of these outcomes blocks what depends on it. Behind an empty body the
# dependents run all the same, to say where they are still to be written too; else they are blocked.
BLOCKING = frozenset(
    {Outcome.FAILED, Outcome.ERRORED, Outcome.TIMED_OUT, Outcome.CRASHED, Outcome.BLOCKED}
)


MAX_TEXT = 6_000  # characters of a result's texts; the report shows far less
GRADER_FAILED = 3  # exit status: the grader itself failed
USAGE_ERROR = 4  # exit status, as pytest has it: a path or option that cannot be used
OURS = "The grader failed here; this is not your mistake and costs no points."


@dataclass(frozen=True)
class Frame:
    """A place in the submission: a file relative to the lab's folder, a line and its text."""

    file: str
    line: int
    function: str
    source: str

    def __str__(self) -> str:
        in_notebook = ".ipynb, cell " in self.file
        place = f"{self.file}, line {self.line}" if in_notebook else f"{self.file}:{self.line}"
        return f"{place} in {self.function}"


class SubmissionProblem(Exception):
    """Something the submission's process did; `outcome` names it."""

    outcome = Outcome.ERRORED


class StudentError(SubmissionProblem):
    """The submission's code raised an exception; its types by name, most derived first."""

    def __init__(
        self, types: list[str], message: str, frames: list[Frame], module: str | None = None
    ) -> None:
        super().__init__(f"{types[0]}: {message}")
        self.type_names, self.message, self.frames, self.module = types, message, frames, module

    @property
    def outcome(self) -> Outcome:  # type: ignore[override]  # depends on what was raised
        """NOT_IMPLEMENTED for an empty body, ERRORED for everything else.

        Torch raises NotImplementedError too, for an operation on a wrong dtype or device.
        """
        if self.frames:
            own = "raise" in self.frames[-1].source
        else:
            own = "not implemented for '" not in self.message
        empty = own and "NotImplementedError" in self.type_names
        return Outcome.NOT_IMPLEMENTED if empty else Outcome.ERRORED


class TimedOut(SubmissionProblem):
    """The submission did not answer within the check's time."""

    outcome = Outcome.TIMED_OUT


class Crashed(SubmissionProblem):
    """The submission's process died, hung up, or answered with something that is no answer."""

    outcome = Outcome.CRASHED


def no_such_name(types: list[str], module: str, name: str) -> StudentError:
    """A file that lacks something the check asks for."""
    return StudentError(types, f"{module}.py defines no `{name}`", [], None)


def no_such_function(module: str, name: str, kind: str) -> StudentError:
    """A name that the contract gives to a function or a class, and that stands for data."""
    said = f"`{name}` of {module}.py is {kind}, no function and no class"
    return StudentError(["TypeError"], said, [], None)


def student_error(raised: Any) -> StudentError:
    """The exception that a worker reports; nothing in the report is believed to be well formed."""
    if not isinstance(raised, dict):
        raise Crashed("the process sent a malformed report of an exception")
    types = [kind[:120] for kind in _list(raised.get("types"))[:32] if isinstance(kind, str)]
    frames = [
        Frame(_short(row, "file"), line, _short(row, "function"), _short(row, "source"))
        for row in _list(raised.get("frames"))[:8]
        if isinstance(row, dict) and type(line := row.get("line")) is int
    ]
    module, message = raised.get("module"), raised.get("message")
    return StudentError(
        types or ["Exception"],
        message[:4000] if isinstance(message, str) else "",
        frames,
        module[:200] if isinstance(module, str) else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(row: dict[Any, Any], key: str) -> str:
    text = row.get(key)
    return text[:200] if isinstance(text, str) else ""


class Blocked(Exception):
    """A prerequisite did not hold; `cause` is the id of the check that shows it."""

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


class GraderError(Exception):
    """The engine or the machine failed; the submission is not to blame."""


@dataclass
class Result:
    """One criterion's verdict, with everything a report needs."""

    id: str
    lab: str
    part: str
    title: str
    section: str
    max_points: float
    hint: str
    outcome: Outcome = Outcome.CRASHED
    seconds: float = 0.0
    required: str = ""
    given: str = ""
    expected: str = ""
    got: str = ""
    cause: str = ""
    where: str = ""
    output: str = ""
    figures: str = ""  # what the check measured, whatever its verdict
    frames: list[Frame] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Points earned."""
        return self.max_points if self.outcome is Outcome.PASSED else 0.0

    @property
    def message(self) -> str:
        """What a student reads, without `expected` and `got`, which have fields of their own."""
        parts = [self.required]
        if self.given:
            parts.append(f"Input: {self.given}")
        if self.cause:
            parts.append(f"Likely cause: {self.cause}")
        if self.figures:
            parts.append(f"Measured:\n{self.figures}")
        if self.output:
            parts.append(f"Your code printed: {self.output}")
        return "\n".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """The entry in a result file (docs/result-file.md); texts are cut to `MAX_TEXT`."""
        entry = {
            "id": self.id,
            "lab": self.lab,
            "part": self.part,
            "title": self.title,
            "section": self.section,
            "outcome": self.outcome.value,
            "points": self.points,
            "max_points": self.max_points,
            "seconds": round(self.seconds, 3),
            "message": self.message,
            "expected": self.expected,
            "got": self.got,
            "hint": self.hint,
            "where": self.where,
        }
        return {key: _bounded(value) for key, value in entry.items()}


def _bounded(value: Any) -> Any:
    if not isinstance(value, str) or len(value) <= MAX_TEXT:
        return value
    return f"{value[:MAX_TEXT]} ... ({len(value)} characters)"
