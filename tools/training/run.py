"""One training, in pieces of a few batches between which it can be stopped, saved and continued.

    loader  --- 8 batches ---> a plain loader ---> train_epoch --- state ---> 8 more ---> ...
                                                                  |
                                             stop here, save, and later go on from here

A submission's `train_epoch` makes one pass over any loader it is given. Given 8 batches at a time
it takes the same steps as over the whole, and the state of the training between two calls is all in
plain sight: weights, optimizer, random numbers, and how many batches of the loader are behind it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from grader.labs import derive_seed
from tools.submission import LoadedLab, UsageError
from tools.texts import Corpus

from . import checkpoint, models
from .batches import Batch, Reader, length_of, loaders_of
from .config import Config
from .interrupt import Stop
from .place import Place, Row, Watcher
from .randomness import Stream

PIECE = 8  # batches; another number would draw other dropout masks
SAVE_SECONDS = 60.0


class Run:
    """A training of a submission on a text."""

    def __init__(self, lab: LoadedLab, corpus: Corpus, config: Config, device: str = "cpu") -> None:
        """Make loaders, model and optimizer. Raises UsageError if the submission cannot."""
        self.lab, self.corpus, self.config, self.device = lab, corpus, config, device
        self.code = lab.code()  # as it was imported: it may be edited meanwhile
        self.threads = torch.get_num_threads()
        self._training = Stream(derive_seed(config.seed, "training"))
        self._make_loaders(corpus.text)
        with self._training.flowing():
            self.model: nn.Module = models.build(lab, config, len(self.chars)).to(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=config.lr)
        self.place = Place()
        self.curve: list[list[float]] = []  # batches so far, and the mean loss of the last few
        self.history: list[Row] = []

    def _make_loaders(self, text: str) -> None:
        config, name = self.config, f"{self.lab.name}/data.py: make_loaders"
        order = Stream(derive_seed(config.seed, "order"))
        sizes = {key: getattr(config, key) for key in ("seq_len", "batch_size", "val_fraction")}
        with order.flowing(), self.lab.blamed(name):
            train, validation, (chars, self.stoi, self.itos) = self.lab.call(
                "data.make_loaders", text, **sizes
            )
            self.chars = [str(char) for char in chars]
            self.ids = [int(self.stoi[char]) for char in self.chars]
        self._train = Reader(self.lab, train, order, f"{name}: the train loader")
        self._validation = Reader(self.lab, validation, order, f"{name}: the validation loader")
        windows = (1 - config.val_fraction) * len(text) - config.seq_len
        self.batches_per_epoch = length_of(train, math.ceil(windows / config.batch_size))

    @property
    def step(self) -> int:
        """The number of optimizer steps so far."""
        return int(self.curve[-1][0]) if self.curve else 0

    def go(self, stop: Stop, watcher: Watcher, path: Path) -> bool:
        """Train to the end of the last epoch; False if `stop` ended it before.

        Saves a checkpoint now and then, after each epoch, and when stopped. Raises UsageError if
        the submission fails or the loss is no longer a number; the last checkpoint stays.
        """
        saved = time.monotonic()
        while self.place.epoch < self.config.epochs:
            if not self.place.trained:
                for loss in self._pieces(stop):
                    watcher.piece(self, loss)
                    if time.monotonic() - saved > SAVE_SECONDS:
                        self.save(path)
                        saved = time.monotonic()
            row = None if stop.asked else self._evaluated(stop)
            if row is not None:
                self.history.append(row)
                self.place = Place(epoch=self.place.epoch + 1, digest=self.place.digest)
            self.save(path)
            if row is None:
                return False
            watcher.epoch(self, row)
        return True

    def _pieces(self, stop: Stop) -> Iterator[float]:
        """Train on, giving the mean loss of each piece, to the end of the pass or to a stop."""
        place = self.place
        while not stop.asked:
            started = time.perf_counter()
            batches = self._next(self._train, stop)
            if not batches:
                place.trained = batches is not None
                return
            with self._training.flowing(), self._precision():
                nats, tokens = self._over(batches, self._train_epoch)
            place.nats, place.tokens = place.nats + nats, place.tokens + tokens
            place.batches += len(batches)
            place.digest = self._train.digest
            place.seconds += time.perf_counter() - started
            self.curve.append([self.step + len(batches), nats / tokens])
            yield nats / tokens

    def _next(self, reader: Reader, stop: Stop, most: int = PIECE) -> list[Batch] | None:
        """The loader's next batches, a piece at most; None if it fails because of the stop."""
        try:
            return reader.take(min(PIECE, most))
        except UsageError:
            if stop.asked:  # Ctrl-C reaches a loader's worker processes as well
                return None
            raise

    def _over(self, batches: list[Batch], measure: Callable[[Any], Any]) -> tuple[float, int]:
        """The sum of the losses that a function of a loader finds, and the number of characters."""
        total, count = 0.0, 0
        for loader, tokens in loaders_of(batches):
            with self.lab.blamed(f"{self.lab.name}/train.py: what is returned"):
                mean = float(measure(loader))
            if not math.isfinite(mean):
                raise UsageError(
                    f"the loss is {mean} after {self.step} batches: a smaller --lr or --clip may "
                    "help; the last checkpoint, if there is one, is as it was"
                )
            total, count = total + mean * tokens, count + tokens
        return total, count

    def _train_epoch(self, loader: Any) -> Any:
        args = self.model, loader, self.optimizer
        return self.lab.call("train.train_epoch", *args, clip=self.config.clip, device=self.device)

    def _evaluate(self, loader: Any) -> Any:
        ce, _ = self.lab.call("train.evaluate", self.model, loader, device=self.device)
        return ce

    def _precision(self) -> AbstractContextManager[Any]:
        if not self.config.bf16:
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16)

    def _evaluated(self, stop: Stop) -> Row | None:
        """The figures of the epoch that has been trained; None if it was stopped."""
        place, total, count = self.place, 0.0, 0
        draws = Stream(derive_seed(self.config.seed, f"evaluation {place.epoch}"))
        while batches := self._next(self._validation, stop):
            with draws.flowing(), self._precision():
                nats, tokens = self._over(batches, self._evaluate)
            total, count = total + nats, count + tokens
            if stop.asked:
                break
        if stop.asked:
            return None
        for name, tokens in (("train", place.tokens), ("validation", count)):
            if not tokens:
                raise UsageError(f"the {name} loader gave no batch")
        val_ce = total / count
        return {
            "epoch": place.epoch + 1,
            "batches": self.step,
            "train_ce": place.nats / place.tokens,
            "val_ce": val_ce,
            "val_ppl": math.exp(min(val_ce, 700.0)),
            "tokens_per_second": place.tokens / place.seconds,
            "seconds": place.seconds,
        }

    def save(self, path: Path) -> None:
        """Write all that is needed to go on as if nothing had happened."""
        checkpoint.save(
            path,
            {
                "config": asdict(self.config),
                "vocabulary": {"chars": self.chars, "ids": self.ids},
                "code": self.code,
                "corpus": {"source": self.corpus.source, "digest": self.corpus.digest},
                "threads": self.threads,
                "weights": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "random": self._training.saved(),
                "place": asdict(self.place),
                "curve": self.curve,
                "history": self.history,
            },
        )

    def resume(self, saved: dict[str, Any], stop: Stop, watcher: Watcher) -> bool | None:
        """Go to where a checkpoint was written. Raises UsageError if it is another training's.

        Returns True if the train loader has given all it gave before, and the rest will be as if
        nothing had happened; False if it gave something else, which changes only the order in
        which windows are seen; None if it was stopped on the way.
        """
        if saved["corpus"]["digest"] != self.corpus.digest:
            raise UsageError(
                "the checkpoint was trained on another text than this: name that with --corpus"
            )
        if saved["vocabulary"] != {"chars": self.chars, "ids": self.ids}:
            raise UsageError("the submission numbers the characters otherwise than the checkpoint")
        models.restore(self.model, saved["weights"], "the submission's model")
        self.optimizer.load_state_dict(saved["optimizer"])
        self._training.put_back(saved["random"])
        self.place = Place(**saved["place"])
        self.curve, self.history = saved["curve"], saved["history"]
        if self.place.epoch >= self.config.epochs:
            return True  # there is nothing left to read
        return self._read_again(stop, watcher)

    def _read_again(self, stop: Stop, watcher: Watcher) -> bool | None:
        """Read what has been trained on, both loaders in turn, since they may share a generator."""
        place = self.place
        for _ in range(place.epoch):
            for reader in (self._train, self._validation):
                while not stop.asked and (batches := self._next(reader, stop)):
                    watcher.replayed(self, len(batches) if reader is self._train else 0)
        left = place.batches
        while not stop.asked and left > 0:
            batches = self._next(self._train, stop, left)
            if not batches:
                break
            left -= len(batches)
            watcher.replayed(self, len(batches))
        if stop.asked:
            return None
        if place.trained and self._train.take(1):  # at the end of its pass a loader may draw, too
            self._train.restart()
        return self._train.digest == place.digest
