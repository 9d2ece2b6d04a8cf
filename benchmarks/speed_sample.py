"""Sampling: what a character costs, and in what one may pay for it."""

from __future__ import annotations

import os
import statistics
import string

import torch
from torch import Tensor, nn

from .speed_ratio import WALL, Action, Ratio, interleaved, lab, ratio, table
from .speed_step import SMALL, SPEC, Size, with_threads

CHARS = sorted(string.ascii_letters + string.digits + " .,")
LENGTH = 200  # characters of the text that the whole-prefix way writes
ROWS = 64  # texts in one batch
CASES = {
    "plain": ("`nn.LSTM`, one character at a time", "at least 4"),
    "prefix": (f"the whole prefix read again, {LENGTH} characters", "at least 4"),
    "batch": (f"{ROWS} texts in one batch, each of their characters", "-"),
    "batch without": (f"{ROWS} texts in one batch, without oneDNN", "-"),
}


def model_of(size: Size) -> nn.Module:
    """The reference's model, fresh: a trained one's arithmetic takes as long."""
    torch.manual_seed(0)
    model: nn.Module = lab("model").CharLSTM(len(CHARS), size.E, size.H, size.L).eval()
    return model


@torch.no_grad()
def write(model: nn.Module, x: Tensor, length: int) -> Tensor:
    """Continue B prompts (B, T) by `length` characters each, in one batch: (B, T + length)."""
    parts, hidden = [x], None
    for _ in range(length):
        logits, hidden = model(parts[-1], hidden)  # (B, T, V), and after the prompts (B, 1, V)
        parts.append(logits[:, -1].softmax(1).multinomial(1))  # (B, V) -> (B, 1)
    return torch.cat(parts, 1)


@torch.no_grad()
def write_anew(model: nn.Module, x: Tensor, length: int) -> Tensor:
    """The same for a model whose state is thrown away: it reads all that is there each time."""
    for _ in range(length):
        logits, _ = model(x)  # (B, T, V), T longer each time
        x = torch.cat([x, logits[:, -1].softmax(1).multinomial(1)], 1)
    return x


def ways(size: Size, length: int, prefix: bool) -> dict[str, Action]:
    """The ways to write; a unit is one character of one text."""
    model, one = model_of(size), torch.zeros(1, 1, dtype=torch.long)
    many = one.expand(ROWS, 1)
    stoi, itos = {c: i for i, c in enumerate(CHARS)}, dict(enumerate(CHARS))
    sample = lab("sample").sample

    def batch_without() -> int:
        with lab("_switch").without_onednn():
            return write(model, many, length)[:, 1:].numel()

    actions: dict[str, Action] = {
        "reference": lambda: len(sample(model, "T", stoi, itos, length)) - 1,
        "plain": lambda: write(model, one, length)[:, 1:].numel(),
        "batch": lambda: write(model, many, length)[:, 1:].numel(),
        "batch without": batch_without,
    }
    if prefix:
        actions["prefix"] = lambda: write_anew(model, one, LENGTH)[:, 1:].numel()
    return actions


def on_all_cores(size: Size, length: int, rounds: int) -> Ratio:
    """One character at a time against the reference, with a thread for each core; by wall time."""
    both = ways(size, length, prefix=False)
    cores = os.cpu_count() or 1
    actions = {name: with_threads(cores, both[name]) for name in ("plain", "reference")}
    return ratio(interleaved(actions, rounds, WALL), "plain", "reference")


def measure(quick: bool) -> None:
    """Print one table for each size."""
    print("### Sampling: cost of one character, one thread\n")
    for size, length in [(SMALL, 100), (SPEC, 20)] if quick else [(SMALL, 200), (SPEC, 50)]:
        prefix = not quick or size is SMALL
        rounds = 3 if quick else 7
        seconds = interleaved(ways(size, length, prefix), rounds)
        micro = {name: 1e6 * statistics.median(values) for name, values in seconds.items()}
        rows = [
            (f"{CASES[name][0]} ({micro[name]:.0f} us)", ratio(seconds, name, "reference"), target)
            for name, target in ((name, CASES[name][1]) for name in CASES if name in seconds)
        ]
        name, cores = CASES["plain"][0], on_all_cores(size, length, rounds)
        rows.insert(1, (f"{name}, both with {os.cpu_count()} threads", cores, "at least 4"))
        print(f"E={size.E} H={size.H} L={size.L}; the reference: {micro['reference']:.0f} us\n")
        table(("way (a character)", "in the reference's", "middle half", "target"), rows)
