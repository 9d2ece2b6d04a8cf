"""`CharLSTM` in model.py: one call and the next, at any size."""

import random

import torch

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close


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
    logits, _ = model(x)
    zeros, again = model.from_zeros(x), model.from_zeros(x)
    assert_close(
        logits,
        zeros,
        "logits without a state, against those with a state of zeros",
        atol=ROUNDING,
        given=model.describe(x),
        cause="the state does not start at zero"
        if torch.allclose(zeros, again, atol=ROUNDING)
        else "no two calls agree, even with the same state: a layer is made anew in forward, or "
        "something is counted from call to call",
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
        x = model.ids(3, 6)
        if mode == "train" and not model.train():
            return  # dropout all the same, which dropout-train looks after
        first, state = model(x)
        for before, hidden in (("a call with the same x", None), ("a call with a state", state)):
            lab.probes.call_or_error(model.handle, x, hidden)
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
    large = Model(lab, Sizes(vocab_size=300, num_layers=1))
    large(large.ids(1, 300))
