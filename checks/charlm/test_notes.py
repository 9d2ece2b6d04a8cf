"""The lab notes, `experiments.md`: read as text, no code of the submission runs."""

from itertools import combinations

from checks.charlm.experiments import (
    COLUMNS,
    NOTE,
    PLACEHOLDER,
    exp_fits,
    missing_columns,
    notes_of,
    rows_of,
    topics_missing,
)
from checks.support.criteria import criterion
from checks.support.judge import reject

SECTION = "5 Lab notes"
NAME = "experiments.md"
FIGURES = ("Train CE", "Val CE", "Val PPL")


def notes_in(document):
    """The text of the notes."""
    text = document(NAME)
    if text is None:
        reject(f"{NAME} must be handed in, beside the code", got="no such file")
    return text


@criterion(
    "charlm.notes.table",
    points=2,
    section=SECTION,
    hint="A Markdown table with the columns Config (E/H/L/T), Train CE, Val CE, Val PPL and "
    "Sample, and a row for each run. `make ablate` writes one.",
)
def test_notes_hold_a_table_of_two_ablations(document):
    """`experiments.md` has a table of runs, among them an ablation over H and one over T."""
    text = notes_in(document)
    rows = rows_of(text)
    if not rows:
        missing = ", ".join(missing_columns(text))
        reject(
            "the notes must have a table of the runs",
            expected=f"the columns {', '.join(COLUMNS)}",
            got=f"no table with all of them; missing: {missing}" if missing else "no row",
        )
    configs = {row.config for row in rows if row.config}
    for row in rows:
        if row.config is None:
            cell = row.cells["Config (E/H/L/T)"]
            reject("a row must name its E, H, L and T", got=f"{cell!r}", expected="256/512/2/128")
    pairs = [*combinations(sorted(configs), 2)]
    over_H = any(one[1] != other[1] and one[3] == other[3] for one, other in pairs)
    over_T = any(one[3] != other[3] and one[1] == other[1] for one, other in pairs)
    if not (over_H and over_T):
        reject(
            "the table must hold an ablation over the hidden size H and one over the length T",
            expected="two rows that share T and not H, and two that share H and not T",
            got=", ".join("/".join(map(str, config)) for config in sorted(configs)),
        )


@criterion(
    "charlm.notes.figures",
    points=2,
    section=SECTION,
    hint="In every row: the cross-entropies in nats per character, their perplexity exp(Val CE), "
    "and a piece of a sample.",
    requires=("charlm.notes.table",),
)
def test_every_row_has_its_figures(document):
    """Every row has numbers, a perplexity that is exp of its loss, and a sample."""
    rows = rows_of(notes_in(document))
    for number, row in enumerate(rows, start=1):
        where = f"row {number}, {row.cells['Config (E/H/L/T)']}"
        for column in FIGURES:
            if row.number(column) is None:
                reject(f"{column} must be a number", given=where, got=repr(row.cells[column]))
            if row.number(column)[0] < 0:
                reject(f"{column} cannot be negative", given=where, got=row.cells[column])
        sample = row.cells["Sample"].strip(" .…`*_-?")
        if not sample or PLACEHOLDER.fullmatch(sample):
            reject("a row must show a piece of a sample", given=where, got=sample or "none")
        ce, ppl = row.number("Val CE"), row.number("Val PPL")
        if not exp_fits(ce, ppl):
            reject(
                "Val PPL must be exp(Val CE)",
                given=f"{where}: Val CE {row.cells['Val CE']}",
                got=row.cells["Val PPL"],
                cause="figures of different runs or epochs, or a loss in bits",
            )
    if len({tuple(row.number(column) for column in FIGURES) for row in rows}) == 1:
        reject("each run must have figures of its own", got="the same in all rows")


@criterion(
    "charlm.notes.discussion",
    points=2,
    section=SECTION,
    hint="A few sentences each on what the hidden size, the sequence length and gradient clipping "
    "did in your runs, and what you think the reason is.",
    explained_by=("charlm.notes.table",),  # by which a missing file shows
)
def test_notes_say_something_of_each_topic(document):
    """The notes say what hidden size, sequence length and clipping did, in sentences."""
    text = notes_in(document)
    missing = topics_missing(text)
    if missing:
        reject(
            "the notes must say something on hidden size, sequence length and clipping",
            expected=f"a sentence or more on each, of {NOTE} words at least, in place of any TODO",
            got=f"nothing on {', '.join(missing)}, in {len(notes_of(text))} paragraph(s)",
        )
