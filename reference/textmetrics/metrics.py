"""Measuring generated text: is it varied, does it repeat itself, do two samples say the same?

The loss tells how well a model predicts a text that somebody else wrote. It says nothing about what
the model writes by itself: a model with a good loss may say "the the the" for ever. These measures
read the generated text alone. None of them knows whether a text is good. Each tells one way in
which it is bad, and they are read together, next to those of a text that a person wrote.

Words are what lies between white space, in lower case: "The cat, the dog." has the words `the`,
`cat,`, `the` and `dog.`, N = 4 of them, V = 3 different ones. Word w occurs n_w times.

    distinctness        V / N                          1 if no word is used twice
    repetition ratio    equal pairs / (N - 1)          over the pairs of neighbours
    word entropy        - sum over w of p_w ln p_w     p_w = n_w / N, in nats; ln V if all are equal
    sliding TTR         mean distinctness of the N - W + 1 windows of W words
    sentences           runs of `.`, `!` and `?`: "Wait... what?!" has two

Distinctness falls as a text grows, since fewer and fewer words are new. So it compares texts of one
length only. The sliding measure looks at W words at a time, and so compares any:

    the  cat  sat  on  the  mat  the  end        W = 4
    |---------------|                            4 / 4
         |---------------|                       4 / 4
              |---------------|                  4 / 4
                   |---------------|             3 / 4
                        |---------------|        3 / 4     mean 0.9

Two measures look at several texts, the answers to one prompt say: how alike are they? The overlap
is |A and B| / |A or B|, for the sets A and B of n-grams (runs of n words) of two texts, averaged
over all pairs of texts. Self-BLEU is told in `_bleu.py`.

A ratio of nothing to nothing is 0.0 here: an empty text has no distinctness of its own, and what
counts a class of submissions or a night of samples must not stop at one that is empty.

Left out on purpose: a tokenizer that takes punctuation off words, stemming, sentence boundaries
that know of "Dr." and "3.14", measures that ask another model (MAUVE, BERTScore).

The type-token ratio is due to Johnson, "Studies in Language Behavior" (1944); the sliding one to
Covington and McFall, "Cutting the Gordian Knot: The Moving-Average Type-Token Ratio" (Journal of
Quantitative Linguistics, 2010); entropy to Shannon, "A Mathematical Theory of Communication" (Bell
System Technical Journal, 1948); the overlap to Jaccard (1901).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise

from ._bleu import bleu, ngrams


def _words(text: str) -> list[str]:
    return text.lower().split()


def _ratio(part: float, whole: float) -> float:
    """Divide; of nothing there is no share, and 0/0 is 0."""
    return part / whole if whole else 0.0


def distinctness(text: str) -> float:
    """Return the number of different words divided by the number of words.

    This is the type-token ratio, between 0 and 1; 0.0 for a text without words.
    """
    words = _words(text)
    return _ratio(len(set(words)), len(words))


def repetition_ratio(text: str) -> float:
    """Return the share of pairs of neighbouring words that are equal.

    N words have N - 1 pairs: "the the the and the" has four, two of them equal, so 0.5. Between 0
    and 1; 0.0 for a text of fewer than two words.
    """
    pairs = list(pairwise(_words(text)))
    return _ratio(sum(first == second for first, second in pairs), len(pairs))


def average_word_length(text: str) -> float:
    """Return the mean number of characters of a word, repeated words counted each time.

    What is written without a space belongs to the word: "end." has four characters. 0.0 for a text
    without words.
    """
    words = _words(text)
    return _ratio(sum(map(len, words)), len(words))


def vocabulary_size(text: str) -> int:
    """Return the number of different words."""
    return len(set(_words(text)))


def word_entropy(text: str) -> float:
    """Return the entropy of the words' distribution in nats, - sum p ln p with p = n_w / N.

    Between 0.0, where all words are equal, and ln V, where each of the V is equally frequent. 0.0
    for a text without words.
    """
    counts = Counter(_words(text))
    N = counts.total()
    # p ln(1/p) for - p ln p: every term is positive, and so is a zero
    return math.fsum(n / N * math.log(N / n) for n in counts.values())


def sliding_ttr(text: str, window: int = 50) -> float:
    """Return the mean type-token ratio over all windows of `window` words, one for each start.

    N words have N - window + 1 windows. A text shorter than one window counts as a window by
    itself. Raises ValueError if `window` < 1.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, not {window}")
    words = _words(text)
    if len(words) <= window:
        return distinctness(text)
    counts = Counter(words[:window])
    total = len(counts)
    for leaving, entering in zip(words, words[window:], strict=False):
        counts[leaving] -= 1
        if not counts[leaving]:
            del counts[leaving]
        counts[entering] += 1
        total += len(counts)
    return total / (window * (len(words) - window + 1))


