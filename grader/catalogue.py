"""The catalogue of criteria, made from the checks: `python -m grader.catalogue [--check] FILE`."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from itertools import groupby
from pathlib import Path

import pytest

from .criteria import blank_result, in_order, marker_of
from .labs import LabSpec, discover
from .outcomes import Result

INTRODUCTION = """\
# Criteria

Made from the checks by `make catalogue`; do not edit. A criterion's check is in
`checks/<lab>/test_<part>*.py`, and its id is `<lab>.<part>.<claim>`.
"""


class _Collector:
    """Receives what pytest collects."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collect(root: Path) -> list[pytest.Item]:
    """All checks below `root/checks`. Raises RuntimeError if one is broken."""
    collector, said = _Collector(), io.StringIO()
    arguments = [str(root / "checks"), f"--rootdir={root}", "--collect-only", "-q"]
    with contextlib.redirect_stdout(said):
        status = pytest.main([*arguments, "-p", "no:cacheprovider"], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise RuntimeError(said.getvalue())
    return collector.items


def catalogue(items: list[pytest.Item], labs: dict[str, LabSpec]) -> str:
    """The document: a table for each part of each lab."""
    results: list[Result] = []
    for item in in_order(items, labs):
        if marker := marker_of(item):
            results.append(blank_result(item, marker))
    lines = [INTRODUCTION]
    for lab, of_lab in groupby(results, key=lambda result: result.lab):
        members = list(of_lab)
        always = [result for result in members if result.part not in labs[lab].on_request]
        points = sum(result.max_points for result in always)
        lines.append(f"## {lab}: {labs[lab].title}\n")
        lines.append(f"{len(always)} criteria, {points:g} points.\n")
        for part, of_part in groupby(members, key=lambda result: result.part):
            note = ", where it is asked for by name" if part in labs[lab].on_request else ""
            lines += [f"### {part}{note}\n", "| criterion | points | claim |", "|---|---:|---|"]
            for result in of_part:
                claim = result.title.replace("|", "\\|")
                lines.append(f"| `{result.id}` | {result.max_points:g} | {claim} |")
            lines.append("")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command; exit status 1 if `--check` finds the file out of date."""
    parser = argparse.ArgumentParser(prog="python -m grader.catalogue", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args(arguments)
    root = Path(__file__).parent.parent
    text = catalogue(collect(root), discover(root / "checks"))
    if not options.check:
        options.file.write_text(text, encoding="utf-8")
    elif not options.file.exists() or options.file.read_text(encoding="utf-8") != text:
        print(f"{options.file} is out of date: run `make catalogue`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
