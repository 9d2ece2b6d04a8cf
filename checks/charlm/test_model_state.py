"""`CharLSTM` in model.py: the recurrent state (h, c) that goes in and comes out."""

import torch

from checks.charlm.lstm import ROUNDING, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close, assert_shape, reject


@criterion(
    "charlm.model.state-shape",
    points=2,
    section=SECTION,
    hint="`forward` in model.py returns (logits, (h, c)): h and c are the LSTM's final state, one "
    "(B, H) for each layer, stacked to (L, B, H). They are two different tensors.",
    requires=("charlm.model.causal",),
)
def test_the_state_is_a_pair_of_l_by_b_by_h(lab):
    """`forward` returns the state `(h, c)`, each of shape (L, B, H)."""
    for L, B, T in ((1, 4, 6), (2, 3, 6), (3, 5, 2)):
        model = Model(lab, Sizes(num_layers=L), scale=2.0)
        x = model.ids(B, T)
        given = model.describe(x)
        _, (h, c) = model(x)
        for name, tensor in (("h", h), ("c", c)):
            assert_shape(tensor, (L, B, model.sizes.hidden_size), name, "L, B, H", given)
        if torch.equal(h, c):
            reject(
                "h and c must be the hidden state and the cell state",
                given=given,
                got="twice the same tensor",
                cause="h is returned in place of c, or c in place of h",
            )
        if not (h.abs() <= 1 + ROUNDING).all():  # h = o * tanh(c)
            reject(
                "h must be the hidden state, whose values lie between -1 and 1",
                given=given,
                got=f"h from {h.min():.3g} to {h.max():.3g}",
                cause="c is returned in place of h",
            )


@criterion(
    "charlm.model.state-carries",
    points=3,
    section=SECTION,
    hint="`forward` in model.py: hand `hidden` on to the LSTM as its initial state, h and c both, "
    "for every layer, and return the state after the last step.",
    requires=("charlm.model.state-shape", *STEADY),
)
def test_a_sequence_in_pieces_gives_the_same(lab):
    """Running `x[:, :k]`, then `x[:, k:]` with the returned state, equals running the whole."""
    for L, B in ((1, 1), (2, 3)):
        model = Model(lab, Sizes(num_layers=L))
        x = model.ids(B, 9)
        whole, end = model(x)
        for k in (1, 5, 8):
            _, state = model(x[:, :k])
            rest, last = model(x[:, k:], state)
            given = f"{model.describe(x)}, cut at k={k}"
            assert_close(
                rest,
                whole[:, k:],
                "logits of x[:, k:] with the state after x[:, :k]",
                atol=ROUNDING,
                given=given,
                cause=carry_cause(model, x[:, k:], state, rest, whole[:, k:]),
            )
            for name, got, wanted in zip("hc", last, end, strict=True):
                assert_close(got, wanted, f"the final {name}", atol=ROUNDING, given=given)


def carry_cause(model, x, state, rest, wanted):
    """Which other state explains the logits `rest`, or would have given those `wanted`."""
    (h, c), zeros = state, torch.zeros_like(state[0])
    explanations = (
        ("the state that is passed in is ignored", (zeros, zeros), rest),
        ("c is ignored: only h is carried on", (h, zeros), rest),
        ("h is ignored: only c is carried on", (zeros, c), rest),
        ("h and c change places between two calls", (c, h), wanted),
    )
    for cause, other, logits in explanations:
        if torch.allclose(model(x, other)[0], logits, atol=ROUNDING):
            return cause
    return "the state returned is not the one after the last step"


@criterion(
    "charlm.model.state-keyword",
    points=1,
    section=SECTION,
    hint="The signature in model.py: forward(self, x, hidden=None).",
    requires=("charlm.model.state-carries",),
)
def test_the_state_may_be_passed_by_name(lab):
    """`model(x, hidden=state)` is the same as `model(x, state)`."""
    model = Model(lab)
    x = model.ids(3, 4)
    _, state = model(x)
    by_name, _ = model(x, hidden=state)
    by_place, _ = model(x, state)
    name = "logits with hidden=state"
    assert_close(by_name, by_place, name, atol=ROUNDING, given=model.describe(x))
