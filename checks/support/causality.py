"""Which logits of a language model depend on which of the ids it read.

`run` is a function of ids `(B, T)` that gives the model's logits `(B, T, V)`, checked and in double
precision; the model is in eval mode, and its weights are large.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from checks.support.inputs import generator
from checks.support.judge import reject

Run = Callable[[Tensor], Tensor]

# Models computed in another way agree to 1e-5 over a dozen steps; what a character may move, it
# moves by more than 1e-2.
ROUNDING = 1e-4


def other_ids(x: Tensor, vocab_size: int) -> Tensor:
    """Ids that differ from `x` at every place."""
    return (x + 1) % vocab_size


def assert_causal(run: Run, x: Tensor, vocab_size: int, given: str) -> None:
    """Changing `x[b, t]`, x of shape (3, 8), must move no logits but those at (b, t) and later."""
    __tracebackhide__ = True
    base = run(x)
    allowed = torch.zeros(x.shape, dtype=torch.bool)
    for b, t in ((0, 7), (1, 4), (2, 1), (0, 3), (2, 6), (1, 0)):
        changed = x.clone()
        changed[b, t] = other_ids(x, vocab_size)[b, t]
        moved = ((run(changed) - base).abs() > ROUNDING).any(dim=-1)  # (B, T)
        allowed.zero_()
        allowed[b, t:] = True
        wrong = (moved & ~allowed).nonzero().tolist()
        if wrong:
            reject(
                f"changing x[{b}, {t}] must move no logits but those at [{b}, {t}:]",
                given=given,
                expected=f"the logits at all other places as they were, to {ROUNDING}",
                got=f"logits moved at [b, t] = {wrong[:8]}",
                cause=_leak_cause(wrong, b, t),
            )


def _leak_cause(wrong: list[list[int]], b: int, t: int) -> str:
    """What the places that moved, but must not, say about the model."""
    rows = {row for row, _ in wrong}
    if rows == {b}:
        return "earlier logits see later characters: the LSTM is bidirectional, or runs backwards"
    if {time for _, time in wrong} == {t}:
        return "rows of the batch are mixed: the LSTM takes x for (T, B); batch_first is missing"
    return "rows of the batch are mixed: a `view` or `reshape` where axes should be transposed"


def assert_remembers(run: Run, vocab_size: int, seed: int, given: str) -> None:
    """Changing `x[b, t]` must move the logits at t and in the steps after it (H = 16 or more)."""
    __tracebackhide__ = True
    V = vocab_size
    text = torch.cat([torch.randperm(V, generator=generator(seed + k)) for k in range(4)])
    T = len(text)
    x = text.repeat(T + 1, 1)  # row t has another character at t; the last row has none
    x[range(T), range(T)] = other_ids(text, V)
    logits = run(x)
    moved = ((logits - logits[-1]).abs() > ROUNDING).any(dim=-1)
    # Over 16800 places the largest change in three steps was 0.04 or more, in 999 of 1000 it
    # was 0.08 or more, falling off as its cube or faster: below 1e-4 with p < 1e-9.
    for t in range(3, T - 3):
        cause = _forgotten_cause(moved, t)
        if cause:
            reject(
                f"the logits at t and after it must depend on x[b, t], here t={t}",
                given=given,
                expected="other logits where another character is, and in the steps after it",
                got=cause[0],
                cause=cause[1],
            )


def _forgotten_cause(moved: Tensor, t: int) -> tuple[str, str] | None:
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
