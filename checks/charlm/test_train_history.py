"""Claims about `train`: what it reports, which optimizer it uses, and what it hands on.

Each stub is made for one question.  AdamW's arithmetic answers them without a look inside:

    first step      lr * sign(gradient), whatever the gradient's size
    zero gradient   the weight shrinks by the factor 1 - lr * weight_decay, and by nothing else
    momentum        a gradient that was large once keeps a weight going for many steps
"""

import math

import torch

from checks.support.batches import ROWS, V, disjoint_case
from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.inputs import generator
from checks.support.judge import (
    as_list,
    as_number,
    as_pair,
    as_tensor,
    assert_close,
    reject,
)
from checks.support.oracles import cross_entropy

SECTION = "3 Training"
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


def arrange(lab, epochs=3, lr=0.05):
    """Train the table stub; the history, the table after each epoch, and the data of both loaders.

    The validation set is the training set with other shares of its rows, so that its loss falls
    from epoch to epoch and a best epoch that is kept is the last one.
    """
    case = disjoint_case(lab.seed)
    order = torch.tensor([0, 2, 2, 2, 4, 6, 6, 6, 6])
    validation = case.x[order], case.y[order]
    model = lab.probes_training.Table(case.table)
    train_loader = lab.probes_training.loader(case.x, case.y, batch_size=ROWS)
    val_loader = lab.probes_training.loader(*validation, batch_size=4)
    history = lab.train.train(model, train_loader, val_loader, epochs=epochs, lr=lr)
    starts = [visit["table"] for visit in model.visits() if is_epoch_start(visit)]
    tables = [as_tensor(table, "the table").double() for table in [*starts, model.weights()]]
    return rows_of(history, epochs), tables, (case.x, case.y), validation


def is_epoch_start(visit):
    """Whether a forward pass is that of training on the first batch, whose rows begin with 0."""
    return visit["gradient"] is True and visit["train_mode"] is True and visit["first"] == 0


@criterion(
    "charlm.train.history",
    points=2,
    section=SECTION,
    hint="`train` in train.py returns a list with one dict per epoch: train_ce, val_ce and "
    "val_ppl, all numbers, val_ppl = exp(val_ce).",
    requires=("charlm.train.every-batch", "charlm.train.eval-value", "charlm.train.perplexity"),
)
def test_history_has_one_entry_per_epoch(lab):
    """`train` returns one dict per epoch with `train_ce`, `val_ce` and `val_ppl`."""
    for epochs in (3, 1):
        rows, *_ = arrange(lab, epochs)
        for number, row in enumerate(rows, start=1):
            assert_close(
                row["val_ppl"],
                math.exp(min(row["val_ce"], 700.0)),
                f"val_ppl of epoch {number}",
                atol=0.0,
                rtol=1e-3,
                given=f"val_ce = {row['val_ce']:.6f}",
                cause=likely_cause(
                    row["val_ppl"], {"exp of the training loss": math.exp(row["train_ce"])}
                ),
            )


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
            "evaluated on the training loader": cross_entropy(table[training[0]], training[1]),
            "evaluated before the epoch, not after it": cross_entropy(tables[number - 1][x], y),
            "evaluated once, at the end of the training": cross_entropy(tables[-1][x], y),
            "evaluated once, after the first epoch": cross_entropy(tables[1][x], y),
        }
        assert_close(
            row["val_ce"],
            cross_entropy(table[x], y),
            f"val_ce of epoch {number}",
            atol=1e-3,  # an epoch moves it by more than 0.05
            given=f"epochs={len(rows)}",
            cause=likely_cause(row["val_ce"], others),
        )


def quiet_run(lab, *, epochs=1, lr=0.1, **options):
    """Train the quiet stub; (table, linear) before and after, float64.

    Characters 4 and above are not in the data, and the linear's second column gets zeros: no
    gradient there.  Weights are small where a step is measured, so that decay hardly adds to it.
    """
    source = generator(lab.seed)
    table = 0.02 * torch.randn(8, 8, generator=source)
    table[4:] = 1 + torch.rand(4, 8, generator=source)
    columns = 1 + torch.rand(8, 2, generator=source)
    x = torch.randint(4, (4, 6), generator=source)
    x[:, :4] = torch.arange(4)
    y = torch.randint(8, (4, 6), generator=source)
    model = lab.probes_training.Quiet(table, columns)
    loader = lab.probes_training.loader(x, y, batch_size=options.pop("batch_size", 4))
    lab.train.train(model, loader, loader, epochs=epochs, lr=lr, **options)
    after = as_pair(model.weights(), "the weights")
    before = table.double(), columns.double()
    return before, tuple(as_tensor(weights, "the weights").double() for weights in after)


def first_step(lab, **options):
    """How far one step moves each entry of the table's four used rows, `(4, 8)`."""
    (before, _), (after, _) = quiet_run(lab, **options)
    return (after - before)[:4].abs()


