"""Claims about what `sample` refuses: settings that leave nothing to draw, prompts it cannot read.

Each needs the claim that sensible settings work, since a `sample` that always raises refuses
nothing.
"""

from checks.charlm.alphabet import BASICS, OF_DATA, Alphabet, call
from checks.charlm.known_texts import CHARACTERS, successor_chain
from checks.support.criteria import criterion
from checks.support.judge import assert_raises

SECTION = "4 Sampling"
ERRORS = ("ValueError", "KeyError")


def assert_refused(lab, prompt, *, naming=None, **options):
    """`sample` must raise for this prompt and these options."""
    __tracebackhide__ = True
    alphabet = Alphabet(lab, CHARACTERS)
    model, _ = successor_chain(lab, alphabet)
    assert_raises(
        lab.sample.sample,
        model,
        prompt,
        alphabet.stoi,
        alphabet.itos,
        length=5,
        types=ERRORS,
        naming=naming,
        given=call(prompt, 5, options),
        **options,
    )


@criterion(
    "charlm.sample.bad-temperature",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: raise ValueError if the temperature is 0 or negative.",
    requires=BASICS,
)
def test_temperature_that_is_not_positive_raises(lab):
    """A temperature of 0 or below raises `ValueError`."""
    for temperature in (0.0, -1.0):
        assert_refused(lab, "hello", temperature=temperature)


@criterion(
    "charlm.sample.bad-top-p",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: raise ValueError if top_p is not above 0 and at most 1.",
    requires=BASICS,
)
def test_top_p_outside_its_range_raises(lab):
    """A `top_p` outside (0, 1] raises `ValueError`."""
    for top_p in (0.0, -0.5, 1.5):
        assert_refused(lab, "hello", top_p=top_p)


@criterion(
    "charlm.sample.empty-prompt",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: raise ValueError if the prompt is empty; the model has nothing to "
    "read then.",
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_empty_prompt_raises(lab):
    """An empty prompt raises `ValueError`."""
    assert_refused(lab, "")


@criterion(
    "charlm.sample.unknown-prompt",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: encode the prompt so that a character outside the vocabulary "
    "raises, with that character in the message. Dropping it silently changes the prompt.",
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_unknown_character_in_the_prompt_raises(lab):
    """A prompt with an unknown character raises `ValueError` or `KeyError` that names it."""
    for prompt in ("hel§lo", "§hello", "hello§", "§"):
        assert_refused(lab, prompt, naming="§")
