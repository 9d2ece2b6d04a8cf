"""A training step of the reference, against the same step with nothing around it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .speed_ratio import WALL, Action, Ratio, interleaved, lab, ratio, table

V = 65
Batch = tuple[Tensor, Tensor]
Context = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Size:
    """Of a model and its batches."""

    E: int
    H: int
    L: int
    T: int
    B: int

    def __str__(self) -> str:
        """As the tables name it."""
        return f"E={self.E} H={self.H} L={self.L} T={self.T} B={self.B}"

    def batches(self, count: int) -> list[Batch]:
        """Texts in which a character decides the next one nine times out of ten."""
        rng = torch.Generator().manual_seed(0)
        follows = torch.randperm(V, generator=rng)
        ids = torch.randint(V, (count, self.B, self.T + 1), generator=rng)
        for t in range(self.T):
            kept = torch.rand(count, self.B, generator=rng) < 0.9
            ids[..., t + 1] = torch.where(kept, follows[ids[..., t]], ids[..., t + 1])
        return [(rows[:, :-1].contiguous(), rows[:, 1:].contiguous()) for rows in ids]


SMALL = Size(E=64, H=128, L=1, T=64, B=16)
MEDIUM = Size(E=128, H=256, L=2, T=64, B=32)
SPEC = Size(E=256, H=512, L=2, T=128, B=64)


class Bare(nn.Module):
    """The reference's model, with nothing returned but the logits."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        dropout = 0.1 if size.L > 1 else 0.0
        self.embedding = nn.Embedding(V, size.E)
        self.lstm = nn.LSTM(size.E, size.H, size.L, batch_first=True, dropout=dropout)
        self.head = nn.Linear(size.H, V)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, T, V) for ids (B, T)."""
        logits: Tensor = self.head(self.lstm(self.embedding(x))[0])
        return logits


def bare_steps(
    model: nn.Module,
    batches: Iterable[Batch],
    optimizer: torch.optim.Optimizer,
    context: Context = nullcontext,
) -> list[Tensor]:
    """One optimizer step a batch, the forward pass in a `context()`; the losses."""
    losses = []
    for x, y in batches:
        with context():
            loss = functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.detach())
    return losses


def new(size: Size) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A model whose weights depend on the size only, and its optimizer."""
    torch.manual_seed(0)
    model = Bare(size)
    return model, torch.optim.AdamW(model.parameters(), lr=3e-3)


def bare(size: Size, steps: int, context: Context = nullcontext) -> Action:
    """So many steps of one model that goes on learning."""
    model, optimizer = new(size)
    batches = size.batches(steps)
    return lambda: len(bare_steps(model, batches, optimizer, context))


def reference(size: Size, steps: int) -> Action:
    """The same steps by the reference's `train_epoch`, on its own model."""
    model = lab("model").CharLSTM(V, size.E, size.H, size.L)
    model.load_state_dict(new(size)[0].state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batches, train_epoch = size.batches(steps), lab("train").train_epoch

    def epoch() -> int:
        train_epoch(model, batches, optimizer, clip=1.0)
        return steps

    return epoch


def in_turn(make: Callable[[], Action], count: int) -> Action:
    """Another of several such actions at each call: where its memory lies makes one faster."""
    actions = cycle([make() for _ in range(count)])
    return lambda: next(actions)()


def overhead(size: Size, steps: int, rounds: int, models: int) -> tuple[Ratio, Ratio]:
    """The reference's step in bare steps, and equal bare steps so: how far off 1 is chance."""
    makers = {
        "reference": lambda: reference(size, steps),
        "again": lambda: bare(size, steps),
        "bare": lambda: bare(size, steps),
    }
    actions = {name: in_turn(make, models) for name, make in makers.items()}
    seconds = interleaved(actions, rounds)
    return ratio(seconds, "reference", "bare"), ratio(seconds, "again", "bare")


def with_threads(count: int, action: Action) -> Action:
    """The action, on so many threads; then on one again."""

    def run() -> int:
        torch.set_num_threads(count)
        try:
            return action()
        finally:
            torch.set_num_threads(1)

    return run


def threads(size: Size, steps: int, rounds: int) -> Ratio:
    """How many times as fast two threads are, by the clock on the wall."""
    actions = {"one": bare(size, steps), "two": with_threads(2, bare(size, steps))}
    return ratio(interleaved(actions, rounds, WALL), "one", "two")


@cache
def onednn_has_bfloat16() -> bool:
    """Whether oneDNN has an LSTM of bfloat16 for this processor; torch does not do without."""
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            nn.LSTM(1, 1)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


@contextmanager
def half() -> Iterator[None]:
    """Autocast to bfloat16, in a way that this processor can."""
    onednn = nullcontext() if onednn_has_bfloat16() else lab("_switch").without_onednn()
    with torch.autocast("cpu", dtype=torch.bfloat16), onednn:
        yield


def bfloat16(size: Size, steps: int, rounds: int) -> Ratio:
    """How many times as fast steps are under autocast to bfloat16."""
    actions = {"float32": bare(size, steps), "bfloat16": bare(size, steps, half)}
    return ratio(interleaved(actions, rounds), "float32", "bfloat16")


def loss_difference(size: Size, steps: int) -> tuple[float, float]:
    """The mean loss of the last fifth of the steps in float32, and how much bfloat16 adds to it."""
    means = []
    for context in (nullcontext, half):
        model, optimizer = new(size)
        losses = bare_steps(model, size.batches(steps), optimizer, context)
        means.append(statistics.mean(map(float, losses[-(steps // 5) :])))
    return means[0], means[1] - means[0]


def measure(quick: bool) -> None:
    """Print both tables."""
    print("### A training step: the reference's against a bare one, one thread\n")
    rounds = 6 if quick else 30
    cases = [(SMALL, 5, rounds, 3)] if quick else [(SMALL, 5, rounds, 3), (SPEC, 1, 4, 1)]
    rows: list[tuple[object, ...]] = []
    for size, steps, times, models in cases:
        ours, same = overhead(size, steps, times, models)
        rows.append((f"reference / bare, {size}", ours, "at most 1.03"))
        rows.append((f"bare / bare, {size}", same, "1, by its meaning"))
    table(("step", "ratio", "middle half", "target"), rows)
    print("### Settings of a small machine: how many times as fast a bare step is\n")
    more: list[tuple[object, ...]] = []
    onednn = "with" if onednn_has_bfloat16() else "without"
    for size in [SMALL] if quick else [SMALL, MEDIUM]:
        more.append(("2 threads against 1 (wall time)", size, threads(size, 5, rounds // 3)))
        name = f"bfloat16, {onednn} oneDNN, against float32"
        more.append((name, size, bfloat16(size, 1, rounds // 3)))
    table(("setting", "size", "times as fast", "middle half"), more)
    steps = 20 if quick else 100
    loss, change = loss_difference(SMALL, steps)
    print(
        f"Loss after {steps} steps at {SMALL}, mean of the last fifth: {loss:.4f} in float32, "
        f"{change:+.4f} with bfloat16.\n"
    )
