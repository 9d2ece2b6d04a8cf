"""Counting parameters: how many stacked LSTMs have, and how many a submission's model has."""

from __future__ import annotations

import math
from typing import Any

from checks.support.judge import as_int, as_list, as_pair, as_text


def lstm_parameters(
    inputs: int, H: int, L: int, *, biases: int = 2, gates: int = 4, directions: int = 1
) -> int:
    """Weights and biases of `L` stacked recurrent layers."""
    widths = [inputs] + [directions * H] * (L - 1)
    return directions * sum(gates * H * (width + H + biases) for width in widths)


def count_parameters(lab: Any, model: Any, given: str) -> tuple[int, str]:
    """How many parameters the model has, shared ones once, and a list of their shapes in words."""
    rows = as_list(lab.probes_models.parameter_shapes(model), "the parameters", given=given)
    named = [as_pair(row, "a parameter", given=given) for row in rows]
    shapes = {
        as_text(name, "its name"): [as_int(n, "a size") for n in as_list(shape, "its shape")]
        for name, shape in named
    }
    listing = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
    return sum(math.prod(shape) for shape in shapes.values()), listing
