"""`self_bleu`, and what it and `ngram_overlap` make of any texts.

The value of self-BLEU is asked for only where each text shares n-grams of every order with another,
so that no smoothing is needed. Some ways of smoothing change an order that has hits as well: a
submission may follow any one of `definitions.SMOOTHING`, the same throughout a check.
"""

import random

from hypothesis import strategies as st

from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import assert_close, reject
from checks.support.strategies import for_all
from checks.textmetrics import definitions
from checks.textmetrics.asking import (
    OF_SPLITTING,
    THREE_DECIMALS,
    Call,
    assert_defined,
    assert_one_of,
    in_words,
    measure,
    numbers,
)
from checks.textmetrics.mistakes import OfSelfBleu
from checks.textmetrics.writing import ODD, any_writing, drawn_texts, lexicon, sharing_texts

SECTION = "3 Several texts"

BASICS = ("textmetrics.texts.bleu-equal", "textmetrics.texts.bleu-precision")
# Words and n-grams may come from helpers that `ngram_overlap` uses too.
OF_NGRAMS = (*OF_SPLITTING, "textmetrics.texts.overlap", "textmetrics.texts.overlap-ngrams")


def assert_self_bleu(lab, *cases):
    """`self_bleu(texts, **options)` must be right in all the cases, under one way of smoothing."""
    __tracebackhide__ = True
    got = [measure(lab, "self_bleu", texts, **options) for texts, options in cases]
    ways = [
        [definitions.self_bleu(texts, added_from=start, **options) for texts, options in cases]
        for start in definitions.SMOOTHING.values()
    ]

    def fits(way):
        return all(abs(one - right) <= THREE_DECIMALS for one, right in zip(got, way, strict=True))

    if any(map(fits, ways)):
        return
    for (texts, options), one, right in zip(cases, got, ways[0], strict=True):
        if abs(one - right) > THREE_DECIMALS:
            reject(
                "`self_bleu` must have the right value",
                given=in_words(("self_bleu", [texts], options)),
                expected=f"{right:.6g}",
                got=f"{one:.6g}",
                cause=likely_cause(one, OfSelfBleu(texts, options.get("max_n", 4)).values()),
            )


@criterion(
    "textmetrics.texts.bleu-equal",
    points=1,
    section=SECTION,
    hint="`self_bleu` in metrics.py compares each text with all the others. Texts that are equal "
    "are others all the same: tell them apart by their place in the list. The scale is 0 to 1.",
    explained_by=OF_NGRAMS,
)
def test_self_bleu_of_equal_texts_is_one(lab):
    """Equal texts have a self-BLEU of 1.0."""
    text = drawn_texts(lab.seed, [9])[0]
    for texts in ([text, text], [text] * 4, ["one two three four"] * 2):
        got = measure(lab, "self_bleu", texts, max_n=4)
        causes = {100.0: "on the scale 0 to 100", 0.0: "equal texts are left out of the others"}
        assert_close(
            got,
            1.0,
            "`self_bleu`",
            atol=THREE_DECIMALS,
            given=in_words(("self_bleu", [texts], {"max_n": 4})),
            cause=causes.get(round(got, 3), ""),
        )


@criterion(
    "textmetrics.texts.bleu-precision",
    points=3,
    section=SECTION,
    hint="`self_bleu` in metrics.py: for n = 1 to `max_n` the share of a text's n-grams that the "
    "others have; of these shares the geometric mean; and the mean of that over all texts.",
    requires=("textmetrics.texts.bleu-equal",),
    explained_by=OF_NGRAMS,
)
def test_self_bleu_is_the_geometric_mean_of_the_shares_of_hits(lab):
    """Self-BLEU is the mean over texts of the geometric mean of the shares of n-grams found."""
    # The shares are 5/6, 4/5, 3/4 and 2/3 in both: their product is 1/3.
    six = ["one two three four five six", "one two three four five seven"]
    drawn = [sharing_texts(lab.seed, [12, 12], run) for run in (5, 8, 10)]
    assert_self_bleu(lab, *((texts, {"max_n": 4}) for texts in (six, *drawn)))


