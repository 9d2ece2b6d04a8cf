"""Claims about top-p sampling, and that two calls differ, which a top_p gone wrong would hide."""

import torch

from checks.charlm.alphabet import BASICS, call
from checks.charlm.urns import MANY, Urn, fits, normed, only, reject_draws
from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.oracles import nucleus, softmax

SECTION = "4 Sampling"
# Far from ties: the sums 0.45, 0.65, 0.82 are not near 0.5 or 0.7. Half of the largest is 0.225,
# which tells the smallest set from one that is cut at a share of the likeliest (min-p).
SHARES = torch.tensor([0.45, 0.20, 0.17, 0.09, 0.05, 0.04], dtype=torch.float64)
# The two likeliest are the smallest set for 0.85 before and after a temperature of 0.5.
STEEP = torch.tensor([0.60, 0.30, 0.04, 0.03, 0.02, 0.01], dtype=torch.float64)


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
    urn = Urn(lab, "abcdef", SHARES.log().float())
    p = softmax(urn.logits)
    # 0.7 keeps three characters, the third with probability 0.207: it is missing from 600 draws
    # with probability e^-139. 0.5 keeps two, 0.69 to 0.31; drawn evenly n D = 45, and 24.4 rejects.
    # Any other character fails at once.
    for top_p in (0.7, 0.5):
        assert_nucleus(urn, nucleus(p, top_p), nucleus_mistakes(p, top_p), top_p=top_p)
    assert_ties_are_cut(lab)


def assert_ties_are_cut(lab):
    """Of eight equally likely characters, four reach 0.45: which four is free."""
    __tracebackhide__ = True
    urn = Urn(lab, "abcdefgh", torch.zeros(8))
    # One of the four is missing from 200 draws with probability 4 (3/4)^200 = 4e-25.
    found = sum(count > 0 for count in urn.counts(200, top_p=0.45))
    if found != 4:
        reject(
            "draws must come from the smallest set of characters that reaches top_p",
            given="eight equally likely characters, top_p=0.45",
            expected="four of them in the draws",
            got=f"{found} of them",
            cause="characters as likely as the last one kept are kept too: cut by rank, not at a "
            "probability"
            if found == 8
            else "",
        )


@criterion(
    "charlm.sample.top-p-temperature",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: with top_p and a temperature together, the temperature still "
    "divides the logits, once.",
    requires=("charlm.sample.temperature-*", "charlm.sample.top-p-nucleus"),
)
def test_top_p_and_temperature_work_together(lab):
    """`top_p` and a temperature work together, each applied once, in either order."""
    # The temperature sharpens what is kept, once: 0.8 to 0.2. Twice would be 0.94 to 0.06, with
    # n D = 68; not at all 0.67 to 0.33, n D = 29. It may come before or after the cut.
    steep = Urn(lab, "abcdef", STEEP.log().float())
    z, inside = steep.logits, nucleus(softmax(steep.logits), 0.85) > 0
    suspects = {
        "the temperature is applied twice": normed(softmax(z, 0.25) * inside),
        "the temperature is lost when top_p is below 1": normed(softmax(z) * inside),
    }
    expected = normed(softmax(z, 0.5) * inside)
    assert_nucleus(steep, expected, suspects, top_p=0.85, temperature=0.5)


def assert_nucleus(urn, expected, suspects, **options):
    """600 draws must follow the rescaled distribution of the smallest set."""
    __tracebackhide__ = True
    counts = urn.counts(600, **options)
    if not fits(counts, expected, judgements=2):
        shares = ", ".join(f"{share:.2f}" for share in softmax(urn.logits).tolist())
        settings = ", ".join(f"{name}={value}" for name, value in options.items())
        required = "draws must come from the smallest set of characters that reaches top_p"
        given = f"characters of probability {shares}; {settings}"
        reject_draws(urn, counts, expected, required, given, suspects)


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
    "charlm.sample.varies",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: no fixed seed inside. Also a new `torch.Generator()` starts from "
    "the same seed each time.",
    requires=("charlm.sample.temperature-1.0", "charlm.sample.top-p-one"),
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
