"""The measures from their definitions, in float64: what the right numbers are.

Written for the reader who wants to check them: counts are counted one by one, and a window is cut
out of the text before it is measured.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from checks.support.oracles import entropy

Words = Sequence[str]


def words(text: str) -> list[str]:
    """What stands between white space, in lower case."""
    return text.lower().split()


def share(part: float, whole: float) -> float:
    """`part / whole`, and 0.0 for 0/0."""
    return part / whole if whole else 0.0


# ------------------------------------------------------------------ one text


def distinctness(text: str) -> float:
    """Different words over words."""
    return share(len(set(words(text))), len(words(text)))


def repetition_ratio(text: str) -> float:
    """Equal pairs of neighbours over pairs of neighbours."""
    found = words(text)
    equal = [found[i] == found[i + 1] for i in range(len(found) - 1)]
    return share(sum(equal), len(equal))


def average_word_length(text: str) -> float:
    """Characters of the words over words."""
    return share(len("".join(words(text))), len(words(text)))


def vocabulary_size(text: str) -> int:
    """Different words."""
    return len(set(words(text)))


def word_entropy(text: str) -> float:
    """Entropy in nats of the shares that the words have."""
    return max(0.0, entropy(words(text)))  # of one word 0.0, not -0.0


def sliding_ttr(text: str, window: int = 50) -> float:
    """Mean over all windows of so many words, the text itself where it is shorter than one."""
    found = words(text)
    starts = range(max(1, len(found) - window + 1))
    ratios = [distinctness(" ".join(found[i : i + window])) for i in starts]
    return sum(ratios) / len(ratios)


def vocabulary_coverage(text: str, reference: str) -> float:
    """The reference's different words that the text has, over the reference's different words."""
    wanted = set(words(reference))
    return share(len(wanted & set(words(text))), len(wanted))


ENDS = re.compile(r"[.!?]+")


def sentence_count(text: str) -> int:
    """Runs of `.`, `!` and `?`."""
    return len(ENDS.findall(text))


def pieces(text: str) -> int:
    """What is not blank between runs of `.`, `!` and `?`: the sentences of a text without ends."""
    return sum(bool(piece.strip()) for piece in ENDS.split(text))


def average_sentence_length(text: str) -> float:
    """Words over sentences."""
    return share(len(words(text)), sentence_count(text))


# ------------------------------------------------------------------ several texts


def ngrams(found: Words, n: int) -> list[tuple[str, ...]]:
    """Every run of `n` words, repetitions included."""
    return [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]


def ngram_overlap(texts: Sequence[str], n: int = 1) -> float:
    """Mean, over pairs of texts, of n-grams in both over n-grams in either."""
    sets = [set(ngrams(words(text), n)) for text in texts]
    scores = [share(len(a & b), len(a | b)) for a, b in combinations(sets, 2)]
    return share(sum(scores), len(scores))


def hits(found: Words, references: Sequence[Words], n: int) -> tuple[int, int]:
    """How many n-grams are hits, each at most as often as one reference has it, and how many."""
    own = Counter(ngrams(found, n))
    others = [Counter(ngrams(reference, n)) for reference in references]
    return sum(min(k, max(c[gram] for c in others)) for gram, k in own.items()), sum(own.values())


def brevity(found: Words, references: Sequence[Words]) -> float:
    """What a text shorter than the reference nearest in length is multiplied by."""
    c = len(found)
    r = min((len(reference) for reference in references), key=lambda n: (abs(n - c), n))
    return 1.0 if c >= r else math.exp(1 - r / c)


# Smoothing is for orders without a hit, and is not asked about. Two common ways change an order
# that has hits as well: one is added to hits and n-grams, from this order on.
SMOOTHING = {"none where there are hits": 99, "one added above unigrams": 2, "one added": 1}


def bleu(found: Words, references: Sequence[Words], max_n: int = 4, added_from: int = 99) -> float:
    """Brevity penalty times the geometric mean of the shares of hits; 0.0 where one of them is."""
    logs = []
    for n in range(1, max_n + 1):
        hit, total = hits(found, references, n)
        if n >= added_from:
            hit, total = hit + 1, total + 1
        if not hit:
            return 0.0
        logs.append(math.log(hit / total))
    return brevity(found, references) * math.exp(sum(logs) / max_n)


def self_bleu(texts: Sequence[str], max_n: int = 4, added_from: int = 99) -> float:
    """Mean BLEU of each text against all the others."""
    split = [words(text) for text in texts]
    if len(split) < 2:
        return 0.0
    scores = [
        bleu(one, split[:i] + split[i + 1 :], max_n, added_from) for i, one in enumerate(split)
    ]
    return sum(scores) / len(scores)


def every_order_hits(texts: Sequence[str], max_n: int) -> bool:
    """Whether each text shares an n-gram of each order with another: no smoothing is needed."""
    split = [words(text) for text in texts]
    return len(split) > 1 and all(
        hits(one, split[:i] + split[i + 1 :], n)[0]
        for i, one in enumerate(split)
        for n in range(1, max_n + 1)
    )
