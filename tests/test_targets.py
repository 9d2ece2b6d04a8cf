"""The training targets on a corpus of one's own, and the n-gram models that set its bars."""

from __future__ import annotations

import math
import random
import re
import shutil
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


def outcomes(
    slot: Slot, folder: Path, text: str, student: Path = ROOT / "reference"
) -> dict[str, str]:
    """What becomes of a submission, at the small scale on this text."""
    corpus, output = folder / "corpus.txt", folder / "output.txt"
    corpus.write_text(text)
    options = ["-m", "gpu", "--device=cpu", "--scale=small", f"--corpus={corpus}", "--seed=1"]
    options += [f"--student={student}"]
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


def test_quiz_and_exam_are_cut_off_before_anything_is_given_away(tmp_path: Path) -> None:
    corpus, letters = tmp_path / "corpus.txt", "".join(random.Random(1).choices("abcdefgh", k=4000))
    corpus.write_text(letters[:3500] + "-" + letters[3501:3800] + "-" + letters[3801:])
    aim = target(str(corpus), "full")
    assert [len(aim.text), len(aim.quiz), len(aim.exam)] == [3400, 199, 399]
    assert aim.text + aim.quiz + aim.exam == letters[:3500] + letters[3501:3800] + letters[3801:]
    assert aim.train_bar is None
    assert aim.exam_bar == pytest.approx(aim.bigram - 0.1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abcdefgh" * 1000, "has 8,000 characters, and a training at the small scale takes 15,000"),
        ("a" * 20_000, "is too easy: a bigram model has a loss of 0.000"),
    ],
)
def test_a_text_on_which_no_bar_means_anything_is_refused(
    slot: Slot, tmp_path: Path, text: str, reason: str
) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(text)
    with pytest.raises(ValueError, match=reason):
        target(str(corpus), "small")
    assert set(outcomes(slot, tmp_path, text).values()) == {"skipped"}


def test_what_was_learnt_by_heart_since_the_best_moment_does_not_count(
    slot: Slot, tmp_path: Path
) -> None:
    """A training that ends badly: after 300 batches the weights begin to be thrown about."""
    spoilt = tmp_path / "lab"
    shutil.copytree(ROOT / "fixtures" / "submissions" / "accepted" / "charlm" / "plain", spoilt)
    with (spoilt / "charlm" / "train.py").open("a") as file:
        file.write(SPOILS)
    text = classes_of_letters(40_000, CLASSES)
    found = outcomes(slot, tmp_path, text, student=spoilt)
    assert found["validation"] == found["works-well"] == "passed"
    assert re.search(r"exam: .*, after (128|256) batches", (tmp_path / "output.txt").read_text())


SPOILS = """

clip_grad_norm = torch.nn.utils.clip_grad_norm_
steps = []


def spoiling(parameters, clip):
    steps.append(1)
    parameters = list(parameters)
    clip_grad_norm(parameters, clip)
    if len(steps) > 300:
        with torch.no_grad():
            for parameter in parameters:
                parameter.add_(torch.randn_like(parameter))


torch.nn.utils.clip_grad_norm_ = spoiling
"""
