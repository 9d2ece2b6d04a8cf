"""`CharLSTM` in model.py: which logits depend on which characters."""

import torch

from checks.charlm.lstm import ROUNDING, SECTION, STEADY, Model, Sizes, other_ids
from checks.support.criteria import criterion
from checks.support.inputs import generator
from checks.support.judge import reject


@criterion(
    "charlm.model.causal",
    points=3,
    section=SECTION,
    hint="`CharLSTM` in model.py: pass `batch_first=True` if x is (B, T); never reorder axes with "
    "`view`; one direction only. A logit may depend on its own row, up to its own time.",
    requires=STEADY,
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
    requires=("charlm.model.causal",),
)
def test_a_character_moves_the_logits_after_it(lab):
    """Changing `x[b, t]` moves the logits at t and in the steps after it."""
    for L in (1, 2):
        model = Model(lab, Sizes(hidden_size=16, num_layers=L))
        V = model.sizes.vocab_size
        text = torch.cat([torch.randperm(V, generator=generator(lab.seed + k)) for k in range(4)])
        T = len(text)
        x = text.repeat(T + 1, 1)  # row t has another character at t; the last row has none
        x[range(T), range(T)] = other_ids(text, V)
        logits, _ = model(x)
        moved = ((logits - logits[-1]).abs() > ROUNDING).any(dim=-1)
        # Over 16800 places the largest change in three steps was 0.04 or more, in 999 of 1000 it
        # was 0.08 or more, falling off as its cube or faster: below 1e-4 with p < 1e-9.
        for t in range(3, T - 3):
            cause = forgotten_cause(moved, t)
            if cause:
                reject(
                    f"the logits at t and after it must depend on x[b, t], here t={t}",
                    given=model.describe(x),
                    expected="other logits where another character is, and in the steps after it",
                    got=cause[0],
                    cause=cause[1],
                )


def forgotten_cause(moved, t):
    """What is not read, and why; `moved[t, s]`: the character at t moves the logits at s."""
    if not moved[t, t]:
        got = f"another character at t={t}, and the same logits there"
        return got, "the character itself is not read, or is read one step late"
    if not moved[t, t + 1 : t + 4].any():
        got = f"another character at t={t}, and the same logits in the three steps after it"
        return got, "the state does not go from this step to the next"
    if not moved[t - 3 : t, t].any():
        got = f"another character in one of the three steps before t={t}, and the same logits there"
        return got, "the state is not used at this step"
    return None
