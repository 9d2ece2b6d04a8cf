"""Claims about `loss_fn`: its value, its gradient, and what huge logits do to it."""

import math

import torch

from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_number, as_tensor, assert_close, reject
from checks.support.oracles import (
    cross_entropy,
    cross_entropy_gradient,
    softmax,
    token_losses,
)
from checks.support.strategies import for_all, sizes

SECTION = "3 Training"


def random_case(generator, B, T, V):
    """Logits `(B, T, V)` and targets `(B, T)`."""
    logits = 2 * torch.randn(B, T, V, generator=generator)
    return logits, torch.randint(V, (B, T), generator=generator)


def usual_mistakes(logits, targets):
    """What the usual wrong losses give for this input."""
    losses = token_losses(logits, targets)
    mean, (B, T) = float(losses.mean()), losses.shape
    chosen = logits.double().gather(-1, targets.unsqueeze(-1))
    return {
        "the losses are summed; the mean over all B*T targets is asked for": mean * B * T,
        "summed over the time steps: divide by B*T, not by B": mean * T,
        "summed over the rows: divide by B*T, not by T": mean * B,
        "a softmax before a cross-entropy that takes logits and does its own": cross_entropy(
            softmax(logits), targets
        ),
        "nll_loss on raw logits: it needs log-probabilities": -float(chosen.mean()),
        "the sign is turned": -mean,
        "exp of the cross-entropy, which is the perplexity": math.exp(mean),
        "logarithms to base 2 instead of the natural ones": mean / math.log(2),
        "the logits are flattened in another order than the targets": cross_entropy(
            logits.transpose(0, 1).reshape(B * T, -1), targets.flatten()
        ),
        "the targets are flattened in another order than the logits": cross_entropy(
            logits.flatten(0, 1), targets.t().flatten()
        ),
    }


def assert_loss(got, logits, targets, given):
    """The mean cross-entropy.

    Summing up to 2,000 float32 terms costs about 1e-6; the smallest mistake here, a label smoothing
    of 0.01, moves the value by more than 1e-2.
    """
    __tracebackhide__ = True
    number = as_number(got, "the loss", given=given)
    cause = likely_cause(number, usual_mistakes(logits, targets))
    assert_close(
        number, cross_entropy(logits, targets), "the loss", atol=1e-4, given=given, cause=cause
    )


@criterion(
    "charlm.train.loss-value",
    points=2,
    section=SECTION,
    hint="`loss_fn` in train.py: cross-entropy of raw logits in nats, averaged over all B*T "
    "targets. Look at the softmax, the mean, and the order in which both inputs are flattened.",
)
@for_all(
    6,
    *({"B": B, "T": T, "V": V} for B, T, V in ((2, 3, 5), (1, 7, 4), (5, 1, 9))),
    **sizes(B=8, T=16, V=60),
)
def test_loss_is_the_mean_cross_entropy(lab, B, T, V):
    """`loss_fn` gives the mean cross-entropy over all B*T targets, whatever the sizes."""
    logits, targets = random_case(torch.Generator().manual_seed(lab.seed), B, T, V)
    given = f"random logits ({B}, {T}, {V}), targets ({B}, {T})"
    assert_loss(lab.train.loss_fn(logits, targets), logits, targets, given)
    # Memory laid out in another order: `view` refuses it, which is no wrong answer.
    strided = lab.probes_training.strided_loss(lab.train.loss_fn, logits, targets)
    if strided is not None:
        assert_loss(strided, logits, targets, f"{given}, not contiguous")
    uniform = torch.full((B, T, 65), 0.25)
    given = f"65 equal logits at each of ({B}, {T}) positions: the loss is ln 65"
    assert_loss(lab.train.loss_fn(uniform, targets % 65), uniform, targets % 65, given)


@criterion(
    "charlm.train.loss-gradient",
    points=2,
    section=SECTION,
    hint="`loss_fn` in train.py must return a tensor that still knows how it was computed: no "
    "`.item()`, no `.detach()`, no numpy and no `float()` before `backward`.",
    requires=("charlm.train.loss-value",),
)
def test_loss_backpropagates(lab):
    """The loss backpropagates: its gradient for the logits is (softmax - one-hot) / (B*T)."""
    logits, targets = random_case(torch.Generator().manual_seed(lab.seed), 3, 5, 7)
    given = "random logits (3, 5, 7), targets (3, 5)"
    evidence = lab.probes_training.loss_and_gradient(lab.train.loss_fn, logits, targets)
    if evidence["differentiable"] is not True:
        reject(
            "`loss_fn` must return a tensor that backpropagates",
            given=given,
            got="a value without a graph: `backward` cannot reach the logits",
            cause="`.item()`, `.detach()`, `float()` or `torch.no_grad()` inside `loss_fn`",
        )
    # Entries are near 1/15; float32 rounds them at 1e-8.
    assert_close(
        as_tensor(evidence["gradient"], "the gradient"),
        cross_entropy_gradient(logits, targets),
        "the gradient for the logits",
        atol=1e-6,
        given=given,
        cause="part of the loss is cut off from the graph, by `.detach()` or `.data`",
    )


@criterion(
    "charlm.train.loss-stable",
    points=1,
    section=SECTION,
    hint="`loss_fn` in train.py: exp overflows above 88 and a tiny softmax rounds to 0, whose log "
    "is -inf. Use a function that takes logits, or subtract the largest logit first.",
    requires=("charlm.train.loss-value", "charlm.train.loss-gradient"),
)
def test_loss_stands_huge_logits(lab):
    """The loss stays exact for logits as large as 10,000."""
    generator = torch.Generator().manual_seed(lab.seed)
    levels = torch.linspace(-1e4, 1e4, 9)  # far apart, so that rounding decides nothing
    logits = torch.stack([levels[torch.randperm(9, generator=generator)] for _ in range(12)])
    logits, targets = logits.view(3, 4, 9), torch.randint(9, (3, 4), generator=generator)
    given = "logits between -10,000 and 10,000, shape (3, 4, 9)"
    evidence = lab.probes_training.loss_and_gradient(lab.train.loss_fn, logits, targets)
    cause = "exp overflows, or the log of a softmax that rounds to 0"
    expected = cross_entropy(logits, targets)
    loss = as_tensor(evidence["loss"], "the loss")
    assert_close(loss, expected, "the loss", atol=0.0, rtol=1e-5, given=given, cause=cause)
    gradient, right = evidence["gradient"], cross_entropy_gradient(logits, targets)
    assert_close(gradient, right, "its gradient", atol=1e-6, given=given, cause=cause)
