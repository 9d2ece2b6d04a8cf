"""How many threads to compute with: measured, since more of them are often slower.

The products of a small LSTM's step are too small to be shared out with profit, and on a machine of
two cores the second thread waits for the first more than it helps. Only trying tells.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import torch

from grader.labs import derive_seed
from tools.submission import LoadedLab

from . import models
from .batches import loaders_of
from .config import Config
from .randomness import Stream

TRIES = 3
ENOUGH_SECONDS = 2.0  # of trying one number


def candidates() -> list[int]:
    """1, 2 and all, as far as this process has so many cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    most = cores or 1
    return sorted({1, min(2, most), most})


def fastest(seconds: dict[int, float]) -> int:
    """The number with the least time; of two that are nearly equal, the smaller."""
    least = min(seconds.values())
    return min(count for count, taken in seconds.items() if taken <= 1.03 * least)


def measure(lab: LoadedLab, config: Config, vocab_size: int) -> dict[int, float]:
    """Seconds for a training step on a model made for it, for each number of threads.

    Leaves the number of threads as it was. Raises UsageError if the submission's step fails.
    """
    before = torch.get_num_threads()
    with Stream(derive_seed(config.seed, "threads")).flowing():
        model = models.build(lab, config, vocab_size)
        optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr)
        x = torch.randint(vocab_size, (config.batch_size, config.seq_len))
        loader, _ = next(loaders_of([(x, x.roll(-1, 1))]))
        args = model, loader, optimizer
        try:
            return {
                count: _least(count, lambda: lab.call("train.train_epoch", *args, clip=config.clip))
                for count in candidates()
            }
        finally:
            torch.set_num_threads(before)


def _least(count: int, step: Callable[[], object]) -> float:
    torch.set_num_threads(count)
    step()  # the first one also fetches memory and starts threads
    taken: list[float] = []
    while len(taken) < TRIES and sum(taken) < ENOUGH_SECONDS:
        started = time.perf_counter()
        step()
        taken.append(time.perf_counter() - started)
    return min(taken)
