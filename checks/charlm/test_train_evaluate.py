"""Claims about `evaluate`: the value, and that measuring a model changes nothing about it.

The stub looks its logits up in a table and stretches them by how much it has read since the state
it was given, so that a state carried from batch to batch shows in the value.
"""

import math

import torch

from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.inputs import generator
from checks.support.judge import (
    as_list,
    as_number,
    as_pair,
    as_tensor,
    assert_close,
    assert_raises,
    reject,
)
from checks.support.oracles import token_losses

SECTION = "3 Training"
V, T, ROWS, GROWTH = 9, 5, 23, 0.1


class Case:
    """A table and windows, the last of them hard: a batch of its own makes means of means wrong."""

    def __init__(self, seed, scale=1.0):
        source = generator(seed)
        self.table = scale * torch.randn(V, V, generator=source)
        self.x = torch.randint(V - 1, (ROWS, T), generator=source)
        self.y = torch.randint(V - 1, (ROWS, T), generator=source)
        self.x[-1], self.y[-1] = V - 1, V - 1  # a character of the last row only
        self.table[V - 1, V - 1] = -4.0

    def losses(self, growth):
        """The loss of every token, `(ROWS, T)`, each row read from the zero state."""
        stretch = 1 + growth * torch.arange(T, dtype=torch.float64)
        return token_losses(self.table.double()[self.x] * stretch[:, None], self.y)

    def arrange(self, lab, batch_size=5, **options):
        """The stub and a loader."""
        return (
            lab.probes_training.Table(self.table, **options),
            lab.probes_training.loader(self.x, self.y, batch_size=batch_size),
        )


def numbers(pair):
    """`(ce, perplexity)` as floats."""
    ce, perplexity = as_pair(pair, "what `evaluate` returns, (ce, perplexity),")
    return as_number(ce, "ce"), as_number(perplexity, "perplexity")


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
    for batch_size in (ROWS, 5, 1, 100):
        model, loader = case.arrange(lab, batch_size, growth=GROWTH)
        model.eval()
        ce, _ = numbers(lab.train.evaluate(model, loader))
        cause = likely_cause(ce, value_mistakes(losses, batch_size))
        # float32 is off by 2e-6; rounding to two digits by 2e-3, a mean of means by 0.05.
        assert_close(
            ce,
            losses.mean(),
            "ce",
            atol=2e-5,
            given=f"{ROWS} windows of {T} characters, batch size {batch_size}",
            cause=cause or "every batch must start from the zero state" * (batch_size < ROWS),
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
    "charlm.train.eval-no-grad",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: run the model under `torch.no_grad()`; graphs that nobody "
    "backpropagates only take memory.",
    requires=("charlm.train.eval-value",),
)
def test_evaluate_records_no_gradients(lab):
    """`evaluate` runs without recording gradients."""
    model, loader = Case(lab.seed).arrange(lab)
    lab.train.evaluate(model, loader)
    recorded = [visit["gradient"] for visit in model.visits()]
    if not recorded or any(flag is not False for flag in recorded):
        reject(
            "`evaluate` must run the model without recording gradients",
            given="5 batches",
            got=f"gradients recorded in {sum(f is not False for f in recorded)} of "
            f"{len(recorded)} forward passes",
            cause="`torch.no_grad()` is missing or does not enclose the forward pass",
        )


@criterion(
    "charlm.train.eval-restores-mode",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: remember `model.training` and set it again at the end.",
    requires=("charlm.train.eval-value",),
)
def test_evaluate_restores_the_mode(lab):
    """After `evaluate` the model is in the mode it came in, train or eval."""
    for train_mode in (True, False):
        model, loader = Case(lab.seed).arrange(lab, dropout=0.5)
        model.train(train_mode)
        lab.train.evaluate(model, loader)
        modes = as_list(lab.probes_training.modes(model), "the modes")
        if modes != [train_mode]:
            names = {True: "train mode", False: "eval mode"}
            reject(
                "`evaluate` must leave the model in the mode it came in",
                given=f"a model in {names[train_mode]}",
                expected=names[train_mode],
                got=" and ".join(names.get(mode, "no mode") for mode in modes),
                cause="the mode is not set back"
                if train_mode
                else "`model.train()` at the end, whatever the mode was before",
            )


@criterion(
    "charlm.train.eval-no-change",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py only measures: no `backward`, no optimizer step, no new weights.",
    requires=("charlm.train.loss-value", "charlm.train.loss-gradient"),
)
def test_evaluate_changes_nothing(lab):
    """`evaluate` changes no weight and no buffer, adds to no gradient and leaves autograd on."""
    model, loader = Case(lab.seed).arrange(lab)
    lab.probes_training.set_gradients(model, 0.25)
    before = lab.probes_training.state(model)
    lab.train.evaluate(model, loader)
    after = lab.probes_training.state(model)
    if not model.visits():
        reject("`evaluate` must run the model on every batch", got="no forward pass")
    for name in sorted({*before, *after}):
        if name not in before or not torch.equal(as_tensor(after.get(name), name), before[name]):
            reject(
                "`evaluate` must change no weight and no buffer, and add none",
                given=f"`{name}` of the model before and after",
                got="another value",
                cause="an optimizer step inside `evaluate`, or a result that is kept in the model",
            )
    if lab.probes_training.trainable(model) is not True:
        reject(
            "`evaluate` must leave the model trainable",
            got="autograd is off for the model afterwards",
            cause="`torch.set_grad_enabled(False)` or `requires_grad_(False)`, not undone",
        )
    for gradient in lab.probes_training.gradients(model):
        values = set(as_tensor(gradient, "a gradient").flatten().tolist())
        if values not in ({0.25}, {0.0}):  # zeroing them is harmless
            reject(
                "`evaluate` must add to no gradient",
                given="a model whose gradients are all 0.25",
                got="other gradients",
                cause="`backward()` inside `evaluate`",
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
