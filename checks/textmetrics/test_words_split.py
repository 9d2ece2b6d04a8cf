"""What a word is, for all measures of words, and what texts give that have none."""

import random

from checks.support.criteria import criterion
from checks.support.strategies import for_all
from checks.textmetrics.asking import Call, assert_defined
from checks.textmetrics.writing import ODD_TEXTS, any_writing, drawn_words

SECTION = "1 Words"

VALUES = (
    "textmetrics.words.vocabulary-size",
    "textmetrics.words.distinctness",
    "textmetrics.words.repetition-ratio",
    "textmetrics.words.average-word-length",
    "textmetrics.words.word-entropy",
    "textmetrics.words.vocabulary-coverage",
    "textmetrics.words.sliding-ttr",
    "textmetrics.words.sliding-short",
)
OF_WORDS = ("vocabulary_size", "distinctness", "repetition_ratio", "average_word_length")


def calls_on(text: str, reference: str, window: int = 5) -> list[Call]:
    """Every measure of words, of this text."""
    return [
        *((name, [text], {}) for name in (*OF_WORDS, "word_entropy")),
        ("vocabulary_coverage", [text, reference], {}),
        ("vocabulary_coverage", [reference, text], {}),
        ("sliding_ttr", [text], {"window": window}),
    ]


@criterion(
    "textmetrics.words.case",
    points=1,
    section=SECTION,
    hint="Every measure of words in metrics.py starts from `text.lower().split()`. A reference and "
    "a text inside a window are put in lower case as well.",
    requires=VALUES,
)
def test_words_are_compared_in_lower_case(lab):
    """Upper and lower case make no difference: words are compared in lower case."""
    rng = random.Random(lab.seed)
    drawn = drawn_words(rng, 24, 6)
    shouted = [rng.choice((word, word.upper(), word.capitalize())) for word in drawn]
    shouted[-3:] = shouted[-3].upper(), drawn[-2].upper(), drawn[-1]
    for text in ("The the THE and tHe And", " ".join(shouted)):
        calls = [*calls_on(text, text.lower()), *calls_on(text, text.upper())]
        assert_defined(lab, calls, cause="words are not put in lower case")


@criterion(
    "textmetrics.words.white-space",
    points=1,
    section=SECTION,
    hint="`text.split()` without an argument splits at any run of white space: spaces, tabs and "
    "line ends, at the beginning and the end too. `split(' ')` does not.",
    requires=VALUES,
)
def test_any_white_space_separates_words(lab):
    """Any run of white space separates words: spaces, tabs, line ends."""
    rng = random.Random(lab.seed)
    drawn = drawn_words(rng, 24, 6)
    gaps = rng.choices(("  ", "\n", "\t", "\r\n", " \n\n ", "   "), k=len(drawn))
    scattered = "".join(gap + word for gap, word in zip(gaps, drawn, strict=True)) + "\n"
    lines = "the cat\nthe\tcat  sat\n\n  the end \n"
    for text in (lines, "two  spaces  between", "line\nline\nline", scattered):
        cause = "words are not split at every run of white space"
        assert_defined(lab, calls_on(text, " ".join(text.split()), window=3), cause=cause)


@criterion(
    "textmetrics.words.punctuation",
    points=1,
    section=SECTION,
    hint="Words in metrics.py are `text.lower().split()` and nothing more: a comma, a bracket or a "
    "hyphen belongs to the word that it touches, a sign or a number by itself is a word, and so is "
    "what has no letter of English in it.",
    requires=VALUES,
)
def test_whatever_stands_between_white_space_is_a_word(lab):
    """Whatever stands between white space is a word, punctuation and digits included."""
    rng = random.Random(lab.seed)
    drawn = [word + rng.choice(("", ",", ".", "!", ";")) for word in drawn_words(rng, 24, 4)]
    plain = "end end end end"
    touched = "end end. end, (end) 'end' end."
    joined = "well well-known don't don t 3.14 3 14 a_b a b x x"
    signs = "- - & a & 7 7 8 -- 7"
    foreign = "naïve naive über über 漢字 漢 字 слово слово ok ok"
    for text in (touched, joined, signs, foreign, " ".join(drawn)):
        cause = "punctuation, digits or letters that are not English are dropped, or split words"
        assert_defined(lab, calls_on(text, plain, window=3), cause=cause)


@criterion(
    "textmetrics.words.empty",
    points=2,
    section=SECTION,
    hint="A ratio 0/0 in metrics.py is 0.0: a text without words, a text of one word where pairs "
    "are counted, a reference without words. Look for it before dividing.",
    requires=(*VALUES, "textmetrics.words.white-space"),
)
def test_nothing_over_nothing_is_zero(lab):
    """A text without words gives 0.0, and so do the pairs of one word: nothing raises."""
    calls: list[Call] = [("repetition_ratio", [text], {}) for text in ("word", " Word\n")]
    for text in ("", " ", "\n\t \n"):
        calls += calls_on(text, "some words here")
        calls += calls_on(text, "")
    assert_defined(lab, calls, cause="0/0 is to be 0.0")


@criterion(
    "textmetrics.words.long",
    points=1,
    section=SECTION,
    hint="The measures in metrics.py read a text to its end, however long it is.",
    requires=VALUES,
)
def test_a_long_text_is_read_to_its_end(lab):
    """A text of thousands of words is measured as a whole."""
    rng = random.Random(lab.seed)
    text = " ".join(drawn_words(rng, 3000, 200))
    reference = " ".join(drawn_words(rng, 1500, 1200) + text.split()[-500:])
    cause = "only a part of the text is read"
    assert_defined(lab, calls_on(text, reference, window=60), cause=cause)


@criterion(
    "textmetrics.words.any-text",
    points=2,
    section=SECTION,
    hint="The measures of words in metrics.py must work for any text: in any script, of white "
    "space or punctuation alone, of one word, of a thousand equal ones.",
    requires=(
        *VALUES,
        "textmetrics.words.case",
        "textmetrics.words.white-space",
        "textmetrics.words.punctuation",
        "textmetrics.words.empty",
        "textmetrics.words.long",
    ),
)
@for_all(30, *ODD_TEXTS, text=any_writing())
def test_any_text_can_be_measured(lab, text):
    """No text makes a measure of words raise, and each has the value that its words give."""
    assert_defined(lab, calls_on(text, "a the end. no! 漢字", window=2))
