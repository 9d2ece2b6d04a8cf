"""Inputs no submission can foresee: texts over any alphabet, ids, all drawn from a seed."""

from __future__ import annotations

import random

import torch
from torch import Tensor

# No text holds NUL, which ends a string in C and so in numpy's arrays.
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz .,",
    "ABCXYZ0189_{}()\"'\\/\t\n\r",
    "àéîõüßıŁŒ\u0301\u0308",  # with combining marks: a character is one code point
    "абвгдежзиклмнопрст",
    "אבגדابجد\u200f\u200d",
    "的一是不了人我在有他",
    "😀😂🚀🧵𝒜𝔅𐍈\U000e0041",  # beyond the basic plane: two units in UTF-16
    "\x01\x1b\x7f\x85\u2028\ufeff",
)
SMALLEST = ("a", "\n", "🚀", "zzzz", "ba", "aab", "e\u0301")  # the last is not to become one é


def texts(seed: int, count: int = 24, longest: int = 60) -> list[str]:
    """`count` texts, the simplest first: one-character texts, then mixtures of alphabets."""
    rng = random.Random(seed)
    drawn = list(SMALLEST)
    while len(drawn) < count:
        letters = "".join(rng.sample(ALPHABETS, rng.randint(1, 3)))
        drawn.append("".join(rng.choices(letters, k=rng.randint(2, longest))))
    return drawn[: len(SMALLEST)] + sorted(drawn[len(SMALLEST) :], key=len)


def distinct_text(length: int, seed: int) -> str:
    """A text of `length` different characters, in an order unlike that of their code points."""
    codes = range(0x4E00, 0x9FA5)  # one unbroken block of letters
    return "".join(map(chr, random.Random(seed).sample(codes, length)))


def generator(seed: int) -> torch.Generator:
    """A private source of random numbers: nothing else draws from it."""
    return torch.Generator().manual_seed(seed)


def random_ids(*shape: int, vocab_size: int, seed: int) -> Tensor:
    """Ids in `[0, vocab_size)`, LongTensor of `shape`."""
    return torch.randint(vocab_size, shape, generator=generator(seed))
