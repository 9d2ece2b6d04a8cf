"""What clipping makes of a step that can be computed by hand, in every lab that trains.

A stub's table is held by two matrices and a vector (`Table` in the probes for training), and plain
SGD with lr 1 steps by minus the gradient that it is handed.
"""

import torch
from torch import Tensor

from checks.support.diagnosis import likely_cause
from checks.support.inputs import generator
from checks.support.judge import assert_close
from checks.support.oracles import clip_by_norm


def small_clip(seed: int) -> float:
    """A limit below the norm of every gradient, which is 0.2 to 0.7, unlike any fixed number."""
    return 0.05 + 0.05 * torch.rand((), generator=generator(seed)).item()


def assert_clipped(step: Tensor, gradient: Tensor, clip: float, given: str) -> None:
    """The step must be minus the gradient, `(V, V)`, cut to the norm `clip`."""
    __tracebackhide__ = True
    V = len(gradient)
    parts = gradient.split([V // 2, V - V // 2 - 1, 1], dim=1)
    matrices = clip_by_norm(torch.cat(parts[:2], dim=1), clip)
    left, vector = clip_by_norm(torch.cat(parts[::2], dim=1), clip).split([V // 2, 1], dim=1)
    suspects = {
        "nothing is clipped: `clip` is not used, or not between `backward` and `step`; or "
        "a fixed number stands in its place": -gradient,
        "every entry is clipped by its value; it is the norm of all that counts": (
            -gradient.clamp(-clip, clip)
        ),
        "each parameter is clipped for itself; it is the norm over all that counts": (
            -torch.cat([clip_by_norm(part, clip) for part in parts], dim=1)
        ),
        "vectors, the biases, are left out of the clipping": (
            -torch.cat([matrices, parts[2]], dim=1)
        ),
        "only the optimizer's first group of parameters is clipped": (
            -torch.cat([left, parts[1], vector], dim=1)
        ),
    }
    # 1e-6 / norm from clip_grad_norm_ itself, 1e-6 from float32: within 1e-3 of the step.
    assert_close(
        step,
        -clip_by_norm(gradient, clip),
        "the step",
        atol=1e-3 * clip,
        given=f"{given}, clip={clip:.4f}, gradient of norm {float(gradient.norm()):.4f}",
        cause=likely_cause(step, suspects),
    )


def assert_spared(step: Tensor, gradient: Tensor, clip: float, given: str) -> None:
    """The step must be minus the gradient, whose norm is below `clip`."""
    __tracebackhide__ = True
    stretched = -gradient * clip / gradient.norm()
    suspects = {"the gradient is always brought to norm `clip`, also upwards": stretched}
    shorter = float(step.norm() / gradient.norm()) < 0.99
    cause = "clipped to a fixed number below the argument `clip`" if shorter else ""
    assert_close(
        step,
        -gradient,
        "the step",
        atol=1e-5,  # the table's float32 rounding is 2e-7, the gradient's entries are near 0.1
        given=f"{given}, clip={clip:.4f}, gradient of norm {float(gradient.norm()):.4f}",
        cause=likely_cause(step, suspects) or cause,
    )
