"""Claims about the steps that `train_epoch` makes, each of which can be computed by hand."""

from dataclasses import replace

import torch

from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_number, assert_close, reject
from checks.support.oracles import softmax, table_gradient, token_losses
from checks.wordlm.streams import (
    GIVEN,
    NO_CLIP,
    OF_DATA,
    B,
    K,
    T,
    arrange,
    disjoint_case,
    moves,
    own_chunk,
    touched,
)

SECTION = "3 Training"
LONG = 26  # times the columns: 312 chunks, more than anybody would stop after


@criterion(
    "wordlm.train.every-chunk",
    points=3,
    section=SECTION,
    hint="`train_epoch` in train.py: for i = 0, T, 2T ... up to N - 2, one forward pass over the "
    "chunk, one `backward`, one `optimizer.step`. Only a last, shorter chunk may be left out.",
    explained_by=OF_DATA,
)
def test_every_chunk_makes_one_step(lab):
    """`train_epoch` makes one optimizer step for every chunk of `seq_len` columns."""
    for extra in (0, 3):
        case = disjoint_case(lab.seed, extra=extra)
        steps = moves(lab, case, NO_CLIP)
        found = {k for step in steps for k in touched(step)}
        missing = [k + 1 for k in range(K) if k not in found]
        given = f"{GIVEN}, N = {case.data.shape[1]} columns"
        if missing:
            cause = "chunks are skipped"
            if missing == [K]:
                cause = "the last chunk is left out although it is whole: N - 1 is the number of "
                cause += "predictions in a stream; or `step` comes before `backward`"
            elif missing == [*range(missing[0], K + 1)]:
                cause = "the loop ends too early"
            got = f"nothing was learnt from chunk {', '.join(map(str, missing))}"
            reject("every chunk must move the weights", given=given, got=got, cause=cause)
        assert_steps(len(steps), K, extra, given)
    many = torch.cat([case.data[:, : K * T].repeat(1, LONG), case.data[:, :1]], dim=1)
    steps = moves(lab, replace(case, data=many), NO_CLIP)
    assert_steps(len(steps), K * LONG, 0, f"streams of {K * LONG} chunks")


def assert_steps(found, wanted, extra, given):
    """There must be one step for each chunk; where there are extra columns, perhaps one more."""
    __tracebackhide__ = True
    if found != wanted and not (extra and found == wanted + 1):
        few = "gradients of several chunks are collected for one step, or the epoch ends early"
        many = "the streams are cut into other pieces than `seq_len` columns, or there are "
        many += "two steps for a chunk"
        reject(
            "there must be one optimizer step for each chunk",
            given=given,
            expected=f"{wanted} steps",
            got=f"{found} steps",
            cause=few if found < wanted else many,
        )


@criterion(
    "wordlm.train.fresh-gradients",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: `backward` adds to the gradients that are there. They must be "
    "zero again before the `backward` of the next chunk.",
    requires=("wordlm.train.every-chunk",),
    explained_by=OF_DATA,
)
def test_gradients_are_zeroed_between_steps(lab):
    """Each step follows the gradient of its own chunk, without what is left of earlier ones."""
    for number, step in enumerate(moves(lab, disjoint_case(lab.seed), NO_CLIP), start=1):
        chunks = touched(step)
        if len(chunks) > 1:
            reject(
                "a step must follow the gradient of its own chunk alone",
                given=GIVEN,
                got=f"step {number} moved the rows of chunks {[k + 1 for k in chunks]}",
                cause="`optimizer.zero_grad()` is missing or not called for every chunk",
            )


@criterion(
    "wordlm.train.step-gradient",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: the loss that is backpropagated is the mean cross-entropy of "
    "the chunk's logits against y, the same columns one further on.",
    requires=("wordlm.train.fresh-gradients",),
    explained_by=OF_DATA,
)
def test_step_follows_the_gradient_of_the_mean_loss(lab):
    """Each step goes down the gradient of its chunk's mean cross-entropy, all targets included."""
    case = disjoint_case(lab.seed)
    right, sizes = case.gradients(), []
    for number, step in enumerate(moves(lab, case, NO_CLIP), start=1):
        k = own_chunk(step)
        given = f"{GIVEN}, clip=1e9; step {number}"
        sizes.append(float(step.norm() / right[k].norm()))
        # float32 leaves 1e-6 of a direction uncertain; one target of 15 too few turns it by 0.05.
        assert_close(
            step / step.norm(),
            -right[k] / right[k].norm(),
            "the direction of the step",
            atol=1e-3,
            given=given,
            cause=likely_cause(step / step.norm(), wrong_directions(case.table, *case.chunk(k))),
        )
    reject_scaled_loss(torch.tensor(sizes))