def vocabulary_coverage(text: str, reference: str) -> float:
    """Return the share of the reference's different words that occur in the text.

    Between 0 and 1; 0.0 for a reference without words.
    """
    wanted = set(_words(reference))
    return _ratio(len(wanted & set(_words(text))), len(wanted))


# ------------------------------------------------------------------ sentences


def sentence_count(text: str) -> int:
    """Return the number of sentence ends, which are runs of `.`, `!` or `?`.

    "Wait... what?!" has two.
    """
    return len(re.findall(r"[.!?]+", text))


def average_sentence_length(text: str) -> float:
    """Return the number of words divided by the number of sentences.

    Meant for a text that ends with a sentence end. 0.0 for a text without one.
    """
    return _ratio(len(_words(text)), sentence_count(text))


# ------------------------------------------------------------------ several texts


def ngram_overlap(texts: Sequence[str], n: int = 1) -> float:
    """Return the mean Jaccard overlap of the sets of n-grams, over all pairs of texts.

    An n-gram is a run of n words; the overlap of sets A and B is |A and B| / |A or B|. Between 0,
    nothing in common, and 1, the same n-grams throughout; 0.0 for fewer than two texts, and for a
    pair that has no n-gram. Raises ValueError if n < 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    sets = [set(ngrams(_words(text), n)) for text in texts]
    pairs = list(combinations(sets, 2))
    return _ratio(sum(_ratio(len(a & b), len(a | b)) for a, b in pairs), len(pairs))


def self_bleu(texts: Sequence[str], max_n: int = 4) -> float:
    """Return the mean BLEU of each text against all the others, over 1- to `max_n`-grams.

    Near 1 where every text repeats the others, near 0 where each has something else to say; 0.0
    for fewer than two texts. Raises ValueError if `max_n` < 1.
    """
    if max_n < 1:
        raise ValueError(f"max_n must be at least 1, not {max_n}")
    if len(texts) < 2:
        return 0.0
    split = [_words(text) for text in texts]
    scores = [bleu(split[i], split[:i] + split[i + 1 :], max_n) for i in range(len(split))]
    return math.fsum(scores) / len(scores)


# ------------------------------------------------------------------ reports


def perplexity_from_loss(loss: float) -> float:
    """Return exp(loss), for a loss in nats per token; infinity where that is too large a number."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf


def evaluate_generation(
    text: str,
    prompt: str | None = None,
    reference: str | None = None,
    temperature: float = 1.0,
) -> dict[str, float | str]:
    """Return every measure of one text in a dict, under the name of its function.

    `temperature`, and `prompt` if there is one, are carried along: so a row of a table says where
    the text came from. The text is measured as it stands. With a `reference` there is a
    `vocabulary_coverage` too.
    """
    report: dict[str, float | str] = {"temperature": temperature}
    if prompt is not None:
        report["prompt"] = prompt
    for measure in _OF_ONE_TEXT:
        report[measure.__name__] = measure(text)
    if reference is not None:
        report["vocabulary_coverage"] = vocabulary_coverage(text, reference)
    return report


_OF_ONE_TEXT = (
    distinctness,
    repetition_ratio,
    average_word_length,
    vocabulary_size,
    word_entropy,
    sliding_ttr,
    sentence_count,
    average_sentence_length,
)
