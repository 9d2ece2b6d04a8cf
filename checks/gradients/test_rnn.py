"""`rnn_grads` in by_hand.py: what goes in and what comes out, and each gradient.

Precision, sizes and long sequences are in test_rnn_reach.py.
"""

from checks.gradients import claims
from checks.gradients.asking import assert_gradients
from checks.gradients.problems import several, with_repeated_words
from checks.support.criteria import criterion

SECTION = claims.SECTIONS["rnn"]

CALLS = ("gradients.rnn.shapes", "gradients.rnn.repeats", "gradients.rnn.by-hand")
# What is written into the weights may spoil what is computed from them afterwards.
INTACT = "gradients.rnn.inputs-unchanged"


@criterion(
    "gradients.rnn.shapes",
    points=1,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py returns a dict with the keys W_embed, W_recurrent, W_unembed "
    "and h; h is a list of T vectors, one for each word that was read.",
    explained_by=("gradients.pair.shapes",),
)
def test_the_result_has_keys_and_shapes(lab):
    """`rnn_grads` returns a dict of dJ/d`W_embed`, `W_recurrent`, `W_unembed`, and `h`, a list."""
    claims.assert_well_formed(lab, "rnn")


@criterion(
    "gradients.rnn.repeats",
    points=1,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: h_0 is zero and every sum starts at zero, in each call anew.",
    requires=CALLS[:1],
    explained_by=("gradients.pair.repeats",),
)
def test_calls_are_independent(lab):
    """`rnn_grads` gives the same for the same, whatever it was called with before."""
    claims.assert_repeats(lab, "rnn")


@criterion(
    "gradients.rnn.by-hand",
    points=3,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: keep the states on the way forward, and go back through them "
    "with the chain rule. Use autograd outside the answer, to compare.",
    requires=CALLS[:2],
    explained_by=("gradients.pair.by-hand",),
)
def test_no_autograd_is_used(lab):
    """`rnn_grads` gives its answer without autograd."""
    claims.assert_by_hand(lab, "rnn")


@criterion(
    "gradients.rnn.inputs-unchanged",
    points=1,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py reads the weights and the words, and writes into tensors of "
    "its own. A slice such as W[:, x] is a view: what is added to it in place is added to W.",
    requires=CALLS,
    explained_by=("gradients.pair.inputs-unchanged",),
)
def test_the_weights_stay_as_they_are(lab):
    """`rnn_grads` does not change its arguments."""
    claims.assert_inputs_unchanged(lab, "rnn")


@criterion(
    "gradients.rnn.w-unembed",
    points=2,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: first run forwards to the last state h_T; then the last layer "
    "is that of the word pair, with h_T for h.",
    requires=CALLS,
    explained_by=(INTACT, "gradients.pair.s", "gradients.pair.w-unembed"),
)
def test_the_gradient_of_the_unembedding(lab):
    """dJ/dW_unembed is the outer product of y - p and the last state."""
    assert_gradients(lab, several("rnn", lab.seed), "W_unembed")


@criterion(
    "gradients.rnn.h",
    points=3,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: from dJ/dh_t go back through the tanh to what went into it, "
    "and from there through W_recurrent to h_{t-1}. The list begins with dJ/dh_1.",
    requires=CALLS,
    explained_by=(INTACT, "gradients.rnn.w-unembed", "gradients.pair.h"),
)
def test_the_gradient_of_every_state(lab):
    """dJ/dh_t is right for every state, from dJ/dh_1 to dJ/dh_T in this order."""
    assert_gradients(lab, several("rnn", lab.seed), "h")


@criterion(
    "gradients.rnn.w-embed",
    points=2,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: every step reads one column of W_embed, so each step adds to "
    "the gradient of its own word's column.",
    requires=CALLS,
    explained_by=(INTACT, "gradients.rnn.w-unembed", "gradients.rnn.h", "gradients.pair.w-embed"),
)
def test_the_gradient_of_the_embedding(lab):
    """dJ/dW_embed has a part from every step, in the column of that step's word."""
    assert_gradients(lab, several("rnn", lab.seed), "W_embed")


@criterion(
    "gradients.rnn.w-recurrent",
    points=2,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: step t multiplies W_recurrent with h_{t-1}. Its part is the "
    "outer product of what comes back and that state; add up the parts of all steps.",
    requires=CALLS,
    explained_by=(INTACT, "gradients.rnn.w-unembed", "gradients.rnn.h"),
)
def test_the_gradient_of_the_recurrent_matrix(lab):
    """dJ/dW_recurrent is the sum over all steps, each with the state before it."""
    assert_gradients(lab, several("rnn", lab.seed), "W_recurrent")


@criterion(
    "gradients.rnn.repeated-words",
    points=2,
    section=SECTION,
    hint="`rnn_grads` in by_hand.py: a word that is read twice has two parts in one column of "
    "W_embed; they add up. Indexed assignment, also with +=, keeps one of them.",
    requires=("gradients.rnn.w-embed",),
    explained_by=("gradients.rnn.w-recurrent",),
)
def test_a_word_may_be_read_more_than_once(lab):
    """A word that is read several times gets the sum of its parts."""
    assert_gradients(lab, with_repeated_words("rnn", lab.seed), "W_embed")
