"""`residual_rnn_grads` in by_hand.py: large and small numbers, long sequences, any size."""

from hypothesis import strategies as st

from checks.gradients import claims
from checks.gradients.problems import long
from checks.support.criteria import criterion
from checks.support.strategies import for_all, sizes

SECTION = claims.SECTIONS["residual"]

VALUES = tuple(
    f"gradients.residual.{claim}"
    for claim in ("direct-path", "w-unembed", "h", "w-embed", "w-recurrent", "repeated-words")
)


@criterion(
    "gradients.residual.precision",
    points=1,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: compute in the weights' own type, float64; "
    "torch.zeros makes float32 unless told otherwise. Formulas, not small differences of J.",
    requires=VALUES,
    explained_by=("gradients.*.precision",),
)
def test_gradients_have_double_precision(lab):
    """The gradients are as precise as float64."""
    claims.assert_precise(lab, "residual")


@criterion(
    "gradients.residual.any-scale",
    points=1,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py returns gradients as they are, also where they grow "
    "from step to step: clipping belongs to training.",
    requires=("gradients.residual.precision",),
    explained_by=("gradients.*.any-scale",),
)
def test_gradients_are_of_any_scale(lab):
    """Very large and very small gradients are returned as they are."""
    claims.assert_any_scale(lab, "residual")


@criterion(
    "gradients.residual.large-logits",
    points=1,
    section=SECTION,
    hint="The softmax of `residual_rnn_grads` in by_hand.py: exp(710) is infinite and exp(-750) is "
    "0. A constant that is taken off all the logits changes no probability: which one is safe?",
    requires=("gradients.residual.any-scale",),
    explained_by=("gradients.*.large-logits",),
)
def test_large_logits_do_no_harm(lab):
    """The gradients are right for logits of 1500 and of -1500 too."""
    claims.assert_stable(lab, "residual")


@criterion(
    "gradients.residual.long",
    points=2,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: go back through every step, to the first word, "
    "however many there are. On the direct path nothing gets smaller.",
    requires=("gradients.residual.any-scale",),
    explained_by=("gradients.rnn.long",),
)
def test_the_gradient_does_not_vanish(lab):
    """Where W_recurrent is small, dJ/dh_1 is of the size of dJ/dh_T, 120 words later."""
    asked = long("residual", lab.seed, T=120, norm=0.01, inputs=0.3)
    claims.assert_reaches_back(lab, asked, "0.99 to 1.01")


@criterion(
    "gradients.residual.any-size",
    points=2,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: take V, H and T from the shapes, keep vectors "
    "vectors when a size is 1, and let a sequence have one word only.",
    requires=("gradients.residual.large-logits",),
    explained_by=("gradients.*.any-size",),
)
@for_all(
    10,
    {"V": 1, "H": 1, "T": 1, "seed": 0},
    {"V": 1, "H": 4, "T": 3, "seed": 0},
    {"V": 5, "H": 1, "T": 4, "seed": 1},
    {"V": 3, "H": 3, "T": 3, "seed": 0},
    {"V": 60, "H": 2, "T": 1, "seed": 0},
    **sizes(V=7, H=6, T=9),
    seed=st.integers(0, 10**6),
)
def test_any_sizes_and_words(lab, V, H, T, seed):
    """For any V, H, T and words the gradients are autograd's, and the slopes of J."""
    claims.assert_any_size(lab, "residual", V, H, T, seed)
