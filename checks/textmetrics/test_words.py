"""The measures of one text's words, on plain texts: lower-case words with a space between.

What a word is, and texts that have none, are in test_words_split.py.
"""

import math
import random
from collections import Counter
from itertools import pairwise

from checks.support.criteria import criterion
from checks.support.oracles import entropy
from checks.textmetrics import definitions, mistakes
from checks.textmetrics.asking import assert_defined, assert_measure
from checks.textmetrics.writing import DISTINCT, MIXED, REPEATED, drawn_words, passage

SECTION = "1 Words"

# All measures may share a helper that gives the words: what it loses is missed here first.
OF_COUNTING = ("textmetrics.words.vocabulary-size",)


def plain_texts(seed):
    """Two drawn texts: one of few words, one longer."""
    return passage(seed), passage(seed + 1, length=70, size=25)


@criterion(
    "textmetrics.words.vocabulary-size",
    points=1,
    section=SECTION,
    hint="`vocabulary_size` in metrics.py counts each word of the text once, however often it is "
    "used.",
)
def test_vocabulary_size_counts_different_words(lab):
    """`vocabulary_size` is the number of different words."""
    known = [(DISTINCT, 7), (REPEATED, 2), (MIXED, 3), ("word", 1)]
    known += [(text, definitions.vocabulary_size(text)) for text in plain_texts(lab.seed)]
    for text, expected in known:
        counts = Counter(text.split())
        suspects = {
            "the number of all words: repeated ones are counted again": counts.total(),
            "only words that are used once are counted": list(counts.values()).count(1),
            "characters are counted, not words": len(set(text)),
        }
        cause = "a word is left out, a frequent one or one of few letters perhaps"
        assert_measure(lab, expected, "vocabulary_size", text, suspects=suspects, cause=cause)


@criterion(
    "textmetrics.words.distinctness",
    points=2,
    section=SECTION,
    hint="`distinctness` in metrics.py is the type-token ratio: the number of different words "
    "divided by the number of words, the last one included.",
    explained_by=OF_COUNTING,
)
def test_distinctness_is_the_type_token_ratio(lab):
    """`distinctness` is the number of different words over the number of words."""
    known = [(DISTINCT, 1.0), (REPEATED, 2 / 5), (MIXED, 3 / 8), ("word", 1.0)]
    known += [(text, definitions.distinctness(text)) for text in plain_texts(lab.seed)]
    for text, expected in known:
        counts = Counter(text.split())
        V, N = len(counts), counts.total()
        suspects = {
            "the ratio is upside down: words over different words": N / V,
            "only words that are used once are counted": list(counts.values()).count(1) / N,
            "characters are counted, not words": len(set(text)) / len(text),
            "one minus the ratio: the share of words that are not new": 1 - V / N,
            "the number of different words, not divided": V,
            "percent": 100 * V / N,
            "divided by one word too many": V / (N + 1),
        }
        assert_measure(lab, expected, "distinctness", text, suspects=suspects)


@criterion(
    "textmetrics.words.repetition-ratio",
    points=2,
    section=SECTION,
    hint="`repetition_ratio` in metrics.py looks at the pairs of neighbouring words, N - 1 of them "
    "for N words, and gives the share of those whose two words are equal.",
    explained_by=OF_COUNTING,
)
def test_repetition_ratio_is_the_share_of_equal_neighbours(lab):
    """`repetition_ratio` is the share of adjacent pairs of words that are equal."""
    known = [(REPEATED, 2 / 4), (DISTINCT, 0.0), ("no no", 1.0), ("to be to be to", 0.0)]
    known += [(text, definitions.repetition_ratio(text)) for text in plain_texts(lab.seed)]
    for text, expected in known:
        found = text.split()
        N = len(found)
        equal = sum(a == b for a, b in pairwise(found))
        in_runs = sum(
            w in found[max(0, i - 1) : i] + found[i + 1 : i + 2] for i, w in enumerate(found)
        )
        suspects = {
            "divided by the number of words; there is one pair fewer": equal / N,
            "the number of equal pairs, not divided": equal,
            "one minus distinctness: repetitions far apart are counted too": 1
            - len(set(found)) / N,
            "the share of pairs that differ": 1 - equal / (N - 1),
            "every word with an equal neighbour is counted, not every pair": in_runs / N,
            "pairs do not overlap: every second pair is left out": definitions.share(
                sum(a == b for a, b in zip(found[::2], found[1::2], strict=False)), N // 2
            ),
        }
        assert_measure(lab, expected, "repetition_ratio", text, suspects=suspects)


