"""`ngram_overlap`: how much several texts have in common. Self-BLEU is in test_texts_bleu.py."""

from checks.support.criteria import criterion
from checks.textmetrics import definitions, mistakes
from checks.textmetrics.asking import OF_SPLITTING, Call, assert_defined, assert_measure
from checks.textmetrics.writing import drawn_texts

SECTION = "3 Several texts"


def assert_overlap(lab, texts, expected=None, **options):
    """`ngram_overlap(texts, **options)` must be the mean Jaccard overlap of n-grams."""
    suspects = mistakes.of_overlap(texts, options.get("n", 1))
    right = definitions.ngram_overlap(texts, **options) if expected is None else expected
    assert_measure(lab, right, "ngram_overlap", texts, suspects=suspects, **options)


@criterion(
    "textmetrics.texts.overlap",
    points=2,
    section=SECTION,
    hint="`ngram_overlap` in metrics.py: of two texts take the sets of words; what is in both, "
    "over what is in either. `n` is 1 where it is not given.",
    explained_by=OF_SPLITTING,
)
def test_overlap_of_two_texts_is_that_of_their_words(lab):
    """`ngram_overlap` of two texts is the Jaccard overlap of their words."""
    assert_overlap(lab, ["one two three", "two three four"], 2 / 4)
    assert_overlap(lab, ["one two", "one two three four five"], 2 / 5)
    assert_overlap(lab, ["one two three", "three two one"], 1.0)
    assert_overlap(lab, ["one two three", "four five"], 0.0)
    known = list(dict.fromkeys(" ".join(drawn_texts(lab.seed, [40])).split()))
    assert_overlap(lab, [" ".join(known[:6]), " ".join(known[2:])])


@criterion(
    "textmetrics.texts.overlap-sets",
    points=1,
    section=SECTION,
    hint="`ngram_overlap` in metrics.py: Jaccard's overlap is one of sets. A word counts once, "
    "however often a text repeats it.",
    requires=("textmetrics.texts.overlap",),
    explained_by=OF_SPLITTING,
)
def test_repeated_words_count_once(lab):
    """A word that a text repeats counts once in its overlap with another."""
    assert_overlap(lab, ["one one one two", "one two two two"], 1.0)
    assert_overlap(lab, ["the the the cat", "the dog"], 1 / 3)
    assert_overlap(lab, drawn_texts(lab.seed, [14, 9]))


@criterion(
    "textmetrics.texts.overlap-pairs",
    points=2,
    section=SECTION,
    hint="`ngram_overlap` in metrics.py: every text is paired with every other one, and the mean "
    "is over these pairs: three for three texts, six for four.",
    requires=("textmetrics.texts.overlap", "textmetrics.texts.overlap-sets"),
    explained_by=OF_SPLITTING,
)
def test_overlap_of_several_texts_is_the_mean_over_pairs(lab):
    """`ngram_overlap` of several texts is the mean over all pairs of different texts."""
    three = ["one two three", "two three four", "nine"]  # 2/4, 0, 0
    assert_overlap(lab, three, 1 / 6)
    assert_overlap(lab, three[::-1], 1 / 6)
    assert_overlap(lab, ["one two", "one two", "one two", "one three"], (3 + 3 / 3) / 6)
    assert_overlap(lab, drawn_texts(lab.seed, [9, 14, 6, 11]))
    assert_overlap(lab, drawn_texts(lab.seed, [250, 9, 150]))


@criterion(
    "textmetrics.texts.overlap-ngrams",
    points=2,
    section=SECTION,
    hint="`ngram_overlap` in metrics.py: an n-gram is a run of `n` neighbouring words, kept as n "
    "words. A text of N words has N - n + 1 of them.",
    requires=("textmetrics.texts.overlap", "textmetrics.texts.overlap-sets"),
    explained_by=OF_SPLITTING,
)
def test_overlap_is_of_runs_of_n_words(lab):
    """`ngram_overlap(texts, n)` compares runs of n words."""
    assert_overlap(lab, ["one two three four", "zero one two three"], 2 / 4, n=2)
    assert_overlap(lab, ["one two three four", "zero one two three"], 1 / 3, n=3)
    assert_overlap(lab, ["one two three", "three two one"], 0.0, n=2)
    assert_overlap(lab, ["no one two", "noon e two"], 0.0, n=2)
    for n in (2, 3, 1):
        assert_overlap(lab, drawn_texts(lab.seed, [15, 12], shared=7), n=n)


@criterion(
    "textmetrics.texts.overlap-nothing",
    points=1,
    section=SECTION,
    hint="`ngram_overlap` in metrics.py gives 0.0 for fewer than two texts, and 0.0 for a pair of "
    "texts that have no n-gram: 0/0 is 0.0.",
    requires=("textmetrics.texts.overlap-pairs", "textmetrics.texts.overlap-ngrams"),
    explained_by=OF_SPLITTING,
)
def test_overlap_of_nothing_is_zero(lab):
    """The overlap of fewer than two texts, or of texts without n-grams, is 0.0."""
    lists: list[list[str]] = [
        [],
        ["one two"],
        [""],
        ["", ""],
        ["one", ""],
        ["", " one"],
        [" ", "\n"],
    ]
    calls: list[Call] = [("ngram_overlap", [texts], {}) for texts in lists]
    calls += [("ngram_overlap", [["one two", "one two"]], {"n": n}) for n in (3, 9)]
    calls += [("ngram_overlap", [["one two", "one two", ""]], {})]
    assert_defined(
        lab, calls, cause="0/0 is to be 0.0, and so is the overlap of fewer than two texts"
    )
