"""`CharLSTM` in model.py as something to train: dropout, gradients, initialisation, saving."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.inputs import generator, random_ids
from checks.support.judge import (
    as_list,
    as_pair,
    as_tensor,
    as_text,
    assert_close,
    assert_shape,
    reject,
)

# ------------------------------------------------------------------ dropout


@criterion(
    "charlm.model.dropout-train",
    points=1,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: hand `dropout` on to the LSTM, which applies it between "
    "layers; with dropout=0.0 nothing may be random.",
    requires=STEADY,
)
def test_dropout_acts_in_train_mode(lab):
    """In train mode dropout acts between layers, and dropout=0.0 does nothing."""
    for p in (0.5, 0.0):
        model = Model(lab, Sizes(dropout=p))
        model.handle.train()
        x = model.ids(3, 8)
        (one, _), (other, _) = model(x), model(x)
        # A mask of B * T * H = 168 entries comes twice with probability 2^-168.
        if (one - other).abs().max() > ROUNDING and p == 0.0:
            reject(
                "with dropout=0.0 two calls must agree in train mode too",
                given=model.describe(x),
                got="two calls with different logits",
                cause="the rate is written into the code; the argument `dropout` is not used",
            )
        if torch.allclose(one, other, atol=ROUNDING) and p > 0:
            reject(
                "with dropout=0.5 and two layers, two calls must differ in train mode",
                given=model.describe(x),
                got="two calls with the same logits",
                cause="`dropout` is not used, or acts in no mode",
            )


@criterion(
    "charlm.model.dropout-eval",
    points=1,
    section=SECTION,
    hint="Dropout has to stop in eval mode: use nn.Dropout or the LSTM's own argument, or pass "
    "`training=self.training` to the functional form.",
    requires=STEADY,
)
def test_dropout_does_nothing_in_eval_mode(lab):
    """In eval mode dropout does nothing."""
    for L in (1, 2):
        sizes = Sizes(num_layers=L, dropout=0.9)
        model, plain = Model(lab, sizes), Model(lab, replace(sizes, dropout=0.0))
        x = model.ids(3, 8)
        for call in ("first", "second"):
            assert_close(
                model(x)[0],
                plain(x)[0],
                f"logits of the {call} call in eval mode, against those of dropout=0.0",
                atol=ROUNDING,
                given=model.describe(x),
                cause="dropout, or its scaling, is active in eval mode",
            )


# ------------------------------------------------------------------ gradients


@dataclass(frozen=True)
class Parameter:
    """What is known of one of the model's parameters after a backward pass."""

    name: str
    trains: bool
    gradient: Tensor | None


def parameters_after_backward(lab, model, x, weights):
    """Every parameter with its gradient of `sum(weights * logits)`."""
    given = model.describe(x)
    found = []
    for row in as_list(lab.probes.gradients(model.handle, x, weights), "parameters", given=given):
        name, trains, gradient = as_list(row, "a parameter", length=3, given=given)
        if gradient is not None:
            gradient = as_tensor(gradient, "a gradient", given=given).double()
        found.append(Parameter(as_text(name, "its name", given=given), trains is True, gradient))
    return found


@criterion(
    "charlm.model.gradients",
    points=2,
    section=SECTION,
    hint="Every parameter has to take part in `forward` and to require grad: nothing frozen, no "
    "layer left out, no padding_idx in the embedding, no detach() and no no_grad().",
    requires=STEADY,
)
def test_every_parameter_gets_a_gradient(lab):
    """Every parameter gets a gradient, in each of its rows and columns."""
    model = Model(lab)
    V = model.sizes.vocab_size
    x = torch.stack([torch.randperm(V, generator=generator(lab.seed + b)) for b in range(3)])
    weights = torch.randn(3, V, V, generator=generator(lab.seed))
    for parameter in parameters_after_backward(lab, model, x, weights):
        cause = idle_cause(parameter)
        if cause:
            reject(
                f"{parameter.name} must get a gradient",
                given=f"{model.describe(x)}, every character in x, all logits in the loss",
                expected="a gradient in every row and column",
                got=cause[0],
                cause=cause[1],
            )


def idle_cause(parameter):
    """What of a parameter gets no gradient, and why; None where all of it does."""
    gradient = parameter.gradient
    if not parameter.trains:
        return "requires_grad is False", "the parameter is frozen"
    if gradient is None or gradient.abs().sum() == 0:
        return "no gradient", "it takes no part in forward, or the graph is cut by detach()"
    if not gradient.isfinite().all():
        return "a gradient that is nan or infinite", "0/0, or log or sqrt of 0, in forward"
    for axis, kind in enumerate(("row", "column")[: gradient.ndim]):
        others = [d for d in range(gradient.ndim) if d != axis]
        sums = gradient.abs().sum(dim=others) if others else gradient.abs()
        idle = (sums == 0).nonzero().flatten().tolist()
        if idle:
            cause = "a part of it is never used (padding_idx? a gate left out? a slice too short?)"
            return f"no gradient in {kind} {idle[0]}", cause
    return None


