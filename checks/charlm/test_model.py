"""`CharLSTM` in model.py: shapes, sizes, and what depends on what.

The recurrent state is in test_model_state.py, dropout and training in test_model_training.py.
"""

import itertools
import math
import random
from dataclasses import asdict

import torch

from checks.charlm.lstm import (
    ROUNDING,
    RUNS,
    SECTION,
    STEADY,
    Model,
    Sizes,
    other_ids,
)
from checks.support.criteria import criterion
from checks.support.inputs import random_ids
from checks.support.judge import as_int, as_list, as_pair, as_text, assert_shape, reject


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
    requires=RUNS,
)
def test_a_tiny_model_runs(lab):
    """With B=2 and T=3 a tiny model gives logits (2, 3, V)."""
    model = Model(lab, Sizes(vocab_size=5, embed_dim=4, hidden_size=6, num_layers=1))
    model(model.ids(2, 3))


# ------------------------------------------------------------------ parameters


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
    "charlm.model.any-size",
    points=2,
    section=SECTION,
    hint="No size may be written into the code: take B and T from `x.shape` in `forward`, the rest "
    "from the arguments of `__init__`. The last batch of an epoch is smaller than the others.",
    requires=STEADY,
)
def test_any_sizes_work(lab):
    """Any B, T, V, E, H and L work, also one after the other in the same model."""
    rng = random.Random(lab.seed)
    drawn = [[rng.randint(1, most) for most in (40, 12, 12, 4)] for _ in range(4)]
    for V, E, H, L in ((1, 1, 1, 1), (2, 1, 3, 1), (7, 7, 7, 3), *drawn):
        model = Model(lab, Sizes(V, E, H, L))
        for B, T in ((5, 4), (3, 4), (1, 1), (rng.randint(1, 6), rng.randint(1, 9))):
            model(model.ids(B, T))


# ------------------------------------------------------------------ what depends on what


@criterion(
    "charlm.model.causal",
    points=3,
    section=SECTION,
    hint="`CharLSTM` in model.py: pass `batch_first=True` if x is (B, T); never reorder axes with "
    "`view`; one direction only. A logit may depend on its own row, up to its own time.",
    requires=RUNS,
)
def test_a_character_moves_no_other_row_and_no_earlier_logit(lab):
    """Changing `x[b, t]` moves only the logits at (b, t) and later in row b."""
    model = Model(lab)
    x = model.ids(3, 8)
    base, _ = model(x)
    allowed = torch.zeros(3, 8, dtype=torch.bool)
    for b, t in ((0, 7), (1, 4), (2, 1), (0, 3), (2, 6), (1, 0)):
        moved = moved_places(model, x, base, b, t)
        allowed.zero_()
        allowed[b, t:] = True
        wrong = (moved & ~allowed).nonzero().tolist()
        if wrong:
            reject(
                f"changing x[{b}, {t}] must move no logits but those at [{b}, {t}:]",
                given=model.describe(x),
                expected=f"the logits at all other places as they were, to {ROUNDING}",
                got=f"logits moved at [b, t] = {wrong[:8]}",
                cause=leak_cause(wrong, b, t),
            )


def moved_places(model, x, base, b, t):
    """Where the logits move when `x[b, t]` changes: bool (B, T)."""
    changed = x.clone()
    changed[b, t] = other_ids(x, model.sizes.vocab_size)[b, t]
    logits, _ = model(changed)
    return ((logits - base).abs() > ROUNDING).any(dim=-1)


def leak_cause(wrong, b, t):
    """What the places that moved, but must not, say about the model."""
    rows = {row for row, _ in wrong}
    if rows == {b}:
        return "earlier logits see later characters: the LSTM is bidirectional, or runs backwards"
    if {time for _, time in wrong} == {t}:
        return "rows of the batch are mixed: the LSTM takes x for (T, B); batch_first is missing"
    return "rows of the batch are mixed: a `view` or `reshape` where axes should be transposed"


@criterion(
    "charlm.model.remembers",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: the LSTM has to run over the whole sequence, its state going from "
    "each step to the next.",
    requires=("charlm.model.causal", *STEADY),
)
def test_a_character_moves_the_logits_after_it(lab):
    """Changing `x[b, t]` moves the logits at t and those after it."""
    for L in (1, 2):
        model = Model(lab, Sizes(num_layers=L))
        x = model.ids(3, 6)
        base, _ = model(x)
        for b, t in itertools.product(range(3), (0, 2)):
            moved = moved_places(model, x, base, b, t)[b, t:]
            if not moved[:3].all():
                still = t + int((~moved).nonzero()[0])
                reject(
                    f"changing x[{b}, {t}] must move the logits at [{b}, {still}]",
                    given=model.describe(x),
                    expected=f"other logits at [{b}, {t}] and in the steps after it",
                    got=f"logits that stay as they were at [{b}, {still}]",
                    cause="each step starts from an empty state"
                    if still > t
                    else "the character itself is not read, or is read one step late",
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
    logits = model(x)[0].double().reshape(-1, 24)
    cause = squashed_cause(logits, model.sizes.hidden_size)
    if cause:
        reject(
            "logits must be the linear layer's output itself",
            given=model.describe(x),
            expected="numbers of any size and sign",
            got=f"logits from {logits.min():.3g} to {logits.max():.3g}, log-sum-exp of a row from "
            f"{logits.logsumexp(1).min():.3g} to {logits.logsumexp(1).max():.3g}",
            cause=cause,
        )


def squashed_cause(logits, H):
    """What was done to `logits` (rows, V) after the linear layer, or ""."""
    if (logits >= 0).all() and ((logits.sum(dim=1) - 1).abs() < 1e-3).all():
        return "softmax: every row sums to 1"
    if (logits.logsumexp(dim=1).abs() < 1e-3).all():
        return "log_softmax: the exponentials of every row sum to 1"
    if (logits >= 0).all():
        return "ReLU, or another function that is never negative"
    # A linear layer maps H numbers to V > H: after the mean over rows is taken away (the bias),
    # and that over a row (a shift of a row changes no probability), the rank is H at most.
    # Rounding leaves 1e-6 of the largest singular value; tanh, clamp, sigmoid leave over 1e-2.
    centred = logits - logits.mean(dim=1, keepdim=True)
    values = torch.linalg.svdvals(centred - centred.mean(dim=0))
    if values[0] > 0 and values[H] > 1e-3 * values[0]:
        return "a function such as tanh, sigmoid or a normalisation comes after the linear layer"
    return ""
