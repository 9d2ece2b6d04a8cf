"""Claims about how `generate` draws its words: from which distribution, and which never.

Where the stub gives the same logits at every step, a text of n words is n draws from one known
distribution. `chance_of` bounds the probability of counts as far from it as those seen; a right
solution fails a check with probability at most 1e-9.
"""

import random
from itertools import pairwise

import torch

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.oracles import softmax
from checks.support.statistics import FALSE_FAILURE, chance_of
from checks.wordlm.vocabulary import EOS, UNK
from checks.wordlm.words import BASICS, OF_DATA, Words, call, shortened

SECTION = "4 Generation"
# For one likely word and 51 others, the height at which the usual mistakes are farthest away.
PEAK = {0.7: 3.5, 1.0: 4.0, 1.3: 5.0}
DRAWS = {0.7: 700, 1.0: 700, 1.3: 1000}


def fits(counts, probabilities):
    """Whether right draws could have given these counts."""
    return chance_of(counts, probabilities.tolist()) >= FALSE_FAILURE


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
    new = words.continuation(model, words.words[1:3], n, temperature)
    counts = [new.count(word) for word in words.words]
    p = softmax(z, temperature)
    if fits(counts, p):
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
    worst = max(range(52), key=lambda i: abs(counts[i] / len(new) - float(p[i])))
    reject(
        "words must be drawn from softmax(logits / temperature)",
        given=f"a model with the same logits at every step, {likely!r} the likeliest; "
        f"temperature={temperature}",
        expected=f"{words.words[worst]!r} in {float(p[worst]):.1%} of the draws",
        got=f"{words.words[worst]!r} in {counts[worst] / len(new):.1%} of {len(new)} draws",
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
    requires=BASICS,
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


@criterion(
    "wordlm.sample.feeds-back",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: the word that is written is the one that the model reads next. "
    "Draw once for each step, and use that draw for both.",
    requires=("wordlm.sample.carries-state", "wordlm.sample.temperature-1.0"),
    explained_by=OF_DATA,
)
def test_the_drawn_word_is_the_one_read_next(lab):
    """The word that is drawn is the one that the model reads next."""
    words, draw = Words(lab), random.Random(lab.seed)
    following = {word: sorted(draw.sample(words.words, 2)) for word in words.words}
    model = words.chain({word: dict.fromkeys(two, 0.0) for word, two in following.items()})
    prompt, length = words.words[:2], 150
    written = [prompt[-1], *words.continuation(model, prompt, length)]
    # Of 150 steps, one that follows from another word is allowed by chance 2 times in 20.
    for place, (before, after) in enumerate(pairwise(written), start=1):
        if after not in following[before]:
            reject(
                "each new word must follow from the one written before it",
                given=call(" ".join(prompt), length, 1.0, {}) + f"; after {before!r} the model "
                "allows two words",
                expected=f"new word {place} is one of {following[before]}",
                got=repr(after),
                cause="the model is given another word than the one that is written",
            )


@criterion(
    "wordlm.sample.never-unk",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: `<unk>` is no word. Give it the logit -inf before the softmax, "
    "or draw again until another word comes.",
    requires=("wordlm.sample.temperature-1.0",),
    explained_by=OF_DATA,
)
def test_unk_is_never_written(lab):
    """`generate` never writes `<unk>`, however likely it is; the other words share its chance."""
    words, length = Words(lab), 300
    z = torch.zeros(20)
    z[0] = 2.0
    logits = dict(zip(words.words, z.tolist(), strict=True))
    # e^3.3 = 27 is what all other words weigh together: <unk> has the probability 1/2.
    model = words.same_everywhere(words.logits({UNK: 3.3, **logits}))
    for temperature in (1.0, 0.6):
        given = call(words.words[1], length, temperature, {}) + "; <unk> is the likeliest word"
        text = words.generate(model, words.words[1], length, temperature)
        new = text.split()[1:]
        if UNK in text:
            cause = "`<unk>` is drawn like any other word"
            reject(
                "`<unk>` must never be in the text", given=given, got=shortened(text), cause=cause
            )
        if len(new) != length:
            reject(
                "the text must go on where `<unk>` would have come",
                given=given,
                expected=f"{length} new words",
                got=f"{len(new)} new words",
                cause="`<unk>` ends the text, or counts as a word that is not written",
            )
        counts, p = [new.count(word) for word in words.words], softmax(z, temperature)
        # A rejection needs n D > 24.4. Where the likeliest word takes all of <unk>'s chance n D is 86
        # and 90 at the two temperatures; where that is shared out equally it is 136 at 0.6.
        if not fits(counts, p):
            reject(
                "words must come in the proportions that they have without `<unk>`",
                given=given,
                expected=f"{words.words[0]!r} in {float(p[0]):.1%} of the draws",
                got=f"in {counts[0] / length:.1%}",
                cause="another word takes the place of `<unk>`; draw again, or give `<unk>` the "
                "logit -inf before the softmax",
            )


@criterion(
    "wordlm.sample.stops-at-eos",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: when `<eos>` is drawn the text is complete, whatever `length` "
    "is. Leave the loop.",
    requires=(*BASICS, "wordlm.sample.whole-prompt"),
    explained_by=OF_DATA,
)
def test_the_text_ends_at_eos(lab):
    """`generate` stops at `<eos>`, which ends the text and is no part of it."""
    words = Words(lab)
    for number in (1, 4, 9):
        line = words.words[: number + 1]
        table = {word: {after: 0.0} for word, after in pairwise(line)}
        model = words.chain({**table, line[-1]: {EOS: 0.0}})
        given = call(line[0], 30, 1.0, {}) + f"; <eos> comes after {number} new words"
        text = words.generate(model, line[0], 30)
        written = text.split()
        if written != line:
            longer = len(written) > len(line) + 1
            shown = "`<eos>` is written before the loop ends" * (written[-1:] == [EOS])
            reject(
                "the text must end where `<eos>` is drawn",
                given=given,
                expected=repr(" ".join(line)),
                got=shortened(text),
                cause="the loop goes on after `<eos>`, or `<eos>` is never drawn"
                if longer
                else shown,
            )
