"""What the usual mistakes give, so that a wrong value can be told its cause.

Each function takes what the measure was asked of, plain texts with a space between words, and
returns for each mistake, in words, the value that it leads to. That a value is wrong has been
decided before.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations

from checks.textmetrics import definitions
from checks.textmetrics.definitions import Words, bleu, brevity, hits, ngrams, share

Values = dict[str, float]


def of_sliding_ttr(text: str, window: int) -> Values:
    """Mistakes in `sliding_ttr`."""
    found = text.split()
    N = len(found)

    def ratios(starts: Sequence[int]) -> list[float]:
        parts = [found[i : i + window] for i in starts]
        return [len(set(part)) / len(part) for part in parts] or [0.0]

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    right = ratios(range(N - window + 1))
    return {
        "`window` is ignored: the type-token ratio of the whole text": len(set(found)) / N,
        "`window` is ignored: windows of 50 words": definitions.sliding_ttr(text),
        "windows do not overlap; one starts at every word": mean(
            ratios(range(0, N - window + 1, window))
        ),
        "the last window is left out": mean(ratios(range(N - window))),
        "windows cut short by the end are counted too": mean(ratios(range(N))),
        "only the first window is looked at": right[0],
        "only the last window is looked at": right[-1],
        "the largest of the windows' ratios": max(right),
        "the smallest of the windows' ratios": min(right),
        "the windows are of one word more": definitions.sliding_ttr(text, window + 1),
        "the windows are of one word less": definitions.sliding_ttr(text, max(1, window - 1)),
        "the windows' ratios are added up, not averaged": sum(right),
        "different words are counted, but not divided by `window`": mean(right) * window,
    }


def of_sentence_count(text: str) -> Values:
    """Mistakes in `sentence_count`."""
    patterns = {
        "only full stops are counted": r"\.+",
        "question marks are not counted": r"[.!]+",
        "exclamation marks are not counted": r"[.?]+",
        "every mark is counted, not every run of them": r"[.!?]",
        "a run of different marks, such as ?!, is counted for each of them": r"\.+|!+|\?+",
        "only marks with white space after them are counted": r"[.!?]\s",
        "only marks with white space or the end after them are counted": r"[.!?]+(?:\s|$)",
        "commas, colons or semicolons are counted too": r"[.!?,;:]+",
    }
    counts: Values = {cause: len(re.findall(regex, text)) for cause, regex in patterns.items()}
    return counts | {
        "the empty piece after the last mark is counted too": len(re.split(r"[.!?]+", text)),
        "the empty pieces between marks are counted too": len(re.split(r"[.!?]", text)),
        "lines are counted": len(text.splitlines()),
        "words are counted": len(text.split()),
    }


def of_overlap(texts: Sequence[str], n: int) -> Values:
    """Mistakes in `ngram_overlap`."""
    grams = [ngrams(text.split(), n) for text in texts]
    characters = [ngrams(text, n) for text in texts]

    def mean(score: Callable[[set, set], float], of: Sequence[Sequence] = grams) -> float:
        scores = [score(set(a), set(b)) for a, b in combinations(of, 2)]
        return share(sum(scores), len(scores))

    def jaccard(a: set, b: set) -> float:
        return share(len(a & b), len(a | b))

    bags = [Counter(found) for found in grams]
    glued = [["".join(gram) for gram in found] for found in grams]
    sizes = {
        "divided by the n-grams of the first text": lambda a, b: len(a),
        "divided by the n-grams of the smaller set": lambda a, b: min(len(a), len(b)),
        "common n-grams are in the denominator twice": lambda a, b: len(a) + len(b),
        "twice the common n-grams over the sum of both sets (Dice), not Jaccard": (
            lambda a, b: (len(a) + len(b)) / 2
        ),
        "the number of common n-grams, not divided": lambda a, b: 1,
    }
    return {
        **{
            cause: mean(lambda a, b, size=size: share(len(a & b), size(a, b)))
            for cause, size in sizes.items()
        },
        "n-grams that a text repeats are counted again: take sets": share(
            sum(share((a & b).total(), (a | b).total()) for a, b in combinations(bags, 2)),
            math.comb(len(bags), 2),
        ),
        "n-grams of characters, not of words": mean(jaccard, characters),
        "the words of an n-gram are joined without a mark between": mean(jaccard, glued),
        "the last n-gram of each text is left out": mean(jaccard, [one[:-1] for one in grams]),
        "one minus the overlap": 1 - mean(jaccard),
        "`n` is ignored: single words": definitions.ngram_overlap(texts),
        "`n` is one too large": definitions.ngram_overlap(texts, n + 1),
        **(_of_pairs([set(found) for found in grams]) if len(texts) > 2 else {}),
    }


def _of_pairs(sets: list[set]) -> Values:
    """Mistakes in which texts are compared, and what is made of the overlaps."""
    T = len(sets)
    right = [share(len(a & b), len(a | b)) for a, b in combinations(sets, 2)]
    in_all = share(len(set.intersection(*sets)), len(set.union(*sets)))
    next_to = [share(len(sets[i] & sets[i + 1]), len(sets[i] | sets[i + 1])) for i in range(T - 1)]
    return {
        "only texts that follow each other are paired": sum(next_to) / (T - 1),
        "only the first text is compared with the others": sum(right[: T - 1]) / (T - 1),
        "only the first two texts are compared": right[0],
        "what all texts have in common over what any has, not the mean over pairs": in_all,
        "a text is compared with itself too": (2 * sum(right) + T) / T**2,
        "the sum over the pairs, not their mean": sum(right),
        "divided by the number of texts, not of pairs": sum(right) / T,
        "the largest of the pairs' overlaps": max(right),
    }


class OfSelfBleu:
    """Mistakes in `self_bleu`: one thing is done differently, the rest as it should be."""

    def __init__(self, texts: Sequence[str], max_n: int) -> None:
        split = [text.split() for text in texts]
        self.texts, self.max_n = texts, max_n
        self.cases = [(one, split[:i] + split[i + 1 :]) for i, one in enumerate(split)]

    def values(self) -> Values:
        """All of them."""
        return {**self._of_the_mean(), **self._of_the_shares(), **self._of_brevity()}

    def _mean(self, score: Callable[[Words, list[Words]], float]) -> float:
        return sum(score(one, others) for one, others in self.cases) / len(self.cases)

    def _shares(self, one: Words, others: list[Words], count: Callable = hits) -> list[float]:
        return [share(*count(one, others, n)) for n in range(1, self.max_n + 1)]

    def _of_the_mean(self) -> Values:
        """What is compared, and how often."""
        N, right = self.max_n, definitions.self_bleu(self.texts, self.max_n)
        return {
            "on the scale 0 to 100": 100 * right,
            "one minus BLEU: a measure of variety": 1 - right,
            "a text is compared with each other one by itself, not with all at once": self._mean(
                lambda one, others: sum(bleu(one, [other], N) for other in others) / len(others)
            ),
            "a text is among its own references": 1.0,
            "only the first text is scored": bleu(*self.cases[0], N),
            "only the last text is scored": bleu(*self.cases[-1], N),
            "each text is compared with one other only": self._mean(
                lambda one, others: bleu(one, others[:1], N)
            ),
            "`max_n` is ignored: four orders are taken": definitions.self_bleu(self.texts, 4),
            "one order too many": definitions.self_bleu(self.texts, N + 1),
            "one order too few": definitions.self_bleu(self.texts, max(1, N - 1)),
        }

    def _of_the_shares(self) -> Values:
        """How hits are counted, and how the shares of the orders become one number."""

        def averaged(average: Callable[[list[float]], float], count: Callable = hits) -> float:
            return self._mean(
                lambda one, others: brevity(one, others) * average(self._shares(one, others, count))
            )

        def geometric(shares: list[float]) -> float:
            return math.prod(shares) ** (1 / len(shares))

        return {
            "the mean of the orders' shares, not the geometric mean": averaged(
                lambda shares: sum(shares) / len(shares)
            ),
            "the product of the orders' shares, without the root": averaged(math.prod),
            "the root is that of four orders, though `max_n` is another number": averaged(
                lambda shares: math.prod(shares) ** 0.25
            ),
            "only n-grams of the order `max_n` are counted": averaged(lambda shares: shares[-1]),
            "hits are not clipped: an n-gram is hit more often than any reference has it": averaged(
                geometric, _unclipped
            ),
            "different n-grams are counted, repeated ones once": averaged(geometric, _once),
            "hits are clipped to the sum over the references, not to the most in one": averaged(
                geometric, _clipped_to_sum
            ),
        }

    def _of_brevity(self) -> Values:
        """What a short text is multiplied by."""

        def with_length(r: Callable[[list[int]], float]) -> float:
            return self._mean(
                lambda one, others: (
                    math.prod(self._shares(one, others)) ** (1 / self.max_n)
                    * min(1.0, math.exp(1 - r([len(other) for other in others]) / len(one)))
                )
            )

        return {
            "there is no brevity penalty": with_length(lambda lengths: 0),
            "the brevity penalty takes the shortest reference": with_length(min),
            "the brevity penalty takes the longest reference": with_length(max),
            "the brevity penalty takes the first reference": with_length(
                lambda lengths: lengths[0]
            ),
            "the brevity penalty takes the mean length of the references": with_length(
                lambda lengths: sum(lengths) / len(lengths)
            ),
            "the brevity penalty is c / r, not exp(1 - r / c)": self._mean(
                lambda one, others: (
                    bleu(one, others, self.max_n)
                    / brevity(one, others)
                    / (1 - math.log(brevity(one, others)))
                )
            ),
        }


def _known(others: list[Words], n: int) -> Counter:
    """Every n-gram of the references, and how often all of them together have it."""
    return Counter(gram for other in others for gram in ngrams(other, n))


def _unclipped(one: Words, others: list[Words], n: int) -> tuple[int, int]:
    known = _known(others, n)
    return sum(gram in known for gram in ngrams(one, n)), len(ngrams(one, n))


def _once(one: Words, others: list[Words], n: int) -> tuple[int, int]:
    own = set(ngrams(one, n))
    return len(own & _known(others, n).keys()), len(own)


def _clipped_to_sum(one: Words, others: list[Words], n: int) -> tuple[int, int]:
    own = Counter(ngrams(one, n))
    return (own & _known(others, n)).total(), own.total()
