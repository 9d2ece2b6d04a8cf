"""Claims about clipping, read off steps that can be computed by hand."""

from checks.support.clipping import assert_clipped, assert_spared, small_clip
from checks.support.criteria import criterion
from checks.wordlm.streams import GIVEN, OF_DATA, disjoint_case, moves, own_chunk

SECTION = "3 Training"


@criterion(
    "wordlm.train.clip-norm",
    points=3,
    section=SECTION,
    hint="`train_epoch` in train.py: limit the norm of the gradient over all parameters together "
    "to `clip`, after `backward` and before `step`.",
    requires=("wordlm.train.step-gradient",),
    explained_by=OF_DATA,
)
def test_large_gradient_is_cut_to_the_norm_clip(lab):
    """A gradient whose norm exceeds `clip` is scaled down to norm `clip`, its direction kept."""
    case, clip = disjoint_case(lab.seed), small_clip(lab.seed)
    right = case.gradients()
    for groups in (1, 2):  # of the optimizer's parameters
        for number, step in enumerate(moves(lab, case, clip, groups), start=1):
            given = f"{GIVEN} and {groups} group(s) of parameters, step {number}"
            assert_clipped(step, right[own_chunk(step)], clip, given)


@criterion(
    "wordlm.train.clip-spares-small",
    points=1,
    section=SECTION,
    hint="`train_epoch` in train.py: clipping only ever shortens. A gradient whose norm is below "
    "`clip` goes into the step as it is.",
    requires=("wordlm.train.step-gradient",),
    explained_by=OF_DATA,
)
def test_small_gradient_is_left_alone(lab):
    """A gradient whose norm is below `clip` reaches the step unchanged."""
    case = disjoint_case(lab.seed)
    right = case.gradients()
    clip = 1.25 * float(right.flatten(1).norm(dim=1).max())
    for number, step in enumerate(moves(lab, case, clip), start=1):
        assert_spared(step, right[own_chunk(step)], clip, f"{GIVEN}, step {number}")
