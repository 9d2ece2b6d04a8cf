"""A text to overfit on, and windows of it.

The opening of "Alice's Adventures in Wonderland" by Lewis Carroll (1865), in the public domain.
"""

import random

import torch

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


def slice_of_text(seed: int, length: int = 256) -> str:
    """`length` contiguous characters, from a place that the seed decides."""
    start = random.Random(seed).randrange(len(PASSAGE) - length)
    return PASSAGE[start : start + length]


def windows(ids: torch.Tensor, starts: torch.Tensor, T: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets `(len(starts), T)` of the windows that begin at `starts`."""
    places = starts[:, None] + torch.arange(T)
    return ids[places], ids[places + 1]
