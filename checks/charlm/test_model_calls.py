"""`CharLSTM` in model.py: one call and the next, at any size."""

import torch

from checks.charlm.lstm import ROUNDING, RUNS, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close
from checks.support.strategies import for_all, sizes


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
            lab.probes_models.call_or_error(model.handle, x, hidden)
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
@for_all(
    5,
    {"V": 1, "E": 1, "H": 1, "L": 1, "B": 1, "T": 1},
    {"V": 300, "E": 5, "H": 7, "L": 1, "B": 1, "T": 300},
    **sizes(V=40, E=12, H=12, L=4, B=6, T=9),
)
def test_any_sizes_work(lab, V, E, H, L, B, T):
    """Any B, T, V, E, H and L work, also one after the other in the same model."""
    model = Model(lab, Sizes(V, E, H, L))
    for rows, steps in ((5, 4), (B, T), (1, 1)):
        model(model.ids(rows, steps))
