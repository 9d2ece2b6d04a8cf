"""The report in the terminal, through pytest's own reporter made quiet.

pytest's tracebacks would show the checks' code; a student needs the verdicts instead.
"""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from .criteria import Board, marker_of
from .outcomes import Outcome
from .report import COLOURS, LETTERS, blocks, by_lab, columns, printable, skipped, summary, table

WALLS = {
    "bwrap": "Sandbox: bubblewrap (no network, no sight of other files), and limits.",
    "none": "Sandbox: none, only a process of its own and limits on memory, files and time.",
    "in-process": "Sandbox: none at all (--in-process).",
}


def quieten(config: pytest.Config) -> None:
    """Have pytest's reporter, which is made after this, print letters and its closing line only."""
    if config.option.verbose == 0:
        config.option.verbose = -1
    config.option.tbstyle = "no"
    config.option.reportchars = "N"


class Terminal:
    """Progress by part while the checks run, then the table and what there is to fix."""

    def __init__(self, reporter: Any, board: Board, notes: list[str]) -> None:
        self.reporter, self.board, self.notes = reporter, board, notes
        self._part, self._parts = "", dict[str, str]()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say what is checked, and how."""
        for item in session.items:
            if marker := marker_of(item):
                self._parts[item.nodeid] = " / ".join(marker["id"].split(".")[:2])
        for note in self.notes:
            for line in textwrap.wrap(printable(note), columns()):
                self.reporter.write_line(line)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Begin a line for each part."""
        part = self._parts.get(nodeid, self._part)
        if part != self._part:
            newline = "\n" if self._part else ""
            self._part = part
            self.reporter.write(f"{newline}{part:<20}", flush=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """The letter of the outcome."""
        result = getattr(report, "criterion", None)
        if result is None:
            return None
        colour = COLOURS.get(result.outcome, "red")
        word = result.outcome.value.upper()
        return report.outcome, LETTERS[result.outcome], (word, {colour: True})

    def pytest_terminal_summary(self) -> None:
        """The table, and a block for each thing to fix."""
        width, results = columns(), list(self.board.results.values())
        write = self.reporter.write_line
        self.reporter.ensure_newline()
        for row, outcome in table(results, width):
            write(row, **({COLOURS.get(outcome, "red"): True} if outcome else {"bold": True}))
        for block in blocks(results, width):
            write("")
            write("-" * width)
            for number, line in enumerate(block.split("\n")):
                write(line, bold=number == 0)
        write("")
        blocked = sum(result.outcome is Outcome.BLOCKED for result in results)
        if blocked:
            write(f"{blocked} blocked: they run once what they build on holds.")
        for reason in skipped(results):
            for line in textwrap.wrap(reason, width):
                write(line)
        for line in by_lab(results, width):
            write(line)
        score = f"Score {self.board.score:g} of {self.board.max_score:g}: {summary(results)}"
        for line in textwrap.wrap(score, width):
            write(line, bold=True)
