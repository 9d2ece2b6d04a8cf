"""`CharLSTM` in model.py: shapes, sizes, and what depends on what.

Further claims are in test_model_dropout.py, _gradients.py, _parameters.py and _state.py.
"""

import itertools
import random

import torch

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes, other_ids, zeros_like
from checks.support.criteria import criterion
from checks.support.judge import (
    assert_close,
    reject,
)


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


# ------------------------------------------------------------------ one call and the next


@criterion(
    "charlm.model.zero-state",
    points=1,
    section=SECTION,
    hint="`forward` in model.py with hidden=None: both h and c start as zeros, for every call "
    "anew; they are no parameters and no random numbers.",
    requires=RUNS,
)
def test_no_state_means_zeros(lab):
    """`hidden=None` gives the same as a state of zeros."""
    model = Model(lab)
    x = model.ids(3, 6)
    logits, state = model(x)
    zeros = zeros_like(state)
    explicit, _ = model(x, zeros)
    again, _ = model(x, zeros)
    steady = torch.allclose(explicit, again, atol=ROUNDING)
    assert_close(
        logits,
        explicit,
        "logits without a state, against those with a state of zeros",
        atol=ROUNDING,
        given=model.describe(x),
        cause="the state does not start at zero"
        if steady
        else "no two calls agree, even with the same state: a layer is made anew in forward, or "
        "dropout acts in eval mode",
    )


@criterion(
    "charlm.model.no-leak",
    points=1,
    section=SECTION,
    hint="`forward` in model.py: return the state, do not keep it on `self`. A call without a "
    "state has to start afresh.",
    requires=("charlm.model.zero-state",),
)
def test_no_state_is_kept_between_calls(lab):
    """A call without a state gives the same whatever calls came before."""
    for mode in ("eval", "train"):
        model = Model(lab)
        model.handle.train(mode == "train")  # dropout is 0: both modes compute the same
        x = model.ids(3, 6)
        first, state = model(x)
        for before, hidden in (("a call with the same x", None), ("a call with a state", state)):
            model(x, hidden)
            later, _ = model(x)
            assert_close(
                later,
                first,
                f"logits after {before}",
                atol=ROUNDING,
                given=f"{model.describe(x)}, {mode} mode, hidden=None",
                cause="the state of an earlier call is kept and used again",
            )


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
