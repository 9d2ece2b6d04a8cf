"""A slice of a text to overfit on, and the training run that does it."""

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.corpora import load_text, python_prose, small_corpus
from checks.support.inputs import generator
from checks.support.judge import as_pair, as_tensor, assert_shape, reject
from checks.support.oracles import cross_entropy

LENGTH, T, B, STEPS = 256, 64, 4, 200


@dataclass(frozen=True)
class Overfit:
    """What the run leaves: the slice, the loss on it, and the weights by name."""

    text: str
    ce: float
    weights: dict[str, Tensor]

    @property
    def order(self) -> str:
        """The characters of the slice, by id."""
        return "".join(sorted(set(self.text)))


def slice_of_text(seed: int, corpus: str | None) -> str:
    """256 contiguous characters of the file `corpus`, else of the tale or of Python's own prose."""
    draw = random.Random(seed)
    text = load_text(corpus) if corpus else draw.choice([small_corpus, python_prose])()
    start = draw.randrange(max(len(text) - LENGTH, 1))
    return text[start : start + LENGTH]


def windows(ids: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets `(len(starts), T)` of the windows that begin at `starts`."""
    places = starts[:, None] + torch.arange(T)
    return ids[places], ids[places + 1]


def train_on_slice(lab: Any, corpus: str | None) -> Overfit:
    """One call of the student's `train_epoch` on a loader of 200 batches of 4 random windows."""
    text = slice_of_text(lab.seed, corpus)
    order = "".join(sorted(set(text)))
    ids = torch.tensor([order.index(c) for c in text])
    starts = torch.randint(LENGTH - T, (STEPS * B,), generator=generator(lab.seed))
    model, weights = as_pair(
        lab.probes_training.overfit(
            lab.model.CharLSTM, lab.train.train_epoch, len(order), *windows(ids, starts)
        ),
        "the trained model",
    )
    if not isinstance(weights, dict):
        reject("`state_dict` must give the weights by name", got="no dict")
    plain = {str(name): as_tensor(value, f"`{name}`") for name, value in weights.items()}
    x, y = windows(ids, torch.arange(0, LENGTH - T, 12))
    logits = lab.probes_training.logits_of(model, x)
    ce = cross_entropy(assert_shape(logits, (*x.shape, len(order)), "the logits", "B, T, V"), y)
    return Overfit(text, ce, plain)
