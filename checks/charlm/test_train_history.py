"""Claims about what `train` reports: an entry for each epoch, measured when and on what it says."""

import torch

from checks.charlm.history import assert_perplexities, rows_of
from checks.support.batches import ROWS, disjoint_case
from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_tensor, assert_close, reject
from checks.support.oracles import cross_entropy

SECTION = "3 Training"


def arrange(lab, epochs=3, lr=0.05):
    """Train the table stub; the history, the table after each epoch, and the data of both loaders.

    The validation set is the training set with other shares of its rows, so that its loss falls
    from epoch to epoch and a best epoch that is kept is the last one.
    """
    case = disjoint_case(lab.seed)
    order = torch.arange(0, len(case.x), 3).repeat(2)
    validation = case.x[order], case.y[order]
    model = lab.probes_training.Table(case.table)
    train_loader = lab.probes_training.loader(case.x, case.y, batch_size=ROWS)
    val_loader = lab.probes_training.loader(*validation, batch_size=4)
    history = lab.train.train(model, train_loader, val_loader, epochs=epochs, lr=lr)
    starts = [visit["table"] for visit in model.visits() if is_epoch_start(visit)]
    tables = [as_tensor(table, "the table").double() for table in [*starts, model.weights()]]
    rows = rows_of(lab.probes_training.plain_rows(history), epochs)
    return rows, tables, (case.x, case.y), validation


def is_epoch_start(visit):
    """Whether a forward pass is that of training on the first batch, whose rows begin with 0."""
    return visit["gradient"] is True and visit["train_mode"] is True and visit["first"] == 0


@criterion(
    "charlm.train.history",
    points=2,
    section=SECTION,
    hint="`train` in train.py returns a list with one dict per epoch: train_ce, val_ce and "
    "val_ppl, all numbers, val_ppl = exp(val_ce).",
    requires=(
        "charlm.train.every-batch",
        "charlm.train.eval-value",
        "charlm.train.eval-no-change",
        "charlm.train.perplexity",
    ),
)
def test_history_has_one_entry_per_epoch(lab):
    """`train` returns one dict per epoch with `train_ce`, `val_ce` and `val_ppl`."""
    for epochs in (3, 1):
        rows, *_ = arrange(lab, epochs)
        assert_perplexities(rows)


@criterion(
    "charlm.train.val-each-epoch",
    points=2,
    section=SECTION,
    hint="`train` in train.py: after each epoch, evaluate the model of that moment on the "
    "validation loader.",
    requires=("charlm.train.history", "charlm.train.eval-*", "charlm.train.train-mode"),
)
def test_validation_loss_is_measured_after_each_epoch(lab):
    """`val_ce` is the validation loss of the model after that epoch."""
    rows, tables, training, (x, y) = arrange(lab)
    if len(tables) != len(rows) + 1:
        reject(
            "`train` must go through the training loader once for each epoch",
            given=f"epochs={len(rows)}",
            got=f"{len(tables) - 1} passes",
        )
    for number, row in enumerate(rows, start=1):
        table = tables[number]
        others = {
            "evaluated once, after the first epoch": cross_entropy(tables[1][x], y),
            "evaluated on the training loader": cross_entropy(table[training[0]], training[1]),
            "evaluated before the epoch, not after it": cross_entropy(tables[number - 1][x], y),
            "evaluated once, at the end of the training": cross_entropy(tables[-1][x], y),
        }
        assert_close(
            row["val_ce"],
            cross_entropy(table[x], y),
            f"val_ce of epoch {number}",
            atol=1e-3,  # an epoch moves it by more than 0.05
            given=f"epochs={len(rows)}",
            cause=likely_cause(row["val_ce"], others),
        )