@criterion(
    "charlm.train.adamw",
    points=2,
    section=SECTION,
    hint="`train` in train.py uses `torch.optim.AdamW` with some weight decay above 0. Adam's own "
    "`weight_decay` goes through the gradient, which is another thing.",
    requires=("charlm.train.every-batch",),
)
def test_optimizer_is_adamw(lab):
    """The weights decay as under AdamW: without a gradient they shrink, all by one factor."""
    before, after = quiet_run(lab, epochs=10, batch_size=2)  # 20 steps of lr 0.1
    rates = torch.cat([(a / b).flatten() for a, b in zip(after, before, strict=True)])
    # The rows of unseen characters, and the linear's column that is fed zeros.  A matrix may be
    # left out of the decay, but not both.
    unseen, column = rates[32:64], rates[64:].view(8, 2)[:, 1]
    given = "20 steps of lr=0.1; weights that never get a gradient"
    for shrink in (unseen, column):
        # Rounding in float32 spreads the factors by 1e-6; AdamW's least usual decay, 1e-4, makes
        # them 0.9998; Adam's moves every weight by about lr, so that factors differ by 0.1.
        if float(shrink.max() - shrink.min()) > 1e-4 or float(shrink.max()) > 1 + 1e-5:
            reject(
                "weights without a gradient must all shrink by one factor",
                given=given,
                expected="one factor",
                got=f"factors from {float(shrink.min()):.6f} to {float(shrink.max()):.6f}",
                cause="Adam with `weight_decay` puts the decay into the gradient: use AdamW",
            )
    if min(float(unseen.max()), float(column.max())) > 1 - 1e-5:
        reject(
            "weights without a gradient must shrink a little with every step",
            given=given,
            expected="a factor below 1",
            got="they stay where they are",
            cause="Adam or SGD instead of AdamW, or `weight_decay=0`",
        )


@criterion(
    "charlm.train.learning-rate",
    points=1,
    section=SECTION,
    hint="`train` in train.py: hand `lr` to the optimizer and leave it as it is.",
    requires=("charlm.train.every-batch",),
)
def test_learning_rate_is_the_one_given(lab):
    """The optimizer works with the `lr` that `train` is given."""
    small, large = 1e-3, 2e-2
    one, other = first_step(lab, lr=small), first_step(lab, lr=large)
    given = f"one step with lr={small}, and one with lr={large}"
    ratio = float(other.median() / one.median().clamp_min(1e-12))
    if not 0.85 < ratio / (large / small) < 1.15:
        reject(
            "steps must be in proportion to `lr`",
            given=given,
            expected=f"steps {large / small:.0f} times as large",
            got=f"steps {ratio:.3g} times as large",
            cause="a fixed learning rate in place of the argument `lr`" * (abs(ratio - 1) < 0.1),
        )
    size, even = float(one.median()) / small, float(one.max() - one.min()) < 0.2 * float(one.max())
    # AdamW's first step is lr, up to its decay of less than 0.1 lr.  Another optimizer's steps are
    # not of one size; that is what the claim about AdamW finds.
    if even and not 0.8 < size < 1.25:
        reject(
            "AdamW's first step must be as large as `lr`",
            given=given,
            expected=f"a step of about {small}",
            got=f"a step of {size * small:.3g}",
            cause="the learning rate is changed by a schedule, or multiplied",
        )


@criterion(
    "charlm.train.optimizer-persists",
    points=1,
    section=SECTION,
    hint="`train` in train.py: make the optimizer once, before the loop over epochs; it remembers "
    "averages of the gradients.",
    requires=("charlm.train.every-batch",),
)
def test_optimizer_lives_through_all_epochs(lab):
    """One optimizer serves all epochs: what it remembers of the first still counts in the next."""
    epochs, steps, lr = 2, 3, 0.001
    x = torch.zeros(steps, 4, dtype=torch.int64)
    y = torch.tensor([0, 0, 1, 2]).expand(steps, 4).clone()
    model = lab.probes_training.Spark(torch.zeros(V))
    loader = lab.probes_training.loader(x, y, batch_size=1)
    lab.train.train(model, loader, loader, epochs=epochs, lr=lr)
    path = as_tensor(model.positions(), "the path", ndim=2).double()
    jumps = path.diff(dim=0)[:, 0]  # of a weight whose gradient is large once, then tiny and turned
    if len(jumps) != epochs * steps:
        reject("`train` must make one step per batch", got=f"{len(jumps)} steps, not 6")
    for number in range(1, len(jumps)):
        # A new optimizer turns back by a full lr; one that remembers goes on, or hardly moves.
        if float(jumps[number] * jumps[0].sign()) < -0.5 * lr:
            every = "epoch" if number == steps else "batch"
            reject(
                "the optimizer must keep its memory from one epoch to the next",
                given=f"{epochs} epochs of {steps} batches, a gradient that is large once",
                expected=f"step {number + 1} still moves with the first one",
                got=f"step {number + 1} turns back, at full size, like a first step",
                cause=f"the optimizer is made anew in every {every}",
            )


@criterion(
    "charlm.train.clip-passed-on",
    points=1,
    section=SECTION,
    hint="`train` in train.py: hand `clip` on to `train_epoch`.",
    requires=("charlm.train.clip-norm",),
)
def test_clip_reaches_the_steps(lab):
    """`train` trains with the `clip` it is given."""
    usual, none = first_step(lab, clip=1.0), first_step(lab, clip=1e-12)
    # A gradient of norm 1e-12 is far below AdamW's eps of 1e-8, so that its step vanishes.
    if float(none.median()) > 0.1 * float(usual.median()):
        reject(
            "`train` must clip with the `clip` that it is given",
            given="one step with clip=1.0, one with clip=1e-12, which leaves nothing of a gradient",
            expected="hardly a step with clip=1e-12",
            got=f"steps of {float(usual.median()):.3g} and {float(none.median()):.3g}",
            cause="`clip` is not handed on to `train_epoch`, or a fixed number is",
        )
