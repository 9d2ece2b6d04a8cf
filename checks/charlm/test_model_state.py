"""`CharLSTM` in model.py: the recurrent state that goes in and comes out."""

from checks.charlm.lstm import ROUNDING, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close
from checks.support.states import assert_each_part_counts, carry_cause


@criterion(
    "charlm.model.state-carries",
    points=3,
    section=SECTION,
    hint="`forward` in model.py: hand `hidden` on to the LSTM as its initial state, h and c both, "
    "for every layer, and return the state after the last step.",
    requires=(
        *STEADY,
        "charlm.model.state-shape",
        "charlm.model.remembers",
        "charlm.model.any-size",
    ),
)
def test_a_sequence_in_pieces_gives_the_same(lab):
    """Running `x[:, :k]`, then `x[:, k:]` with the returned state, equals running the whole."""
    for L, B, mode in ((1, 1, "eval"), (2, 3, "eval"), (3, 2, "eval"), (2, 3, "train")):
        model = Model(lab, Sizes(num_layers=L))
        if mode == "train" and not model.train():
            return  # dropout all the same, which dropout-train looks after
        x = model.ids(B, 9)
        whole, end = model(x)
        for k in (1, 5, 8):
            head, tail = x[:, :k], x[:, k:]
            state = model.state(model(head)[1], head)
            rest, last = model(tail, state)
            given = f"{model.describe(x)}, {mode} mode, cut at k={k}"
            assert_close(
                rest,
                whole[:, k:],
                "logits of x[:, k:] with the state after x[:, :k]",
                atol=ROUNDING,
                given=given,
                cause=carry_cause(model, tail, state, rest, whole[:, k:]),
            )
            finals = zip("hc", model.state(last, tail), model.state(end, x), strict=True)
            for name, got, wanted in finals:
                assert_close(got, wanted, f"the final {name}", atol=ROUNDING, given=given)
            assert_each_part_counts(model, tail, state)


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
    state = model.state(model(x)[1], x)
    by_name, _ = model(x, hidden=state)
    by_place, _ = model(x, state)
    name = "logits with hidden=state"
    assert_close(by_name, by_place, name, atol=ROUNDING, given=model.describe(x))
