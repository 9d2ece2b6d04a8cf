"""`word_pair_grads` in by_hand.py: one word predicts the next."""

from hypothesis import strategies as st

from checks.gradients import claims
from checks.gradients.asking import assert_gradients
from checks.gradients.problems import several
from checks.support.criteria import criterion
from checks.support.strategies import for_all, sizes

SECTION = claims.SECTIONS["pair"]

CALLS = ("gradients.pair.shapes", "gradients.pair.repeats", "gradients.pair.by-hand")
# What is written into the weights may spoil what is computed from them afterwards.
INTACT = "gradients.pair.inputs-unchanged"
VALUES = tuple(f"gradients.pair.{claim}" for claim in ("s", "h", "w-unembed", "w-embed"))


@criterion(
    "gradients.pair.shapes",
    points=1,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py returns a dict with the keys s, h, W_unembed and "
    "W_embed; each gradient has the shape of what it is the gradient for.",
)
def test_the_result_has_keys_and_shapes(lab):
    """`word_pair_grads` returns a dict of dJ/d`s`, `h`, `W_unembed` and `W_embed`."""
    claims.assert_well_formed(lab, "pair")


@criterion(
    "gradients.pair.repeats",
    points=1,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: make the gradients anew in each call; nothing that a "
    "call computes may be kept for the next.",
    requires=CALLS[:1],
)
def test_calls_are_independent(lab):
    """`word_pair_grads` gives the same for the same, whatever it was called with before."""
    claims.assert_repeats(lab, "pair")


@criterion(
    "gradients.pair.by-hand",
    points=3,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: derive each gradient on paper, with the chain rule, and "
    "compute the formula. Use autograd outside the answer, to compare.",
    requires=CALLS[:2],
)
def test_no_autograd_is_used(lab):
    """`word_pair_grads` gives its answer without autograd."""
    claims.assert_by_hand(lab, "pair")


@criterion(
    "gradients.pair.inputs-unchanged",
    points=1,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py reads the weights, and writes into tensors of its own. A "
    "slice such as W[:, x] is a view: what is added to it in place is added to W.",
    requires=CALLS,
)
def test_the_weights_stay_as_they_are(lab):
    """`word_pair_grads` does not change its arguments."""
    claims.assert_inputs_unchanged(lab, "pair")


@criterion(
    "gradients.pair.s",
    points=2,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: J = s[y] - log(sum of exp(s)). Differentiate that for "
    "each logit in turn: what is it for y, what for any other word?",
    requires=CALLS,
    explained_by=(INTACT,),
)
def test_the_gradient_of_the_logits(lab):
    """dJ/ds is y - p, with y as a one-hot column."""
    assert_gradients(lab, several("pair", lab.seed), "s")


@criterion(
    "gradients.pair.h",
    points=2,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: h reaches J through all the logits, s = W_unembed h. "
    "Which matrix takes dJ/ds, V numbers, to dJ/dh, H numbers?",
    requires=CALLS,
    explained_by=(
        INTACT,
        "gradients.pair.s",
    ),
)
def test_the_gradient_of_the_hidden_vector(lab):
    """dJ/dh is dJ/ds, taken back through W_unembed."""
    assert_gradients(lab, several("pair", lab.seed), "h")


@criterion(
    "gradients.pair.w-unembed",
    points=2,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: the entry (i, j) of W_unembed multiplies h[j] and adds "
    "to s[i]. So its gradient is a product of two numbers, and all of them an outer product.",
    requires=CALLS,
    explained_by=(
        INTACT,
        "gradients.pair.s",
    ),
)
def test_the_gradient_of_the_unembedding(lab):
    """dJ/dW_unembed is the outer product of dJ/ds and h."""
    assert_gradients(lab, several("pair", lab.seed), "W_unembed")


@criterion(
    "gradients.pair.w-embed",
    points=2,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: x is one-hot, so only one column of W_embed was read. "
    "Which one, and what is the gradient of all the others?",
    requires=CALLS,
    explained_by=(INTACT, "gradients.pair.s", "gradients.pair.h"),
)
def test_the_gradient_of_the_embedding(lab):
    """dJ/dW_embed is dJ/dh in the column of the word x, and zero elsewhere."""
    assert_gradients(lab, several("pair", lab.seed), "W_embed")


@criterion(
    "gradients.pair.precision",
    points=1,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: compute in the weights' own type, float64, and from "
    "formulas, not from small differences of J.",
    requires=VALUES,
)
def test_gradients_have_double_precision(lab):
    """The gradients are as precise as float64."""
    claims.assert_precise(lab, "pair")


@criterion(
    "gradients.pair.any-scale",
    points=1,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py returns gradients as they are: clipping belongs to "
    "training.",
    requires=("gradients.pair.precision",),
)
def test_gradients_are_of_any_scale(lab):
    """Very large and very small gradients are returned as they are."""
    claims.assert_any_scale(lab, "pair")


@criterion(
    "gradients.pair.large-logits",
    points=1,
    section=SECTION,
    hint="The softmax of `word_pair_grads` in by_hand.py: exp(710) is infinite and exp(-750) is 0. "
    "A constant that is taken off all the logits changes no probability: which one is safe?",
    requires=("gradients.pair.any-scale",),
)
def test_large_logits_do_no_harm(lab):
    """The gradients are right for logits of 1500 and of -1500 too."""
    claims.assert_stable(lab, "pair")


@criterion(
    "gradients.pair.any-size",
    points=2,
    section=SECTION,
    hint="`word_pair_grads` in by_hand.py: take V and H from the weights' shapes, keep vectors "
    "vectors when a size is 1, and let x and y be the same word.",
    requires=("gradients.pair.large-logits",),
)
@for_all(
    10,
    {"V": 1, "H": 1, "seed": 0},
    {"V": 1, "H": 4, "seed": 0},
    {"V": 5, "H": 1, "seed": 1},
    {"V": 3, "H": 3, "seed": 0},
    {"V": 60, "H": 2, "seed": 0},
    **sizes(V=7, H=6),
    seed=st.integers(0, 10**6),
)
def test_any_sizes_and_words(lab, V, H, seed):
    """For any V, H, x and y the gradients are autograd's, and the slopes of finite differences."""
    claims.assert_any_size(lab, "pair", V, H, 1, seed)
