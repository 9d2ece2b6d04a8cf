"""Claims about the optimizer that `train` makes, and what it hands on to it.

AdamW's arithmetic answers each question without a look inside:

    first step      lr * sign(gradient), whatever the gradient's size
    same gradient   every step is as large as the first
    zero gradient   the weight shrinks by the factor 1 - lr * weight_decay, and by nothing else
    momentum        a gradient that was large once keeps a weight going for many steps
"""

import torch

from checks.support.batches import ROWS, V, disjoint_case
from checks.support.criteria import criterion
from checks.support.inputs import generator
from checks.support.judge import as_pair, as_tensor, reject

SECTION = "3 Training"
STEPPING = ("charlm.train.every-batch", "charlm.train.eval-no-change")


def quiet_run(lab, *, batch_size, **options):
    """Train the quiet stub; (table, linear) before and after, float64.

    Characters 4 to 7 are not in the data, and the linear's second column is fed zeros: no gradient
    there.  The rows that are used begin at 0, where nothing decays.
    """
    source = generator(lab.seed)
    table = 1 + torch.rand(8, 8, generator=source)
    table[:4] = 0.0
    columns = 1 + torch.rand(8, 2, generator=source)
    x = torch.randint(4, (20, 6), generator=source)
    x[:, :4] = torch.arange(4)
    y = torch.randint(8, (20, 6), generator=source)
    model = lab.probes_training.Quiet(table, columns)
    loader = lab.probes_training.loader(x, y, batch_size=batch_size)
    lab.train.train(model, loader, loader, epochs=1, **options)
    after = as_pair(model.weights(), "the weights")
    before = table.double(), columns.double()
    return before, tuple(as_tensor(weights, "the weights").double() for weights in after)


def spark_steps(lab, lr, *, epochs, later):
    """The steps of a vector of logits in `epochs` of 6 equal batches, `(6 * epochs, 5)`."""
    per_epoch = 6
    x = torch.zeros(per_epoch, 4, dtype=torch.int64)
    y = torch.tensor([0, 0, 1, 2]).expand(per_epoch, 4).clone()
    model = lab.probes_training.Spark(5, later)
    train_loader = lab.probes_training.loader(x, y, batch_size=1)
    val_loader = lab.probes_training.loader(x + 1, y, batch_size=1)
    lab.train.train(model, train_loader, val_loader, epochs=epochs, lr=lr)
    steps = as_tensor(model.positions(), "the path", ndim=2).double().diff(dim=0)
    if len(steps) < per_epoch + 1:
        reject(
            "`train` must make one step for each batch of each epoch",
            given=f"epochs={epochs}, {per_epoch} batches",
            expected=f"{epochs * per_epoch} steps",
            got=f"{len(steps)} steps",
        )
    return steps


