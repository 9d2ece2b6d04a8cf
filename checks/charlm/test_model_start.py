"""`CharLSTM` in model.py: its defaults, how it starts, and how it is saved."""

import math

import torch

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes
from checks.charlm.parameters import assert_parameter_count
from checks.support.criteria import criterion
from checks.support.inputs import random_ids
from checks.support.judge import as_pair, assert_close, assert_shape, reject


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
    by_place = lab.model.CharLSTM(11, 5, 7, 3, 0.0)
    assert_parameter_count(lab, by_place, Sizes(11, 5, 7, 3))
    default, explicit = (
        lab.probes_models.build(lab.model.CharLSTM, options, lab.seed, 0.05)
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
    other = lab.probes_models.reloaded(lab.model.CharLSTM, model.options, model.handle)
    logits, _ = as_pair(other(x), "what forward returns", given=model.describe(x))
    assert_close(
        model.logits(logits, x),
        model(x)[0],
        "logits of the reloaded model",
        atol=ROUNDING,
        given=model.describe(x),
        cause="a part of the model is not in its state_dict: a list of layers, a plain tensor",
    )
