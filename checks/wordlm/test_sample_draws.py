"""Claims about how `generate` draws its words: from which distribution.

Where the stub gives the same logits at every step, a text of n words is n draws from one known
distribution. `chance_of` bounds the probability of counts as far from it as those seen; a right
solution fails a check with probability at most 1e-9.
"""

import torch

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.oracles import softmax
from checks.wordlm.words import OF_DATA, Words, fits

SECTION = "4 Generation"
# For one likely word and 51 others, the height at which the usual mistakes are farthest away.
PEAK = {0.7: 3.5, 1.0: 4.0, 1.3: 5.0}
DRAWS = {0.7: 700, 1.0: 700, 1.3: 1000}


def assert_draws_at(lab, temperature):
    """Draws must follow softmax(logits / temperature).

    Needed for a rejection: n D > ln(2 * 52 / 1e-9) = 25.4.  The nearest mistake is dividing twice,
    at 0.7 with D = 0.13 and at 1.3 with D = 0.08; then n D is 80 or more, 4 standard deviations
    above.  Every other mistake, and any at 1.0, is farther away.
    """
    __tracebackhide__ = True
    n, words = DRAWS[temperature], Words(lab, 52)
    z = torch.linspace(-0.3, 0.3, 52)
    z[0] = PEAK[temperature]
    likely = words.words[0]
    model = words.same_everywhere(words.logits(dict(zip(words.words, z.tolist(), strict=True))))
    new = words.generate(model, " ".join(words.words[1:3]), n, temperature).split()[2:]
    counts = [new.count(word) for word in words.words]
    p = softmax(z, temperature)
    ended = len(new) < n - 5  # exactly `length` words are another claim's matter
    if not ended and fits(counts, p):
        return
    suspects = {
        "always the likeliest word, whatever the temperature": torch.eye(52)[0],
        "the temperature is ignored": softmax(z),
        "the logits are multiplied by the temperature; they are divided by it": softmax(
            z, 1 / temperature
        ),
        "the logits are divided by the temperature twice": softmax(z, temperature**2),
        "the softmax comes first; it belongs after the division": softmax(softmax(z) / temperature),
        "a softmax of a softmax": softmax(p),
        "all words are equally likely": torch.full((52,), 1 / 52),
    }
    fitting = [cause for cause, other in suspects.items() if fits(counts, other.double())]
    worst = max(range(52), key=lambda i: abs(counts[i] / max(len(new), 1) - float(p[i])))
    if ended:
        fitting.append("words that have no chance are drawn: <eos>, which ended the text")
    reject(
        "words must be drawn from softmax(logits / temperature)",
        given=f"a model with the same logits at every step, {likely!r} the likeliest; "
        f"temperature={temperature}",
        expected=f"{words.words[worst]!r} in {float(p[worst]):.1%} of the draws",
        got=f"{words.words[worst]!r} in {counts[worst] / max(len(new), 1):.1%} of {len(new)} draws",
        cause=fitting[0] if fitting else "",
    )


TEMPERATURE_HINT = (
    "`generate` in sample.py: divide the last position's logits by the temperature, then softmax "
    "over the words, then draw one."
)


@criterion(
    "wordlm.sample.temperature-1.0",
    points=2,
    section=SECTION,
    hint=TEMPERATURE_HINT,
    requires=("wordlm.sample.known-words",),
    explained_by=OF_DATA,
)
def test_draws_follow_the_model_at_temperature_one(lab):
    """At temperature 1.0 words are drawn from softmax(logits)."""
    assert_draws_at(lab, 1.0)


@criterion(
    "wordlm.sample.temperature-0.7",
    points=1,
    section=SECTION,
    hint=TEMPERATURE_HINT,
    requires=("wordlm.sample.temperature-1.0",),
    explained_by=OF_DATA,
)
def test_draws_follow_a_sharper_distribution_at_temperature_below_one(lab):
    """At temperature 0.7 words are drawn from softmax(logits / 0.7)."""
    assert_draws_at(lab, 0.7)


@criterion(
    "wordlm.sample.temperature-1.3",
    points=1,
    section=SECTION,
    hint=TEMPERATURE_HINT,
    requires=("wordlm.sample.temperature-1.0",),
    explained_by=OF_DATA,
)
def test_draws_follow_a_flatter_distribution_at_temperature_above_one(lab):
    """At temperature 1.3 words are drawn from softmax(logits / 1.3)."""
    assert_draws_at(lab, 1.3)