@criterion(
    "charlm.train.all-parameters",
    points=1,
    section=SECTION,
    hint="`train` in train.py: give the optimizer all of `model.parameters()`, and freeze none.",
    requires=STEPPING,
)
def test_training_moves_every_parameter(lab):
    """`train` moves every parameter of the model."""
    case = disjoint_case(lab.seed)
    model = lab.probes_training.Table(case.table)
    loader = lab.probes_training.loader(case.x, case.y, batch_size=ROWS)
    lab.train.train(model, loader, loader, epochs=1, lr=0.01)
    moved = as_tensor(model.weights(), "the weights").double() - case.table
    parts = moved.split([V // 2, V // 2 - 1, 1], dim=1)
    names = "the first matrix", "the second matrix", "the vector"
    still = [name for name, part in zip(names, parts, strict=True) if not part.any()]
    if still:
        reject(
            "`train` must move every parameter",
            given="a model with two matrices and a vector, all with a gradient",
            got=f"{' and '.join(still)} stayed as before",
            cause="the optimizer was given a part of the parameters, or some are frozen",
        )


@criterion(
    "charlm.train.adamw",
    points=2,
    section=SECTION,
    hint="`train` in train.py uses `torch.optim.AdamW` with some weight decay above 0. Adam's own "
    "`weight_decay` goes through the gradient, which is another thing.",
    requires=("charlm.train.all-parameters",),
)
def test_optimizer_is_adamw(lab):
    """The weights decay as under AdamW: without a gradient they shrink, all by one factor."""
    before, after = quiet_run(lab, batch_size=1, lr=0.1)
    # The rows of unseen characters, and the linear's column that is fed zeros.  A matrix may be
    # left out of the decay, but not both.
    shrunk = after[0][4:] / before[0][4:], after[1][:, 1] / before[1][:, 1]
    given = "20 steps of lr=0.1; weights that never get a gradient"
    for factors in shrunk:
        # Rounding in float32 spreads the factors by 2e-6.  Adam's decay moves every weight by about
        # lr, so that they differ by more than 0.1.
        if float(factors.max() - factors.min()) > 1e-4 or float(factors.max()) > 1 + 1e-5:
            reject(
                "weights without a gradient must all shrink by one factor",
                given=given,
                expected="one factor",
                got=f"factors from {float(factors.min()):.6f} to {float(factors.max()):.6f}",
                cause="Adam with `weight_decay` puts the decay into the gradient: use AdamW",
            )
    # A weight decay of 1e-4, a hundredth of the default, makes the factor 0.9998.
    if min(float(factors.max()) for factors in shrunk) > 1 - 1e-5:
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
    requires=("charlm.train.all-parameters",),
)
def test_learning_rate_is_the_one_given(lab):
    """The optimizer works with the `lr` that `train` is given."""
    small, large = 1e-3, 1e-2
    one, other = (
        spark_steps(lab, lr, epochs=10, later=1.0)[:6].abs() for lr in (small, large)
    )  # the first epoch of ten: a schedule over epochs has not begun
    ratio = float(other[0].median() / one[0].median().clamp_min(1e-12))
    if not 0.85 < ratio / (large / small) < 1.15:
        reject(
            "steps must be in proportion to `lr`",
            given=f"the first step with lr={small}, and with lr={large}",
            expected=f"a step {large / small:.0f} times as large",
            got=f"a step {ratio:.3g} times as large",
            cause="a fixed learning rate in place of the argument `lr`" * (abs(ratio - 1) < 0.1),
        )
    # AdamW's steps along a constant gradient are of size lr.  Those of another optimizer are not of
    # one size; that is what the claim about AdamW finds.
    adaptive = float(one[0].max() - one[0].min()) < 0.2 * float(one[0].max())
    sizes = one.median(dim=1).values / small
    if adaptive and not bool(((sizes > 0.8) & (sizes < 1.25)).all()):
        place = int(((sizes - 1).abs() > 0.2).nonzero()[0])
        reject(
            "AdamW's steps along a constant gradient must be as large as `lr`",
            given=f"the first epoch of 10, 6 batches, lr={small}",
            expected=f"steps of {small}",
            got=f"step {place + 1} is {float(sizes[place]) * small:.3g}",
            cause="`lr` is multiplied before it is used"
            if place == 0
            else "a schedule changes the learning rate within the epoch, batch by batch",
        )


@criterion(
    "charlm.train.optimizer-persists",
    points=1,
    section=SECTION,
    hint="`train` in train.py: make the optimizer once, before the loop over epochs; it remembers "
    "averages of the gradients.",
    requires=(
        "charlm.train.all-parameters",
        "charlm.train.clip-spares-small",
        "charlm.train.history",
    ),
)
def test_optimizer_lives_through_all_epochs(lab):
    """One optimizer serves all epochs: what it remembers of the first still counts in the next."""
    lr = 0.001
    # A gradient that is large in the first step, then a thousandth of it and turned round.
    steps = spark_steps(lab, lr, epochs=2, later=-0.001)[:, 0]
    for number in range(1, len(steps)):
        # A new optimizer turns back by a full lr; one that remembers goes on, or hardly moves.
        if float(steps[number] * steps[0].sign()) < -0.5 * lr:
            reject(
                "the optimizer must keep its memory from one epoch to the next",
                given="2 epochs of 6 batches; a gradient that is large once, then tiny and turned",
                expected=f"step {number + 1} still moves with the first one, or hardly at all",
                got=f"step {number + 1} turns back, at full size, like a first step",
                cause=f"the optimizer is made anew in every {'epoch' if number == 6 else 'batch'}",
            )


@criterion(
    "charlm.train.clip-passed-on",
    points=1,
    section=SECTION,
    hint="`train` in train.py: hand `clip` on to `train_epoch`.",
    requires=("charlm.train.all-parameters", "charlm.train.clip-norm"),
)
def test_clip_reaches_the_steps(lab):
    """`train` trains with the `clip` it is given."""

    def step(clip):
        """The middle size of what one step moves in the rows that are used."""
        (before, _), (after, _) = quiet_run(lab, batch_size=20, lr=0.1, clip=clip)
        return float((after - before)[:4].abs().median())

    usual, none = step(1.0), step(1e-12)
    # A gradient of norm 1e-12 is far below AdamW's eps of 1e-8, so that its step vanishes.
    if none > 0.1 * usual or usual == 0.0:
        reject(
            "`train` must clip with the `clip` that it is given",
            given="one step with clip=1.0, one with clip=1e-12, which leaves nothing of a gradient",
            expected="hardly a step with clip=1e-12",
            got=f"steps of {usual:.3g} and {none:.3g}",
            cause="`clip` is not handed on to `train_epoch`, or a fixed number is",
        )
