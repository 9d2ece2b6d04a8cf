"""`WordLSTM` in model.py: how a text starts, one call and the next, any size."""

from checks.support.causality import ROUNDING
from checks.support.criteria import criterion
from checks.support.judge import as_list, assert_close, reject
from checks.support.strategies import for_all, sizes
from checks.wordlm.lstm import RUNS, SECTION, Model, Sizes, quiet_in_train_mode


@criterion(
    "wordlm.model.start-state",
    points=2,
    section=SECTION,
    hint="`init_hidden(batch_size, device)` in model.py gives the state that `forward` starts from "
    "with hidden=None: zeros, for every layer and every row of the batch.",
    requires=RUNS,
)
def test_init_hidden_is_the_start_of_a_text(lab):
    """`init_hidden(B, device)` is a state of zeros, and the same as `hidden=None`."""
    for L, B in ((1, 1), (2, 3), (3, 2)):
        model = Model(lab, Sizes(num_layers=L))
        x = model.ids(B, 6)
        without = model(x)
        logits, state = model.from_start(x)
        for tensor in state:
            if tensor.any():
                reject(
                    "`init_hidden` must give zeros",
                    given=f"init_hidden({B}, 'cpu') of {model.sizes}",
                    expected="0 everywhere",
                    got=f"values from {tensor.min():.3g} to {tensor.max():.3g}",
                )
        assert_close(
            logits,
            without,
            "logits with the state of `init_hidden`, against those without a state",
            atol=ROUNDING,
            given=model.describe(x),
            cause="with hidden=None the LSTM does not start from zeros, or no two calls agree",
        )


@criterion(
    "wordlm.model.no-leak",
    points=1,
    section=SECTION,
    hint="`forward` in model.py: return the state, do not keep it on `self`. A call without a "
    "state has to start afresh.",
    requires=("wordlm.model.start-state",),
)
def test_no_state_is_kept_between_calls(lab):
    """A call without a state gives the same whatever calls came before."""
    for mode in ("eval", "train"):
        model = Model(lab)
        x = model.ids(3, 6)
        if mode == "train" and not quiet_in_train_mode(model):
            return  # dropout all the same, which dropout-rate looks after
        evidence = lab.probes_states.one_after_another(model.handle, x)
        first, *others = as_list(evidence, "logits", length=3)
        first = model.logits(first, x)
        for before, later in zip(("without", "with"), others, strict=True):
            assert_close(
                model.logits(later, x),
                first,
                f"logits after a call {before} a state",
                atol=ROUNDING,
                given=f"{model.describe(x)}, {mode} mode, hidden=None",
                cause="the state of an earlier call is kept and used again",
            )


@criterion(
    "wordlm.model.any-size",
    points=2,
    section=SECTION,
    hint="No size may be written into the code: take B and T from `x.shape` in `forward`, the rest "
    "from the arguments of `__init__`. The last chunk of a stream is shorter than the others.",
    requires=RUNS,
)
@for_all(
    5,
    {"V": 2, "E": 1, "H": 1, "L": 1, "B": 1, "T": 1},
    {"V": 300, "E": 5, "H": 7, "L": 1, "B": 1, "T": 300},
    **sizes(V=40, E=12, H=12, L=4, B=6, T=9),
)
def test_any_sizes_work(lab, V, E, H, L, B, T):
    """Any B, T, V, E, H and L work, also one after the other in the same model."""
    model = Model(lab, Sizes(V, E, H, L))
    for rows, steps in ((5, 4), (B, T), (1, 1)):
        model(model.ids(rows, steps))
