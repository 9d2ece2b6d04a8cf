"""`CharLSTM` in model.py: how many parameters, how they start, and how they are saved."""

import math
from dataclasses import asdict

import torch

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.inputs import random_ids
from checks.support.judge import (
    as_int,
    as_list,
    as_pair,
    as_text,
    assert_close,
    assert_shape,
    reject,
)


def lstm_parameters(inputs, H, L, *, biases=2, gates=4, directions=1):
    """Weights and biases of `L` stacked recurrent layers."""
    widths = [inputs] + [directions * H] * (L - 1)
    return directions * sum(gates * H * (width + H + biases) for width in widths)


def right_counts(sizes):
    """Numbers of parameters that a right model may have.

    With two biases per gate, as torch has them, or one, as the equations have them; where E = H
    the embedding may serve as the output layer's weight.
    """
    V, E, H, L = sizes.vocab_size, sizes.embed_dim, sizes.hidden_size, sizes.num_layers
    counts = [V * E + lstm_parameters(E, H, L, biases=b) + V * H + V for b in (2, 1)]
    return counts + ([count - V * H for count in counts] if E == H else [])


def count_cause(sizes, count):
    """Which usual mistake gives this number of parameters."""
    V, E, H, L = sizes.vocab_size, sizes.embed_dim, sizes.hidden_size, sizes.num_layers
    full = right_counts(sizes)[0]
    both = V * E + lstm_parameters(E, H, L, directions=2) + V * 2 * H + V
    known = {
        V * E + lstm_parameters(E, H, 1) + V * H + V: "there is only one layer",
        both: "the LSTM is bidirectional",
        full - V: "the output layer has no bias",
        full - V * H - V: "the output layer is missing, or is made anew in forward",
        full - V * E: "the embedding is missing, or is made anew in forward",
        full + E + H + 1: "the vocabulary has one entry too many",
        V * E + lstm_parameters(E, H, L, gates=3) + V * H + V: "this is a GRU",
        V * E + lstm_parameters(E, H, L, gates=1) + V * H + V: "this is a plain RNN",
        V * E + V * H + V: "the layers are in a Python list, or are made anew in forward",
    }
    return known.get(count, "a layer too many or too few, or one in a Python list")


def assert_parameter_count(lab, model, sizes):
    """`model` must have as many parameters as an LSTM language model of these `sizes`."""
    given = f"CharLSTM with {sizes}"
    rows = as_list(lab.probes.parameter_shapes(model), "the parameters", given=given)
    named = [as_pair(row, "a parameter", given=given) for row in rows]
    shapes = {
        as_text(name, "its name"): [as_int(n, "a size") for n in as_list(shape, "its shape")]
        for name, shape in named
    }
    count = sum(math.prod(shape) for shape in shapes.values())
    if count not in right_counts(sizes):
        listing = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
        reject(
            "the model must have V*E + sum over layers of 4H(in + H + 2) + V*H + V parameters",
            given=given,
            expected=f"{right_counts(sizes)[0]}",
            got=f"{count}: {listing}",
            cause=count_cause(sizes, count),
        )


@criterion(
    "charlm.model.parameter-count",
    points=2,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: one embedding V x E, `num_layers` LSTM layers, one "
    "linear layer H -> V; each as an attribute of the module, made in `__init__` and nowhere else.",
)
def test_the_number_of_parameters_is_right(lab):
    """The number of parameters follows from V, E, H and L."""
    for V, E, H, L in ((55, 128, 256, 2), (11, 5, 7, 1), (11, 5, 7, 3), (13, 6, 6, 2)):
        sizes = Sizes(V, E, H, L)
        assert_parameter_count(lab, lab.model.CharLSTM(**asdict(sizes)), sizes)


