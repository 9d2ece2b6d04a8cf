"""`residual_rnn_grads` in by_hand.py: what goes in and what comes out, and each gradient.

Precision, sizes and long sequences are in test_residual_reach.py.
"""

from checks.gradients import claims
from checks.gradients.asking import assert_gradients
from checks.gradients.problems import several, with_repeated_words
from checks.support.criteria import criterion

SECTION = claims.SECTIONS["residual"]

CALLS = (
    "gradients.residual.shapes",
    "gradients.residual.repeats",
    "gradients.residual.by-hand",
)
# What is written into the weights may spoil what is computed from them afterwards.
INTACT = "gradients.residual.inputs-unchanged"


@criterion(
    "gradients.residual.shapes",
    points=1,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py returns what `rnn_grads` does: a dict with the keys "
    "W_embed, W_recurrent, W_unembed and h, a list of T vectors.",
    explained_by=("gradients.*.shapes",),
)
def test_the_result_has_keys_and_shapes(lab):
    """`residual_rnn_grads` returns a dict with the keys and shapes of `rnn_grads`."""
    claims.assert_well_formed(lab, "residual")


@criterion(
    "gradients.residual.repeats",
    points=1,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: h_0 is zero and every sum starts at zero, in each "
    "call anew.",
    requires=CALLS[:1],
    explained_by=("gradients.*.repeats",),
)
def test_calls_are_independent(lab):
    """`residual_rnn_grads` gives the same for the same, whatever it was called with before."""
    claims.assert_repeats(lab, "residual")


@criterion(
    "gradients.residual.by-hand",
    points=3,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: keep the states, and what each tanh gave, on the way "
    "forward, and go back with the chain rule. Use autograd outside the answer, to compare.",
    requires=CALLS[:2],
    explained_by=("gradients.*.by-hand",),
)
def test_no_autograd_is_used(lab):
    """`residual_rnn_grads` gives its answer without autograd."""
    claims.assert_by_hand(lab, "residual")


@criterion(
    "gradients.residual.inputs-unchanged",
    points=1,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py reads the weights and the words, and writes into "
    "tensors of its own. A slice such as W[:, x] is a view: what is added to it is added to W.",
    requires=CALLS,
    explained_by=("gradients.*.inputs-unchanged",),
)
def test_the_weights_stay_as_they_are(lab):
    """`residual_rnn_grads` does not change its arguments."""
    claims.assert_inputs_unchanged(lab, "residual")


@criterion(
    "gradients.residual.direct-path",
    points=3,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: h_t = h_{t-1} + ..., so one of the two paths back to "
    "h_{t-1} goes through no matrix and no tanh. What does dJ/dh_t become on it?",
    requires=CALLS,
    explained_by=(INTACT,),
)
def test_the_direct_path_carries_the_gradient(lab):
    """With W_recurrent = 0 the gradient goes back unchanged: dJ/dh_1 equals dJ/dh_T."""
    claims.assert_direct_path(lab)


@criterion(
    "gradients.residual.w-unembed",
    points=2,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: first run forwards to the last state h_T, the sum of "
    "what all steps added; then the last layer is that of the word pair, with h_T for h.",
    requires=CALLS,
    explained_by=(
        INTACT,
        "gradients.residual.direct-path",
        "gradients.pair.s",
        "gradients.*.w-unembed",
    ),
)
def test_the_gradient_of_the_unembedding(lab):
    """dJ/dW_unembed is the outer product of y - p and the last state."""
    assert_gradients(lab, several("residual", lab.seed), "W_unembed")


@criterion(
    "gradients.residual.h",
    points=3,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: two paths lead from h_t back to h_{t-1}, one direct, "
    "one through the tanh and W_recurrent; they add up. The list begins with dJ/dh_1.",
    requires=CALLS,
    explained_by=(
        INTACT,
        "gradients.residual.direct-path",
        "gradients.residual.w-unembed",
        "gradients.*.h",
    ),
)
def test_the_gradient_of_every_state(lab):
    """dJ/dh_t is right for every state, from dJ/dh_1 to dJ/dh_T in this order."""
    assert_gradients(lab, several("residual", lab.seed), "h")


@criterion(
    "gradients.residual.w-embed",
    points=2,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: W_embed is read inside the tanh, at every step. What "
    "reaches it went through the tanh, whose slope comes from what the tanh gave, not from h_t.",
    requires=CALLS,
    explained_by=(
        INTACT,
        "gradients.residual.w-unembed",
        "gradients.residual.h",
        "gradients.*.w-embed",
    ),
)
def test_the_gradient_of_the_embedding(lab):
    """dJ/dW_embed has a part from every step, in the column of that step's word."""
    assert_gradients(lab, several("residual", lab.seed), "W_embed")


@criterion(
    "gradients.residual.w-recurrent",
    points=2,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: W_recurrent stands inside the tanh only; the direct "
    "path does not touch it. Each step's part is an outer product with the state before the step.",
    requires=CALLS,
    explained_by=(
        INTACT,
        "gradients.residual.w-unembed",
        "gradients.residual.h",
        "gradients.rnn.w-recurrent",
    ),
)
def test_the_gradient_of_the_recurrent_matrix(lab):
    """dJ/dW_recurrent is the sum over all steps, each with the state before it."""
    assert_gradients(lab, several("residual", lab.seed), "W_recurrent")


@criterion(
    "gradients.residual.repeated-words",
    points=2,
    section=SECTION,
    hint="`residual_rnn_grads` in by_hand.py: a word that is read twice has two parts in one "
    "column of W_embed; they add up. Indexed assignment, also with +=, keeps one of them.",
    requires=("gradients.residual.w-embed",),
    explained_by=("gradients.residual.w-recurrent", "gradients.rnn.repeated-words"),
)
def test_a_word_may_be_read_more_than_once(lab):
    """A word that is read several times gets the sum of its parts."""
    assert_gradients(lab, with_repeated_words("residual", lab.seed), "W_embed")
