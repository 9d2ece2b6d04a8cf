"""What a student reads in the terminal: a table by part, then one block per thing to fix.

`table`, `blocks` and `as_text` are pure functions of results. `CriteriaReporter` puts them in the
place of pytest's own report, whose tracebacks would show the checks' code.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.terminal import TerminalReporter

from .outcomes import Outcome, Result

if TYPE_CHECKING:
    from .plugin import Grading

LETTERS = {
    Outcome.PASSED: ".",
    Outcome.FAILED: "F",
    Outcome.NOT_IMPLEMENTED: "n",
    Outcome.ERRORED: "E",
    Outcome.TIMED_OUT: "T",
    Outcome.CRASHED: "C",
    Outcome.BLOCKED: "b",
    Outcome.SKIPPED: "s",
    Outcome.GRADER_ERROR: "G",
}
COLOURS = {
    Outcome.PASSED: "green",
    Outcome.BLOCKED: "yellow",
    Outcome.SKIPPED: "yellow",
    Outcome.NOT_IMPLEMENTED: "cyan",
    Outcome.GRADER_ERROR: "purple",
}
MAX_BLOCK_FIELD = 1200  # characters


def words(outcome: Outcome) -> str:
    """The outcome as a reader's words."""
    return outcome.value.replace("_", " ")


def columns() -> int:
    """The width to write for: the terminal's, at most 100; 80 where there is none."""
    return max(60, min(shutil.get_terminal_size((80, 24)).columns, 100))


def table(results: Iterable[Result], width: int = 80) -> list[tuple[str, Outcome | None]]:
    """The rows of the table, each with the outcome that colours it."""
    rows: list[tuple[str, Outcome | None]] = []
    for (lab, part), group in groupby(results, key=lambda result: (result.lab, result.part)):
        members = list(group)
        earned = sum(result.points for result in members)
        full = sum(result.max_points for result in members)
        title = f"{lab} / {part}"
        rows.append(("", None))
        rows.append((f"{title:<{width - 13}}{earned:>5g} /{full:>4g} ", None))
        room = width - 2 - 16 - 12
        for result in members:
            claim = result.id.split(".", 2)[2]
            points = f"{result.points:>5g} /{result.max_points:>4g}"
            text = f"  {_cut(claim, room):<{room}}{words(result.outcome):<15} {points}"
            rows.append((text, result.outcome))
    return rows


def blocks(results: Iterable[Result], width: int = 80) -> list[str]:
    """One block of text for each result that is neither passed, blocked nor skipped."""
    quiet = (Outcome.PASSED, Outcome.BLOCKED, Outcome.SKIPPED)
    chosen = [result for result in results if result.outcome not in quiet]
    empty = [result for result in chosen if result.outcome is Outcome.NOT_IMPLEMENTED]
    rest = [result for result in chosen if result.outcome is not Outcome.NOT_IMPLEMENTED]
    texts = [as_text(result, width) for result in rest]
    if empty:
        texts.append(_still_to_write(empty, width))
    return texts


def as_text(result: Result, width: int = 80) -> str:
    """Everything that a student needs for one criterion."""
    lines = [f"{result.id} - {words(result.outcome)}", *_wrapped("", result.required, width)]
    for label, text in (
        ("input", result.given),
        ("expected", result.expected),
        ("got", result.got),
        ("likely cause", result.cause),
        ("look at", "" if result.outcome is Outcome.BLOCKED else result.where),
    ):
        lines += _wrapped(label, text, width)
    for frame in result.frames:
        lines += [f"    {frame}", f"        {frame.source}"]
    if result.outcome not in (Outcome.BLOCKED, Outcome.SKIPPED, Outcome.GRADER_ERROR):
        lines += _wrapped("what to do", result.hint, width)
    lines += _wrapped("it printed", result.output, width)
    return "\n".join(_printable(line) for line in lines)


def summary(results: list[Result]) -> str:
    """One line: how many of each outcome."""
    counts = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    return ", ".join(f"{count} {words(outcome)}" for outcome, count in counts.items() if count)


def _still_to_write(results: list[Result], width: int) -> str:
    """Empty bodies, each once: what to write, and how many criteria wait for it."""
    lines = ["Still to be written:"]
    for message, group in groupby(
        sorted(results, key=lambda result: result.required), key=lambda result: result.required
    ):
        number = len(list(group))
        lines += _wrapped(
            "", f"{message} ({number} {'criteria' if number > 1 else 'criterion'})", width
        )
    return "\n".join(_printable(line) for line in lines)


