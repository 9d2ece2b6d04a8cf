"""The training targets on a corpus of one's own, and the n-gram models that set its bars."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from checks.charlm.ngrams import cross_entropies
from checks.charlm.targets import target
from grader.slot import QUIET, Job, Slot
from tests.cases import ROOT

CLASSES = ["abcdefghij", "klmnopqrst", "ABCDEFGHIJ", "KLMNOPQRST"]


def classes_of_letters(length: int, classes: list[str]) -> str:
    """Letters whose class follows from the classes of the two before them, nine times in ten.

    Which letter of the class comes is chance. Counting has to see every pair of letters; a model
    that learns which letters are alike has to see every pair of classes.
    """
    draw = random.Random(5)
    numbers = [0, 1]
    while len(numbers) < length:
        follower = (2 * numbers[-1] + numbers[-2] + 1) % len(classes)
        numbers.append(follower if draw.random() < 0.9 else draw.randrange(len(classes)))
    return "".join(draw.choice(classes[number]) for number in numbers)


def outcomes(slot: Slot, folder: Path, text: str) -> dict[str, str]:
    """What becomes of the reference, at the small scale on this text."""
    corpus, output = folder / "corpus.txt", folder / "output.txt"
    corpus.write_text(text)
    options = ["-m", "gpu", "--device=cpu", "--scale=small", f"--corpus={corpus}", "--seed=1"]
    slot.run(Job(ROOT, ["checks", "--lab=charlm", *options, *QUIET], output))
    rows = [line.split() for line in output.read_text().splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 5 and row[3] == "/"}


def test_a_model_that_generalises_is_better_than_counting(slot: Slot, tmp_path: Path) -> None:
    found = outcomes(slot, tmp_path, classes_of_letters(15_000, CLASSES))
    assert found == dict.fromkeys(
        ("training", "honest", "validation", "perplexity", "works-well"), "passed"
    )


def test_a_model_that_is_too_small_is_not(slot: Slot, tmp_path: Path) -> None:
    """Where letters are their own classes, counting is as good as can be."""
    text = classes_of_letters(15_000, list("abcdefghijkl"))
    found = outcomes(slot, tmp_path, text)
    assert found["works-well"] == "failed"
    assert {found[claim] for claim in ("training", "honest", "validation")} == {"passed"}


def test_witten_bell_by_hand() -> None:
    """Of "abab", on "b" after "a"."""
    unigram = (2 + 2 / 2) / (4 + 2)  # C(b) = 2, N = 2 different letters, 1/V = 1/2
    bigram = (2 + 1 * unigram) / (2 + 1)  # "a" was followed twice by b, and by nothing else
    expected = [-math.log(unigram), -math.log(bigram)]
    assert cross_entropies("abab", "ab", orders=2) == pytest.approx(expected)


def test_an_unseen_context_says_what_a_shorter_one_says() -> None:
    _, bigram, trigram = cross_entropies("abcddddd", "aad", orders=3)
    assert trigram == bigram  # "aa" is nowhere in the text
    _, bigram, trigram = cross_entropies("abcddddd", "ddd", orders=3)
    assert trigram < bigram


@pytest.mark.parametrize("text", ["", "ab", "abcdefgz"])
def test_text_that_cannot_be_measured_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="long enough"):
        cross_entropies("abcdefg" * 3, text)


def test_the_exam_is_cut_off_before_anything_is_given_away(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("abcdefgh" * 200 + "abcd-efgh" * 20)
    aim = target(str(corpus), "full")
    assert aim.text + aim.exam == "abcdefgh" * 200 + "abcdefgh" * 20
    assert len(aim.text) == int(0.9 * 1780)
    assert aim.train_bar is None
    assert aim.exam_bar == pytest.approx(aim.bigram - 0.1)
