"""Sentences: how many there are, and how long they are.

The values are checked on texts of sentences that all end with `.`, `!` or `?`. What comes after the
last of these may be taken for a sentence or not; any text must be stood.
"""

import random
import re

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.strategies import for_all
from checks.textmetrics import definitions, mistakes
from checks.textmetrics.asking import (
    OF_SPLITTING,
    assert_defined,
    assert_measure,
    assert_one_of,
    in_words,
    numbers,
)
from checks.textmetrics.writing import ODD_TEXTS, any_writing, sentences

SECTION = "2 Sentences"

NAMES = ("sentence_count", "average_sentence_length")

COUNTS = ("textmetrics.sentences.count", "textmetrics.sentences.runs")
ALL_COUNTS = (*COUNTS, "textmetrics.sentences.anywhere")


def assert_counts(lab, texts):
    """`sentence_count` must give the number of runs in each of the texts."""
    for text in texts:
        expected = definitions.sentence_count(text)
        suspects = mistakes.of_sentence_count(text)
        assert_measure(lab, expected, "sentence_count", text, suspects=suspects)


@criterion(
    "textmetrics.sentences.count",
    points=2,
    section=SECTION,
    hint="`sentence_count` in metrics.py counts the ends of sentences: `.`, `!` and `?`, all "
    "three, and no other sign.",
)
def test_sentence_count_counts_full_stops_and_marks(lab):
    """`sentence_count` counts sentences, which end with `.`, `!` or `?`."""
    rng = random.Random(lab.seed)
    lines = "The first line,\nand the second; no end: none yet\nbut here! Then\none more?\n"
    texts = ["Hello world. How are you? Fine!", "One.", "Why?", "No!", lines]
    texts += [sentences(rng, [rng.randint(1, 8) for _ in range(12)])]
    texts += [sentences(rng, [5, 3, 6, 2], ends=end) for end in ".!?"]
    texts += [sentences(rng, [2] * 150)]
    assert_counts(lab, texts)


@criterion(
    "textmetrics.sentences.runs",
    points=1,
    section=SECTION,
    hint="`sentence_count` in metrics.py: marks that follow each other directly, as in `...` or "
    "`?!`, end one sentence.",
    requires=("textmetrics.sentences.count",),
)
def test_a_run_of_marks_ends_one_sentence(lab):
    """A run of marks, such as `...` or `?!`, ends one sentence."""
    rng = random.Random(lab.seed)
    texts = ["Wait... What?! No!!! Yes.", "So... It goes...", "What?!", "Really?? Yes!"]
    runs = [rng.choice((".", "..", "...", "!!", "?!", "!?!", "??")) for _ in range(8)]
    texts.append(" ".join(f"Word number {i}{run}" for i, run in enumerate(runs)))
    assert_counts(lab, texts)


@criterion(
    "textmetrics.sentences.anywhere",
    points=1,
    section=SECTION,
    hint="`sentence_count` in metrics.py looks for marks anywhere: at the end of the text, before "
    "a line end, and where no space follows.",
    requires=COUNTS,
)
def test_marks_count_wherever_they_stand(lab):
    """Marks count wherever they stand: with a space, a line end, a letter or nothing after them."""
    texts = ["Yes.No.Maybe!", "One.\nTwo.\n\nThree?\n", "It is 3.14 today. So!", "a.b.c."]
    texts += [
        "End of the text.  ",
        '"Quoted!" she said. It is (so) here.',
        "not Capital. nor here.",
    ]
    assert_counts(lab, texts)


@criterion(
    "textmetrics.sentences.average-length",
    points=2,
    section=SECTION,
    hint="`average_sentence_length` in metrics.py: the number of words of the text, divided by the "
    "number of its sentences.",
    explained_by=(*ALL_COUNTS, *OF_SPLITTING),
)
def test_average_sentence_length_is_in_words(lab):
    """`average_sentence_length` is the number of words over the number of sentences."""
    rng = random.Random(lab.seed)
    known = [("One. Two words. Now three words!", 2.0), ("This sentence has five words.", 5.0)]
    known += [("No! No! Well, perhaps it is so?", 7 / 3), ("Go. Go on. Go on now.", 2.0)]
    for _ in range(2):
        lengths = [rng.randint(1, 9) for _ in range(30)] + [17]
        known.append((sentences(rng, lengths), sum(lengths) / len(lengths)))
    for text, expected in known:
        found = [piece.split() for piece in re.split(r"[.!?]+", text)[:-1]]
        lengths = sorted(map(len, found))
        S = len(lengths)
        suspects = {
            "characters are counted, not words": len(text) / S,
            "letters are counted, not words": sum(len("".join(one)) for one in found) / S,
            "the median, not the mean": lengths[S // 2],
            "the empty piece after the last mark counts as a sentence": sum(lengths) / (S + 1),
            "the ratio is upside down: sentences over words": S / sum(lengths),
            "different words are counted": len(set(definitions.words(text))) / S,
            "only full stops end a sentence": sum(lengths) / max(1, text.count(".")),
            "the length of the longest sentence": lengths[-1],
            "the last sentence is left out": sum(map(len, found[:-1])) / max(1, S - 1),
            "the number of words, not divided": sum(lengths),
        }
        assert_measure(lab, expected, "average_sentence_length", text, suspects=suspects)


@criterion(
    "textmetrics.sentences.empty",
    points=1,
    section=SECTION,
    hint="`sentence_count` and `average_sentence_length` in metrics.py: a text without words has "
    "no sentence, and 0/0 is 0.0.",
    requires=(*ALL_COUNTS, "textmetrics.sentences.average-length"),
)
def test_an_empty_text_has_no_sentence(lab):
    """A text without words has 0 sentences of average length 0.0."""
    texts = ("", " ", "\n\t\n")
    calls = [(name, [text], {}) for text in texts for name in NAMES]
    assert_defined(lab, calls, cause="an empty text has no sentence, and 0/0 is 0.0")


@criterion(
    "textmetrics.sentences.any-text",
    points=1,
    section=SECTION,
    hint="`sentence_count` and `average_sentence_length` in metrics.py must give a number for any "
    "text: without a mark, of marks alone, in any script.",
    requires=(
        *ALL_COUNTS,
        "textmetrics.sentences.average-length",
        "textmetrics.sentences.empty",
    ),
)
@for_all(30, *ODD_TEXTS, text=any_writing())
def test_any_text_has_sentences_or_none(lab, text):
    """No text makes the measures of sentences raise, and neither is ever below 0."""
    inside = f"So {text} it ends."
    calls = [(name, [one], {}) for name in NAMES for one in (text, inside)]
    *counts, first, second = numbers(lab, calls)
    for call, got in zip(calls, counts, strict=False):
        # Blank pieces between marks, and what is left after the last, may count or not.
        allowed = definitions.sentence_count(*call[1]), definitions.pieces(*call[1])
        assert_one_of(got, allowed, call)
    for call, got in zip(calls[2:], (first, second), strict=True):
        if got < 0:
            reject(
                "`average_sentence_length` must not be negative", given=in_words(call), got=str(got)
            )
