"""Asking a submission for its gradients, and judging them.

Whatever means the same numbers is taken: vectors `(n,)` or columns `(n, 1)`; tensors, arrays or
nested lists; any mapping, more keys than asked for; the states' derivatives as a list, or stacked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from checks.gradients.mistakes import suspects
from checks.gradients.networks import FUNCTIONS, Gradients, Problem, by_autograd
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_number, as_tensor, describe, reject

# Relative to the largest entry.  Over 3400 problems a right answer in float32 was off by 8.7e-7 at
# most (its rounding is the matter of `precision`); the mistakes looked for are above 1e-2.
VALUES = 1e-3

# Logits of 1500 have a rounding error that their exponentials take over: over 1800 problems right
# answers were off by 2.5e-12 at most, in float32 by 1.0e-3.  What overflows is nan, what is cut off
# is off by its own size.
LARGE = 1e-2

# Over the 3400 problems right answers in float64 were off by 1.0e-15 at most, those in float32 by
# 2.0e-8 at least; a central difference with a step of 1e-5 has rounding errors near 1e-11.
PRECISION = 1e-12

# Over 1200 problems of any size and of larger weights, right answers were off by 7.8e-16 at most,
# and the judge's finite differences, whose error is theirs alone, by 3.0e-11.
ANY_SIZE = 1e-10
DIFFERENCES = 1e-6


def function(lab: Any, problem: Problem) -> Any:
    """The submission's function for the problem."""
    return getattr(lab.by_hand, FUNCTIONS[problem.kind])


def gradients(lab: Any, problem: Problem) -> Gradients:
    """The submission's derivatives, of the right shapes, computed while autograd is off."""
    returned = lab.probes.by_hand(function(lab, problem), problem.arguments)
    return well_formed(returned, problem)


def well_formed(returned: object, problem: Problem) -> Gradients:
    """What a function returned as float64 tensors of the shapes of `problem.shapes`."""
    __tracebackhide__ = True
    given = str(problem)
    if not isinstance(returned, dict):
        reject("the result must be a dict", given=given, got=describe(returned))
    for name in problem.shapes:
        if name not in returned:
            reject(
                f"the result must have the key {name!r}",
                given=given,
                expected=f"the keys {', '.join(problem.shapes)}",
                got=f"the keys {', '.join(describe(key) for key in returned)[:200]}",
            )
    return {name: _shaped(returned[name], name, problem) for name in problem.shapes}


def _shaped(value: object, name: str, problem: Problem) -> Tensor:
    """One entry of the result, a column taken for a vector."""
    __tracebackhide__ = True
    given, shape = str(problem), problem.shapes[name]
    label = f"the entry {name!r}"
    array = _as_array(value, label, given)
    got = tuple(array.shape)
    if got == (*shape, 1) and name not in problem.weights:
        return array[..., 0]
    if got != shape:
        reject(
            f"{label} must have the right shape", given=given, **_shape_words(got, name, problem)
        )
    return array


def _shape_words(got: tuple[int, ...], name: str, problem: Problem) -> dict[str, str]:
    """What a shape should be, what it is, and why it may be so."""
    shape = problem.shapes[name]
    if name == "h" and len(shape) == 2:
        cause = ""
        if len(got) in (2, 3) and got[0] == shape[0] + 1:
            cause = "h_0 is no state to derive for: the list begins with dJ/dh_1"
        elif got[:1] == (shape[1],) and shape[0] != shape[1]:
            cause = "only one state's derivative, or the axes in another order than (T, H)"
        return {
            "expected": f"a list of T={shape[0]} vectors of H={shape[1]} numbers each",
            "got": f"{got[0] if got else 'no'} entries, together of shape {got}",
            "cause": cause,
        }
    cause = ""
    if sorted(got) == sorted(shape) and len(got) > 1:
        cause = "the outer product is transposed: a gradient has the shape of its weight"
    elif got == (1, *shape):
        cause = "a row: a vector or a column is asked for"
    return {"expected": str(shape), "got": str(got), "cause": cause}


def _as_array(value: object, label: str, given: str) -> Tensor:
    """A tensor, a number or a nested list of either, as one float64 tensor."""
    __tracebackhide__ = True
    if isinstance(value, Tensor):
        return as_tensor(value, label, given=given).double().clone()
    if not isinstance(value, (list, tuple)):
        return torch.tensor(as_number(value, label, given=given), dtype=torch.float64)
    rows = [_as_array(row, label, given) for row in value]
    if not rows or any(row.shape != rows[0].shape for row in rows):
        shapes = [tuple(row.shape) for row in rows]
        reject(f"{label} must hold equal parts", given=given, got=f"parts of shapes {shapes}"[:200])
    return torch.stack(rows)


# ------------------------------------------------------------------ judging


def assert_derivative(
    name: str,
    got: Tensor,
    wanted: Tensor,
    problem: Problem,
    tolerance: float,
    cause: str = "",
    floor: float = 0.0,
) -> None:
    """`got` must equal `wanted`, to `tolerance` of the largest entry, or of `floor` if more."""
    __tracebackhide__ = True
    scale = max(float(wanted.abs().max()), floor)
    errors = ((got - wanted).abs() / scale).nan_to_num(nan=math.inf, posinf=math.inf)
    worst = float(errors.max())
    if worst <= tolerance:
        return
    place = torch.unravel_index(errors.flatten().argmax(), wanted.shape)
    at = f"{name}[{', '.join(str(int(i)) for i in place)}]"
    reject(
        f"{name} must be dJ/d{name}",
        given=str(problem),
        expected=f"{at} = {float(wanted[place]):.12g}",
        got=f"{at} = {float(got[place]):.12g}; worst relative error {worst:.1e}, where "
        f"{tolerance:.0e} is allowed",
        cause=cause or likely_cause(got, suspects(problem, name)),
    )


def assert_gradients(
    lab: Any,
    problems: Sequence[Problem],
    *names: str,
    tolerance: float = VALUES,
    cause: str = "",
) -> None:
    """In each problem the submission's derivatives (all, or those named) must be J's."""
    __tracebackhide__ = True
    for problem in problems:
        got, wanted = gradients(lab, problem), by_autograd(problem)
        for name in names or problem.shapes:
            assert_derivative(name, got[name], wanted[name], problem, tolerance, cause)
