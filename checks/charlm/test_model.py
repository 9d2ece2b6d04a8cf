"""`CharLSTM` in model.py: what goes in and what comes out.

Further claims are in the files test_model_*.py beside this one.
"""

from dataclasses import asdict

import torch

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, Model, Sizes
from checks.charlm.parameters import assert_parameter_count
from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.raw_logits import squashed_cause


@criterion(
    "charlm.model.logits-shape",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: embedding (B, T) -> (B, T, E), LSTM -> (B, T, H), linear layer "
    "-> (B, T, V). Print the shape after each step.",
)
def test_forward_gives_one_logit_per_character(lab):
    """`forward` maps ids (B, T) to logits (B, T, V)."""
    model = Model(lab, Sizes(vocab_size=65, embed_dim=16, hidden_size=24))
    model(model.ids(4, 128))


@criterion(
    "charlm.model.unit-check",
    points=1,
    section=SECTION,
    hint="Build a tiny CharLSTM yourself, call it with x of shape (2, 3), and look at what comes "
    "back: (logits, (h, c)).",
    requires=("charlm.model.logits-shape",),
)
def test_a_tiny_model_runs(lab):
    """With B=2 and T=3 a tiny model gives logits (2, 3, V)."""
    model = Model(lab, Sizes(vocab_size=5, embed_dim=4, hidden_size=6, num_layers=1))
    model(model.ids(2, 3))


@criterion(
    "charlm.model.parameter-count",
    points=2,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: one embedding V x E, `num_layers` LSTM layers, one "
    "linear layer H -> V; each as an attribute of the module, made in `__init__` and nowhere else.",
    requires=RUNS,
)
def test_the_number_of_parameters_is_right(lab):
    """The number of parameters follows from V, E, H and L."""
    for V, E, H, L in ((55, 128, 256, 2), (11, 5, 7, 1), (11, 5, 7, 3), (13, 6, 6, 2)):
        sizes = Sizes(V, E, H, L)
        assert_parameter_count(lab, lab.model.CharLSTM(**asdict(sizes)), sizes)


@criterion(
    "charlm.model.state-shape",
    points=2,
    section=SECTION,
    hint="`forward` in model.py returns (logits, (h, c)): h and c are the LSTM's final state, one "
    "(B, H) for each layer, stacked to (L, B, H). They are two different tensors.",
    requires=RUNS,
)
def test_the_state_is_a_pair_of_l_by_b_by_h(lab):
    """`forward` returns the state `(h, c)`, each of shape (L, B, H)."""
    for L, B, T in ((1, 4, 6), (2, 3, 6), (3, 5, 2), (2, 1, 4), (1, 3, 1)):
        model = Model(lab, Sizes(num_layers=L), scale=2.0)
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
    "charlm.model.raw-logits",
    points=2,
    section=SECTION,
    hint="`forward` in model.py ends with the linear layer: no softmax, no log_softmax and no "
    "activation after it. The loss does the softmax.",
    requires=RUNS,
)
def test_logits_are_raw(lab):
    """`forward` returns raw logits: not probabilities, not log-probabilities, nothing squashed."""
    model = Model(lab, Sizes(vocab_size=24, embed_dim=5, hidden_size=4), scale=2.0)
    x = model.ids(8, 16)
    logits, state = model(x)
    logits = logits.reshape(-1, 24)
    cause = squashed_cause(logits, width(state, model.sizes))
    if cause:
        reject(
            "logits must be the linear layer's output itself",
            given=model.describe(x),
            expected="numbers of any size and sign",
            got=f"logits from {logits.min():.3g} to {logits.max():.3g}, log-sum-exp of a row from "
            f"{logits.logsumexp(1).min():.3g} to {logits.logsumexp(1).max():.3g}",
            cause=cause,
        )


def width(state, sizes):
    """How many numbers the output layer reads: those of the last layer, in each direction."""
    h = state[0] if isinstance(state, (list, tuple)) and state else None
    if not isinstance(h, torch.Tensor) or h.ndim != 3:
        return sizes.hidden_size
    directions = 2 if h.shape[0] == 2 * sizes.num_layers else 1
    return max(sizes.hidden_size, directions * h.shape[-1])
