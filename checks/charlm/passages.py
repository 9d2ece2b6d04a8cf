"""A text to overfit on, and the training run that does it.

The opening of "Alice's Adventures in Wonderland" by Lewis Carroll (1865), in the public domain.
"""

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checks.support.inputs import generator
from checks.support.judge import as_pair, as_tensor, assert_shape, reject
from checks.support.oracles import cross_entropy

PASSAGE = """\
Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing
to do: once or twice she had peeped into the book her sister was reading, but it had no pictures or
conversations in it, "and what is the use of a book," thought Alice "without pictures or
conversations?"

So she was considering in her own mind (as well as she could, for the hot day made her feel very
sleepy and stupid), whether the pleasure of making a daisy-chain would be worth the trouble of
getting up and picking the daisies, when suddenly a White Rabbit with pink eyes ran close by her.

There was nothing so very remarkable in that; nor did Alice think it so very much out of the way to
hear the Rabbit say to itself, "Oh dear! Oh dear! I shall be late!" (when she thought it over
afterwards, it occurred to her that she ought to have wondered at this, but at the time it all
seemed quite natural); but when the Rabbit actually took a watch out of its waistcoat-pocket, and
looked at it, and then hurried on, Alice started to her feet, for it flashed across her mind that
she had never before seen a rabbit with either a waistcoat-pocket, or a watch to take out of it.
"""


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


def slice_of_text(seed: int) -> str:
    """256 contiguous characters, from a place that the seed decides."""
    start = random.Random(seed).randrange(len(PASSAGE) - LENGTH)
    return PASSAGE[start : start + LENGTH]


def windows(ids: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets `(len(starts), T)` of the windows that begin at `starts`."""
    places = starts[:, None] + torch.arange(T)
    return ids[places], ids[places + 1]


def train_on_slice(lab: Any) -> Overfit:
    """One call of the student's `train_epoch` on a loader of 200 batches of 4 random windows."""
    text = slice_of_text(lab.seed)
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
