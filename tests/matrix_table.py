"""docs/matrix.md from logs of `tests.matrix`: `python -m tests.matrix_table LOG... > FILE`."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.matrix import RED

INTRODUCTION = """\
# Known submissions against the checks

Made by `make proof` from the submissions in `fixtures/submissions/`; do not edit. A right
submission passes every criterion; one with a mistake fails the criteria that it names and no
others, beside those that are blocked by them; a hostile one passes nothing that the same mistake
without the trick does not. *As named* counts the runs, each with a seed of its own, in which that
was so. Mistakes run against the checks of the part that they are made in.
"""


def load(paths: list[str]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The runs in the logs, by kind and name."""
    runs = defaultdict(list)
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            runs[row["kind"], row["name"]].append(row)
    return runs


def red(rows: list[dict[str, Any]]) -> list[str]:
    """The criteria that failed by themselves in any of the runs, as `part.claim`."""
    ids = {id for row in rows for id, outcome in row["outcomes"].items() if outcome in RED}
    return sorted(id.split(".", 1)[1] for id in ids)


def table(runs: dict[tuple[str, str], list[dict[str, Any]]], kind: str) -> list[str]:
    """A Markdown table of one kind of submission."""
    with_red = kind in ("buggy", "hostile")
    lines = ["| submission | what it is | as named |" + " red |" * with_red]
    lines.append("|---|---|---:|" + "---|" * with_red)
    for (_, name), rows in sorted(item for item in runs.items() if item[0][0] == kind):
        good = sum(not row["problem"] for row in rows)
        about = rows[0]["about"].replace("|", "\\|")
        ids = ", ".join(f"`{id}`" for id in red(rows))
        lines.append(f"| {name} | {about} | {good} of {len(rows)} |" + f" {ids} |" * with_red)
    return lines


def caught(runs: dict[tuple[str, str], list[dict[str, Any]]]) -> list[str]:
    """For each criterion, how many mistakes fail it."""
    counts: dict[str, int] = defaultdict(int)
    every = dict.fromkeys(id for rows in runs.values() for row in rows for id in row["outcomes"])
    for (kind, _), rows in runs.items():
        for claim in red(rows) if kind == "buggy" else ():
            counts[claim] += 1
    lines = ["| criterion | mistakes that fail it |", "|---|---:|"]
    return lines + [f"| `{id}` | {counts[id.split('.', 1)[1]]} |" for id in every]


def main() -> None:
    """Print the document."""
    runs = load(sys.argv[1:])
    titles = {
        "accepted": "Right submissions",
        "buggy": "Submissions with one mistake",
        "hostile": "Submissions that try to cheat",
        "template": "The template",
    }
    print(INTRODUCTION)
    for kind, title in titles.items():
        rows = [row for (of, _), group in runs.items() if of == kind for row in group]
        if rows:
            good = sum(not row["problem"] for row in rows)
            print(f"## {title}\n\n{good} of {len(rows)} runs as named.\n")
            print("\n".join(table(runs, kind)) + "\n")
    print("## Criteria\n\n" + "\n".join(caught(runs)))


if __name__ == "__main__":
    main()
