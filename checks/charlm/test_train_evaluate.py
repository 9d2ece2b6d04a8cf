"""Claims about what `evaluate` returns, for a model whose loss is known."""

import math

import torch

from checks.charlm.measuring import GROWTH, ROWS, Case, T, numbers
from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import assert_close, assert_raises

SECTION = "3 Training"
LONG = 15  # times the windows: 345 batches of one, more than anybody would stop after


def value_mistakes(losses, batch_size):
    """What the usual mistakes give for `ce`."""
    means = torch.stack([batch.mean() for batch in losses.split(batch_size)])
    return {
        "the mean of the batches' means, though the last batch is smaller": means.mean(),
        "the sum of the batches' means": means.sum(),
        "the sum over all tokens": losses.sum(),
        "only the last batch counts": means[-1],
        "only the first batch counts": means[0],
        "the last, smaller batch is left out": losses[: ROWS - ROWS % batch_size].mean(),
        "the sum over all tokens, divided by the number of rows": losses.sum() / ROWS,
        "the sum of the batches' means, divided by the number of rows": means.sum() / ROWS,
        "the perplexity comes first; the order is (ce, perplexity)": losses.mean().exp(),
    }


@criterion(
    "charlm.train.eval-value",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: the mean over all tokens of the loader. Weight each batch by its "
    "number of tokens, and start each batch with hidden=None.",
    requires=("charlm.train.loss-value", "charlm.train.loss-gradient"),
)
def test_evaluate_gives_the_mean_loss_whatever_the_batch_size(lab):
    """`evaluate` gives the mean cross-entropy per token, whatever the batch size."""
    case = Case(lab.seed)
    losses = case.losses(GROWTH)
    for batch_size, times in ((ROWS, 1), (5, 1), (1, 1), (100, 1), (1, LONG)):
        model, loader = case.arrange(lab, batch_size, times, growth=GROWTH)
        model.eval()
        ce, _ = numbers(lab.train.evaluate(model, loader))
        cause = likely_cause(ce, value_mistakes(losses, batch_size))
        # float32 is off by 2e-6; rounding to two digits by 2e-3, a mean of means by 0.05.
        assert_close(
            ce,
            losses.mean(),
            "ce",
            atol=2e-5,
            given=f"{ROWS * times} windows of {T} characters, batch size {batch_size}",
            cause=cause
            or "the loop ends before the loader does" * (times > 1)
            or "every batch must start from the zero state" * (batch_size < ROWS),
        )


@criterion(
    "charlm.train.perplexity",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: perplexity is exp(ce), the exp of the overall mean, to base e.",
    requires=("charlm.train.eval-value",),
)
def test_perplexity_is_exp_of_the_mean(lab):
    """The perplexity is `exp(ce)`."""
    for scale in (1.0, 9.0):  # a fair model, and a hopeless one: a perplexity has no limit
        case = Case(lab.seed, scale)
        model, loader = case.arrange(lab)
        model.eval()
        ce, perplexity = numbers(lab.train.evaluate(model, loader))
        assert_close(
            perplexity,
            math.exp(min(ce, 700.0)),
            "perplexity",
            atol=0.0,
            rtol=1e-4,  # float32's exp; the mistakes are off by 10 % and more
            given=f"ce = {ce:.6f}, from {ROWS} windows in batches of 5",
            cause=likely_cause(perplexity, perplexity_mistakes(ce, case.losses(0.0))),
        )


def perplexity_mistakes(ce, losses):
    """What the usual mistakes give for the perplexity."""
    means = torch.stack([batch.mean() for batch in losses.split(5)])
    weights = torch.tensor([len(batch) / ROWS for batch in losses.split(5)])
    return {
        "the mean of the batches' perplexities; it is the exp of the overall mean": (
            means.exp() @ weights.double()
        ),
        "the plain mean of the batches' perplexities": means.exp().mean(),
        "the mean of exp over all tokens": losses.exp().mean(),
        "the exp of the mean of the batches' means": means.mean().exp(),
        "2 to the power of ce: ce is in nats, so the base is e": 2.0 ** min(ce, 700.0),
        "it is ce itself": ce,
        "it is exp(-ce)": math.exp(-max(ce, -700.0)),
        "the exp of the sum of the batches' losses": means.sum().exp(),
        "the exp stops at a limit": math.exp(10.0),
    }


@criterion(
    "charlm.train.eval-mode",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: put the model in eval mode first, so that dropout is off.",
    requires=("charlm.train.eval-value",),
)
def test_evaluate_runs_in_eval_mode(lab):
    """`evaluate` runs the model in eval mode, so that dropout is off."""
    case = Case(lab.seed)
    model, loader = case.arrange(lab, dropout=1.0)
    model.train()
    ce, _ = numbers(lab.train.evaluate(model, loader))
    assert_close(
        ce,
        case.losses(0.0).mean(),
        "ce",
        atol=1e-3,
        given="a model with dropout, handed over in train mode",
        cause="dropout acts: `model.eval()` is missing or comes too late",
    )


@criterion(
    "charlm.train.eval-empty",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: raise ValueError if the loader gave no batch. A validation text "
    "shorter than one window would otherwise look like a perfect model.",
    requires=("charlm.train.eval-value",),
)
def test_empty_loader_raises(lab):
    """An empty loader raises; it never gives CE 0 and perplexity 1."""
    nothing = torch.empty(0, T, dtype=torch.int64)
    assert_raises(
        lab.train.evaluate,
        lab.probes_training.Table(Case(lab.seed).table),
        lab.probes_training.loader(nothing, nothing, batch_size=3),
        types=("Exception",),
        given="a loader that gives no batch",
    )
