"""`rnn_grads` in by_hand.py: large and small numbers, long sequences, any size."""

from hypothesis import strategies as st

from checks.gradients import claims
from checks.gradients.problems import long
from checks.support.criteria import criterion
from checks.support.strategies import for_all, sizes

SECTION = claims.SECTIONS["rnn"]

VALUES = tuple(
    f"gradients.rnn.{claim}"
    for claim in ("w-unembed", "h", "w-embed", "w-recurrent", "repeated-words")
)


@criterion(
    "gradients.rnn.precision",
    points=1,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: compute in the weights' own type, float64; torch.zeros makes "
    "float32 unless told otherwise. Formulas, not small differences of J.",
    requires=VALUES,
    explained_by=("gradients.pair.precision",),
)
def test_gradients_have_double_precision(lab):
    """The gradients are as precise as float64."""
    claims.assert_precise(lab, "rnn")


@criterion(
    "gradients.rnn.any-scale",
    points=1,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py returns gradients as they are, also where they grow from step "
    "to step: clipping belongs to training.",
    requires=("gradients.rnn.precision",),
    explained_by=("gradients.pair.any-scale",),
)
def test_gradients_are_of_any_scale(lab):
    """Very large and very small gradients are returned as they are."""
    claims.assert_any_scale(lab, "rnn")


@criterion(
    "gradients.rnn.large-logits",
    points=1,
    section=SECTION,
    hint="The softmax of `rnn_grads` in by_hand.py: exp(710) is infinite and exp(-750) is 0. A "
    "constant that is taken off all the logits changes no probability: which one is safe?",
    requires=("gradients.rnn.any-scale",),
    explained_by=("gradients.pair.large-logits",),
)
def test_large_logits_do_no_harm(lab):
    """The gradients are right for logits of 1500 and of -1500 too."""
    claims.assert_stable(lab, "rnn")


@criterion(
    "gradients.rnn.long",
    points=2,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: go back through every step, to the first word, however many "
    "there are.",
    requires=("gradients.rnn.any-scale",),
)
def test_the_gradient_goes_back_through_every_step(lab):
    """The gradient reaches the first of 120 words."""
    asked = long("rnn", lab.seed, T=120, norm=1.0, inputs=0.03)
    claims.assert_reaches_back(lab, asked, "a little less than 1")


@criterion(
    "gradients.rnn.vanishes",
    points=1,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: where W_recurrent halves every vector, each step back halves "
    "the gradient at least. It becomes tiny, but never zero: do not stop before the first word.",
    requires=("gradients.rnn.long",),
)
def test_the_gradient_vanishes_step_by_step(lab):
    """Where W_recurrent halves vectors, dJ/dh_t is at most half of dJ/dh_{t+1}, and never zero."""
    asked = long("rnn", lab.seed, T=40, norm=0.5, inputs=0.3)
    claims.assert_reaches_back(lab, asked, "a half or less")


@criterion(
    "gradients.rnn.any-size",
    points=2,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: take V, H and T from the shapes, keep vectors vectors when a "
    "size is 1, and let a sequence have one word only.",
    requires=("gradients.rnn.large-logits",),
    explained_by=("gradients.pair.any-size",),
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
    claims.assert_any_size(lab, "rnn", V, H, T, seed)
