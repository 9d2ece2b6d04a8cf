"""A student's `Vocab` as the checks use it: only `vocab[token]`, `len(vocab)` and `itos[id]`.

The text is random words that occur once, twice and so on, in random order. How the words beyond
the specials are ordered is the student's choice, so that every id is asked for, and none assumed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from checks.support.judge import as_int, as_list, as_text, reject

SECTION = "1 Data"
UNK, EOS = "<unk>", "<eos>"

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def random_words(count: int, draw: random.Random) -> list[str]:
    """So many different words, with apostrophes and digits among their letters."""
    words: set[str] = set()
    while len(words) < count:
        word = "".join(draw.choices(LETTERS, k=draw.randint(1, 7)))
        words.add(word + draw.choice(("", "", "", "'s", "7")))
    return draw.sample(sorted(words), count)


def random_tokens(seed: int, count: int = 24, most: int = 6) -> list[str]:
    """A text in which word number k of `count` occurs `1 + k % most` times, all shuffled."""
    draw = random.Random(seed)
    tokens = [w for k, w in enumerate(random_words(count, draw)) for _ in range(1 + k % most)]
    return draw.sample(tokens, len(tokens))


def frequent(tokens: Sequence[str], min_freq: int) -> list[str]:
    """The words that occur `min_freq` times or more, in order of appearance."""
    return [word for word, count in Counter(tokens).items() if count >= min_freq]


class Vocabulary:
    """`Vocab(tokens, ...)` of the student's; each question gives a plain value or a verdict."""

    def __init__(self, lab: Any, tokens: Sequence[str], **options: Any) -> None:
        self.lab = lab
        self.handle = lab.data.Vocab(list(tokens), **options)
        settings = "".join(f", {name}={value}" for name, value in options.items())
        self.given = f"Vocab(tokens{settings}) of {len(tokens)} tokens, {len(set(tokens))} words"

    def __len__(self) -> int:
        return as_int(self.lab.probes.length(self.handle), "len(vocab)", given=self.given)

    def ids(self, tokens: Sequence[str]) -> list[int]:
        """`vocab[token]` for each token."""
        values = _looked_up(self.lab, self.handle, list(tokens), "vocab", self.given)
        return [
            as_int(value, f"vocab[{token!r}]", given=self.given)
            for token, value in zip(tokens, values, strict=True)
        ]

    def id(self, token: str) -> int:
        """`vocab[token]`."""
        return self.ids([token])[0]

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """`vocab.itos[id]` for each id."""
        values = _looked_up(self.lab, self.handle.itos, list(ids), "vocab.itos", self.given)
        return [
            as_text(value, f"vocab.itos[{id_}]", given=self.given)
            for id_, value in zip(ids, values, strict=True)
        ]


def _looked_up(lab: Any, table: Any, keys: list[Any], name: str, given: str) -> list[Any]:
    """`table[key]` for each key; a key that raises is a wrong answer."""
    found = as_list(lab.probes.look_up(table, keys), name, length=len(keys))
    values = []
    for key, answer in zip(keys, found, strict=True):
        there, value = as_list(answer, name, length=2)
        if there is not True:
            required = f"{name} must answer for every {'id' if 'itos' in name else 'word'}"
            reject(required, given=given, expected=f"a value at {name}[{key!r}]", got=str(value))
        values.append(value)
    return values
