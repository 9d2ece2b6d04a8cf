"""Claims about the steps that `train_epoch` makes, each of which can be computed by hand."""

import torch

from checks.charlm.steps import GIVEN, NO_CLIP, moves, own_batch
from checks.support.batches import ROWS, K, T, V, disjoint_case
from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_number, assert_close, reject
from checks.support.oracles import softmax, table_gradient, token_losses

SECTION = "3 Training"
LONG = 27  # times the windows: 311 batches, more than anybody would stop after


@criterion(
    "charlm.train.every-batch",
    points=3,
    section=SECTION,
    hint="`train_epoch` in train.py: for each batch of the loader, the last and smaller one "
    "included, one forward pass, one `backward`, one `optimizer.step`.",
    requires=("charlm.train.loss-value", "charlm.train.loss-gradient"),
)
def test_every_batch_makes_one_step(lab):
    """`train_epoch` makes one optimizer step for every batch of the loader."""
    case = disjoint_case(lab.seed)
    steps = moves(lab, case, NO_CLIP)
    moved = steps.abs().sum((0, 2)).view(K, V // K).sum(1) > 0  # (K,), batch by batch
    if not moved.all():
        missing = [k + 1 for k in range(K) if not moved[k]]
        cause = "batches are skipped"
        if missing == [*range(missing[0], K + 1)]:
            cause = "the loop ends too early: a `break` or `return` inside it"
        if missing == [K]:
            cause = "the last, smaller batch is skipped, or `step` comes before `backward`"
        got = f"nothing was learnt from batch {', '.join(map(str, missing))}"
        reject("every batch must move the weights", given=GIVEN, got=got, cause=cause)
    assert_steps(len(steps), K, GIVEN)
    often = case._replace(x=case.x.repeat(LONG, 1), y=case.y.repeat(LONG, 1))
    many = len(often.batches())
    assert_steps(len(moves(lab, often, NO_CLIP)), many, GIVEN.replace(f"{K} ", f"{many} ", 1))


def assert_steps(found, wanted, given):
    """There must be one step for each batch."""
    __tracebackhide__ = True
    if found != wanted:
        few = "gradients of several batches are collected for one step, or the epoch ends early"
        many = "the loader is gone through more than once, or there are two steps for a batch"
        reject(
            "there must be one optimizer step for each batch",
            given=given,
            expected=f"{wanted} steps",
            got=f"{found} steps",
            cause=few if found < wanted else many,
        )


@criterion(
    "charlm.train.fresh-gradients",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: `backward` adds to the gradients that are there. They must be "
    "zero again before the `backward` of the next batch.",
    requires=("charlm.train.every-batch",),
)
def test_gradients_are_zeroed_between_steps(lab):
    """Each step follows the gradient of its own batch, without what is left of earlier ones."""
    case = disjoint_case(lab.seed)
    for number, step in enumerate(moves(lab, case, NO_CLIP), start=1):
        touched = step.abs().sum(1).view(K, V // K).sum(1) > 0
        if int(touched.sum()) > 1:
            names = ", ".join(str(k + 1) for k in range(K) if touched[k])
            reject(
                "a step must follow the gradient of its own batch alone",
                given=GIVEN,
                got=f"step {number} moved the rows of the batches {names}",
                cause="`optimizer.zero_grad()` is missing or not called for every batch",
            )


@criterion(
    "charlm.train.step-gradient",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: the loss that is backpropagated is the mean cross-entropy of "
    "the logits against y, as `loss_fn` gives it.",
    requires=("charlm.train.fresh-gradients",),
)
def test_step_follows_the_gradient_of_the_mean_loss(lab):
    """Each step goes down the gradient of its batch's mean cross-entropy."""
    case = disjoint_case(lab.seed)
    right, sizes, tokens = case.gradients(), [], []
    for number, step in enumerate(moves(lab, case, NO_CLIP), start=1):
        k = own_batch(step, case)
        x, y = case.batches()[k]
        given = f"{GIVEN}, clip=1e9; step {number}"
        sizes.append(float(step.norm() / right[k].norm()))
        tokens.append(x.numel())
        # float32 leaves 1e-6 of a direction uncertain; a softmax too many turns it by 0.3.
        assert_close(
            step / step.norm(),
            -right[k] / right[k].norm(),
            "the direction of the step",
            atol=1e-3,
            given=given,
            cause=likely_cause(step / step.norm(), wrong_directions(case.table, x, y)),
        )
    reject_scaled_loss(torch.tensor(sizes), torch.tensor(tokens))


def reject_scaled_loss(sizes, tokens):
    """Reject steps that are longer or shorter than the gradient by what a loss is multiplied with.

    That is one factor for all batches, or the number of a batch's tokens or rows.  A norm that is
    cut or stretched to one length is another factor for each, and the claims about clipping see it.
    """
    __tracebackhide__ = True
    for factors, cause in (
        (tokens, "the loss is summed over all tokens; take the mean over them"),
        (tokens / T, "the loss is summed over the rows; take the mean over all tokens"),
        (sizes[:1], "the loss is multiplied, or summed over the time steps"),
    ):
        alike = bool(((sizes / factors - 1).abs() < 0.01).all())
        if alike and not 0.99 < float(sizes[0]) < 1.01:
            reject(
                "a step must follow the gradient of the mean loss",
                given=f"{GIVEN}, clip=1e9",
                expected="steps as long as the gradient",
                got=f"steps {', '.join(f'{size:.3g}' for size in sizes.tolist())} times as long",
                cause=cause,
            )


def wrong_directions(table, x, y):
    """The directions in which the usual mistakes step."""
    with torch.enable_grad():
        leaf = table.double().requires_grad_()
        token_losses(softmax(leaf[x]), y).mean().backward()
    shifted = table_gradient(table, x, x)
    up = table_gradient(table, x, y)
    return {
        "a softmax before a cross-entropy that does its own": -leaf.grad / leaf.grad.norm(),
        "the loss compares with x, not with y": -shifted / shifted.norm(),
        "the loss has the wrong sign": up / up.norm(),
    }


@criterion(
    "charlm.train.mean-per-token",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py returns the mean cross-entropy per token: weight each batch's "
    "mean by its number of tokens, since the last batch may be smaller.",
    requires=("charlm.train.step-gradient",),
)
def test_reported_loss_is_the_mean_per_token(lab):
    """`train_epoch` returns the mean cross-entropy per token, a smaller last batch included."""
    case = disjoint_case(lab.seed)
    case.table[torch.arange(V - 3, V)[:, None], case.y[-1]] -= 4.0  # the last row is a hard one
    model = lab.probes_training.Table(case.table)
    loader = lab.probes_training.loader(case.x, case.y, batch_size=ROWS)
    optimizer = lab.probes_training.watched_sgd(model, lr=0.0)
    got = as_number(lab.train.train_epoch(model, loader, optimizer), "what `train_epoch` returns")
    losses = token_losses(case.table[case.x], case.y)  # (rows, T)
    means = torch.stack([batch.mean() for batch in losses.split(ROWS)])
    suspects = {
        "the mean of the batches' means, though the last batch is smaller": means.mean(),
        "the sum of the batches' means": means.sum(),
        "the sum over all tokens": losses.sum(),
        "the loss of the last batch only": means[-1],
        "the loss of the first batch only": means[0],
        "the sum over all tokens, divided by the number of batches": losses.sum() / K,
        "the sum over all tokens, divided by the number of rows": losses.sum() / len(losses),
        "the sum of the batches' means, divided by the number of rows": means.sum() / len(losses),
        "the perplexity": losses.mean().exp(),
    }
    # The mean of means is off by more than 0.1.
    assert_close(
        got,
        losses.mean(),
        "the mean loss",
        atol=1e-3,
        given=f"{GIVEN.replace('lr=1', 'lr=0')}; the last batch has the largest loss",
        cause=likely_cause(got, suspects),
    )
