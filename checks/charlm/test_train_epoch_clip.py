"""Claims about clipping, read off steps that can be computed by hand."""

import torch

from checks.charlm.steps import GIVEN, moves, own_batch
from checks.support.batches import V, disjoint_case
from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import assert_close
from checks.support.oracles import clip_by_norm

SECTION = "3 Training"


@criterion(
    "charlm.train.clip-norm",
    points=3,
    section=SECTION,
    hint="`train_epoch` in train.py: limit the norm of the gradient over all parameters together "
    "to `clip`, after `backward` and before `step`.",
    requires=("charlm.train.step-gradient",),
)
def test_large_gradient_is_cut_to_the_norm_clip(lab):
    """A gradient whose norm exceeds `clip` is scaled down to norm `clip`, its direction kept."""
    case = disjoint_case(lab.seed)
    clip = 0.05 + 0.05 * torch.rand((), generator=torch.Generator().manual_seed(lab.seed)).item()
    for number, step in enumerate(moves(lab, case, clip), start=1):
        gradient = case.gradients()[own_batch(step, case)]  # of norm 0.2 to 0.7
        parts = gradient.split([V // 2, V // 2 - 1, 1], dim=1)  # two matrices and a vector
        matrices = clip_by_norm(torch.cat(parts[:2], dim=1), clip)
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
        }
        # 1e-6 / norm from clip_grad_norm_ itself, 1e-6 from float32: within 1e-3 of the step.
        assert_close(
            step,
            -clip_by_norm(gradient, clip),
            "the step",
            atol=1e-3 * clip,
            given=f"{GIVEN}, clip={clip:.4f}, gradient of norm {float(gradient.norm()):.4f}, "
            f"step {number}",
            cause=likely_cause(step, suspects),
        )


@criterion(
    "charlm.train.clip-spares-small",
    points=1,
    section=SECTION,
    hint="`train_epoch` in train.py: clipping only ever shortens. A gradient whose norm is below "
    "`clip` goes into the step as it is.",
    requires=("charlm.train.step-gradient",),
)
def test_small_gradient_is_left_alone(lab):
    """A gradient whose norm is below `clip` reaches the step unchanged."""
    case = disjoint_case(lab.seed)
    right = case.gradients()
    clip = 1.25 * float(right.flatten(1).norm(dim=1).max())
    for number, step in enumerate(moves(lab, case, clip), start=1):
        gradient = right[own_batch(step, case)]
        stretched = -gradient * clip / gradient.norm()
        suspects = {"the gradient is always brought to norm `clip`, also upwards": stretched}
        shorter = float(step.norm() / gradient.norm()) < 0.99
        cause = "clipped to a fixed number below the argument `clip`" if shorter else ""
        assert_close(
            step,
            -gradient,
            "the step",
            atol=1e-5,  # the table's float32 rounding is 2e-7, the gradient's entries are near 0.1
            given=f"{GIVEN}, clip={clip:.4f}, gradient of norm {float(gradient.norm()):.4f}, "
            f"step {number}",
            cause=likely_cause(step, suspects) or cause,
        )
