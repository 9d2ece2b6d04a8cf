"""What one sees of a training: a bar with loss, speed and time left, and a line for each epoch."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from tools.submission import UsageError

from .place import Row
from .run import Run

NO_TENSORBOARD = "No event files: --tensorboard needs the package tensorboard."
LOG_PAUSE = 30.0  # seconds between two states of the bar where nobody looks on


class Display:
    """Shows a run on a terminal, and writes TensorBoard's event files if it is given a folder."""

    def __init__(self, out: TextIO, err: TextIO, events: Path | None = None) -> None:
        """Print lines to `out` and draw bars on `err`."""
        self._out, self._err, self._events = out, err, events
        self._bar: tqdm[Any] | None = None
        self._writer: Any = None

    def say(self, sentence: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.clear()
        print(sentence, file=self._out, flush=True)
        if self._bar is not None and self._err.isatty():
            self._bar.refresh()

    @contextmanager
    def bar(self, what: str, total: int, done: int) -> Iterator[None]:
        """Within the block there is a bar of batches."""
        pause = 0.2 if self._err.isatty() else LOG_PAUSE
        self._bar = tqdm(
            total=total,
            initial=done,
            desc=what,
            unit="batch",
            file=self._err,
            mininterval=pause,
            dynamic_ncols=True,
            smoothing=0.1,
            leave=False,
        )
        try:
            yield
        finally:
            self._bar.close()
            self._bar = None

    @contextmanager
    def recording(self, run: Run) -> Iterator[None]:
        """Within the block what happens goes to event files as well, if they were asked for."""
        if self._events is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                self.say(NO_TENSORBOARD)
            else:  # what an interrupted run had recorded beyond its checkpoint does not count
                self._writer = SummaryWriter(str(self._events), purge_step=run.step + 1)
        try:
            yield
        finally:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def replayed(self, run: Run, batches: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(batches)

    def piece(self, run: Run, loss: float) -> None:
        """Move the bar, with the loss and the speed of the epoch so far."""
        place = run.place
        speed = place.tokens / place.seconds
        if self._bar is not None:
            self._bar.set_description(f"epoch {place.epoch + 1}/{run.config.epochs}", refresh=False)
            self._bar.set_postfix_str(f"loss {loss:.3f}, {speed:,.0f} tokens/s", refresh=False)
            self._bar.update(run.step - self._bar.n)
        if self._writer is not None:
            self._writer.add_scalar("train/ce", loss, run.step)
            self._writer.add_scalar("train/tokens_per_second", speed, run.step)

    def epoch(self, run: Run, row: Row) -> None:
        """Print the epoch's figures."""
        self.say(
            f"epoch {row['epoch']}/{run.config.epochs}: train CE {row['train_ce']:.3f}, "
            f"validation CE {row['val_ce']:.3f}, perplexity {row['val_ppl']:.2f}, "
            f"{row['tokens_per_second']:,.0f} tokens/s, {row['seconds']:.1f} s"
        )
        if self._bar is not None:  # now it is known how many batches an epoch has
            self._bar.total = run.step * run.config.epochs // run.place.epoch
        if self._writer is not None:
            for name in ("train_ce", "val_ce", "val_ppl"):
                self._writer.add_scalar(f"epoch/{name}", row[name], run.step)


@contextmanager
def prints_in(path: Path | None) -> Iterator[Path | None]:
    """Within the block what the submission prints goes to a file, and not into the bar.

    Raises UsageError if the file cannot be opened. With None, nothing changes.
    """
    if path is None:
        yield path
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    handlers = list(logging.root.handlers)
    with file, redirect_stdout(file), redirect_stderr(file):
        print(time.strftime("---- %Y-%m-%d %H:%M:%S"), " ".join(sys.argv), flush=True)
        try:
            yield path
        finally:
            for handler in set(logging.root.handlers) - set(handlers):
                logging.root.removeHandler(handler)  # it would write to the closed file
