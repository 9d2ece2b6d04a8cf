"""What `train` returns, read: a list with one dict for each epoch."""

import math

from checks.support.diagnosis import likely_cause
from checks.support.judge import as_list, as_number, assert_close, reject

KEYS = ("train_ce", "val_ce", "val_ppl")


def rows_of(history, epochs):
    """The history as one dict of floats per epoch."""
    rows = as_list(history, "what `train` returns", given=f"epochs={epochs}")
    if len(rows) != epochs:
        reject(
            "`train` must return one entry for each epoch",
            given=f"epochs={epochs}",
            expected=f"{epochs} entries",
            got=f"{len(rows)} entries",
        )
    return [row_of(row, number) for number, row in enumerate(rows, start=1)]


def row_of(row, number):
    """One entry of the history as a dict of floats."""
    if not isinstance(row, dict):
        reject("an entry of the history must be a dict", got=f"entry {number} is none")
    missing = [key for key in KEYS if key not in row]
    if missing:
        names = ", ".join(sorted(key for key in row if isinstance(key, str)))
        reject(
            f"an entry of the history must have the keys {', '.join(KEYS)}",
            got=f"entry {number} has the keys {names or 'of no name'}",
            cause=f"missing: {', '.join(missing)}",
        )
    return {key: as_number(row[key], f"{key} of epoch {number}") for key in KEYS}


def assert_perplexities(rows):
    """`val_ppl` is `exp(val_ce)` in every epoch. Raises Mismatch."""
    __tracebackhide__ = True
    for number, row in enumerate(rows, start=1):
        of_training = {"exp of the training loss": math.exp(min(row["train_ce"], 700.0))}
        assert_close(
            row["val_ppl"],
            math.exp(min(row["val_ce"], 700.0)),
            f"val_ppl of epoch {number}",
            atol=0.0,
            rtol=1e-3,
            given=f"val_ce = {row['val_ce']:.6f}",
            cause=likely_cause(row["val_ppl"], of_training),
        )
