"""docs/matrix.md and docs/matrix/<lab>.md: `python -m tests.matrix_table LOG... --out docs`."""

from __future__ import annotations

import argparse
from collections import defaultdict
from itertools import chain
from pathlib import Path

from tests.cases import LABS, Case, buggy
from tests.matrix import choose, usual_parts
from tests.runs import RED, Row, load, save

INTRODUCTION = """\
# Known submissions against the checks

Made by `make proof` from the submissions in `fixtures/submissions/`; do not edit. A right
submission passes every criterion; one with a mistake fails the criteria that it names and no
others, beside those that are blocked by them; a hostile one passes nothing that the same mistake
without the trick does not. *As named* counts the runs, each with a seed of its own, in which that
was so. Mistakes run against the checks of the part that they are made in.

`matrix/runs.jsonl.xz` holds every run, part by part. What it holds of a submission or of a part's
checks that have changed since does not count, and a run that lacks a part for that reason is not in
the tables until `make proof` has made the part again.
"""

Rows = list[Row]

TITLES = {
    "accepted": "Right submissions",
    "buggy": "Submissions with one mistake",
    "hostile": "Submissions that try to cheat",
    "template": "The template",
}


def of_kind(rows: Rows, kind: str) -> dict[str, Rows]:
    """The runs of one kind of submission, by its name."""
    named = defaultdict(list)
    for row in rows:
        if row["kind"] == kind:
            named[row["name"]].append(row)
    return dict(sorted(named.items()))


def good(rows: Rows) -> str:
    """In how many of the runs the outcome was as named."""
    return f"{sum(not row['problem'] for row in rows)} of {len(rows)}"


def red(rows: Rows) -> list[str]:
    """The criteria that failed by themselves in any of the runs, as `part.claim`."""
    ids = {id for row in rows for id, outcome in row["outcomes"].items() if outcome in RED}
    return sorted(id.split(".", 1)[1] for id in ids)


def whole(rows: Rows, cases: list[Case]) -> Rows:
    """The parts of each run put together; a run that lacks one that belongs to it is left out."""
    named = {(case.kind, case.name): case for case in cases}
    runs: dict[tuple[str, str, int], Rows] = defaultdict(list)
    for row in rows:
        runs[row["kind"], row["name"], row["seed"]].append(row)
    merged = []
    for (kind, name, _), parts in runs.items():
        if usual_parts(named[kind, name]) <= {row["part"] for row in parts}:
            outcomes = {id: outcome for row in parts for id, outcome in row["outcomes"].items()}
            problem = "; ".join(row["problem"] for row in parts if row["problem"])
            merged.append({**parts[0], "outcomes": outcomes, "problem": problem})
    return merged


def table(rows: Rows, kind: str) -> list[str]:
    """A Markdown table of one kind of submission."""
    with_red = kind in ("buggy", "hostile")
    lines = ["| submission | what it is | as named |" + " red |" * with_red]
    lines.append("|---|---|---:|" + "---|" * with_red)
    for name, runs in of_kind(rows, kind).items():
        about = runs[0]["about"].replace("|", "\\|")
        ids = ", ".join(f"`{id}`" for id in red(runs))
        lines.append(f"| {name} | {about} | {good(runs)} |" + f" {ids} |" * with_red)
    return lines


def mistakes(rows: Rows) -> dict[str, int]:
    """For each criterion, how many submissions with one mistake fail it."""
    counts = dict.fromkeys((id for row in rows for id in row["outcomes"]), 0)
    for runs in of_kind(rows, "buggy").values():
        for claim in red(runs):
            counts[f"{runs[0]['lab']}.{claim}"] += 1
    return counts


def page(lab: str, rows: Rows) -> str:
    """The document of one lab."""
    lines = [f"# Known submissions of {lab}\n", "See [../matrix.md](../matrix.md).\n"]
    for kind, title in TITLES.items():
        chosen = [row for row in rows if row["kind"] == kind]
        if chosen:
            lines += [f"## {title}\n", f"{good(chosen)} runs as named.\n", *table(chosen, kind), ""]
    lines += ["## Criteria\n", "| criterion | mistakes that fail it |", "|---|---:|"]
    lines += [f"| `{id}` | {count} |" for id, count in mistakes(rows).items()]
    return "\n".join(lines) + "\n"


def overview(labs: dict[str, Rows]) -> str:
    """The document that the labs' pages are linked from."""
    head = [f"{title.lower()} (runs as named)" for title in TITLES.values()]
    lines = [INTRODUCTION, f"| lab | {' | '.join(head)} | criteria that no mistake fails |"]
    lines.append("|---|" + "---|" * (len(TITLES) + 1))
    for lab, rows in labs.items():
        cells = []
        for kind in TITLES:
            named = of_kind(rows, kind)
            runs = [row for group in named.values() for row in group]
            cells.append(f"{len(named)} ({good(runs)})" if named else "")
        ran, known = len(of_kind(rows, "buggy")), len(buggy(lab))
        free = ", ".join(f"`{id}`" for id, count in mistakes(rows).items() if not count) or "none"
        if ran < known:
            free = f"not known yet: {ran} of {known} mistakes have run"
        lines.append(f"| [{lab}](matrix/{lab}.md) | {' | '.join(cells)} | {free} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the documents."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix_table", description=__doc__)
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the folder of documents")
    options = parser.parse_args()
    known = {lab: choose(lab, ",".join(TITLES), "*") for lab in LABS}
    rows = load(options.logs, chain.from_iterable(known.values()))
    labs = {lab: whole([row for row in rows if row["lab"] == lab], known[lab]) for lab in LABS}
    (options.out / "matrix").mkdir(exist_ok=True)
    save(options.out / "matrix" / "runs.jsonl.xz", rows)
    (options.out / "matrix.md").write_text(overview(labs), encoding="utf-8")
    for lab, rows in labs.items():
        (options.out / "matrix" / f"{lab}.md").write_text(page(lab, rows), encoding="utf-8")


if __name__ == "__main__":
    main()
