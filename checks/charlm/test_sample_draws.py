"""Claims about the drawn characters: which distribution they follow.

The stub gives the same logits at every step, so that a text of n characters is n draws from one
known distribution.  `chance_of` bounds the probability of counts as far from it as those seen; a
right solution fails a check here with probability at most 1e-9 (`FALSE_FAILURE`, shared out over
the judgements of the check).
"""

import torch

from checks.charlm.alphabet import BASICS, Alphabet, call
from checks.support.criteria import criterion
from checks.support.inputs import generator
from checks.support.judge import reject
from checks.support.oracles import nucleus, softmax
from checks.support.statistics import FALSE_FAILURE, chance_of

SECTION = "4 Sampling"
MANY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# For one likely character and 51 others, the height at which the usual mistakes are farthest away.
PEAK = {0.7: 3.5, 1.0: 4.0, 1.3: 5.0}


class Urn:
    """A stub whose characters come with fixed logits, placed in an order that the seed decides."""

    def __init__(self, lab, characters, logits):
        self.alphabet = Alphabet(lab, characters)
        shuffled = torch.randperm(len(logits), generator=generator(lab.seed))
        if int(shuffled[0]) == int(logits.argmax()):
            shuffled = shuffled.roll(1)  # the likeliest is never the first by id
        self.logits = logits[shuffled]
        self.model = lab.probes_sampling.Chain(self.logits.expand(len(logits), -1))

    def counts(self, n, **options):
        """How often each id came up in n draws of one call."""
        text = self.alphabet.continuation(self.model, self.alphabet.order[:3], n, **options)
        return [text.count(c) for c in self.alphabet.order]


def fits(counts, probabilities, judgements=1):
    """Whether right draws could have given these counts."""
    return chance_of(counts, probabilities.tolist()) >= FALSE_FAILURE / judgements


def reject_draws(urn, counts, probabilities, required, given, suspects):
    """Say which character came up too often or too rarely, and by which mistake that happens."""
    n = sum(counts)
    worst = max(range(len(counts)), key=lambda i: abs(counts[i] / n - float(probabilities[i])))
    fitting = [cause for cause, other in suspects.items() if fits(counts, other)]
    reject(
        required,
        given=given,
        expected=f"{urn.alphabet.order[worst]!r} in {float(probabilities[worst]):.1%} of the draws",
        got=f"{urn.alphabet.order[worst]!r} in {counts[worst] / n:.1%} of {n} draws",
        cause=fitting[0] if fitting else "",
    )


def only(index, size):
    """The distribution that always gives one id."""
    return torch.eye(size, dtype=torch.float64)[index]


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
    "charlm.sample.varies",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: no fixed seed inside. Also a new `torch.Generator()` starts from "
    "the same seed each time.",
    requires=("charlm.sample.temperature-1.0",),
)
def test_two_calls_give_different_texts(lab):
    """Two calls without `greedy` give different texts."""
    urn = Urn(lab, MANY, torch.zeros(len(MANY)))
    prompt, length = urn.alphabet.order[:3], 40
    texts = {urn.alphabet.continuation(urn.model, prompt, length) for _ in range(3)}
    # 52 equally likely characters: two texts of 40 agree with probability 52^-40.
    if len(texts) < 3:
        reject(
            "two calls must give different texts",
            given="three times " + call(prompt, length, {}) + ", 52 equally likely characters",
            got=f"{len(texts)} different text(s), one of them {min(texts)!r}",
            cause="a fixed seed inside `sample`",
        )


# Far from ties: 0.42, 0.66 and 0.81 add up to nothing near 0.5 and 0.7.
SHARES = torch.tensor([0.42, 0.24, 0.15, 0.09, 0.06, 0.04], dtype=torch.float64)


