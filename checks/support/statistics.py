"""Judging draws: is this sample too far from that distribution to be an accident?

A check that draws must not turn a right solution away by bad luck.  So no p-value here is an
approximation for large samples: each is a proved upper bound.

The bound.  Of n independent draws let a category of probability p come up k times, and q = k/n.
For q > p and any t > 0, Markov's inequality for exp(t k) gives

    P(count >= k)  <=  E exp(t count) / exp(t k)  =  (1 - p + p e^t)^n e^(-t k),

which is least at e^t = q (1 - p) / (p (1 - q)), where it equals exp(-n D(q, p)) with

    D(q, p) = q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)):

Chernoff's bound.  The other tail, q < p, is the same with the roles of hit and miss exchanged.  So
in each of V categories each of two tails has at most the probability exp(-n D) to reach a distance
of D, and the probability that any of the 2 V does is at most 2 V exp(-n D).

The draws need not be independent for this, only each drawn, given those before it, from the
distribution that is tested: the moment-generating function above is then the same product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

FALSE_FAILURE = 1e-9  # the greatest probability with which a check may fail a right solution


def divergence(q: float, p: float) -> float:
    """D(q, p) in nats, of a coin that shows heads with probability q from one with p."""

    def term(a: float, b: float) -> float:
        if a <= 0.0:
            return 0.0
        return math.inf if b <= 0.0 else a * math.log(a / b)

    # At q = p the two terms cancel to a rounding error, which may be negative.
    return max(0.0, term(q, p) + term(1.0 - q, 1.0 - p))


def chance_of(counts: Sequence[int], probabilities: Sequence[float]) -> float:
    """An upper bound on the probability of counts as far from `probabilities` as these.

    Right draws give a value below any `a` with probability at most `a`.  A category that came up
    although its probability is 0 gives 0.
    """
    if len(counts) != len(probabilities):
        raise ValueError(f"{len(counts)} counts for {len(probabilities)} probabilities")
    n = sum(counts)
    if n == 0:
        return 1.0
    pairs = zip(counts, probabilities, strict=True)
    farthest = max(divergence(count / n, p) for count, p in pairs)
    return min(1.0, 2 * len(counts) * math.exp(-n * farthest))
