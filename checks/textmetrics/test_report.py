"""Perplexity, and the report that holds every measure of one text."""

import math
import random

from checks.support.criteria import criterion
from checks.support.judge import as_number, assert_close, describe, reject
from checks.support.strategies import for_all
from checks.textmetrics import definitions
from checks.textmetrics.asking import THREE_DECIMALS, Call, answers, in_words, measure, numbers
from checks.textmetrics.writing import ODD_TEXTS, any_writing, sentences

SECTION = "4 Report"

OF_ONE_TEXT = (
    "distinctness",
    "repetition_ratio",
    "average_word_length",
    "vocabulary_size",
    "word_entropy",
    "sliding_ttr",
    "sentence_count",
    "average_sentence_length",
)


@criterion(
    "textmetrics.report.perplexity",
    points=1,
    section=SECTION,
    hint="`perplexity_from_loss` in metrics.py: the loss is in nats, so the perplexity is e to its "
    "power, `math.exp(loss)`.",
)
def test_perplexity_is_exp_of_the_loss(lab):
    """`perplexity_from_loss` is `exp(loss)`."""
    rng = random.Random(lab.seed)
    drawn = rng.uniform(0.2, 0.9), rng.uniform(1.0, 5.0)
    for loss in (0.0, math.log(65), 0.5, 1.5, *drawn, 9.0, 30.0, 60.0):
        got = measure(lab, "perplexity_from_loss", loss)
        suspects = {
            "2 to the power of the loss: the loss is in nats, not in bits": 2.0**loss,
            "10 to the power of the loss": 10.0**loss,
            "exp of minus the loss: a probability": math.exp(-loss),
            "the loss itself": loss,
            "exp(loss) - 1": math.exp(loss) - 1,
            "a large loss is cut off": got if loss > 8 and got < math.exp(loss) else math.nan,
            "infinity comes too early": got if math.isinf(got) else math.nan,
        }
        assert_close(
            got,
            math.exp(loss),
            "`perplexity_from_loss`",
            atol=THREE_DECIMALS,
            rtol=2e-5,  # float32's exp of 60 is off by 4e-6; the mistakes are above 1e-2
            given=in_words(("perplexity_from_loss", [loss], {})),
            cause=next((cause for cause, v in suspects.items() if near(got, v)), ""),
        )


def near(got, value):
    """Whether a mistake's value is what came back."""
    return got == value or abs(got - value) <= 1e-3 * abs(value)


@criterion(
    "textmetrics.report.perplexity-huge",
    points=1,
    section=SECTION,
    hint="`perplexity_from_loss` in metrics.py: `math.exp` raises OverflowError where the result "
    "is too large for a float. Return infinity there.",
    requires=("textmetrics.report.perplexity",),
)
def test_perplexity_of_a_huge_loss_is_infinite(lab):
    """The perplexity of a huge loss is infinity, and no error."""
    calls = [("perplexity_from_loss", [loss], {}) for loss in (1e3, 12345.6, 1e30, 1e300)]
    for call, got in zip(calls, numbers(lab, calls), strict=True):
        if got != math.inf:
            required = "the perplexity of a huge loss must be infinite"
            reject(required, given=in_words(call), expected="inf", got=f"{got:.6g}")


# ------------------------------------------------------------------ evaluate_generation


def report_of(lab, *arguments, **options):
    """What `evaluate_generation` returns, a dict, and the call in words."""
    __tracebackhide__ = True
    given = in_words(("evaluate_generation", arguments, options))
    report = lab.probes.entries(lab.metrics.evaluate_generation(*arguments, **options))
    if not isinstance(report, dict):
        reject("`evaluate_generation` must return a dict", given=given, got=describe(report))
    return report, given


def entry(report, name, given):
    """The number under a name."""
    __tracebackhide__ = True
    if name not in report:
        reject(f"the report must have the key {name!r}", given=given, got=keys_of(report))
    return as_number(report[name], f"report[{name!r}]", given=given)


def keys_of(report):
    """The keys that there are, in words."""
    names = ", ".join(sorted(key for key in report if isinstance(key, str)))
    return f"the keys {names[:400]}" if names else describe(report)


def story(seed):
    """A text of 32 sentences and more than 150 words, some of them next to their like."""
    rng = random.Random(seed)
    written = sentences(rng, [rng.randint(5, 9) for _ in range(30)])
    return f"{written} And so and so and so it is. No no no!"


