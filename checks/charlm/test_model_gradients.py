"""`CharLSTM` in model.py: gradients reach every parameter, through all time steps."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from checks.charlm.lstm import SECTION, Model
from checks.support.criteria import criterion
from checks.support.inputs import generator
from checks.support.judge import as_list, as_tensor, as_text, reject


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
    requires=("charlm.model.remembers", "charlm.model.raw-logits"),
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
    requires=("charlm.model.gradients", "charlm.model.parameter-count"),
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
    f = [float((model.logits(logits, x) * weights).sum()) for logits in found]
    return (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * step)


def along(parameters, seed):
    """The gradient along the direction that the probe `logits_along` draws from `seed`."""
    source = generator(seed)
    return sum(
        float((torch.randn(p.gradient.shape, generator=source) * p.gradient).sum())
        for p in parameters
        if p.gradient is not None
    )