@criterion(
    "charlm.model.gradient-through-time",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: no `detach()`, `.data` or `no_grad()` between two time steps of "
    "the same call. Cutting the graph belongs between batches, in train.py.",
    requires=("charlm.model.gradients", "charlm.model.remembers"),
)
def test_gradients_flow_back_through_time(lab):
    """The gradient of the last logits is the slope of the last logits, through all time steps."""
    model = Model(lab, scale=0.5)
    V, T = model.sizes.vocab_size, 5
    x = model.ids(3, T)
    weights = torch.zeros(3, T, V)
    weights[:, -1] = torch.randn(3, V, generator=generator(lab.seed))
    parameters = parameters_after_backward(lab, model, x, weights)
    seeds = range(lab.seed, lab.seed + 6)
    slopes = [slope(lab, model, x, weights, seed) for seed in seeds]
    products = [along(parameters, seed) for seed in seeds]
    # Over 2400 models a right gradient was off by 6e-5 at most (rounding, fifth-order terms); with
    # the graph cut once, in the middle of the sequence, by 0.02 at least.
    error, scale = math.dist(slopes, products), math.hypot(*slopes, *products)
    if not error < 3e-3 * scale:
        reject(
            "the gradient must be the slope of the logits",
            given=f"{model.describe(x)}, loss on the last step alone, six directions",
            expected=f"slopes {[round(value, 3) for value in slopes]}",
            got=f"gradient times direction {[round(value, 3) for value in products]}",
            cause="what earlier steps contribute is missing: the state is detached between steps",
        )


def slope(lab, model, x, weights, seed, step=3e-3):
    """The slope of `sum(weights * logits)` along a direction, from four points on the line."""
    steps = [step, -step, 2 * step, -2 * step]
    found = as_list(lab.probes.logits_along(model.handle, x, seed, steps), "logits", length=4)
    f = [float((model.logits(logits, x).double() * weights).sum()) for logits in found]
    return (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * step)


def along(parameters, seed):
    """The gradient along the direction that the probe `logits_along` draws from `seed`."""
    source = generator(seed)
    return sum(
        float((torch.randn(p.gradient.shape, generator=source) * p.gradient).sum())
        for p in parameters
        if p.gradient is not None
    )


# ------------------------------------------------------------------ start and reload


@criterion(
    "charlm.model.initial-loss",
    points=1,
    section=SECTION,
    hint="Before training every character should be about equally likely. Look at how parameters "
    "are initialised in `CharLSTM.__init__`, and at what is done to the logits.",
    requires=RUNS,
)
def test_an_untrained_model_knows_nothing(lab):
    """At initialisation the cross-entropy is about ln V."""
    V, B, T = 65, 16, 16
    # Above ln V by at most 0.02 over torch's, Xavier, orthogonal, Kaiming and small uniform
    # initialisation, by 0.11 with an output layer from N(0, 1) and by 0.3 with a tied embedding
    # from N(0, 1) (E = H); with all parameters from N(0, 1) by 6.
    for salt in range(3):
        model = lab.model.CharLSTM(vocab_size=V, embed_dim=64, hidden_size=128)
        x, y = (random_ids(B, T, vocab_size=V, seed=lab.seed + 2 * salt + k) for k in (0, 1))
        given = f"CharLSTM with V={V} E=64 H=128 as it is built, random x and targets ({B}, {T})"
        logits, _ = as_pair(model(x), "what forward returns, (logits, (h, c)),", given=given)
        logits = assert_shape(logits, (B, T, V), "logits", "B, T, V", given).double()
        ce = torch.nn.functional.cross_entropy(logits.reshape(-1, V), y.reshape(-1))
        name = "the cross-entropy of an untrained model"
        cause = "parameters that start too large, or logits that are scaled"
        assert_close(ce, math.log(V), name, atol=0.5, given=given, cause=cause)


@criterion(
    "charlm.model.state-dict",
    points=1,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: keep every layer as an attribute of the module, lists "
    "of layers in nn.ModuleList, so that `state_dict` knows them.",
    requires=("charlm.model.parameter-count", *STEADY),
)
def test_a_saved_model_can_be_loaded(lab):
    """A new model that loads the `state_dict` of another gives the same logits."""
    model = Model(lab)
    x = model.ids(3, 6)
    other = lab.probes.reloaded(lab.model.CharLSTM, model.options, model.handle)
    logits, _ = as_pair(other(x), "what forward returns", given=model.describe(x))
    assert_close(
        model.logits(logits, x),
        model(x)[0],
        "logits of the reloaded model",
        atol=ROUNDING,
        given=model.describe(x),
        cause="a part of the model is not in its state_dict: a list of layers, a plain tensor",
    )