@criterion(
    "textmetrics.report.keys",
    points=2,
    section=SECTION,
    hint="`evaluate_generation` in metrics.py returns a dict; its keys are the names of the "
    "functions that measure one text, each with that function's number, and `temperature`.",
    explained_by=("textmetrics.words.*", "textmetrics.sentences.*"),
)
def test_the_report_has_a_key_for_every_measure(lab):
    """`evaluate_generation` returns a dict with the name of every measure of one text as a key."""
    text = story(lab.seed)
    calls = [
        ([text], {}),
        ([text], {"prompt": text[:5]}),
        ([text], {"reference": text}),
        ([text, text[:5], text, 0.7], {}),
        ([], {"text": text, "prompt": None, "reference": None, "temperature": 1.3}),
    ]
    for arguments, options in calls:
        report, given = report_of(lab, *arguments, **options)
        for name in OF_ONE_TEXT:
            entry(report, name, given)
        if "temperature" not in report:
            reject("the report must have the key 'temperature'", given=given, got=keys_of(report))


@criterion(
    "textmetrics.report.values",
    points=2,
    section=SECTION,
    hint="`evaluate_generation` in metrics.py: each entry is what the function of that name gives "
    "for the text, with `window` left as it is.",
    requires=("textmetrics.report.keys",),
    explained_by=("textmetrics.words.*", "textmetrics.sentences.*"),
)
def test_the_report_holds_the_measures_of_the_text(lab):
    """Each entry of the report is that measure of the text."""
    first = story(lab.seed)
    as_long = "".join("x" if letter.islower() else letter for letter in first)  # of other words
    for text in (first, as_long, story(lab.seed + 1)):
        report, given = report_of(lab, text)
        right = {name: getattr(definitions, name)(text) for name in OF_ONE_TEXT}
        for name, expected in right.items():
            got = entry(report, name, given)
            others = [other for other in right if other != name and near(got, right[other])]
            assert_close(
                got,
                expected,
                f"report[{name!r}]",
                atol=THREE_DECIMALS,
                given=given,
                cause=f"this is the text's {others[0]}" if others else "",
            )


@criterion(
    "textmetrics.report.temperature",
    points=1,
    section=SECTION,
    hint="`evaluate_generation` in metrics.py: the entry `temperature` is the argument of that "
    "name, 1.0 where it is not given.",
    requires=("textmetrics.report.keys",),
    explained_by=("textmetrics.words.*", "textmetrics.sentences.*"),
)
def test_the_report_carries_the_temperature(lab):
    """The report carries the temperature that the text was drawn with, 1.0 by default."""
    drawn = round(random.Random(lab.seed).uniform(0.2, 0.9), 2)
    for options in ({}, {"temperature": drawn}, {"temperature": 1.5}, {"temperature": 1.0}):
        report, given = report_of(lab, "Some words. Or more?", **options)
        got = entry(report, "temperature", given)
        expected = options.get("temperature", 1.0)
        assert_close(got, expected, "report['temperature']", atol=THREE_DECIMALS, given=given)


@criterion(
    "textmetrics.report.coverage",
    points=1,
    section=SECTION,
    hint="`evaluate_generation` in metrics.py: with a `reference` there is the entry "
    "`vocabulary_coverage`, of the text and that reference in this order; without one there is "
    "nothing to cover.",
    requires=("textmetrics.report.keys",),
    explained_by=("textmetrics.words.*", "textmetrics.sentences.*", "textmetrics.report.values"),
)
def test_coverage_is_reported_with_a_reference_only(lab):
    """The report has `vocabulary_coverage` where there is a reference, and only there."""
    cases = [
        ("the cat sat.", "the cat sat. on the mat."),
        ("the dog and the cat sat there.", "the cat sat"),
        (story(lab.seed), story(lab.seed + 1)),
    ]
    for text, reference in cases:
        report, given = report_of(lab, text, reference=reference)
        assert_close(
            entry(report, "vocabulary_coverage", given),
            definitions.vocabulary_coverage(text, reference),
            "report['vocabulary_coverage']",
            atol=THREE_DECIMALS,
            given=given,
        )
    report, given = report_of(lab, cases[0][0])
    if report.get("vocabulary_coverage") is not None:
        reject(
            "without a reference there must be no `vocabulary_coverage`",
            given=given,
            expected="no such key",
            got=describe(report["vocabulary_coverage"]),
        )


@criterion(
    "textmetrics.report.any-text",
    points=1,
    section=SECTION,
    hint="`evaluate_generation` in metrics.py must return its dict for any text, and any prompt "
    "and reference, empty ones included.",
    requires=("textmetrics.report.keys",),
    explained_by=("textmetrics.words.*", "textmetrics.sentences.*"),
)
@for_all(20, *ODD_TEXTS, text=any_writing())
def test_any_text_has_a_report(lab, text):
    """No text, prompt or reference makes `evaluate_generation` raise."""
    calls: list[Call] = [
        ("evaluate_generation", [text], options)
        for options in ({}, {"reference": text}, {"prompt": text, "reference": "a b"})
    ]
    for call, report in zip(calls, answers(lab, calls, "a dict"), strict=True):
        given = in_words(call)
        if not isinstance(report, dict):
            reject("`evaluate_generation` must return a dict", given=given, got=describe(report))
        for name in OF_ONE_TEXT:
            entry(report, name, given)