@criterion(
    "textmetrics.texts.bleu-few",
    points=1,
    section=SECTION,
    hint="`self_bleu` in metrics.py: where there is no other text to compare with, it is 0.0.",
    requires=("textmetrics.texts.bleu-equal",),
    explained_by=OF_NGRAMS,
)
def test_self_bleu_of_fewer_than_two_texts_is_zero(lab):
    """Self-BLEU of fewer than two texts is 0.0."""
    lists: list[list[str]] = [[], ["one two three four five"], [""], ["word"]]
    calls: list[Call] = [("self_bleu", [texts], {}) for texts in lists]
    assert_defined(lab, calls, cause="fewer than two texts have a self-BLEU of 0.0")


@criterion(
    "textmetrics.texts.bleu-apart",
    points=1,
    section=SECTION,
    hint="`self_bleu` in metrics.py: texts that share no word have no hit of any order, and a text "
    "without words has no n-gram. Neither is alike to anything: self-BLEU is 0, or near it where "
    "it is smoothed.",
    requires=BASICS,
    explained_by=OF_NGRAMS,
)
def test_texts_that_share_nothing_have_a_low_self_bleu(lab):
    """Texts that share no word, or have none, have a self-BLEU of 0 or near it."""
    apart = sharing_texts(lab.seed, [12, 12, 12], 0)
    calls: list[Call] = [("self_bleu", [texts], {}) for texts in (apart, ["", ""], [" ", "", "\n"])]
    for call, got in zip(calls, numbers(lab, calls), strict=True):
        # Smoothed by adding one to every order it is 0.09 at most; a mistake makes it 1.
        if abs(got) > 0.25:
            reject(
                "texts that have nothing in common must have a low self-BLEU",
                given=in_words(call),
                expected="0.0, or near it where orders without a hit are smoothed",
                got=f"{got:.6g}",
                cause="orders without a hit are left out, and nothing is left",
            )


@criterion(
    "textmetrics.texts.bleu-references",
    points=2,
    section=SECTION,
    hint="`self_bleu` in metrics.py: each text in turn is compared with all the others at once. An "
    "n-gram is a hit if any one of them has it.",
    requires=BASICS,
    explained_by=OF_NGRAMS,
)
def test_each_text_is_compared_with_all_others_at_once(lab):
    """Each text is compared with all the others at once: an n-gram may come from any of them."""
    # In the ring each text has one half from its left neighbour, the other from its right one.
    known = lexicon(random.Random(lab.seed), 25)
    runs = [known[5 * i : 5 * i + 5] for i in range(5)]
    ring = [" ".join([*runs[i - 1], *runs[i]]) for i in range(5)]
    three = sharing_texts(lab.seed, [12, 12, 12], 6)
    long = sharing_texts(lab.seed, [150, 150], 30)
    # The first has all its words from the others, the last only a few of its own.
    a, b, c = runs[0] + runs[1][:3], runs[2], runs[3] + runs[4][:3]
    uneven = [" ".join(words) for words in (a + b, a + runs[1][3:] + known[22:], b + c)]
    assert_self_bleu(lab, *((texts, {"max_n": 4}) for texts in (ring, three, uneven, long)))


@criterion(
    "textmetrics.texts.bleu-clipped",
    points=2,
    section=SECTION,
    hint="`self_bleu` in metrics.py: an n-gram that a text repeats is a hit only as often as one "
    "of the others has it, the one that has it most often. Of the text itself every n-gram counts.",
    requires=(*BASICS, "textmetrics.texts.bleu-references"),
    explained_by=OF_NGRAMS,
)
def test_repeated_ngrams_are_hit_as_often_as_one_reference_has_them(lab):
    """A repeated n-gram is hit only as often as the reference that has it most often has it."""
    two = ["the the the the cat sat on it", "the cat sat on it now and then"]
    three = [*two, "so the cat sat on it in town"]
    repeated = [
        "no no no no no no yes ok",
        "no no no no maybe so it is",
        "no no no no no who me ha",
    ]
    drawn = [drawn_texts(lab.seed + i, [14, 14, 14], shared=5) for i in range(3)]
    assert_self_bleu(lab, *((texts, {"max_n": 4}) for texts in (two, three, repeated, *drawn)))


