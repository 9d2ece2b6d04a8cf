"""Words, their ids in the student's vocabulary, and the call of a student's `generate`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from checks.support.judge import as_text, reject
from checks.support.statistics import FALSE_FAILURE, chance_of
from checks.wordlm.vocabulary import EOS, UNK, Vocabulary

# `generate` calls data.py: what fails because of a mistake there is that mistake's red line.
OF_DATA = ("wordlm.data.tokenize-*", "wordlm.data.vocab-*", "wordlm.data.keywords")
CLAIMS = ("prompt-kept", "known-words", "temperature-1.0", "length")
BASICS = tuple(f"wordlm.sample.{claim}" for claim in CLAIMS)

# Logits: probability 0 and 1, or shared equally, at any temperature that is asked for.
IMPOSSIBLE, CERTAIN = -1e4, 20.0


def plain_words(count: int, seed: int) -> list[str]:
    """So many different words of letters alone."""
    draw, words = random.Random(seed), set()
    while len(words) < count:
        words.add("".join(draw.choices("abcdefghijklmnoprstuw", k=draw.randint(3, 6))))
    return draw.sample(sorted(words), count)


class Words:
    """`count` words, all frequent, and their ids in a vocabulary of the student's of size V."""

    def __init__(self, lab: Any, count: int = 20) -> None:
        self.lab = lab
        self.words = plain_words(count, lab.seed)
        self.vocab = Vocabulary(lab, [word for word in self.words for _ in range(6)])
        self.V = len(self.vocab)
        self.unk, self.eos, *ids = self.vocab.ids([UNK, EOS, *self.words])
        self.ids = dict(zip(self.words, ids, strict=True))
        if sorted((self.unk, self.eos, *ids)) != [*range(self.V)] or count + 2 != self.V:
            reject(
                "the ids of specials and frequent words must be 0, 1 ... len(vocab) - 1",
                given=f"{self.vocab.given}, each word 6 times",
                got=f"the ids {self.unk}, {self.eos}, {ids}, and len(vocab) = {self.V}",
            )

    def logits(self, of: dict[str, float], rest: float = IMPOSSIBLE) -> Tensor:
        """Logits `(V,)` of some words, or specials, and one for all the rest."""
        logits = torch.full((self.V,), rest)
        for word, logit in of.items():
            logits[self.ids.get(word, self.unk if word == UNK else self.eos)] = logit
        return logits

    def chain(self, following: dict[str, dict[str, float]], **options: Any) -> Any:
        """A stub in which each word has its own logits; after any other, all words may come."""
        table = self.logits(dict.fromkeys(self.words, 0.0)).repeat(self.V, 1)
        for word, logits in following.items():
            table[self.ids[word]] = self.logits(logits)
        return self.lab.probes_sampling.Chain(table, **options)

    def same_everywhere(self, logits: Tensor) -> Any:
        """A stub that gives the same logits at every step."""
        return self.lab.probes_sampling.Chain(logits.expand(self.V, -1))

    def generate(
        self, model: Any, prompt: str, length: int, temperature: float = 1.0, **options: Any
    ) -> str:
        """What `generate` returns."""
        __tracebackhide__ = True
        text = self.lab.sample.generate(
            prompt, length, temperature, model, self.vocab.handle, **options
        )
        return as_text(
            text, "what `generate` returns", given=call(prompt, length, temperature, options)
        )

    def continuation(
        self, model: Any, prompt: Sequence[str], length: int, temperature: float = 1.0, **opts: Any
    ) -> list[str]:
        """The `length` new words that `generate` adds to a prompt of known words."""
        __tracebackhide__ = True
        text = self.generate(model, " ".join(prompt), length, temperature, **opts)
        words = text.split()
        new = words[len(prompt) :]
        kept = words[: len(prompt)] == list(prompt)
        if not kept or len(new) != length or not set(new) <= set(self.words):
            reject(
                "`generate` must return the prompt's words and then `length` known words",
                given=call(" ".join(prompt), length, temperature, opts),
                got=shortened(text),
            )
        return new


def call(prompt: str, length: int, temperature: float, options: dict[str, Any]) -> str:
    """The call in words, for a message."""
    settings = "".join(f", {name}={value}" for name, value in options.items())
    return f"generate({prompt!r}, {length}, {temperature}, model, vocab{settings})"


def shortened(text: str) -> str:
    """A text in quotes, and not too much of it."""
    return repr(text if len(text) < 200 else text[:200] + "...")


class Reading:
    """A `Reader` with factors drawn from the seed, and what it says."""

    def __init__(self, words: Words) -> None:
        draw = random.Random(words.lab.seed)
        self.words, self.allowed = words, [words.ids[word] for word in words.words]
        self.factors = [draw.randint(2, 60) for _ in range(4)]
        self.model = words.lab.probes_sampling.Reader(self.factors, self.allowed, words.V)

    def after(self, ids: Sequence[int], length: int) -> list[str]:
        """The words that come after these ids."""
        read, new = list(ids), []
        p, q, r, s = self.factors
        for _ in range(length):
            h = c = 0
            for i in read:
                h, c = (p * h + q * i + 1) % 61, (r * c + s * i + 2) % 67
            word = self.words.words[(h + 2 * c) % len(self.allowed)]
            new.append(word)
            read.append(self.words.ids[word])
        return new


def ring(words: Words) -> Any:
    """A stub in which the words follow each other in a ring."""
    pairs = zip(words.words, words.words[1:] + words.words[:1], strict=True)
    return words.chain({word: {after: CERTAIN} for word, after in pairs})


def fits(counts: Sequence[int], probabilities: Tensor) -> bool:
    """Whether right draws could have given these counts."""
    return chance_of(counts, probabilities.tolist()) >= FALSE_FAILURE
