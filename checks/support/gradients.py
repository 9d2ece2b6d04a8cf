"""Whether gradients reach every parameter of a model, and whether they are the right ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.inputs import generator
from checks.support.judge import as_list, as_tensor, as_text, reject


@dataclass(frozen=True)
class Parameter:
    """What is known of one of the model's parameters after a backward pass."""

    name: str
    trains: bool
    gradient: Tensor | None


def parameters_after_backward(
    lab: Any, model: Any, arguments: Sequence[Any], weights: Tensor, given: str
) -> list[Parameter]:
    """Every parameter after backward from `sum(weights * logits)` of `model(*arguments)`."""
    rows = lab.probes_models.gradients(model, list(arguments), weights)
    found = []
    for row in as_list(rows, "parameters", given=given):
        name, trains, gradient = as_list(row, "a parameter", length=3, given=given)
        if gradient is not None:
            gradient = as_tensor(gradient, "a gradient", given=given).double()
        found.append(Parameter(as_text(name, "its name", given=given), trains is True, gradient))
    return found


def assert_gradients(parameters: Sequence[Parameter], given: str) -> None:
    """Every parameter must have a gradient, in each of its rows and columns."""
    __tracebackhide__ = True
    for parameter in parameters:
        cause = _idle_cause(parameter)
        if cause:
            reject(
                f"{parameter.name} must get a gradient",
                given=given,
                expected="a gradient in every row and column",
                got=cause[0],
                cause=cause[1],
            )


def _idle_cause(parameter: Parameter) -> tuple[str, str] | None:
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


def assert_slope(
    lab: Any,
    model: Any,
    arguments: Sequence[Any],
    value: Callable[[Tensor], float],
    parameters: Sequence[Parameter],
    given: str,
    cause: str,
) -> None:
    """The parameters' gradients must be the slope of `value`, a function of the logits.

    The slope is taken from four points along each of six directions in the space of parameters.
    """
    __tracebackhide__ = True
    seeds = range(lab.seed, lab.seed + 6)
    slopes = [_slope(lab, model, arguments, value, seed) for seed in seeds]
    products = [_along(parameters, seed) for seed in seeds]
    # Over 2400 models a right gradient was off by 6e-5 at most (rounding, fifth-order terms); with
    # the graph cut once, in the middle of the sequence, by 0.02 at least.
    error, scale = math.dist(slopes, products), math.hypot(*slopes, *products)
    if not error < 3e-3 * scale:
        reject(
            "the gradient must be the slope of the logits",
            given=f"{given}, six directions",
            expected=f"slopes {[round(value, 3) for value in slopes]}",
            got=f"gradient times direction {[round(value, 3) for value in products]}",
            cause=cause,
        )


def _slope(
    lab: Any,
    model: Any,
    arguments: Sequence[Any],
    value: Callable[[Tensor], float],
    seed: int,
    step: float = 3e-3,
) -> float:
    """The slope of `value` along a direction, from four points on the line."""
    steps = [step, -step, 2 * step, -2 * step]
    points = lab.probes_models.logits_along(model, list(arguments), seed, steps)
    f = [value(logits) for logits in as_list(points, "logits", length=4)]
    return (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * step)


def _along(parameters: Sequence[Parameter], seed: int) -> float:
    """The gradient along the direction that the probe `logits_along` draws from `seed`."""
    source = generator(seed)
    return sum(
        float((torch.randn(p.gradient.shape, generator=source) * p.gradient).sum())
        for p in parameters
        if p.gradient is not None
    )
