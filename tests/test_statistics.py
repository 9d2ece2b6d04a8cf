"""The bound on accidents: proved too large never too small, and small enough to be of use."""

import itertools
import math

import pytest
import torch

from checks.support.statistics import FALSE_FAILURE, chance_of, divergence


def multinomial(counts, probabilities):
    """The probability of exactly these counts."""
    ways = math.factorial(sum(counts)) / math.prod(math.factorial(k) for k in counts)
    return ways * math.prod(p**k for k, p in zip(counts, probabilities, strict=True))


def test_divergence_is_zero_for_equal_coins_and_positive_otherwise():
    for p in (0.0, 1e-9, 0.3, 0.5, 1.0):
        assert divergence(p, p) == 0.0
    assert divergence(0.5, 0.25) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert divergence(0.2, 0.3) > 0.0 < divergence(0.3, 0.2)


def test_divergence_from_an_impossible_outcome_is_infinite():
    assert divergence(0.1, 0.0) == math.inf
    assert divergence(0.9, 1.0) == math.inf
    assert divergence(0.0, 0.25) == pytest.approx(-math.log(0.75))


@pytest.mark.parametrize("p", [(0.5, 0.5), (0.7, 0.2, 0.1), (0.9, 0.05, 0.03, 0.02)])
@pytest.mark.parametrize("n", [1, 4, 11])
def test_right_draws_fall_below_any_level_no_oftener_than_the_level(p, n):
    """The exact distribution of `chance_of`, summed over every outcome of n draws."""
    outcomes = [c for c in itertools.product(range(n + 1), repeat=len(p)) if sum(c) == n]
    chances = [(chance_of(c, p), multinomial(c, p)) for c in outcomes]
    assert math.fsum(weight for _, weight in chances) == pytest.approx(1.0)
    for level in {chance for chance, _ in chances}:
        below = math.fsum(weight for chance, weight in chances if chance <= level)
        assert below <= level * (1 + 1e-9)


def test_a_character_that_cannot_come_up_settles_it():
    assert chance_of([99, 1], [1.0, 0.0]) == 0.0


def test_counts_as_expected_are_no_surprise():
    assert chance_of([500, 300, 200], [0.5, 0.3, 0.2]) == 1.0
    assert chance_of([], []) == 1.0
    assert chance_of([0, 0], [0.5, 0.5]) == 1.0


def test_right_draws_pass_and_a_tenth_more_or_less_fails():
    """Power: 4,000 draws tell a share of 0.5 from one of 0.6."""
    source = torch.Generator().manual_seed(0)
    for share, passes in ((0.5, True), (0.6, False), (0.4, False)):
        heads = int((torch.rand(4000, generator=source) < share).sum())
        assert (chance_of([heads, 4000 - heads], [0.5, 0.5]) >= FALSE_FAILURE) is passes


def test_counts_and_probabilities_must_pair_up():
    with pytest.raises(ValueError, match="2 counts for 3 probabilities"):
        chance_of([1, 2], [0.5, 0.25, 0.25])
