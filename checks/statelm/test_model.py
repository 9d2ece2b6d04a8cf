"""`CharacterLSTM`: what goes in and what comes out.

Further claims are in the files test_model_*.py beside this one.
"""

from dataclasses import asdict

from checks.statelm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes
from checks.statelm.parameters import assert_parameter_count
from checks.support.causality import other_ids
from checks.support.criteria import criterion
from checks.support.judge import (
    as_list,
    as_pair,
    as_text,
    assert_close,
    assert_finite,
    assert_shape,
    reject,
)
from checks.support.raw_logits import squashed_cause
from checks.support.strategies import for_all, sizes


@criterion(
    "statelm.model.init-state",
    points=2,
    section=SECTION,
    hint="`init_state` makes two tensors of zeros, each (1, batch_size, hidden_size): one layer, "
    "one row per text, one column per hidden unit. They are made anew in every call.",
)
def test_init_state_gives_zeros_for_any_batch_size(lab):
    """`init_state(B)` gives `(h0, c0)`, zeros of shape (1, B, H), for any B."""
    model = Model(lab)
    H, x = model.sizes.hidden_size, model.ids(3, 4)
    for B, state in (
        (36, model.handle.init_state(36)),
        (1, model.handle.init_state(1)),
        (5, model.handle.init_state(5)),
        (3, lab.probes.state_after_use(model.handle, x)),
    ):
        given = f"CharacterLSTM with {model.sizes}, init_state({B})"
        if B == 3:
            given += ", after a call of the model with an earlier initial state"
        pair = as_pair(state, "what init_state returns, (h0, c0),", given=given)
        for name, value in zip(("h0", "c0"), pair, strict=True):
            tensor = assert_shape(value, (1, B, H), name, "1, B, H", given)
            assert_finite(tensor, name, given)
            if tensor.any():
                reject(
                    f"{name} must be zeros",
                    given=given,
                    got=f"numbers from {tensor.min():.3g} to {tensor.max():.3g}",
                    cause="the state starts as ones or random numbers, or is a state that the "
                    "model has kept",
                )
    refusal = as_text(lab.probes.refusal(model.handle, x, *model.zeros(3)), "an error, if any,")
    if refusal:
        reject(
            "forward must take the states that init_state gives",
            given=f"{model.describe(x)}, states from init_state(3)",
            got=refusal,
            cause="init_state gives tensors of another dtype than the model's parameters",
        )


@criterion(
    "statelm.model.logits-shape",
    points=2,
    section=SECTION,
    hint="`forward`: embedding (B, T) -> (B, T, E), LSTM with the given states -> (B, T, H), "
    "flatten to (B*T, H), linear layer -> (B*T, V). The LSTM needs batch_first=True. Print the "
    "shape after each step.",
    explained_by=("statelm.model.init-state",),
)
def test_forward_gives_flat_logits(lab):
    """`forward` maps ids (36, 48) and states to flat logits (1728, V)."""
    model = Model(lab, Sizes(vocab_size=65, embedding_dim=48, hidden_size=96))
    model(model.ids(36, 48))


@criterion(
    "statelm.model.unit-check",
    points=1,
    section=SECTION,
    hint="Build a tiny CharacterLSTM yourself, call it with x of shape (2, 3) and init_state(2), "
    "and look at what comes back: (logits, (h, c)).",
    requires=("statelm.model.logits-shape",),
    explained_by=("statelm.model.init-state",),
)
def test_a_tiny_model_runs(lab):
    """With B=2 and T=3 a tiny model gives flat logits (6, V)."""
    model = Model(lab, Sizes(vocab_size=5, embedding_dim=4, hidden_size=6))
    model(model.ids(2, 3))