def _wrapped(label: str, text: str, width: int) -> list[str]:
    if not text:
        return []
    if len(text) > MAX_BLOCK_FIELD:
        text = text[:MAX_BLOCK_FIELD] + f" ... ({len(text)} characters)"
    head = f"  {label + ':':<14}" if label else "  "
    lines: list[str] = []
    for number, line in enumerate(text.splitlines()):
        lines += textwrap.wrap(
            line,
            width,
            initial_indent=head if number == 0 else " " * len(head),
            subsequent_indent=" " * len(head),
            break_long_words=True,
            replace_whitespace=False,
        ) or [""]
    return lines


def _cut(text: str, room: int) -> str:
    return text if len(text) < room else text[: room - 4] + "..."


def _printable(line: str) -> str:
    """No control character of a submission's reaches the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


# ---------------------------------------------------------------------- in pytest's place


def take_over(config: pytest.Config, grading: Grading) -> None:
    """Replace pytest's terminal reporter for this run."""
    old = config.pluginmanager.getplugin("terminalreporter")
    if old is not None:
        config.pluginmanager.unregister(old)
        reporter = CriteriaReporter(config, grading)
        config.pluginmanager.register(reporter, "terminalreporter")


class CriteriaReporter(TerminalReporter):
    """pytest's reporter with a progress line for each part and the criteria's own summary."""

    def __init__(self, config: pytest.Config, grading: Grading) -> None:
        super().__init__(config)
        self.grading = grading
        self._heading = ""

    @property
    def showheader(self) -> bool:
        """pytest's own header only for those who ask for more."""
        return self.verbosity > 0

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Say what is checked, and how."""
        super().pytest_sessionstart(session)
        header = self.grading.header()
        labs = ", ".join(header["labs"])
        self.write_line(f"Checking {header['submission']} ({labs}), seed {header['seed']}")
        walls = {
            "bwrap": "Sandbox: bubblewrap (no network, no sight of other files), limits",
            "none": "Sandbox: none but a process of its own and limits on memory, processes, files",
            "in-process": "Sandbox: none at all (--in-process)",
        }
        self.write_line(walls[header["sandbox"]])
        for name in self.grading.submission.left_out[:5]:
            self.write_line(_printable(f"Left out (a link, or too large): {name}"))
        missing = sorted(set(self.config.option.lab or self.grading.labs) - set(header["labs"]))
        if missing:
            self.write_line(f"Not in this submission: {', '.join(missing)}")

    def pytest_collection(self) -> None:
        """Collecting takes no time worth a line."""

    def report_collect(self, final: bool = False) -> None:
        """See `pytest_collection`."""

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """The progress line names parts, not files."""

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Nothing to add."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the report as pytest does, and add a letter to the line of its part."""
        result: Result | None = getattr(report, "criterion", None)
        if result is None:
            if report.failed:
                self._add_stats(report.outcome, [report])
            return
        self._add_stats(report.outcome, [report])
        self._tests_ran = True
        heading = f"{result.lab} / {result.part}"
        if heading != self._heading:
            self._heading = heading
            self.ensure_newline()
            self.write(f"{heading:<20}")
        colour = COLOURS.get(result.outcome, "red")
        self.write(LETTERS[result.outcome], flush=True, **{colour: True})

    def _add_stats(self, category: str, items: Any) -> None:
        self.stats.setdefault(category, []).extend(items)

    def pytest_terminal_summary(self) -> None:
        """The table, and a block for each thing to fix."""
        width = columns()
        results = list(self.grading.board.results.values())
        self.ensure_newline()
        for row, outcome in table(results, width):
            markup = {COLOURS.get(outcome, "red"): True} if outcome else {"bold": True}
            self.write_line(row, **markup)
        for block in blocks(results, width):
            self.write_line("")
            self.write_line("-" * width)
            for number, line in enumerate(block.split("\n")):
                self.write_line(line, bold=number == 0)
        self._errors_of_pytest()

    def _errors_of_pytest(self) -> None:
        """Checks that could not even be collected: ours, shown in full."""
        self.summary_errors() if any(
            not isinstance(report, pytest.TestReport) for report in self.stats.get("error", [])
        ) else None

    def summary_stats(self) -> None:
        """The last lines: the score, and pytest's own closing line."""
        board = self.grading.board
        results = list(board.results.values())
        blocked = sum(result.outcome is Outcome.BLOCKED for result in results)
        self.write_line("")
        if blocked:
            self.write_line(f"{blocked} blocked: they run once what they build on holds.")
        self.write_line(
            f"Score {board.score:g} of {board.max_score:g}: {summary(results)}", bold=True
        )
        super().summary_stats()

    def short_test_summary(self) -> None:
        """The blocks say it already."""

    def summary_failures(self) -> None:
        """The blocks say it already."""
