"""Texts to measure: words drawn from a seed, sentences made of them, and any text at all."""

from __future__ import annotations

import random
import string

from hypothesis import strategies as st

from checks.support.strategies import any_text

# A text of seven different words, one of repetitions, and one of both.
DISTINCT = "colorless green ideas sleep furiously every night"
REPEATED = "the the the and the"
MIXED = "a rose is a rose is a rose"


def lexicon(rng: random.Random, size: int) -> list[str]:
    """So many different words of one to nine letters."""
    found: dict[str, None] = {}
    while len(found) < size:
        found["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 9)))] = None
    return list(found)


def drawn_words(rng: random.Random, length: int, size: int) -> list[str]:
    """`length` words out of a lexicon of `size`, the first of it more often than the last.

    The last two are equal, and the one before them is used nowhere else: so an end that is left
    out shows.
    """
    known = lexicon(rng, size + 1)
    weights = [1 / (rank + 1) for rank in range(size)]
    found = rng.choices(known[:size], weights, k=length - 3)
    return [*found, known[size], known[0], known[0]]


def passage(seed: int, length: int = 40, size: int = 12) -> str:
    """Drawn words with a space between."""
    return " ".join(drawn_words(random.Random(seed), length, size))


def drawn_texts(seed: int, lengths: list[int], shared: int = 0) -> list[str]:
    """Texts of so many words out of one lexicon, each with the same run of `shared` words in it.

    The run is of words that are used nowhere else, and starts at another place in each text; every
    text ends with a word of its own.
    """
    rng = random.Random(seed)
    known = lexicon(rng, 10 + shared + len(lengths))
    common, run, own = known[:10], known[10 : 10 + shared], known[10 + shared :]
    texts = []
    for place, (length, last) in enumerate(zip(lengths, own, strict=True)):
        free = rng.choices(common, k=length - shared - 1)
        start = place % (len(free) + 1)
        texts.append(" ".join([*free[:start], *run, *free[start:], last]))
    return texts


def sharing_texts(seed: int, lengths: list[int], run: int) -> list[str]:
    """Texts of so many words, none of them twice, that share a run of words and nothing else."""
    rng = random.Random(seed)
    known = lexicon(rng, run + sum(lengths))
    common, own = known[:run], known[run:]
    texts = []
    for length in lengths:
        free, own = own[: length - run], own[length - run :]
        start = rng.randint(0, len(free))
        texts.append(" ".join([*free[:start], *common, *free[start:]]))
    return texts


def sentences(rng: random.Random, lengths: list[int], ends: str = ".!?") -> str:
    """Sentences of so many words, each ended by one of `ends`, some with a comma in them."""
    written = []
    for length in lengths:
        known = lexicon(rng, length)
        if length > 3:
            known[1] += rng.choice(",;:")
        written.append(" ".join(known).capitalize() + rng.choice(ends))
    return " ".join(written)


WHITE_SPACE = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2028\u3000"
ODD = (
    "",
    " ",
    "\n\t ",
    "a",
    "A",
    "...",
    "?!",
    ". . .",
    "! a",
    "a. ",
    "\x00",
    "İ",
    "ß",
    "Été été ÉTÉ",
    "🚀🚀 🚀🚀",
)
ODD_TEXTS = [{"text": text} for text in ODD]


def any_writing() -> st.SearchStrategy[str]:
    """Any text: all of Unicode, white space only, punctuation only, few words often repeated.

    One letter is left out, İ, the only one that lower case turns into two characters: whether its
    word has grown is nobody's claim.
    """
    few_words = st.lists(st.sampled_from(["a", "A", "b", "the", "The", "end.", "no!"]), max_size=12)
    return (
        any_text().map(lambda text: text.replace("İ", "I"))
        | st.text(WHITE_SPACE, max_size=6)
        | st.text(".!?, a", max_size=12)
        | few_words.map(" ".join)
    )