@criterion(
    "statelm.model.parameter-count",
    points=2,
    section=SECTION,
    hint="`CharacterLSTM.__init__`: one embedding V x E, one LSTM layer E -> H in one direction, "
    "one linear layer H -> V; each as an attribute of the module, made in `__init__`.",
    requires=RUNS,
    explained_by=("statelm.model.init-state",),
)
def test_the_number_of_parameters_is_right(lab):
    """The number of parameters follows from V, E and H: 64,764 for V=60, E=48, H=96."""
    for V, E, H in ((60, 48, 96), (11, 5, 7), (13, 6, 6), (7, 9, 4)):
        sizes = Sizes(V, E, H)
        assert_parameter_count(lab, lab.model.CharacterLSTM(**asdict(sizes)), sizes)


@criterion(
    "statelm.model.state-shape",
    points=2,
    section=SECTION,
    hint="`forward` returns (logits, (h, c)): h and c are the LSTM's final hidden state and cell "
    "state, two different tensors, each (1, B, H), as the LSTM gives them.",
    requires=RUNS,
    explained_by=("statelm.model.parameter-count",),
)
def test_the_state_is_a_pair_of_1_by_b_by_h(lab):
    """`forward` returns the state `(h, c)`, each of shape (1, B, H)."""
    for B, T in ((4, 6), (1, 3), (5, 1)):
        model = Model(lab, scale=2.0)
        x = model.ids(B, T)
        h, c = model.state(model.answer(x)[1], x)
        if (h == c).all() and h.any():
            reject(
                "h and c must be the hidden state and the cell state",
                given=model.describe(x),
                got="twice the same tensor",
                cause="h is returned in place of c, or c in place of h",
            )
        if not (h.abs() <= 1 + ROUNDING).all():  # h = o * tanh(c)
            reject(
                "h must be the hidden state, whose values lie between -1 and 1",
                given=model.describe(x),
                got=f"h from {h.min():.3g} to {h.max():.3g}",
                cause="c is returned in place of h",
            )


@criterion(
    "statelm.model.state-new",
    points=1,
    section=SECTION,
    hint="`forward` returns new tensors for h and c and leaves those that it was given as they "
    "are: no `copy_`, no assignment into `states`.",
    requires=(*RUNS, "statelm.model.state-shape"),
)
def test_the_given_state_is_left_alone(lab):
    """The state that is returned is a new one; given and returned ones stay as they are."""
    model = Model(lab)
    x, state = model.ids(3, 4), model.any_state(3)
    seen = lab.probes.states_around_calls(model.handle, x, *model.any_state(3))
    given, first, later = as_list(seen, "states", length=3)
    assert_same_state(
        given,
        state,
        "the {} that was given, after the call,",
        model.describe(x),
        cause="forward writes the new state into the tensors that it was given",
    )
    assert_same_state(
        later,
        model.state(first, x),
        "the {} that was returned, after another call,",
        model.describe(x),
        cause="every call writes its state into the same tensors",
    )


def assert_same_state(got, wanted, name, given, cause):
    """Two states must be equal to the last bit."""
    pairs = zip("hc", as_pair(got, "a state", given=given), wanted, strict=True)
    for letter, one, other in pairs:
        assert_close(one, other, name.format(letter), atol=0.0, given=given, cause=cause)


@criterion(
    "statelm.model.raw-logits",
    points=2,
    section=SECTION,
    hint="`forward` ends with the linear layer: no softmax, no log_softmax and no activation "
    "after it. The loss does the softmax.",
    requires=RUNS,
)
def test_logits_are_raw(lab):
    """`forward` returns raw logits: not probabilities, not log-probabilities, nothing squashed."""
    model = Model(lab, Sizes(vocab_size=24, embedding_dim=5, hidden_size=4), scale=2.0)
    x = model.ids(8, 16)
    for mode in ("eval", "train"):
        if mode == "train" and not model.in_train_mode(x):
            return  # dropout was added, which the contract leaves free
        logits = model.run(x).reshape(-1, 24)
        cause = squashed_cause(logits, model.sizes.hidden_size)
        if cause:
            reject(
                "logits must be the linear layer's output itself",
                given=f"{model.describe(x)}, {mode} mode",
                expected="numbers of any size and sign",
                got=f"logits from {logits.min():.3g} to {logits.max():.3g}, log-sum-exp of a row "
                f"from {logits.logsumexp(1).min():.3g} to {logits.logsumexp(1).max():.3g}",
                cause=cause,
            )


