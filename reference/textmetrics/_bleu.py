"""BLEU: how much of a text could have been cut out of other texts?

BLEU was made to score a translation against several good ones. Given one generated text and, for
references, all the others of the same model, it tells how little the model varies: self-BLEU.

Of a text of c words take the n-grams, its c - n + 1 runs of n words. Each is a hit if a reference
has it too; but "the the the the" is no good translation of "the cat", so an n-gram can be hit only
as often as the one reference that has it most often has it:

    text         the the cat sat         n = 1      hits: the 1, cat 1, sat 1     p_1 = 3/4
    references   the cat sat down        n = 2            the-cat 1, cat-sat 1    p_2 = 2/3
                 a cat sat on the mat    n = 3            the-cat-sat 1           p_3 = 1/2

    p_n  = sum over n-grams g of min(count(g), most of g in one reference) / (c - n + 1)

Long runs are hit less often, and the sizes p_1, p_2, ... fall geometrically; so they are averaged
geometrically. A very short text would be all hits, but it leaves things out, for which p_n has no
eye: a text of c words, shorter than r, is punished.

    BP   = 1 if c >= r, else exp(1 - r / c)     r: the length of the reference nearest in length
    BLEU = BP * (p_1 p_2 ... p_N) ^ (1/N)

Left out on purpose: smoothing. Where one p_n is 0 the product is 0, for a text of fewer than N
words always. Several remedies are in use, and each gives other numbers (Chen and Cherry, 2014).

Papineni, Roukos, Ward and Zhu, "BLEU: a Method for Automatic Evaluation of Machine Translation"
(ACL 2002); self-BLEU is from Zhu et al., "Texygen: A Benchmarking Platform for Text Generation
Models" (SIGIR 2018).
"""

import math
from collections import Counter
from collections.abc import Sequence

Words = Sequence[str]


def ngrams(words: Words, n: int) -> list[tuple[str, ...]]:
    """Return the runs of n words, in order, repetitions included."""
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def bleu(words: Words, references: Sequence[Words], max_n: int) -> float:
    """Return the BLEU of a text against one or more references, between 0 and 1."""
    precisions = [_precision(words, references, n) for n in range(1, max_n + 1)]
    if min(precisions) == 0:
        return 0.0
    mean_log = math.fsum(math.log(p) for p in precisions) / max_n
    return _brevity_penalty(len(words), list(map(len, references))) * math.exp(mean_log)


def _precision(words: Words, references: Sequence[Words], n: int) -> float:
    """Return the share of the text's n-grams that are hits; 0.0 for a text without any."""
    counts = Counter(ngrams(words, n))
    most: Counter[tuple[str, ...]] = Counter()
    for reference in references:
        most |= Counter(ngrams(reference, n))  # of two counts the larger
    return (counts & most).total() / max(1, counts.total())  # of two counts the smaller


def _brevity_penalty(c: int, lengths: list[int]) -> float:
    """Return BP for a text of c words; of two references equally near, take the shorter."""
    r = min(lengths, key=lambda length: (abs(length - c), length))
    return 1.0 if c >= r else math.exp(1 - r / c)
