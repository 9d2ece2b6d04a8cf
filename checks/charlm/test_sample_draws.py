"""Claims about the drawn characters: which distribution they follow, and where they go.

The stub gives the same logits at every step, so that a text of n characters is n draws from one
known distribution.
"""

from itertools import pairwise

import torch

from checks.charlm.alphabet import BASICS, OF_DATA, Alphabet, call
from checks.charlm.known_texts import CHARACTERS, branching
from checks.charlm.urns import MANY, Urn, fits, only, reject_draws
from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.oracles import softmax

SECTION = "4 Sampling"
# For one likely character and 51 others, the height at which the usual mistakes are farthest away.
PEAK = {0.7: 3.5, 1.0: 4.0, 1.3: 5.0}


def temperature_mistakes(z, temperature):
    """What the usual mistakes draw from."""
    p = softmax(z, temperature)
    suspects = {"always the likeliest character: greedy, whatever the arguments": only(
        int(z.argmax()), len(z)
    )}  # fmt: skip
    if temperature != 1.0:
        suspects |= {
            "the temperature is ignored": softmax(z),
            "the logits are multiplied by the temperature; they are divided by it": softmax(
                z, 1 / temperature
            ),
            "the logits are divided by the temperature twice": softmax(z, temperature**2),
            "the softmax comes first; it belongs after the division": softmax(
                softmax(z) / temperature
            ),
        }
    return suspects | {
        "a softmax of a softmax": softmax(p),
        "all characters are equally likely: a softmax over the wrong axis": torch.full_like(
            p, 1 / len(z)
        ),
    }


def assert_draws_at(lab, temperature):
    """1,000 draws must follow softmax(logits / temperature).

    Needed for a rejection: n D > ln(2 * 52 / 1e-9) = 25.4.  The nearest mistake is dividing twice,
    at 0.7 with D = 0.13 and at 1.3 with D = 0.08; then n D is 80 or more, 4 standard deviations
    above.  Every other mistake, and any at 1.0, is farther away.
    """
    __tracebackhide__ = True
    n = 1000
    z = torch.linspace(-0.3, 0.3, len(MANY), dtype=torch.float32)
    z[0] = PEAK[temperature]
    urn = Urn(lab, MANY, z)
    probabilities = softmax(urn.logits, temperature)
    counts = urn.counts(n, temperature=temperature)
    if fits(counts, probabilities):
        return
    # Should only the default of top_p spoil the draws, then that is another claim's business.
    if fits(urn.counts(n, temperature=temperature, top_p=0.99999), probabilities):
        return
    reject_draws(
        urn,
        counts,
        probabilities,
        "characters must be drawn from softmax(logits / temperature)",
        f"a model with the same logits at every step, temperature={temperature}",
        temperature_mistakes(urn.logits, temperature),
    )


TEMPERATURE_HINT = (
    "`sample` in sample.py: divide the last position's logits by the temperature, then softmax "
    "over the characters, then draw one."
)


@criterion(
    "charlm.sample.temperature-1.0",
    points=2,
    section=SECTION,
    hint=TEMPERATURE_HINT,
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_draws_follow_the_model_at_temperature_one(lab):
    """At temperature 1.0 characters are drawn from softmax(logits)."""
    assert_draws_at(lab, 1.0)


@criterion(
    "charlm.sample.temperature-0.7",
    points=1,
    section=SECTION,
    hint=TEMPERATURE_HINT,
    requires=(*BASICS, "charlm.sample.temperature-1.0"),
)
def test_draws_follow_a_sharper_distribution_at_temperature_below_one(lab):
    """At temperature 0.7 characters are drawn from softmax(logits / 0.7)."""
    assert_draws_at(lab, 0.7)


@criterion(
    "charlm.sample.temperature-1.3",
    points=1,
    section=SECTION,
    hint=TEMPERATURE_HINT,
    requires=(*BASICS, "charlm.sample.temperature-1.0"),
)
def test_draws_follow_a_flatter_distribution_at_temperature_above_one(lab):
    """At temperature 1.3 characters are drawn from softmax(logits / 1.3)."""
    assert_draws_at(lab, 1.3)


@criterion(
    "charlm.sample.feeds-back",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: the character that is written is the one that the model reads "
    "next. Draw once for each step, and use that draw for both.",
    requires=("charlm.sample.carries-state", "charlm.sample.temperature-1.0"),
)
def test_the_drawn_character_is_the_one_read_next(lab):
    """The character that is drawn is the one that the model reads next."""
    alphabet = Alphabet(lab, CHARACTERS)
    model, following = branching(lab, alphabet)
    prompt, length = "to", 200
    text = prompt + alphabet.continuation(model, prompt, length)
    ids = alphabet.ids(text)[len(prompt) - 1 :]
    # Of 200 steps, one that follows from another character is allowed by chance 2 times in 34.
    for place, (before, after) in enumerate(pairwise(ids)):
        if after not in following[before]:
            pair = alphabet.text(following[before])
            reject(
                "each new character must follow from the one written before it",
                given=call(prompt, length, {}) + f"; after {alphabet.order[before]!r} the model "
                "allows two characters",
                expected=f"new character {place + 1} is one of {pair!r}",
                got=repr(alphabet.order[after]),
                cause="the model is given another character than the one that is written",
            )