@criterion(
    "textmetrics.words.average-word-length",
    points=1,
    section=SECTION,
    hint="`average_word_length` in metrics.py: add up the lengths of all words, repeated ones each "
    "time, without the spaces between, and divide by the number of words.",
    explained_by=OF_COUNTING,
)
def test_average_word_length_is_the_mean_over_words(lab):
    """`average_word_length` is the mean number of characters of a word."""
    known = [("a bb cccc", 7 / 3), ("aa aa aa b", 7 / 4), (REPEATED, 3.0), ("word", 4.0)]
    known += [(text, definitions.average_word_length(text)) for text in plain_texts(lab.seed)]
    for text, expected in known:
        lengths = sorted(map(len, text.split()))
        types = set(text.split())
        suspects = {
            "each different word is counted once only": sum(map(len, types)) / len(types),
            "the spaces are counted too": len(text) / len(lengths),
            "the median, not the mean": lengths[len(lengths) // 2],
            "the sum of the lengths, not divided": sum(lengths),
            "the lengths of all words, divided by the number of different ones": sum(lengths)
            / len(types),
        }
        assert_measure(lab, expected, "average_word_length", text, suspects=suspects)


@criterion(
    "textmetrics.words.word-entropy",
    points=2,
    section=SECTION,
    hint="`word_entropy` in metrics.py: with p the share that a word has of all words, the sum of "
    "-p ln p over the different words. `math.log` is the natural logarithm.",
    explained_by=OF_COUNTING,
)
def test_word_entropy_is_in_nats(lab):
    """`word_entropy` is the entropy of the words' frequencies, in nats."""
    known = [
        (DISTINCT, math.log(7)),
        ("to be to be", math.log(2)),
        ("no no no", 0.0),
        ("no no no yes", 0.562335),  # ln 4 - 3/4 ln 3
    ]
    known += [(text, definitions.word_entropy(text)) for text in plain_texts(lab.seed)]
    for text, expected in known:
        counts = Counter(text.split())
        suspects = {
            "in bits: the logarithm is to base 2": expected / math.log(2),
            "the logarithm is to base 10": expected / math.log(10),
            "entropy of the characters, not of the words": entropy(text),
            "divided by its largest value, ln V": expected / math.log(max(2, len(counts))),
            "the sign is missing: ln p is negative": -expected,
            "the exponential of the entropy": math.exp(expected),
            "every different word gets the same probability": math.log(len(counts)),
            "every word is counted as often as it occurs": -sum(
                k * k / counts.total() * math.log(k / counts.total()) for k in counts.values()
            ),
        }
        assert_measure(lab, expected, "word_entropy", text, suspects=suspects)


@criterion(
    "textmetrics.words.vocabulary-coverage",
    points=2,
    section=SECTION,
    hint="`vocabulary_coverage` in metrics.py: of the different words of the reference, the share "
    "that occur in the text. How often a word occurs does not matter.",
    explained_by=OF_COUNTING,
)
def test_vocabulary_coverage_is_the_share_of_the_references_words(lab):
    """`vocabulary_coverage` is the share of the reference's different words that the text has."""
    one, other = plain_texts(lab.seed)
    both = " ".join(one.split()[:20] + other.split()[:20])
    pairs = [
        ("the cat sat", "the cat sat on the mat", 3 / 5),
        ("the cat sat on the mat", "the cat sat", 1.0),
        ("the cat cat sat up", "the mat the dog sat on", 2 / 5),
        ("yes yes", "no no", 0.0),
    ]
    pairs += [
        (text, ref, definitions.vocabulary_coverage(text, ref))
        for text, ref in ((both, one), (both, other), (one, both), (one, one))
    ]
    for text, reference, expected in pairs:
        a, b = set(text.split()), set(reference.split())
        tokens = reference.split()
        suspects = {
            "divided by the number of different words of the text": len(a & b) / len(a),
            "divided by the words of both together": len(a & b) / len(a | b),
            "repeated words of the reference are counted again": sum(w in a for w in tokens)
            / len(tokens),
            "divided by all words of the reference, repeated ones too": len(a & b) / len(tokens),
            "the number of different words of the text over that of the reference": len(a) / len(b),
            "the number of common words, not divided": len(a & b),
            "the share that is missing": 1 - len(a & b) / len(b),
        }
        assert_measure(lab, expected, "vocabulary_coverage", text, reference, suspects=suspects)


@criterion(
    "textmetrics.words.sliding-ttr",
    points=2,
    section=SECTION,
    hint="`sliding_ttr` in metrics.py: a window of `window` words starts at every word that has "
    "enough words after it, N - window + 1 of them. The mean of their type-token ratios.",
    explained_by=(*OF_COUNTING, "textmetrics.words.distinctness"),
)
def test_sliding_ttr_is_the_mean_over_all_windows(lab):
    """`sliding_ttr` is the mean type-token ratio over all windows of `window` words."""
    known = [("the cat sat on the mat the end", 4, 0.9), (REPEATED, 2, 3 / 4), (MIXED, 3, 1.0)]
    known += [(DISTINCT, 1, 1.0), ("no no no no", 2, 1 / 2)]
    for text in plain_texts(lab.seed):
        known += [(text, W, definitions.sliding_ttr(text, W)) for W in (2, 7, 20)]
    for text, window, expected in known:
        suspects = mistakes.of_sliding_ttr(text, window)
        assert_measure(lab, expected, "sliding_ttr", text, window=window, suspects=suspects)


@criterion(
    "textmetrics.words.sliding-default",
    points=1,
    section=SECTION,
    hint="`sliding_ttr` in metrics.py: `window` is 50 words where it is not given.",
    requires=("textmetrics.words.sliding-ttr",),
)
def test_windows_have_fifty_words_by_default(lab):
    """`sliding_ttr` takes windows of 50 words unless told otherwise."""
    text = " ".join(drawn_words(random.Random(lab.seed), 90, 30))
    expected = definitions.sliding_ttr(text, 50)
    suspects = {
        f"windows of {W} words": definitions.sliding_ttr(text, W) for W in (100, 40, 30, 25, 20, 10)
    }
    assert_measure(lab, expected, "sliding_ttr", text, suspects=suspects)


@criterion(
    "textmetrics.words.sliding-short",
    points=1,
    section=SECTION,
    hint="`sliding_ttr` in metrics.py: a text of exactly `window` words is one window. A shorter "
    "one has none, and its own type-token ratio (or 0.0) is the answer.",
    requires=("textmetrics.words.sliding-ttr",),
)
def test_a_text_may_be_one_window_or_less(lab):
    """A text of exactly `window` words is one window; a shorter one has its own ratio, or 0.0."""
    for text in (REPEATED, MIXED, passage(lab.seed, length=12, size=4)):
        N, ratio = len(text.split()), definitions.distinctness(text)
        assert_measure(
            lab,
            ratio,
            "sliding_ttr",
            text,
            window=N,
            cause=f"N = window = {N} words: there is N - window + 1 = 1 window",
        )
        assert_defined(
            lab,
            [("sliding_ttr", [text], {"window": W}) for W in (N + 1, 2 * N, 50)],
            cause="the text has no window: neither 0.0 nor its own type-token ratio came back",
        )
