"""The chapter on carried state: each piece does exactly what its equation says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reference.charlm.carried import __main__ as command
from reference.charlm.carried import measure
from reference.charlm.carried.average import Average
from reference.charlm.carried.config import SIZES, Recipe
from reference.charlm.carried.fit import Report, fit, reset_rows, train_step
from reference.charlm.carried.network import BrakedLSTM, dropped_weights
from reference.charlm.carried.schedule import Budget, learning_rate
from reference.charlm.carried.streams import chunks, layout, passes
from reference.charlm.sample import sample

V = 7
PLAIN = Recipe(
    embed_dim=4,
    hidden_size=6,
    seq_len=5,
    batch_size=3,
    reset=0.0,
    dropout=0.0,
    weight_dropout=0.0,
    half=False,
)


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def a_model(recipe: Recipe = PLAIN) -> BrakedLSTM:
    sizes = recipe.embed_dim, recipe.hidden_size, recipe.num_layers
    return BrakedLSTM(V, *sizes, recipe.dropout, recipe.tied)


def some_ids(count: int) -> Tensor:
    return torch.randint(V, (count,))


# Streams


@pytest.mark.parametrize("size", [2, 3, 13, 100, 101, 102, 103])
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("seq_len", [1, 4, 200])
def test_streams_make_every_prediction_once(size: int, rows: int, seq_len: int) -> None:
    places = torch.arange(size)  # an id that is its place tells where it was
    if size - 1 < rows:
        return
    parts = list(chunks(*layout(places, rows), seq_len))
    x, y = (torch.cat([pair[i] for pair in parts], 1) for i in (0, 1))
    assert torch.equal(y, x + 1)
    kept = rows * ((size - 1) // rows)
    assert x.flatten().tolist() == list(range(kept))
    assert size - 1 - kept < rows


def test_a_row_goes_on_where_it_stopped() -> None:
    parts = list(chunks(*layout(torch.arange(61), 4), 5))
    for (_, y), (x, _) in pairwise(parts):
        assert torch.equal(x[:, 0], y[:, -1])


def test_chunks_are_views_of_the_text() -> None:
    ids = torch.arange(61)
    for x, y in chunks(*layout(ids, 4), 5):
        for part in (x, y):
            assert part.untyped_storage().data_ptr() == ids.untyped_storage().data_ptr()


def test_passes_start_anew_at_places_that_differ() -> None:
    ids, starts, before = torch.arange(100), set(), None
    for x, y, first in islice(passes(ids, 3, 5), 200):
        assert x.shape == y.shape == (3, 5)
        assert torch.equal(y, x + 1)
        if first:
            starts.add(int(x[0, 0]))
        else:
            assert torch.equal(x[:, 0], before[:, -1])
        before = y
    assert starts == {0, 1, 2, 3, 4}


def test_texts_that_are_too_short_are_refused() -> None:
    with pytest.raises(ValueError, match="3 streams"):
        layout(torch.arange(3), 3)
    assert layout(torch.arange(4), 3)[0].shape == (3, 1)
    with pytest.raises(ValueError, match="it takes 20"):
        next(passes(torch.arange(19), 3, 5))
    for seed in range(20):  # from any start
        next(passes(torch.arange(20), 3, 5, torch.Generator().manual_seed(seed)))


# The state


class Recorder(BrakedLSTM):
    """Notes what state each call gets and returns."""

    def __init__(self) -> None:
        super().__init__(V, PLAIN.embed_dim, PLAIN.hidden_size, PLAIN.num_layers)
        self.seen: list[tuple[object, object]] = []

    def forward(self, x, hidden=None):
        logits, after = super().forward(x, hidden)
        self.seen.append((hidden, after))
        return logits, after


@pytest.mark.parametrize("carry", [True, False])
def test_the_state_goes_from_chunk_to_chunk_and_the_gradient_does_not(carry: bool) -> None:
    model, recipe = Recorder(), dataclasses.replace(PLAIN, carry=carry)
    fit(model, some_ids(100), recipe, Budget(steps=14))  # a pass has 6 chunks
    fresh = [before is None for before, _ in model.seen]
    assert fresh == [not carry or k % 6 == 0 for k in range(14)]
    for (_, after), (before, _) in pairwise(model.seen):
        if before is not None:
            for old, new in zip(after, before, strict=True):
                assert torch.equal(old, new)
                assert old.requires_grad
                assert not new.requires_grad


def test_a_step_from_the_carried_state_is_a_step_on_the_longer_text() -> None:
    # The loss of the second chunk, read from the state after the first, is the loss that the
    # second half of a text read whole has.
    model, ids = a_model().eval(), some_ids(31)
    x, y = layout(ids, 3)  # (3, 10)
    with torch.no_grad():
        whole, _ = model(x)
        _, hidden = model(x[:, :5])
    expected = nn.functional.cross_entropy(whole[:, 5:].flatten(0, 1), y[:, 5:].flatten())
    optimizer = torch.optim.AdamW(model.parameters())
    loss, _ = train_step(model, x[:, 5:], y[:, 5:], hidden, optimizer, 0.0, PLAIN)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)


def test_resets_set_whole_rows_to_zeros_at_their_rate() -> None:
    h, c = reset_rows((torch.ones(2, 4000, 3), torch.ones(2, 4000, 3)), 0.25)
    kept = h[0, :, 0]
    assert torch.equal(h, kept[None, :, None].expand_as(h))
    assert torch.equal(c, h)
    # 4,000 draws: the share has a standard deviation of 0.007, and 0.05 is seven of them.
    assert kept.mean().item() == pytest.approx(0.75, abs=0.05)
    assert reset_rows((h, c), 0.0)[0] is h


# The schedule and the budget


def test_the_rate_rises_linearly_and_falls_like_a_cosine() -> None:
    assert [learning_rate(s, 2.0, 0.2) for s in (0, 0.05, 0.1, 0.2)] == pytest.approx(
        [0, 0.5, 1, 2]
    )
    assert [learning_rate(s, 2.0, 0.2) for s in (0.4, 0.6, 0.8, 1)] == pytest.approx(
        [1 + math.cos(math.pi / 4), 1, 1 - math.cos(math.pi / 4), 0]
    )
    rates = [learning_rate(k / 1000, 2.0, 0.2) for k in range(1001)]
    assert rates[:201] == sorted(rates[:201])
    assert rates[200:] == sorted(rates[200:], reverse=True)
    assert learning_rate(0, 2.0, 0) == 2
    assert [learning_rate(s, 2.0, 0.2, anneal=False) for s in (0.1, 0.5, 1)] == [1, 2, 2]


def test_a_budget_counts_seconds_or_steps() -> None:
    now = [100.0]
    seconds = Budget(seconds=20, clock=lambda: now[0])
    steps = Budget(steps=8, clock=lambda: now[0])
    now[0] = 105.0
    assert (seconds.spent(3), steps.spent(3)) == (0.25, 0.375)
    assert seconds.elapsed() == steps.elapsed() == 5
    for wrong in ({}, {"seconds": 1, "steps": 1}, {"seconds": 0}, {"steps": -1}):
        with pytest.raises(ValueError, match="budget"):
            Budget(**wrong)


def test_a_step_has_the_size_that_the_schedule_says() -> None:
    # AdamW's first step moves each weight by the rate, where its gradient is not tiny.
    model, ids = a_model(), some_ids(16)
    before = model.down.weight.detach().clone()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    train_step(model, *layout(ids, 3), None, optimizer, 0.125, PLAIN)
    moved = (model.down.weight - before).abs()
    assert moved.median().item() == pytest.approx(0.125, rel=1e-3)


@pytest.mark.parametrize("clip", [1e-3, 1e3])
def test_a_step_of_plain_descent_is_the_clipped_gradient_of_its_own_chunk(clip: float) -> None:
    model, recipe = a_model(), dataclasses.replace(PLAIN, clip=clip)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(2):  # a gradient that is not cleared shows in the second step
        before = [p.detach().clone() for p in model.parameters()]
        x, y = layout(some_ids(16), 3)
        loss = nn.functional.cross_entropy(model(x)[0].flatten(0, 1), y.flatten())
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        norm = torch.stack([g.norm() for g in gradients]).norm().item()
        train_step(model, x, y, None, optimizer, 0.5, recipe)
        for old, p, g in zip(before, model.parameters(), gradients, strict=True):
            expected = old - 0.5 * min(1.0, clip / norm) * g
            torch.testing.assert_close(p.detach(), expected, rtol=0, atol=1e-6)


def test_a_step_leaves_dropped_weights_where_they_are() -> None:
    model, recipe = BrakedLSTM(V, 4, 20, 1), dataclasses.replace(PLAIN, weight_dropout=0.25)
    before = model.lstm.weight_hh_l0.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    x, y = layout(some_ids(76), 3)
    train_step(model, x, y, None, optimizer, 1e3, recipe)  # so large that none stays by rounding
    share = (model.lstm.weight_hh_l0 == before).float().mean().item()
    assert share == pytest.approx(0.25, abs=0.08)  # of 1,600: a standard deviation of 0.011


# The average


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_the_average_equals_its_closed_form(decay: float) -> None:
    model = nn.Linear(3, 2, bias=False).double()
    average, history = Average(model, decay), [model.weight.detach().clone()]
    for _ in range(25):
        with torch.no_grad():
            model.weight.normal_()
        history.append(model.weight.detach().clone())
        average.update()
    rates = [min(decay, k / (k + 9)) for k in range(1, 26)]
    shares = [1.0, *(1 - rate for rate in rates)]
    for j in range(26):
        shares[j] *= math.prod(rates[j:])  # w_j has been faded by d_{j+1} ... d_K
    assert sum(shares) == pytest.approx(1)
    expected = sum(share * w for share, w in zip(shares, history, strict=True))
    torch.testing.assert_close(average.values[0], expected, rtol=1e-12, atol=1e-12)


def test_the_average_is_lent_and_the_weights_come_back() -> None:
    model = a_model()
    average = Average(model, 0.9)
    own = [p.detach().clone() for p in model.parameters()]
    places = [p.data_ptr() for p in model.parameters()]
    for value in average.values:
        value.fill_(0.5)
    with suppress(KeyError), average.applied():
        assert all((p == 0.5).all() for p in model.parameters())
        raise KeyError
    assert all(map(torch.equal, model.parameters(), own))
    assert [p.data_ptr() for p in model.parameters()] == places
    with pytest.raises(ValueError, match="decay"):
        Average(model, 1.0)


def test_fit_averages_once_a_step() -> None:
    model = a_model()
    average = fit(model, some_ids(100), dataclasses.replace(PLAIN, decay=0.0), Budget(steps=9))
    for value, parameter in zip(average.values, model.parameters(), strict=True):
        assert torch.equal(value, parameter)  # an average that forgets all is the last weights


# The network


def test_tied_embeddings_are_one_parameter() -> None:
    E, H, L = 4, 6, 2
    lstm = 4 * H * (E + H + 2) + 4 * H * (H + H + 2)
    tied, untied = BrakedLSTM(V, E, H, L), BrakedLSTM(V, E, H, L, tied=False)
    assert tied.head.weight is tied.embedding.weight
    assert sum(p.numel() for p in tied.parameters()) == V * E + lstm + H * E + V
    assert sum(p.numel() for p in untied.parameters()) == V * E + lstm + V * H + V
    before = tied.embedding.weight.detach().clone()
    optimizer = torch.optim.AdamW(tied.parameters())
    train_step(tied, *layout(some_ids(50), 3), None, optimizer, 0.1, PLAIN)
    assert not torch.equal(tied.embedding.weight, before)
    assert tied.head.weight is tied.embedding.weight


@pytest.mark.parametrize("tied", [True, False])
def test_a_new_model_knows_nothing(tied: bool) -> None:
    model = BrakedLSTM(65, 64, 128, 2, tied=tied)
    ce = measure.windowed(model, torch.randint(65, (2000,)))
    assert ce == pytest.approx(math.log(65), abs=0.1)


def test_a_tied_embedding_is_of_length_1_and_an_input_of_the_labs_size() -> None:
    model, seen = BrakedLSTM(65, 64, 8, 1), list[Tensor]()
    model.lstm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(torch.arange(65)[None])
    # 4,160 numbers: their standard deviation is known to 1.1 %.
    assert model.embedding.weight.norm(dim=1).mean().item() == pytest.approx(1, abs=0.1)
    assert seen[0].std().item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("place", ["lstm", "down"])
def test_dropout_acts_on_inputs_and_outputs_in_train_mode_only(place: str) -> None:
    # What the LSTM and the linear map get; one layer, so that nothing is dropped in between.
    model = BrakedLSTM(V, 16, 16, 1, dropout=0.5)
    seen: list[Tensor] = []
    getattr(model, place).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = some_ids(60)[None]
    model(x)
    dropped = (seen[-1] == 0).float().mean().item()
    # 960 numbers: the share has a standard deviation of 0.016.
    assert dropped == pytest.approx(0.5, abs=0.13)
    model.eval()
    assert torch.equal(model(x)[0], model(x)[0])
    assert not (seen[-1] == 0).any()


def test_dropped_weights_come_back_and_give_the_masked_gradient() -> None:
    torch.manual_seed(3)
    lstm = nn.LSTM(3, 20, 2).double()
    x, before = (
        torch.randn(5, 2, 3).double(),
        {n: p.detach().clone() for n, p in lstm.named_parameters()},
    )
    with dropped_weights(lstm, 0.25):
        inside = {n: p.detach().clone() for n, p in lstm.named_parameters()}
        loss = lstm(x)[0].square().sum()
        loss.backward()
    ours = {n: p.grad for n, p in lstm.named_parameters()}
    for name, parameter in lstm.named_parameters():
        assert torch.equal(parameter, before[name])
        if not name.startswith("weight_hh"):
            assert torch.equal(inside[name], before[name])
    mask = {n: inside[n] / before[n] for n in inside}
    share = (mask["weight_hh_l0"] == 0).double().mean().item()
    assert share == pytest.approx(0.25, abs=0.08)  # of 1,600: a standard deviation of 0.011
    # The gradient at the thinned weights, on its way back through the product with the mask.
    thin = nn.LSTM(3, 20, 2).double()
    thin.load_state_dict(inside)
    thin(x)[0].square().sum().backward()
    for name, parameter in thin.named_parameters():
        torch.testing.assert_close(ours[name], parameter.grad * mask[name], rtol=1e-10, atol=1e-12)


def test_dropped_weights_come_back_after_an_exception() -> None:
    lstm = nn.LSTM(3, 4)
    before = lstm.weight_hh_l0.detach().clone()
    with suppress(KeyError), dropped_weights(lstm, 0.5):
        assert not torch.equal(lstm.weight_hh_l0, before)
        raise KeyError
    assert torch.equal(lstm.weight_hh_l0, before)


def test_the_labs_sampling_takes_the_network() -> None:
    stoi = {c: i for i, c in enumerate("abcdefg")}
    text = sample(a_model(), "abc", stoi, "abcdefg", 10)
    assert text.startswith("abc")
    assert len(text) == 13


# The measures


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_the_carried_measure_is_that_of_the_whole_text(chunk: int) -> None:
    model, ids = a_model(), some_ids(151)
    logits, _ = model.eval()(ids[None, :-1])
    expected = nn.functional.cross_entropy(logits[0], ids[1:]).item()
    assert measure.carried(model, ids, chunk) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("size", [2, 16, 17, 18, 151])
def test_the_windowed_measure_is_that_of_each_window_by_itself(size: int) -> None:
    model, ids, T = a_model().eval(), some_ids(size), 16
    total = 0.0
    for i in range(0, size - 1, T):
        y = ids[i + 1 : i + T + 1]
        logits, _ = model(ids[i : i + len(y)][None])
        total += nn.functional.cross_entropy(logits[0], y, reduction="sum").item()
    found = measure.windowed(model, ids, T, batch_size=3)
    assert found == pytest.approx(total / (size - 1), abs=1e-5)


def test_the_two_measures_agree_where_the_window_holds_the_text() -> None:
    model, ids = a_model(), some_ids(101)
    assert measure.carried(model, ids) == pytest.approx(measure.windowed(model, ids, 100), abs=1e-5)


@pytest.mark.parametrize("measured", [measure.carried, measure.windowed])
def test_measuring_leaves_no_trace(measured) -> None:
    model, ids = BrakedLSTM(V, 4, 6, 2, dropout=0.5), some_ids(50)
    model.lstm.eval()
    modes, state = [m.training for m in model.modules()], torch.get_rng_state()
    assert measured(model, ids) == measured(model, ids)
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())
    with pytest.raises(ValueError, match="1 "):
        measured(model, ids[:1])


# All of it


def test_fit_puts_the_mode_back_and_reports() -> None:
    model, reports = a_model().eval(), list[Report]()
    model.lstm.train()
    fit(model, some_ids(100), PLAIN, Budget(steps=40), reports.append)
    assert not model.training
    assert model.lstm.training
    assert [r.spent for r in reports] == pytest.approx([k / 20 for k in range(1, 21)])
    assert [r.tokens for r in reports] == [30 * k for k in range(1, 21)]


def test_a_budget_of_seconds_ends_the_run() -> None:
    ticks = iter(range(10**6))
    reports: list[Report] = []
    budget = Budget(seconds=100, clock=lambda: float(next(ticks)))
    fit(a_model(), some_ids(100), PLAIN, budget, reports.append)
    assert reports[-1].spent == 1


@pytest.mark.parametrize("without", [None, *command.PIECES])
def test_what_it_has_learnt_with_and_without_each_piece(without: str | None) -> None:
    # The text repeats 12 characters: all that is to be learnt is one successor for each.
    recipe = dataclasses.replace(
        SIZES["small"], embed_dim=16, hidden_size=32, batch_size=8, seq_len=16, lr=0.02, decay=0.9
    )
    recipe = dataclasses.replace(recipe, **command.PIECES.get(without or "", {}))
    ids = torch.randperm(12).repeat(40)
    model = BrakedLSTM(12, 16, 32, 2, recipe.dropout, recipe.tied)
    average = fit(model, ids, recipe, Budget(steps=60))
    assert measure.carried(model, ids) < 0.2  # from 2.5
    with average.applied():
        assert measure.carried(model, ids) < 0.4


def test_the_command_prints_both_measures(tmp_path: Path, capsys, monkeypatch) -> None:
    tiny = dataclasses.replace(PLAIN, hidden_size=8)
    monkeypatch.setitem(command.SIZES, "small", tiny)
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat. " * 30, encoding="utf-8")
    arguments = [str(text), "--steps", "20", "--size", "small", "--device", "cpu"]
    command.main(arguments)
    first = capsys.readouterr().out
    assert first.count("training CE") == 20
    assert "validation CE, 71 predictions" in first
    command.main(arguments)
    figures = [out.rpartition("validation")[2] for out in (first, capsys.readouterr().out)]
    assert figures[0] == figures[1]  # in steps, a run repeats
    command.main([*arguments, "--without", "tying", "--without", "carrying"])
    assert "without tying, carrying" in capsys.readouterr().out


def test_a_seed_repeats_where_passes_start() -> None:
    first, again = (
        [x[0, 0].item() for x, _, _ in islice(passes(torch.arange(99), 3, 5, g), 30)]
        for g in (torch.Generator().manual_seed(5), torch.Generator().manual_seed(5))
    )
    assert first == again
