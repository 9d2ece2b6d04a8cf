"""The measures of text against known values, and self-BLEU against a maintained BLEU, NLTK's."""

from __future__ import annotations

import math
import random

import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from checks.textmetrics import definitions
from checks.textmetrics.writing import (
    DISTINCT,
    MIXED,
    REPEATED,
    drawn_texts,
    passage,
    sentences,
    sharing_texts,
)
from tests.cases import ROOT
from tools.submission import loaded
from tools.text_metrics import METRICS


@pytest.fixture(scope="module")
def reference():
    """The model answer's module."""
    with loaded(ROOT / "reference", "textmetrics") as lab:
        yield lab.modules["metrics"]


@pytest.fixture(params=["oracle", "reference"])
def measures(request, reference):
    """The checks' oracle, and the model answer."""
    return {"oracle": definitions, "reference": reference}[request.param]


def bleu_by_nltk(texts, max_n, smoothing=None):
    """Mean BLEU of each text against the others, each word list handed to NLTK."""
    split = [text.lower().split() for text in texts]
    scores = [
        sentence_bleu(
            split[:i] + split[i + 1 :],
            one,
            weights=[1 / max_n] * max_n,
            smoothing_function=smoothing,
        )
        for i, one in enumerate(split)
    ]
    return sum(scores) / len(scores)


def random_texts(seed):
    """Two to six texts of unequal length, with repeated words and a shared run of six."""
    rng = random.Random(seed)
    lengths = [rng.randint(8, 30) for _ in range(rng.randint(2, 6))]
    return drawn_texts(seed, lengths, shared=6)


def test_self_bleu_is_that_of_nltk(measures):
    for seed in range(200):
        texts = random_texts(seed)
        for max_n in (1, 2, 3, 4, 5):
            assert definitions.every_order_hits(texts, max_n)
            expected = bleu_by_nltk(texts, max_n)
            assert measures.self_bleu(texts, max_n) == pytest.approx(expected, abs=1e-12), texts


def test_self_bleu_of_texts_without_repetitions_is_that_of_nltk(measures):
    for seed in range(50):
        texts = sharing_texts(seed, [8, 11, 16, 18], 5)
        assert measures.self_bleu(texts) == pytest.approx(bleu_by_nltk(texts, 4), abs=1e-12)


def test_one_added_is_a_smoothing_of_nltk():
    for seed in range(50):
        texts = random_texts(seed)
        expected = bleu_by_nltk(texts, 4, SmoothingFunction().method2)
        assert definitions.self_bleu(texts, 4, added_from=2) == pytest.approx(expected, abs=1e-12)


def test_the_model_answer_agrees_with_the_definitions(reference):
    for seed in range(30):
        texts = [passage(seed), sentences(random.Random(seed), [3, 7, 1, 5]), "", "One"]
        for text in texts:
            for name in METRICS:
                expected = getattr(definitions, name)(text)
                assert getattr(reference, name)(text) == pytest.approx(expected, abs=1e-12)
            for window in (1, 3, 40, 41):
                expected = definitions.sliding_ttr(text, window)
                assert reference.sliding_ttr(text, window) == pytest.approx(expected, abs=1e-12)
        for n in (1, 2, 3):
            expected = definitions.ngram_overlap(texts, n)
            assert reference.ngram_overlap(texts, n) == pytest.approx(expected, abs=1e-12)


def test_values_known_by_hand(measures):
    assert measures.distinctness(DISTINCT) == 1.0
    assert measures.repetition_ratio(DISTINCT) == 0.0
    assert measures.word_entropy(DISTINCT) == pytest.approx(math.log(7))
    assert measures.repetition_ratio(REPEATED) == 0.5
    assert measures.distinctness(MIXED) == 3 / 8
    assert measures.sliding_ttr("the cat sat on the mat the end", 4) == pytest.approx(0.9)
    assert measures.vocabulary_coverage("the cat sat", "the cat sat on the mat") == 3 / 5
    assert measures.sentence_count("Wait... what?!") == 2
    assert measures.average_sentence_length("One. Two words. Now three words!") == 2.0
    assert measures.ngram_overlap(["one two three", "two three four", "nine"]) == 1 / 6
    assert measures.self_bleu(["a b c d e f", "a b c d e g"]) == pytest.approx((1 / 3) ** 0.25)


def test_relations_that_hold_for_any_text(measures):
    for seed in range(20):
        text, texts = passage(seed), random_texts(seed)
        doubled, turned = f"{text} {text}", " ".join(reversed(text.split()))
        assert measures.word_entropy(doubled) == pytest.approx(measures.word_entropy(text))
        assert measures.distinctness(doubled) == pytest.approx(measures.distinctness(text) / 2)
        assert measures.vocabulary_size(doubled) == measures.vocabulary_size(text)
        assert measures.repetition_ratio(turned) == measures.repetition_ratio(text)
        assert measures.sliding_ttr(turned, 7) == pytest.approx(measures.sliding_ttr(text, 7))
        assert measures.self_bleu([t.upper() for t in texts]) == measures.self_bleu(texts)
        assert measures.self_bleu(texts[::-1]) == pytest.approx(measures.self_bleu(texts))


def test_nothing_over_nothing_is_zero(measures):
    for text in ("", " \n"):
        assert [getattr(measures, name)(text) for name in METRICS] == [0] * len(METRICS)
    assert measures.repetition_ratio("word") == 0.0
    assert measures.vocabulary_coverage("word", "") == 0.0
    for texts in ([], ["a b c d e"], ["", ""]):
        assert measures.ngram_overlap(texts) == measures.self_bleu(texts) == 0.0


def test_what_makes_no_sense_is_refused(reference):
    for call in (
        lambda: reference.sliding_ttr("a b", 0),
        lambda: reference.ngram_overlap(["a", "b"], 0),
        lambda: reference.self_bleu(["a", "b"], 0),
    ):
        with pytest.raises(ValueError, match="at least 1, not 0"):
            call()
