"""The oracles against torch in double precision, finite differences, and results known by hand."""

import math

import pytest
import torch
from torch.nn import functional

from checks.support.batches import ROWS, K, T, V, disjoint_case
from checks.support.diagnosis import likely_cause
from checks.support.oracles import (
    clip_by_norm,
    containment,
    cross_entropy,
    cross_entropy_gradient,
    entropy,
    ngrams,
    nucleus,
    softmax,
    table_gradient,
    token_losses,
)


@pytest.fixture
def case():
    source = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(4, 5, 7, generator=source, dtype=torch.float64)
    return logits, torch.randint(7, (4, 5), generator=source)


def test_softmax_divides_by_the_temperature(case):
    logits, _ = case
    for temperature in (0.5, 1.0, 2.0):
        expected = torch.softmax(logits / temperature, dim=-1)
        torch.testing.assert_close(softmax(logits, temperature), expected)


def test_softmax_and_loss_stand_huge_logits():
    logits = torch.tensor([1e4, 0.0, -1e4])
    assert softmax(logits).tolist() == [1.0, 0.0, 0.0]
    assert token_losses(logits, torch.tensor(2)).item() == 2e4


def test_cross_entropy_is_torchs(case):
    logits, targets = case
    expected = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert cross_entropy(logits, targets) == pytest.approx(expected.item(), rel=1e-12)
    assert cross_entropy(torch.zeros(2, 3, 65), targets[:2, :3]) == pytest.approx(math.log(65))


def test_gradient_of_the_cross_entropy_is_its_slope(case):
    logits, targets = case
    gradient, step = cross_entropy_gradient(logits, targets), 1e-5
    for place in ((0, 0, 0), (3, 4, int(targets[3, 4])), (1, 2, 5)):
        up, down = logits.clone(), logits.clone()
        up[place] += step
        down[place] -= step
        slope = (cross_entropy(up, targets) - cross_entropy(down, targets)) / (2 * step)
        assert gradient[place].item() == pytest.approx(slope, abs=1e-9)


def test_table_gradient_is_autograds():
    data = disjoint_case(3)
    table = data.table.double().requires_grad_()
    x, y = data.batches()[0]
    functional.cross_entropy(table[x].flatten(0, 1), y.flatten()).backward()
    torch.testing.assert_close(table_gradient(data.table, x, y), table.grad)


def test_disjoint_batches_share_no_character():
    data = disjoint_case(5)
    characters = [set(x.flatten().tolist()) for x, _ in data.batches()]
    assert len(characters) == K
    assert len(set().union(*characters)) == sum(map(len, characters)) == V
    assert [tuple(x.shape) for x, _ in data.batches()] == [(ROWS, T)] * (K - 1) + [(1, T)]
    norms = data.gradients().flatten(1).norm(dim=1)
    assert float(norms.min()) > 0.15  # what the claims about clipping count on


def test_clipping_shortens_and_never_lengthens():
    gradient = torch.tensor([3.0, 4.0], dtype=torch.float64)
    assert clip_by_norm(gradient, 1.0).tolist() == pytest.approx([0.6, 0.8])
    assert clip_by_norm(gradient, 6.0).tolist() == [3.0, 4.0]
    assert clip_by_norm(torch.zeros(2), 1.0).tolist() == [0.0, 0.0]


def test_nucleus_keeps_the_crossing_entry():
    p = torch.tensor([0.1, 0.5, 0.15, 0.25])
    assert nucleus(p, 0.4).tolist() == [0.0, 1.0, 0.0, 0.0]
    assert nucleus(p, 0.6).tolist() == pytest.approx([0.0, 2 / 3, 0.0, 1 / 3])
    assert nucleus(p, 1e-9).tolist() == [0.0, 1.0, 0.0, 0.0]
    assert nucleus(p, 1.0).tolist() == pytest.approx(p.tolist())


def test_ngrams_and_their_containment():
    assert ngrams("abcab", 2) == ["ab", "bc", "ca", "ab"]
    assert ngrams("ab", 3) == []
    assert containment("abcx", "zabcz", 2) == pytest.approx(2 / 3)
    assert containment("a", "zabcz", 2) == 0.0


def test_entropy_of_characters_and_of_ngrams():
    assert entropy("aaaa") == 0.0
    assert entropy("abab") == pytest.approx(math.log(2))
    assert entropy(ngrams("abcd", 2)) == pytest.approx(math.log(3))


def test_a_cause_is_named_only_when_its_value_fits():
    suspects = {"doubled": 2.0, "a vector": torch.ones(3), "endless": math.inf}
    assert likely_cause(2.0001, suspects) == "doubled"
    assert likely_cause(torch.ones(3), suspects) == "a vector"
    assert likely_cause(3.0, suspects) == ""
    assert likely_cause(math.inf, suspects) == ""
