"""Claims about the optimizer that `train` makes, read off the steps of one vector of logits.

Adam's arithmetic answers each question without a look inside:

    first step      lr * sign(gradient), whatever the gradient's size
    same gradient   every step is as large as the first
    zero gradient   no step; AdamW would shrink the weight
    momentum        a gradient that was large once keeps a weight going for many steps
"""

import torch

from checks.support.criteria import criterion
from checks.support.judge import as_list, as_tensor, assert_close, reject
from checks.wordlm.scripted import FALLING, SIZE, TRAIN, VALID, Run, level
from checks.wordlm.streams import OF_DATA

SECTION = "3 Training"


@criterion(
    "wordlm.train.adam",
    points=2,
    section=SECTION,
    hint="`train` in train.py uses `torch.optim.Adam` on all of `model.parameters()`, without "
    "weight decay.",
    requires=("wordlm.train.history", "wordlm.train.held-out", "wordlm.train.epochs"),
    explained_by=OF_DATA,
)
def test_optimizer_is_adam(lab):
    """The optimizer is Adam: steps of one length, whatever the gradient's size, and no decay."""
    run = Run(lab, FALLING)
    steps = run.steps(1).abs()[:, [0, 1, 3, 4]]  # the gradients are 0.2, -0.55, 0.2 and 0.2
    if not steps.numel() or not steps[0].all():
        reject("`train` must move the weights", given=run.given, got="no step")
    # Adam's lengths differ by 0.2 % here, since the gradient changes a little; SGD's as the
    # gradients do; the first step of RMSprop, Adagrad and NAdam is 1.4 times its second.
    spread = float(steps.max() / steps.min()) - 1
    if spread > 0.03:
        reject(
            "along a constant gradient all steps must be equally long, in every weight",
            given=run.given,
            expected="lengths that differ by 0.2 %",
            got=f"lengths from {float(steps.min()):.4g} to {float(steps.max()):.4g}",
            cause="SGD, RMSprop or another optimizer instead of Adam",
        )
    start = torch.linspace(1.0, 3.0, SIZE, dtype=torch.float64)
    # AdamW with a weight decay of 0.01 takes 4e-4 off in 18 steps; float32 rounds at 1e-7.
    assert_close(
        run.idle,
        start,
        "a weight whose gradient is zero",
        atol=1e-5,
        given=run.given,
        cause="weight decay: AdamW instead of Adam, or Adam with `weight_decay`",
    )


@criterion(
    "wordlm.train.learning-rate",
    points=1,
    section=SECTION,
    hint="`train` in train.py: hand `lr` to the optimizer.",
    requires=("wordlm.train.adam",),
    explained_by=OF_DATA,
)
def test_learning_rate_is_the_one_given(lab):
    """The optimizer works with the `lr` that `train` is given, as long as validation improves."""
    for lr in (1e-3, 1e-2):
        run = Run(lab, FALLING, lr=lr)
        for epoch in (1, 2, 3):
            rate = run.rate(epoch)
            if not 0.9 < rate / lr < 1.1:
                reject(
                    "Adam's steps along a constant gradient must be as long as `lr`",
                    given=f"{run.given}; validation losses {FALLING[1:]}",
                    expected=f"steps of {lr} in epoch {epoch}",
                    got=f"steps of {rate:.3g}",
                    cause="the argument `lr` is not used, or is multiplied"
                    if epoch == 1
                    else "the rate falls although validation improves",
                )