@criterion(
    "statelm.model.repeats",
    points=1,
    section=SECTION,
    hint="`forward` starts from the states that it is given, every time: nothing is kept on "
    "`self` between two calls, and no layer is made in `forward`.",
    requires=RUNS,
    explained_by=("statelm.model.parameter-count",),
)
def test_a_call_depends_on_its_arguments_alone(lab):
    """The same ids and states give the same logits, whatever calls came before."""
    for mode in ("eval", "train"):
        model = Model(lab)
        x, state = model.ids(3, 6), model.any_state(3)
        if mode == "train" and not model.in_train_mode(x):
            return  # dropout was added, which the contract leaves free
        first, _ = model(x, state)
        for before, other in (("the same call", state), ("a call with other states", None)):
            model(x, other)
            later, _ = model(x, state)
            assert_close(
                later,
                first,
                f"logits after {before}",
                atol=ROUNDING,
                given=f"{model.describe(x)}, {mode} mode",
                cause="something is kept from call to call, or a layer is made anew in forward",
            )


@criterion(
    "statelm.model.any-size",
    points=2,
    section=SECTION,
    hint="No size may be written into the code: take B and T from `x.shape` in `forward`, the "
    "rest from the arguments of `__init__`. The last batch of an epoch may be smaller.",
    requires=STEADY,
)
@for_all(
    5,
    {"V": 1, "E": 1, "H": 1, "B": 1, "T": 1},
    {"V": 300, "E": 5, "H": 7, "B": 1, "T": 300},
    **sizes(V=40, E=12, H=12, B=6, T=9),
)
def test_any_sizes_work(lab, V, E, H, B, T):
    """Any B, T, V, E and H work, also one after the other in the same model."""
    model = Model(lab, Sizes(V, E, H))
    for rows, steps in ((5, 4), (B, T), (1, 1)):
        model(model.ids(rows, steps))


@criterion(
    "statelm.model.flat-order",
    points=3,
    section=SECTION,
    hint="`forward`: flatten a tensor whose axes are (B, T, ...) in this order, as the targets "
    "are flattened: `y.reshape(-1)` has y[b, t] at b*T + t. With (T, B, ...) in memory, transpose "
    "first.",
    requires=STEADY,
)
def test_rows_of_the_flat_logits_are_in_the_order_of_x(lab):
    """Row `b*T + t` of the flat logits belongs to `x[b, t]`."""
    model = Model(lab)
    B, T, V = 3, 8, model.sizes.vocab_size
    x = model.ids(B, T)
    base = model.run(x)
    for b, t in ((0, T - 1), (1, T - 1), (0, 3), (1, 0)):
        changed = x.clone()
        changed[b, t] = other_ids(x, V)[b, t]
        moved = ((model.run(changed) - base).abs() > ROUNDING).any(dim=-1).flatten()  # (B*T,)
        rows = moved.nonzero().flatten().tolist()
        # Over 6000 places of right models the row moved by 0.04 or more, in 999 of 1000 by 0.11 or
        # more, falling off as its cube or faster: below 1e-4 with p < 1e-9.
        if not moved[b * T + t]:
            reject(
                f"row b*T + t = {b * T + t} of the logits must depend on x[b, t] = x[{b}, {t}]",
                given=model.describe(x),
                expected=f"another row {b * T + t} where another character is at x[{b}, {t}]",
                got=f"the rows that change are {rows}" if rows else "no row changes",
                cause="the rows stand in the order t*B + b: (T, B, ...) was flattened"
                if rows[:1] == [t * B + b]
                else "the logits are flattened in another order than x, or the character at t is "
                "read late or not at all",
            )