@criterion(
    "textmetrics.texts.bleu-brevity",
    points=2,
    section=SECTION,
    hint="`self_bleu` in metrics.py: a text of c words whose nearest other in length has r > c "
    "words is multiplied by exp(1 - r / c). A longer one is not changed.",
    requires=(*BASICS, "textmetrics.texts.bleu-references"),
    explained_by=OF_NGRAMS,
)
def test_a_text_shorter_than_its_nearest_reference_is_punished(lab):
    """The brevity penalty is exp(1 - r/c), with the reference nearest in length, for c < r."""
    # Of four texts the one of 8 words is nearest to 11, that of 16 nearest to 18; of no two others
    # is the distance the same.
    lengths = ([6, 12], [12, 6], [8, 11, 16, 18], [18, 8, 16, 11], [16, 18, 11, 8])
    drawn = [sharing_texts(lab.seed + i, of, 5) for i, of in enumerate(lengths)]
    assert_self_bleu(lab, *((texts, {"max_n": 4}) for texts in drawn))


@criterion(
    "textmetrics.texts.bleu-order",
    points=1,
    section=SECTION,
    hint="`self_bleu` in metrics.py: `max_n` is the longest n-gram, and each of the orders 1 to "
    "`max_n` has the weight 1 / max_n. It is 4 where it is not given.",
    requires=(
        *BASICS,
        "textmetrics.texts.bleu-references",
        "textmetrics.texts.bleu-clipped",
        "textmetrics.texts.bleu-brevity",
    ),
    explained_by=OF_NGRAMS,
)
def test_max_n_is_the_longest_ngram(lab):
    """`max_n` is the longest n-gram, 4 by default, and all orders have the same weight."""
    cases = []  # no text is between two others in length, equally near to both
    for i, options in enumerate(({"max_n": 1}, {"max_n": 2}, {"max_n": 3}, {"max_n": 5}, {})):
        cases.append((drawn_texts(lab.seed + i, [14, 15, 17], shared=7), options))
    assert_self_bleu(lab, *cases)


@criterion(
    "textmetrics.texts.words",
    points=1,
    section=SECTION,
    hint="`ngram_overlap` and `self_bleu` in metrics.py take their words from "
    "`text.lower().split()`, like all other measures.",
    requires=("textmetrics.texts.overlap-ngrams", *BASICS),
    explained_by=OF_SPLITTING,
)
def test_texts_are_compared_word_by_word(lab):
    """The words of several texts are those of one: in lower case, split at white space alone."""
    text = sharing_texts(lab.seed, [9], 9)[0]
    pairs = {
        "words are not put in lower case": [text, text.upper()],
        "words are not split at every run of white space": [text, text.replace(" ", "  \n") + "\n"],
        "punctuation is dropped, or taken off words": [text, text.replace(" ", "-, ", 2) + "!"],
    }
    for cause, texts in pairs.items():
        calls = [("ngram_overlap", [texts], {"n": n}) for n in (1, 2)]
        assert_defined(lab, calls, cause=cause)
        call = ("self_bleu", [texts], {"max_n": 4})
        allowed = [definitions.self_bleu(texts, 4, way) for way in definitions.SMOOTHING.values()]
        assert_one_of(measure(lab, "self_bleu", texts, max_n=4), allowed, call, cause=cause)


@criterion(
    "textmetrics.texts.any-texts",
    points=2,
    section=SECTION,
    hint="`ngram_overlap` and `self_bleu` in metrics.py must give a number between 0 and 1 for any "
    "list of texts: empty ones, texts shorter than n words, texts that share nothing.",
    requires=("textmetrics.texts.*",),
    explained_by=("textmetrics.words.*",),
)
@for_all(
    25,
    {"texts": list(ODD)},
    *({"texts": [text, "one two three four five"]} for text in ODD),
    texts=st.lists(any_writing(), max_size=4),
)
def test_any_texts_can_be_compared(lab, texts):
    """No texts make the measures of several raise, and both stay between 0 and 1."""
    bleus: list[Call] = [("self_bleu", [texts], {}), ("self_bleu", [texts], {"max_n": 2})]
    overlaps: list[Call] = [("ngram_overlap", [texts], {"n": n}) for n in (1, 2)]
    assert_defined(lab, overlaps)
    for call, got in zip(bleus, numbers(lab, bleus), strict=True):
        if not -THREE_DECIMALS <= got <= 1 + THREE_DECIMALS:
            reject(
                "`self_bleu` must lie between 0 and 1",
                given=in_words(call),
                expected="a number from 0 to 1",
                got=f"{got:.6g}",
            )