def reject_scaled_loss(sizes):
    """Reject steps that are longer or shorter than the gradient, all by one factor.

    A norm that is cut or stretched to one length is another factor for each, and the claims about
    clipping see it.
    """
    __tracebackhide__ = True
    factor = float(sizes[0])
    alike = bool(((sizes / factor - 1).abs() < 0.01).all())
    if alike and not 0.99 < factor < 1.01:
        causes = {B * T: "over all tokens", B: "over the rows", T: "over the steps of the chunk"}
        reject(
            "a step must follow the gradient of the mean loss",
            given=f"{GIVEN}, clip=1e9",
            expected="steps as long as the gradient",
            got=f"steps {factor:.3g} times as long",
            cause="the loss is multiplied before `backward`"
            if round(factor, 2) not in causes
            else f"the loss is summed {causes[round(factor)]}; take the mean over all tokens",
        )


def wrong_directions(table, x, y):
    """The directions in which the usual mistakes step."""
    with torch.enable_grad():
        leaf = table.double().requires_grad_()
        token_losses(softmax(leaf[x]), y).mean().backward()
    wrong = {
        "a softmax before a cross-entropy that does its own": -leaf.grad,
        "the loss compares with x, not with y": -table_gradient(table, x, x),
        "the loss has the wrong sign": table_gradient(table, x, y),
        "the last target of the chunk is left out": -table_gradient(table, x[:, :-1], y[:, :-1]),
        "only the last step of the chunk has a loss": -table_gradient(table, x[:, -1:], y[:, -1:]),
        "the logits are flattened in another order than the targets": -table_gradient(
            table, x.t(), y.reshape(T, B)
        ),
    }
    return {cause: direction / direction.norm() for cause, direction in wrong.items()}


@criterion(
    "wordlm.train.ce-per-token",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py returns the mean cross-entropy per predicted token: weight "
    "each chunk's mean by its number of tokens, and divide by all of them.",
    requires=("wordlm.train.step-gradient",),
    explained_by=OF_DATA,
)
def test_reported_loss_is_the_mean_per_token(lab):
    """`train_epoch` returns the mean cross-entropy per predicted token."""
    for extra in (0, 3):
        case = disjoint_case(lab.seed, extra=extra)
        x, y = case.data[:, K * T : -1], case.data[:, K * T + 1 :]
        case.table[x, y] -= 6.0  # the columns beyond the last whole chunk are hard ones
        model, optimizer = arrange(lab, case, lr=0.0)
        returned = lab.train.train_epoch(model, case.data, optimizer, T, NO_CLIP)
        got = as_number(returned, "what `train_epoch` returns")
        losses = case.losses()
        whole, means = losses[:, : K * T], torch.stack([p.mean() for p in losses.split(T, dim=1)])
        if abs(got - float(whole.mean())) <= 1e-3:  # the shorter chunk may be left out
            continue
        suspects = {
            "the mean of the chunks' means, though the last chunk is shorter": means.mean(),
            "the sum of the chunks' means": means.sum(),
            "the sum over all tokens": losses.sum(),
            "the loss of the last chunk only": means[-1],
            "the loss of the first chunk only": means[0],
            "the sum over all tokens, divided by the number of chunks": losses.sum() / len(means),
            "the sum over all tokens, divided by the columns": losses.sum() / losses.shape[1],
            "divided by the number of ids, N for a stream; there are N - 1 predictions": (
                losses.sum() / case.data.numel()
            ),
            "divided by N / seq_len, which is not the number of chunks": (
                means.sum() / (case.data.shape[1] / T)
            ),
            "the perplexity": losses.mean().exp(),
        }
        # The mean of means is off by 0.03 times how much harder the last columns are: 0.1.
        assert_close(
            got,
            losses.mean(),
            "the mean loss",
            atol=1e-3,
            given=f"{GIVEN.replace('lr=1', 'lr=0')}, {extra} columns more",
            cause=likely_cause(got, suspects),
        )
