"""`WordLSTM` in model.py: what goes in and what comes out.

Further claims are in the files test_model_*.py beside this one.
"""

from dataclasses import asdict

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.parameters import count_parameters, lstm_parameters
from checks.support.raw_logits import squashed_cause
from checks.wordlm.lstm import RUNS, SECTION, Model, Sizes


@criterion(
    "wordlm.model.logits-shape",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: embedding (B, T) -> (B, T, E), LSTM -> (B, T, H), linear layer "
    "-> (B, T, V), and returned with the state: (logits, hidden). Print each shape.",
)
def test_forward_gives_one_logit_per_word(lab):
    """`forward` maps ids (B, T) to logits (B, T, V), and returns them with the state."""
    for L in (1, 2):
        model = Model(lab, Sizes(num_layers=L))
        model(model.ids(3, 6))


@criterion(
    "wordlm.model.parameter-count",
    points=2,
    section=SECTION,
    hint="`WordLSTM.__init__` in model.py: one embedding V x E, `num_layers` LSTM layers with two "
    "biases, one linear layer H -> V with its own weight; each an attribute of the module.",
    requires=RUNS,
)
def test_the_number_of_parameters_is_right(lab):
    """There are `V*E + sum over layers of 4H(in + H + 2) + V*H + V` parameters."""
    for V, E, H, L in ((11, 5, 7, 1), (11, 5, 7, 3), (13, 6, 6, 2)):
        assert_parameter_count(lab, lab.model.WordLSTM(**asdict(Sizes(V, E, H, L))), V, E, H, L)


def assert_parameter_count(lab, model, V, E, H, L):
    """`model` must have as many parameters as a word-level LSTM of these sizes."""
    __tracebackhide__ = True
    given = f"WordLSTM with V={V} E={E} H={H} L={L}"
    count, listing = count_parameters(lab, model, given)
    wanted = V * E + lstm_parameters(E, H, L) + V * H + V
    if count != wanted:
        known = {
            V * E + lstm_parameters(E, H, 1) + V * H + V: "there is only one layer",
            V * E + lstm_parameters(E, H, L, biases=1) + V * H + V: "one bias for each gate; "
            "torch's LSTM has two, and the number in the handout counts both",
            wanted - V * H * (E == H): "the embedding serves as the output layer's weight too",
            wanted - V: "the output layer has no bias",
            wanted - V * H - V: "the output layer is missing, or is made anew in forward",
            wanted - V * E: "the embedding is missing, or is made anew in forward",
            wanted + E + H + 1: "the vocabulary has one entry too many",
            V * E + lstm_parameters(E, H, L, directions=2) + V * 2 * H + V: "it is bidirectional",
            V * E + lstm_parameters(E, H, L, gates=3) + V * H + V: "this is a GRU",
            V * E + lstm_parameters(E, H, L, gates=1) + V * H + V: "this is a plain RNN",
            V * E + V * H + V: "the layers are in a Python list, or are made anew in forward",
        }
        reject(
            "the model must have V*E + sum over layers of 4H(in + H + 2) + V*H + V parameters",
            given=given,
            expected=str(wanted),
            got=f"{count}: {listing}",
            cause=known.get(count, "a layer too many or too few, or one in a Python list"),
        )


@criterion(
    "wordlm.model.raw-logits",
    points=2,
    section=SECTION,
    hint="`forward` in model.py ends with the linear layer: no softmax, no log_softmax and no "
    "activation after it. The loss does the softmax, and `generate` divides by the temperature.",
    requires=RUNS,
)
def test_logits_are_raw(lab):
    """`forward` returns raw logits: not probabilities, not log-probabilities, nothing squashed."""
    model = Model(lab, Sizes(vocab_size=24, emb_dim=5, hid_dim=4), scale=2.0)
    x = model.ids(8, 16)
    logits = model(x).reshape(-1, 24)
    cause = squashed_cause(logits, 2 * model.sizes.hid_dim)  # 2: where two directions were run
    if cause:
        reject(
            "logits must be the linear layer's output itself",
            given=model.describe(x),
            expected="numbers of any size and sign",
            got=f"logits from {logits.min():.3g} to {logits.max():.3g}, log-sum-exp of a row from "
            f"{logits.logsumexp(1).min():.3g} to {logits.logsumexp(1).max():.3g}",
            cause=cause,
        )
