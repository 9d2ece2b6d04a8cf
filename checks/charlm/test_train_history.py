"""Claims about what `train` reports: an entry for each epoch, measured when and on what it says."""

import torch

from checks.charlm.history import assert_perplexities, rows_of
from checks.support.batches import ROWS, K, V, disjoint_case
from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_tensor, assert_close, reject
from checks.support.oracles import cross_entropy, token_losses

SECTION = "3 Training"


def arrange(lab, epochs=3, lr=0.05):
    """Train the table stub; the history, what the model went through, the data of both loaders.

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
    steps = [visit for visit in model.visits() if visit["gradient"] and visit["train_mode"]]
    rows = rows_of(lab.probes_training.plain_rows(history), epochs)
    return rows, (steps, table_of(model.weights())), case, validation


def table_of(table):
    """The stub's logits, exact from here on."""
    return as_tensor(table, "the table").double()


def tables_between(steps, end):
    """The table before the first epoch and after each: training begins with the rows of 0."""
    return [*(table_of(step["table"]) for step in steps if step["first"] == 0), end]


def losses_while_training(steps, case):
    """The mean training loss of each epoch, every batch with the table that it met."""
    batches, epochs = case.batches(), []
    for step in steps:
        if step["first"] == 0:
            epochs.append([])
        x, y = batches[step["first"] // (V // K)]
        epochs[-1].append(token_losses(table_of(step["table"])[x], y).flatten())
    return [float(torch.cat(losses).mean()) for losses in epochs]


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
    rows, visits, case, (x, y) = arrange(lab)
    tables = tables_between(*visits)
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
            "evaluated on the training loader": cross_entropy(table[case.x], case.y),
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


@criterion(
    "charlm.train.train-ce-each-epoch",
    points=1,
    section=SECTION,
    hint="`train` in train.py: the train_ce of an epoch is what `train_epoch` returns for it, or "
    "the loss on the training loader after it.",
    requires=("charlm.train.val-each-epoch", "charlm.train.mean-per-token"),
)
def test_training_loss_is_measured_in_each_epoch(lab):
    """`train_ce` is the training loss of that epoch, measured during it or after it."""
    rows, (steps, end), case, _ = arrange(lab)
    tables = tables_between(steps, end)
    during = losses_while_training(steps, case)
    after = [cross_entropy(table[case.x], case.y) for table in tables]
    for number, row in enumerate(rows, start=1):
        right = during[number - 1], after[number]  # the first is larger, by 0.2 or so
        others = {
            "that of the first epoch": during[0],
            "the validation loss": row["val_ce"],
            "measured before the epoch": after[number - 1],
            "the loss of the epoch's last batch": last_batch(tables[number - 1], case),
        }
        assert_close(
            row["train_ce"],
            min(right, key=lambda value: abs(value - row["train_ce"])),
            f"train_ce of epoch {number}",
            atol=1e-3,
            given=f"epochs={len(rows)}; {right[0]:.4f} during the epoch, {right[1]:.4f} after it",
            cause=likely_cause(row["train_ce"], others),
        )


def last_batch(table, case):
    """The loss of the last batch, whose rows of the table the steps before it hardly change."""
    return cross_entropy(table[case.batches()[-1][0]], case.batches()[-1][1])