@criterion(
    "charlm.model.defaults",
    points=1,
    section=SECTION,
    hint="The signature in model.py: CharLSTM(vocab_size, embed_dim=256, hidden_size=512, "
    "num_layers=2, dropout=0.1).",
    requires=("charlm.model.parameter-count", "charlm.model.dropout-*"),
)
def test_defaults_are_those_of_the_handout(lab):
    """`CharLSTM(vocab_size)` means E=256, H=512, L=2 and dropout 0.1."""
    V = 300
    default, explicit = (
        lab.probes.build(lab.model.CharLSTM, options, lab.seed, 0.05)
        for options in ({"vocab_size": V}, {"vocab_size": V, "dropout": 0.1})
    )
    assert_parameter_count(lab, default, Sizes(V, 256, 512, 2, 0.1))
    # The variance of dropout's noise, p / (1 - p), tells p. Its estimate has a standard deviation
    # of 2.5 % (5 % where a mask is shared by all steps), the ratio's logarithm one of 0.036 (0.07):
    # log 1.55 = 0.44 is over 6 of them, p < 1e-9. dropout=0.05 gives 0.47, 0.2 gives 2.25.
    x = random_ids(32, 2, vocab_size=V, seed=lab.seed)
    got, wanted = dropout_noise(default, x, V), dropout_noise(explicit, x, V)
    if not wanted / 1.55 < got < wanted * 1.55:
        reject(
            "dropout must be 0.1 where it is not given",
            given=f"CharLSTM({V}) and CharLSTM({V}, dropout=0.1) in train mode, x of shape (32, 2)",
            expected=f"noise of variance {wanted:.3g} in the logits",
            got=f"noise of variance {got:.3g}",
            cause="another default value of dropout in the signature",
        )


def dropout_noise(model, x, V):
    """Variance of the logits over calls in train mode."""
    model.train()
    calls = [as_pair(model(x), "what forward returns")[0] for _ in range(2)]
    one, other = (assert_shape(logits, (*x.shape, V), "logits").double() for logits in calls)
    return float(((one - other) ** 2).mean()) / 2


@criterion(
    "charlm.model.initial-loss",
    points=1,
    section=SECTION,
    hint="Before training every character should be about equally likely. Look at how parameters "
    "are initialised in `CharLSTM.__init__`, and at what is done to the logits.",
    requires=RUNS,
)
def test_an_untrained_model_knows_nothing(lab):
    """At initialisation the cross-entropy is about ln V."""
    V, B, T = 65, 16, 16
    # Above ln V by at most 0.02 over torch's, Xavier, orthogonal, Kaiming and small uniform
    # initialisation, by 0.11 with an output layer from N(0, 1) and by 0.3 with a tied embedding
    # from N(0, 1) (E = H); with all parameters from N(0, 1) by 6.
    for salt in range(3):
        model = lab.model.CharLSTM(vocab_size=V, embed_dim=64, hidden_size=128)
        x, y = (random_ids(B, T, vocab_size=V, seed=lab.seed + 2 * salt + k) for k in (0, 1))
        given = f"CharLSTM with V={V} E=64 H=128 as it is built, random x and targets ({B}, {T})"
        logits, _ = as_pair(model(x), "what forward returns, (logits, (h, c)),", given=given)
        logits = assert_shape(logits, (B, T, V), "logits", "B, T, V", given).double()
        ce = torch.nn.functional.cross_entropy(logits.reshape(-1, V), y.reshape(-1))
        name = "the cross-entropy of an untrained model"
        cause = "parameters that start too large, or logits that are scaled"
        assert_close(ce, math.log(V), name, atol=0.5, given=given, cause=cause)


@criterion(
    "charlm.model.state-dict",
    points=1,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: keep every layer as an attribute of the module, lists "
    "of layers in nn.ModuleList, so that `state_dict` knows them.",
    requires=("charlm.model.parameter-count", *STEADY),
)
def test_a_saved_model_can_be_loaded(lab):
    """A new model that loads the `state_dict` of another gives the same logits."""
    model = Model(lab)
    x = model.ids(3, 6)
    other = lab.probes.reloaded(lab.model.CharLSTM, model.options, model.handle)
    logits, _ = as_pair(other(x), "what forward returns", given=model.describe(x))
    assert_close(
        model.logits(logits, x),
        model(x)[0],
        "logits of the reloaded model",
        atol=ROUNDING,
        given=model.describe(x),
        cause="a part of the model is not in its state_dict: a list of layers, a plain tensor",
    )
