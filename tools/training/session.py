"""A training from beginning to end, or from its checkpoint to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from grader.labs import derive_seed
from tools.submission import LoadedLab, UsageError, loaded
from tools.texts import Corpus

from . import checkpoint, report, threads
from .config import Config
from .display import Display
from .interrupt import Stop
from .randomness import Stream, seeded_generators
from .run import Run

LAB = "charlm"
OTHER_CODE = "The code is not that which the checkpoint was trained with: it goes on with this one."
OTHER_ORDER = (
    "The train loader does not give the batches of before again: training goes on from the saved "
    "weights, with the windows in another order."
)


@contextmanager
def opened(student: Path, seed: int) -> Iterator[LoadedLab]:
    """The submission's modules; what they draw when imported comes from the seed as well."""
    draws = Stream(derive_seed(seed, "import"))
    with seeded_generators(), draws.flowing(), loaded(student, LAB) as lab:
        yield lab


def usable(device: str) -> str:
    """The same. Raises UsageError if this machine has no such device."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        said = str(error).splitlines()[0]
        raise UsageError(f"--device {device} cannot be used: {said}") from error
    return device


def train(
    lab: LoadedLab,
    corpus: Corpus,
    config: Config,
    folder: Path,
    display: Display,
    stop: Stop,
    device: str = "cpu",
    count: int | None = None,
) -> tuple[Run, bool]:
    """Train into the folder, from its checkpoint on if there is one, with `count` threads.

    Returns the run, and whether it came to its end. Raises UsageError.
    """
    path = folder / checkpoint.NAME
    saved = checkpoint.load(path) if path.exists() else None
    run = Run(lab, corpus, config, device)
    before = torch.get_num_threads()
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, before)
        run.threads = count or (saved["threads"] if saved else _measured(run, display))
        torch.set_num_threads(run.threads)
        stack.enter_context(stop.listening())
        if saved and not _found(run, saved, display, stop):
            return run, False
        stack.enter_context(display.recording(run))
        with display.bar("training", config.epochs * run.batches_per_epoch, run.step):
            finished = run.go(stop, display, path)
        report.write_history(folder, config, run.history, run.curve)
        curves = [report.Curve("", run.curve, validation_of(run))]
        if said := report.draw(folder, "curve", f"{_named(config)}", curves, len(run.chars)):
            display.say(said)
    return run, finished


def validation_of(run: Run) -> list[tuple[float, float]]:
    """The validation losses, each with the number of batches that were behind it."""
    return [(row["batches"], row["val_ce"]) for row in run.history]


def _named(config: Config) -> str:
    cell = "" if config.cell == "lstm" else f"{config.cell.upper()} "
    return f"{cell}E={config.embed_dim} H={config.hidden_size} L={config.num_layers} " + (
        f"T={config.seq_len} B={config.batch_size}"
    )


def _measured(run: Run, display: Display) -> int:
    """The number of threads with which a step is fastest."""
    counts = threads.candidates()
    if torch.device(run.device).type != "cpu" or len(counts) == 1:
        return counts[-1]
    seconds = threads.measure(run.lab, run.config, len(run.chars))
    best = threads.fastest(seconds)
    figures = ", ".join(f"{count}: {1e3 * taken:.1f}" for count, taken in seconds.items())
    display.say(f"Threads: {best} (milliseconds for a batch with {figures}).")
    return best


def _found(run: Run, saved: dict[str, Any], display: Display, stop: Stop) -> bool:
    """Put the run where its checkpoint is; False if it was stopped on the way."""
    done = sum(int(row["batches"]) for row in saved["history"][-1:]) + saved["place"]["batches"]
    with display.bar("finding the place", done, 0):
        repeated = run.resume(saved, stop, display)
    if repeated is None:
        return False
    place = run.place
    if place.epoch >= run.config.epochs:
        return True
    if saved["code"] != run.code:
        display.say(OTHER_CODE)
    display.say(f"Going on in epoch {place.epoch + 1}, after {place.batches} of its batches.")
    if not repeated:
        display.say(OTHER_ORDER)
    return True