@criterion(
    "wordlm.train.optimizer-persists",
    points=1,
    section=SECTION,
    hint="`train` in train.py: make the optimizer once, before the loop over epochs; it remembers "
    "averages of the gradients.",
    requires=("wordlm.train.adam", "wordlm.train.clip-spares-small"),
    explained_by=OF_DATA,
)
def test_optimizer_lives_through_all_epochs(lab):
    """One optimizer serves all epochs: what it remembers of the first still counts in the next."""
    # A gradient that is large in the first step, then a thousandth of it and turned round.
    run = Run(lab, FALLING, later=-0.001, lr=0.001)
    before, after = run.steps(1), run.steps(2)
    if not len(before) or not len(after):
        reject("`train` must move the weights in every epoch", given=run.given, got="no step")
    # A new optimizer turns back by a full lr; one that remembers goes on, or hardly moves.
    turned = float((after[0] * before[0].sign())[1])
    if turned < -0.5 * 0.001:
        reject(
            "the optimizer must keep its memory from one epoch to the next",
            given=f"{run.given}; a gradient that is large once, then tiny and turned",
            expected="the first step of epoch 2 moves with the very first one, or hardly at all",
            got="it turns back, at full size, like a first step",
            cause="the optimizer is made anew in every epoch",
        )


@criterion(
    "wordlm.train.clip-passed-on",
    points=1,
    section=SECTION,
    hint="`train` in train.py: hand `clip` on to `train_epoch`.",
    requires=("wordlm.train.adam", "wordlm.train.clip-norm"),
    explained_by=OF_DATA,
)
def test_clip_reaches_the_steps(lab):
    """`train` trains with the `clip` it is given."""
    usual, none = (Run(lab, FALLING, clip=clip).rate(1) for clip in (1.0, 1e-12))
    # A gradient of norm 1e-12 is far below Adam's eps of 1e-8, so that its step vanishes.
    if none > 0.1 * usual:
        reject(
            "`train` must clip with the `clip` that it is given",
            given="one run with clip=1.0, one with clip=1e-12, which leaves nothing of a gradient",
            expected="hardly a step with clip=1e-12",
            got=f"steps of {usual:.3g} and {none:.3g}",
            cause="`clip` is not handed on to `train_epoch`, or a fixed number is",
        )


@criterion(
    "wordlm.train.defaults",
    points=1,
    section=SECTION,
    hint="The signature in train.py: train(model, train_data, valid_data, epochs=50, seq_len=50, "
    "lr=1e-3, clip=0.25).",
    requires=(
        "wordlm.train.learning-rate",
        "wordlm.train.clip-passed-on",
        "wordlm.train.eval-short",
    ),
    explained_by=OF_DATA,
)
def test_defaults_are_those_of_the_handout(lab):
    """`train(model, train_data, valid_data)` means 50 epochs, T=50, lr 1e-3 and clip 0.25."""
    levels = [level(3.0 - 0.05 * epoch) for epoch in range(51)]  # improves by itself
    text = torch.cat([TRAIN, *[TRAIN[:, 1:]] * 4], dim=1)

    def run(columns, **options):
        # The first gradient has norm 0.65 and is clipped, later ones are a tenth of it.
        model = lab.probes_training.Script(SIZE, levels, 0.1)
        history = lab.train.train(model, text[:, :columns], VALID, **options)
        rows = as_list(lab.probes_training.plain_rows(history), "what `train` returns")
        passes = [v["spark"] for v in model.visits() if v["trained"] is True]
        path = [as_tensor(spark, "the weights").double() for spark in passes]
        return len(rows), torch.stack(path) if path else torch.zeros(0, SIZE)

    epochs, _ = run(51)
    if epochs != 50:
        reject("`train` must train for 50 epochs by default", got=f"{epochs} entries")
    _, path = run(101, epochs=2)
    _, spelled = run(101, epochs=2, seq_len=50, lr=1e-3, clip=0.25)
    # A clip of 0.2 instead of 0.25 changes the second step by 6 % of lr; rounding is at 1e-8.
    if path.shape != spelled.shape or float((path - spelled).abs().max()) > 1e-5:
        first = "another number of passes"
        if path.shape == spelled.shape and len(path) > 1:
            first = f"a first step of {float((path[1] - path[0]).abs().max()):.3g}"
        reject(
            "the defaults must be seq_len=50, lr=1e-3 and clip=0.25",
            given="train(model, train_data, valid_data), and with the defaults spelled out",
            expected=f"the same path: {len(spelled)} passes, steps of 0.001",
            got=f"{len(path)} passes, {first}",
        )