def nucleus_mistakes(p, top_p):
    """What the usual mistakes draw from."""
    ranked, order = p.sort(descending=True)
    inside = ranked.cumsum(0) - ranked < top_p  # rank by rank, the crossing one included
    short = inside & (ranked.cumsum(0) < top_p)
    longer = torch.cat([inside.new_ones(1), inside[:-1]])
    back = torch.zeros_like(p).scatter
    kept = ranked * inside
    return {
        "the character that crosses top_p is dropped": back(0, order, normed(ranked * short)),
        "one character too many is kept": back(0, order, normed(ranked * longer)),
        "the sorted probabilities are not put back to their characters": normed(kept),
        "the order is applied where its inverse belongs": normed(kept[order]),
        "top_p is ignored": p,
        "what is left is not rescaled to sum to 1": torch.cat(
            [back(0, order, kept)[:-1], 1 - back(0, order, kept)[:-1].sum()[None]]
        ),
        "the kept characters are drawn with equal probability": back(
            0, order, normed(inside.double())
        ),
        "the least likely characters are kept": nucleus(1 / p, 1e-9),
    }


def normed(weights):
    """The weights, divided by their sum."""
    return weights / weights.sum()


@criterion(
    "charlm.sample.top-p-nucleus",
    points=3,
    section=SECTION,
    hint="`sample` in sample.py: sort by probability, keep the first ones until their sum reaches "
    "top_p, the crossing one included, set the rest to 0, rescale, and go back to the order of "
    "the ids.",
    requires=(*BASICS, "charlm.sample.temperature-1.0"),
)
def test_top_p_draws_from_the_smallest_set_that_reaches_p(lab):
    """`top_p` draws from the smallest set whose probability reaches p, rescaled."""
    n = 300
    urn = Urn(lab, "abcdef", SHARES.log().float())
    p = softmax(urn.logits)
    # 0.7 keeps three characters, the third with probability 0.185: it is missing from 300 draws
    # with probability e^-61.  0.5 keeps two.  Any other character fails at once.
    for top_p in (0.7, 0.5):
        counts = urn.counts(n, top_p=top_p)
        if not fits(counts, nucleus(p, top_p), judgements=2):
            shares = ", ".join(f"{share:.2f}" for share in SHARES.tolist())
            reject_draws(
                urn,
                counts,
                nucleus(p, top_p),
                "draws must come from the smallest set of characters that reaches top_p",
                f"characters of probability {shares}; top_p={top_p}",
                nucleus_mistakes(p, top_p),
            )


@criterion(
    "charlm.sample.top-p-one",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: top_p=1 keeps every character.",
    requires=(*BASICS, "charlm.sample.temperature-1.0"),
)
def test_top_p_of_one_changes_nothing(lab):
    """`top_p=1`, which is the default, changes nothing."""
    urn = Urn(lab, "abcdef", SHARES.log().float())
    p = softmax(urn.logits)
    suspects = {
        "only the likeliest character is left": only(int(p.argmax()), len(p)),
        "the least likely character is dropped": normed(p * (p > p.min())),
        "the default of top_p is not 1": nucleus(p, 0.9),
    }
    # The rarest has 0.04: missing from 800 draws with probability e^-32.
    for options in ({"top_p": 1.0}, {}):
        counts = urn.counts(800, **options)
        if not fits(counts, p, judgements=2):
            given = f"six characters, top_p={options.get('top_p', 'left to its default')}"
            required = "with top_p=1 every character must keep its probability"
            reject_draws(urn, counts, p, required, given, suspects)


@criterion(
    "charlm.sample.top-p-tiny",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: the set is never empty. However small top_p is, the likeliest "
    "character is in it.",
    requires=(*BASICS, "charlm.sample.top-p-nucleus"),
)
def test_tiny_top_p_leaves_the_likeliest_character(lab):
    """A tiny `top_p` leaves the likeliest character and nothing else."""
    urn = Urn(lab, "abcdef", SHARES.log().float())
    likeliest = urn.alphabet.text([int(urn.logits.argmax())])
    for top_p in (0.01, 1e-6):
        text = urn.alphabet.continuation(urn.model, urn.alphabet.order[:3], 30, top_p=top_p)
        if text != 30 * likeliest:
            reject(
                "a tiny top_p must leave the likeliest character",
                given=f"the likeliest character is {likeliest!r}, top_p={top_p}",
                expected=repr(30 * likeliest),
                got=repr(text),
                cause="the first of the sorted characters is not kept",
            )
