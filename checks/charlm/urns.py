"""Models that draw from one known distribution, and how draws are judged.

`chance_of` bounds the probability of counts as far from a distribution as those seen. A right
solution fails a check with probability at most 1e-9: `FALSE_FAILURE`, shared out over the
judgements of the check.
"""

import torch

from checks.charlm.alphabet import Alphabet
from checks.support.inputs import generator
from checks.support.judge import reject
from checks.support.statistics import FALSE_FAILURE, chance_of

MANY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Urn:
    """A stub whose characters come with fixed logits, placed in an order that the seed decides.

    The likeliest is never the first by id, nor the last: what a mistake leaves over often falls to
    one of these, and would hardly show in a share that is large anyway.
    """

    def __init__(self, lab, characters, logits):
        self.alphabet = Alphabet(lab, characters)
        shuffled = torch.randperm(len(logits), generator=generator(lab.seed))
        place = int((shuffled == logits.argmax()).nonzero())
        if place in (0, len(logits) - 1):
            shuffled = shuffled.roll(1 if place == 0 else -1)
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


def normed(weights):
    """The weights, divided by their sum."""
    return weights / weights.sum()
