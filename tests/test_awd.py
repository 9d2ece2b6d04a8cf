"""The chapter on the AWD-LSTM recipe: for each piece, the claim that shows that it works."""

from __future__ import annotations

import copy
import itertools
import math
import warnings
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from reference.wordlm import train as lab
from reference.wordlm.awd.averaging import NTASGD
from reference.wordlm.awd.config import PENN
from reference.wordlm.awd.dropout import (
    Rates,
    embedding_dropout,
    keep_mask,
    locked_dropout,
    weight_dropped,
)
from reference.wordlm.awd.model import AwdLSTM
from reference.wordlm.awd.train import activation_penalty, chunk_lengths, train, train_epoch
from reference.wordlm.data import Vocab, batchify, tokenize
from reference.wordlm.model import WordLSTM
from reference.wordlm.sample import generate

V, E, H, L, B, T = 11, 5, 7, 3, 4, 9
ALL = Rates(embed=0.2, input=0.3, hidden=0.3, output=0.3, weight=0.4)
MILD = Rates(embed=0.05, input=0.1, hidden=0.1, output=0.1, weight=0.2)
NONE = Rates()
F64 = torch.float64


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """The same draws in each run, none of them left to the next test; and one thread.

    The models are tiny: threads would only wait for each other, where other tests run beside.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        yield
    torch.set_num_threads(threads)


def make(rates: Rates = NONE, *, e: int = E, h: int = H, tied: bool = True, **more) -> AwdLSTM:
    return AwdLSTM(V, e, h, L, rates, tied=tied, **more).double()


def ids(*shape: int) -> Tensor:
    return torch.randint(V, shape)


# ------------------------------------------------------------------ masks


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_a_mask_keeps_the_mean(p: float) -> None:
    mask = keep_mask((400, 500), p, like=torch.zeros(1, dtype=F64))
    assert set(mask.unique().tolist()) == {0.0, 1 / (1 - p)}
    six_sigma = 6 * math.sqrt(p / (1 - p) / mask.numel())
    assert float(mask.mean()) == pytest.approx(1, abs=six_sigma)


def test_locked_dropout_is_the_same_at_every_step_and_another_in_every_row() -> None:
    x = torch.randn(B, T, 50, dtype=F64)
    kept = locked_dropout(x, 0.5, training=True) / x  # (B, T, 50): the mask
    assert torch.allclose(kept, kept[:, :1].expand_as(kept))
    rows = {tuple(row) for row in (kept[:, 0] > 0).tolist()}
    assert len(rows) == B
    ordinary = functional.dropout(x, 0.5, training=True) / x
    assert not torch.allclose(ordinary, ordinary[:, :1].expand_as(ordinary))


def test_a_dropped_word_is_missing_wherever_it_is_read() -> None:
    table, x = nn.Embedding(V, E), ids(B, 40)
    ratio = (embedding_dropout(table, x, 0.4, training=True) / table(x)).detach()  # (B, T, E)
    scale = {word: ratio[x == word] for word in range(V)}
    for factors in scale.values():
        assert torch.allclose(factors, factors.flatten()[0].expand_as(factors))
    means = torch.stack([factors.mean() for factors in scale.values()])
    assert torch.isclose(means, torch.tensor(0.0)).any()
    assert torch.isclose(means, torch.tensor(1 / 0.6)).any()


def test_a_dropped_word_gets_no_gradient() -> None:
    table = nn.Embedding(V, E)
    embedded = embedding_dropout(table, torch.arange(V)[None], 0.4, training=True)  # (1, V, E)
    embedded.sum().backward()
    dropped = (embedded[0] == 0).all(1)  # (V,)
    assert 0 < int(dropped.sum()) < V
    assert torch.equal((table.weight.grad == 0).all(1), dropped)


def test_nothing_is_dropped_in_eval_mode() -> None:
    x, table, lstm = torch.randn(B, T, E), nn.Embedding(V, E), nn.LSTM(E, H, batch_first=True)
    state = (torch.randn(1, B, H), torch.randn(1, B, H))
    assert locked_dropout(x, 0.5, training=False) is x
    words = ids(B, T)
    assert torch.equal(embedding_dropout(table, words, 0.5, training=False), table(words))
    assert torch.equal(weight_dropped(lstm, x, state, 0.5, training=False)[0], lstm(x, state)[0])


@pytest.mark.parametrize("p", [-0.1, 1.0, math.nan])
def test_a_rate_that_leaves_nothing_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        keep_mask((2,), p, like=torch.zeros(1))
    with pytest.raises(ValueError, match="must lie in"):
        Rates(weight=p)


# ------------------------------------------------------------------ weight drop


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[list[Tensor]]:
    """The weights that each call of the fused kernel by `weight_dropped` gets."""
    calls: list[list[Tensor]] = []
    kernel = torch.lstm

    def spy(x, state, weights, *rest):
        calls.append(list(weights))
        return kernel(x, state, weights, *rest)

    monkeypatch.setattr(torch, "lstm", spy)
    return calls


def recurrent(layers: int = 1) -> tuple[nn.LSTM, Tensor, tuple[Tensor, Tensor]]:
    lstm = nn.LSTM(E, H, layers, batch_first=True).double()
    state = (torch.randn(layers, B, H, dtype=F64), torch.randn(layers, B, H, dtype=F64))
    return lstm, torch.randn(B, T, E, dtype=F64), state


def test_weight_drop_masks_the_recurrent_matrices_alone(handed) -> None:
    lstm, x, state = recurrent(layers=2)
    before = copy.deepcopy(lstm.state_dict())
    outputs, (h, c) = weight_dropped(lstm, x, state, 0.4, training=True)
    assert (outputs.shape, h.shape, c.shape) == ((B, T, H), (2, B, H), (2, B, H))
    for (name, raw), used in zip(lstm.named_parameters(), handed[0], strict=True):
        if name.startswith("weight_hh"):
            ratio = (used / raw).detach()
            assert 0 < int((ratio == 0).sum()) < ratio.numel()
            assert torch.allclose(ratio[ratio != 0], torch.tensor(1 / 0.6, dtype=F64))
        else:
            assert used is raw
    assert list(lstm.state_dict()) == list(before)  # the raw weights, under nn.LSTM's own names
    assert all(torch.equal(value, before[name]) for name, value in lstm.state_dict().items())


def test_dropped_weights_differ_between_passes_and_not_between_steps(handed) -> None:
    lstm, x, state = recurrent()
    whole, end = weight_dropped(lstm, x, state, 0.4, training=True)
    weight_dropped(lstm, x, state, 0.4, training=True)
    w_ih, w_hh, b_ih, b_hh = handed[0]
    assert not torch.equal(w_hh, handed[1][1])
    h, c = state[0][0], state[1][0]  # (B, H): the equations of the cell, one matrix at all steps
    for t in range(T):
        h, c = torch.lstm_cell(x[:, t], (h, c), w_ih, w_hh, b_ih, b_hh)
        assert torch.allclose(whole[:, t], h)
    assert torch.allclose(end[1][0], c)


def test_the_raw_weights_get_the_masked_gradient(handed) -> None:
    lstm, x, state = recurrent()
    outputs, _ = weight_dropped(lstm, x, state, 0.4, training=True)
    used = handed[0][1]
    outputs.pow(2).sum().backward(inputs=[*lstm.parameters(), used])
    raw = lstm.weight_hh_l0
    mask = (used / raw).detach()
    assert torch.equal(raw.grad == 0, mask == 0)  # exactly there
    assert torch.allclose(raw.grad, mask * used.grad)
    assert all(parameter.grad is not None for parameter in lstm.parameters())


def test_the_mean_pass_has_the_raw_weights(handed) -> None:
    lstm, x, state = recurrent()
    for _ in range(1000):
        weight_dropped(lstm, x[:, :1], state, 0.4, training=True)
    mean = torch.stack([weights[1].detach() for weights in handed]).mean(0)
    six_sigma = 6 * math.sqrt(0.4 / 0.6 / 1000)
    assert ((mean / lstm.weight_hh_l0 - 1).abs() < six_sigma).all()


def test_of_all_warnings_only_that_about_gathered_weights_is_silenced(monkeypatch) -> None:
    """What cuDNN says where there is a GPU, word for word; in a test any warning is an error."""
    lstm, x, state = recurrent()
    kernel, said = torch.lstm, ["RNN module weights are not part of single contiguous chunk of me"]

    def talkative(*arguments):
        warnings.warn(said[0], UserWarning, stacklevel=1)
        return kernel(*arguments)

    monkeypatch.setattr(torch, "lstm", talkative)
    weight_dropped(lstm, x, state, 0.4, training=True)
    said[0] = "something else"
    with pytest.raises(UserWarning, match="something else"):
        weight_dropped(lstm, x, state, 0.4, training=True)


# ------------------------------------------------------------------ the model


def formula(v: int, e: int, h: int, layers: int) -> int:
    """The number of parameters, tied."""
    sizes = [e, *[h] * (layers - 1), e]
    return v * e + v + sum(4 * o * (i + o + 2) for i, o in itertools.pairwise(sizes))


@pytest.mark.parametrize(("e", "h", "layers"), [(5, 7, 3), (6, 6, 1), (8, 3, 2)])
@pytest.mark.parametrize("tied", [True, False])
def test_the_number_of_parameters(e: int, h: int, layers: int, tied: bool) -> None:
    model = AwdLSTM(V, e, h, layers, ALL, tied=tied)
    expected = formula(V, e, h, layers) + (not tied) * V * e
    assert sum(p.numel() for p in model.parameters()) == expected


def test_the_numbers_that_the_chapter_gives() -> None:
    assert formula(884, 512, 512, 2) == 5_108_596 - 884 * 512 == 4_655_988
    assert formula(10_000, PENN.emb_dim, PENN.hid_dim, PENN.num_layers) == 24_221_600


def test_tied_weights_are_one_parameter_with_the_gradients_of_both_uses() -> None:
    tied, apart = make(), make(tied=False)
    apart.load_state_dict(tied.state_dict())  # the same numbers, in two matrices
    x, y = ids(B, T), ids(B, T)
    for model in (tied, apart):
        logits, _ = model(x)
        functional.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
    assert tied.head.weight is tied.embedding.weight
    assert apart.head.weight is not apart.embedding.weight
    both = apart.embedding.weight.grad + apart.head.weight.grad
    assert apart.embedding.weight.grad.abs().max() > 0
    assert torch.allclose(tied.embedding.weight.grad, both)


def test_shapes_with_an_embedding_of_another_size_than_the_layers() -> None:
    model = make(ALL)
    logits, (h, c) = model(ids(B, T))
    assert logits.shape == (B, T, V)
    assert h.shape == c.shape == (1, B, (L - 1) * H + E)
    raw, dropped, _ = model.read(ids(B, T))
    assert raw.shape == dropped.shape == (B, T, E)


@pytest.mark.parametrize(("rates", "training"), [(NONE, True), (NONE, False), (ALL, False)])
def test_without_dropping_it_is_the_plain_model(rates: Rates, training: bool) -> None:
    """Untied, with E = H: in eval mode, and at rates of 0 in train mode."""
    model, plain = make(rates, e=H, tied=False), WordLSTM(V, H, H, L, 0.0).double()
    weights = {}
    for name, value in model.state_dict().items():
        if name.startswith("layers."):  # layers.1.weight_hh_l0 -> lstm.weight_hh_l1
            _, layer, own = name.split(".")
            name = f"lstm.{own.removesuffix('0')}{layer}"
        weights[name] = value
    plain.load_state_dict(weights)
    model.train(training)
    x, more = ids(B, T), ids(B, T)
    (ours, state), (theirs, plain_state) = model(x), plain(x)
    assert torch.allclose(ours, theirs)
    assert torch.allclose(model(more, state)[0], plain(more, plain_state)[0])


def test_eval_mode_repeats_itself_and_train_mode_does_not() -> None:
    model, x = make(ALL), ids(B, T)
    assert not torch.equal(model(x)[0], model(x)[0])
    model.eval()
    assert torch.equal(model(x)[0], model(x)[0])


@pytest.mark.parametrize("place", ["embed", "input", "hidden", "output", "weight"])
def test_every_rate_drops_something_of_its_own(place: str) -> None:
    model, x = make(Rates(**{place: 0.5})), ids(B, T)
    with_it, _ = model(x)
    assert not torch.allclose(with_it, model.eval()(x)[0])


@pytest.mark.parametrize("locked", [True, False])
def test_the_models_way_up_is_locked_or_not(locked: bool) -> None:
    model = make(Rates(output=0.5), locked=locked)
    raw, dropped, _ = model.read(ids(B, T))
    gone = dropped == 0
    assert torch.equal(dropped[~gone], 2 * raw[~gone])
    assert bool((gone == gone[:, :1]).all()) is locked


def test_a_logit_depends_on_nothing_later_and_on_no_other_row() -> None:
    model, x = make(ALL).eval(), ids(B, T)
    changed = x.clone()
    changed[1, 4] = (x[1, 4] + 1) % V
    moved = (model(x)[0] != model(changed)[0]).any(-1)  # (B, T)
    expected = torch.zeros(B, T, dtype=torch.bool)
    expected[1, 4:] = True
    assert torch.equal(moved, expected)


def test_the_state_carries_the_text_on() -> None:
    model, x = make(ALL).eval(), ids(B, T)
    whole, end = model(x)
    first, state = model(x[:, :4])
    second, last = model(x[:, 4:], state)
    assert torch.allclose(torch.cat([first, second], 1), whole)
    assert all(torch.allclose(a, b) for a, b in zip(last, end, strict=True))
    assert torch.equal(model(x, model.init_hidden(B, "cpu"))[0], whole)
    assert not any(part.requires_grad for part in model.detach_hidden(end))


def test_a_checkpoint_brings_the_model_back() -> None:
    model, other, x = make(ALL), make(ALL), ids(B, T)
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    assert other.head.weight is other.embedding.weight
    assert torch.equal(model.eval()(x)[0], other.eval()(x)[0])


def test_a_model_without_a_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="num_layers is 0"):
        AwdLSTM(V, E, H, 0, NONE)


TALE = "the cat saw the dog and the dog saw the cat . " * 40


def test_the_labs_own_functions_take_the_model() -> None:
    words = tokenize(TALE)
    vocab = Vocab(words)
    data = batchify(words, vocab, 4)
    model = AwdLSTM(len(vocab), 8, 12, 2, MILD)
    assert lab.evaluate(model, data, 7) == pytest.approx(lab.evaluate(model, data, 50), abs=1e-6)
    start = lab.evaluate(model, data, 10)
    assert start == pytest.approx(math.log(len(vocab)), abs=0.1)
    lab.train(model, data, data, epochs=10, seq_len=10, lr=0.03)
    assert lab.evaluate(model, data, 10) < start - 0.5
    assert generate("the cat", 5, 1.0, model, vocab, seed=1).startswith("the cat ")


# ------------------------------------------------------------------ averaged SGD


def quadratic(weights: list[Tensor]) -> Tensor:
    return sum(((weight - 1) ** 2).sum() for weight in weights)


def walk(optimizer: torch.optim.Optimizer, weights: list[Tensor], steps: int) -> list[Tensor]:
    """Iterates of the first weight, where the gradient is noisy."""
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        quadratic(weights).backward()
        for weight in weights:
            weight.grad += torch.randn_like(weight)
        optimizer.step()
        path.append(weights[0].detach().clone())
    return path


def two_weights() -> list[nn.Parameter]:
    return [nn.Parameter(torch.full((200,), 9.0, dtype=F64)), nn.Parameter(torch.ones(2, 3))]


def triggers(losses: list[float], patience: int) -> list[int]:
    optimizer = NTASGD(two_weights(), lr=0.1, patience=patience)
    found = [i for i, loss in enumerate(losses) if optimizer.record(loss)]
    assert optimizer.averaging is bool(found)
    return found


def test_the_trigger_is_pulled_where_it_is_by_hand() -> None:
    # 7.4 is above 7.0, the least of all but the last two before it. 7.5 is below 9.0, and 8.0 has
    # nothing to be compared with: the last two are all there is.
    assert triggers([9.0, 7.0, 8.0, 7.5, 7.4], patience=2) == [4]
    # Once pulled it stays so, and is not pulled again.
    assert triggers([9.0, 7.0, 8.0, 7.5, 7.4, 9.9, 9.9], patience=2) == [4]
    # Against the minimum of the last two, 7.5 would have begun it: one worse value, then better.
    assert triggers([9.0, 8.0, 7.0, 7.5, 6.9, 6.8], patience=2) == []
    assert triggers([9.0, 8.0, 7.0, 7.5, 7.1, 7.2, 6.8], patience=2) == [5]
    assert triggers([3.0, 2.0, 2.0, 2.1], patience=0) == [3]  # an equal loss is no worse
    assert triggers([9.0 - 0.1 * i for i in range(30)], patience=0) == []
    assert triggers([1.0, 2.0, 2.0, 2.0, 2.0, 2.0], patience=5) == []
    assert triggers([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0], patience=5) == [6]


def test_the_average_is_the_mean_of_the_iterates_since_the_trigger() -> None:
    weights = two_weights()
    optimizer = NTASGD(weights, lr=0.1, patience=0)
    walk(optimizer, weights, 5)
    optimizer.record(1.0)
    assert optimizer.record(2.0)
    at_trigger = weights[0].detach().clone()
    path = [at_trigger, *walk(optimizer, weights, 40)]
    with optimizer.averaged():
        assert torch.allclose(weights[0], torch.stack(path).mean(0), rtol=1e-13, atol=0)
    assert torch.equal(weights[0], path[-1])


def test_averaging_does_not_disturb_the_walk() -> None:
    paths = []
    for kind in (torch.optim.SGD, NTASGD):
        weights = two_weights()
        optimizer = kind(weights, lr=0.1)
        torch.manual_seed(3)
        path = walk(optimizer, weights, 5)
        if isinstance(optimizer, NTASGD):
            optimizer.record(1.0)
            for _ in range(6):
                optimizer.record(2.0)
            assert optimizer.averaging
        path += walk(optimizer, weights, 10)
        paths.append(torch.stack(path))
    assert torch.equal(*paths)


def test_the_mean_of_a_noisy_walk_is_nearer_to_the_minimum_than_its_end() -> None:
    weights = two_weights()
    optimizer = NTASGD(weights, lr=0.1, patience=0)
    walk(optimizer, weights, 60)  # there, and around it
    optimizer.record(1.0)
    optimizer.record(2.0)
    walk(optimizer, weights, 200)
    end = float(quadratic(weights).detach())
    with optimizer.averaged():
        # The steps are correlated, so 200 of them are worth some 10: far less than a third.
        assert float(quadratic(weights).detach()) < end / 3


def test_the_means_go_in_and_out_to_the_last_bit() -> None:
    weights = two_weights()
    optimizer = NTASGD(weights, lr=0.1, patience=0)
    before = [weight.detach().clone() for weight in weights]
    with optimizer.averaged():  # no mean yet: nothing to swap
        assert all(map(torch.equal, weights, before))
    optimizer.record(1.0)
    optimizer.record(2.0)
    walk(optimizer, weights, 3)
    now = [weight.detach().clone() for weight in weights]
    with optimizer.averaged():
        assert not torch.equal(weights[0], now[0])
    assert all(map(torch.equal, weights, now))
    with pytest.raises(KeyError), optimizer.averaged():
        raise KeyError
    assert all(map(torch.equal, weights, now))


def test_a_negative_patience_is_refused() -> None:
    with pytest.raises(ValueError, match="patience"):
        NTASGD(two_weights(), lr=1.0, patience=-1)


# ------------------------------------------------------------------ chunks and penalties


def test_chunk_lengths_are_drawn_around_two_values() -> None:
    source = torch.Generator().manual_seed(1)
    lengths = torch.tensor(list(chunk_lengths(1_000_000, 70, source)), dtype=F64)
    near_half = lengths < 52.5
    count = len(lengths)
    # In six standard deviations: of a share of 0.05, and of means with a deviation of 5.
    assert float(near_half.double().mean()) == pytest.approx(0.05, abs=6 * (0.05 / count) ** 0.5)
    for part, mean in ((lengths[~near_half], 70), (lengths[near_half], 35)):
        assert float(part.mean()) == pytest.approx(mean, abs=6 * 5 / len(part) ** 0.5)
        assert float(part.std()) == pytest.approx(5, rel=6 / (2 * len(part)) ** 0.5)


@pytest.mark.parametrize(("columns", "seq_len"), [(1, 70), (317, 20), (1000, 3), (64, 16)])
def test_chunks_cover_the_streams_once(columns: int, seq_len: int) -> None:
    lengths = list(chunk_lengths(columns, seq_len))
    assert sum(lengths) == columns
    assert min(lengths[:-1], default=5) >= min(5, seq_len)
    fixed = list(chunk_lengths(columns, seq_len, half=0, spread=0))
    whole, rest = divmod(columns, seq_len)
    assert fixed == [seq_len] * whole + [rest] * (rest > 0)


def test_the_generator_decides_the_lengths() -> None:
    first, same, other = (
        list(chunk_lengths(2000, 35, torch.Generator().manual_seed(seed))) for seed in (1, 1, 2)
    )
    assert first == same != other


@pytest.mark.parametrize("length", [3, 6, 9])
def test_a_step_is_as_long_as_its_chunk(length: int) -> None:
    """One step of SGD from the same weights is -lr * length / T times the gradient."""
    model, data = make(), ids(B, length + 1)
    before = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    train_epoch(model, data, optimizer, [length], seq_len=6, clip=1e9, alpha=0, beta=0)
    logits, _ = before(data[:, :-1])
    functional.cross_entropy(logits.flatten(0, 1), data[:, 1:].flatten()).backward()
    for new, old in zip(model.parameters(), before.parameters(), strict=True):
        assert torch.allclose(new, old - 0.5 * length / 6 * old.grad)
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_the_penalty_by_hand() -> None:
    raw = torch.tensor([[[1.0, 2.0], [3.0, 2.0], [3.0, 5.0]]])  # (1, 3, 2)
    dropped = torch.tensor([[[0.0, 4.0], [0.0, 4.0], [0.0, 10.0]]])
    # Squares: 16 + 16 + 100 over 6 numbers; changes: 4, 0, 0, 9 over 4.
    assert float(activation_penalty(raw, dropped, 1, 0)) == pytest.approx(22)
    assert float(activation_penalty(raw, dropped, 0, 1)) == pytest.approx(3.25)
    assert float(activation_penalty(raw, dropped, 2, 4)) == pytest.approx(57)
    assert float(activation_penalty(raw[:, :1], dropped[:, :1], 2, 4)) == pytest.approx(16)


def test_the_penalty_is_differentiated_and_not_reported() -> None:
    """A step of SGD with it and one without differ by -lr times its gradient."""
    start, data = make(), ids(B, 10)
    free, priced, reported = copy.deepcopy(start), copy.deepcopy(start), []
    for model, prices in ((free, (0.0, 0.0)), (priced, (3.0, 2.0))):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        reported.append(train_epoch(model, data, optimizer, [9], 9, 1e9, *prices))
    raw, dropped, _ = start.read(data[:, :-1])
    names, parameters = zip(*start.named_parameters(), strict=True)
    wanted = torch.autograd.grad(
        activation_penalty(raw, dropped, 3.0, 2.0), parameters, allow_unused=True
    )
    for name, gradient in zip(names, wanted, strict=True):
        moved = priced.get_parameter(name) - free.get_parameter(name)
        expected = torch.zeros_like(moved) if gradient is None else -0.5 * gradient
        assert torch.allclose(moved, expected, atol=1e-12), name
    assert reported[0] == reported[1]


def test_no_chunk_is_an_error() -> None:
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with pytest.raises(ValueError, match="no chunk"):
        train_epoch(model, ids(B, 5), optimizer, [], 5, 0.25)


# ------------------------------------------------------------------ the whole recipe


def test_the_recipe_learns_and_leaves_the_best_weights() -> None:
    words = tokenize(TALE)
    vocab = Vocab(words)
    data = batchify(words, vocab, 4)
    model = AwdLSTM(len(vocab), 8, 12, 2, MILD)
    optimizer = NTASGD(model.parameters(), lr=20.0, patience=1)
    history = train(model, data, data, optimizer, epochs=20, seq_len=10, spread=2.0)
    losses = [epoch["val_ce"] for epoch in history]
    assert len(history) == 20
    assert min(losses) < losses[0] / 2
    assert lab.evaluate(model, data, 10) == pytest.approx(min(losses), abs=1e-6)
    averaged = [epoch["averaging"] for epoch in history]
    assert averaged == sorted(averaged)  # once begun, it goes on
    assert averaged[0] == 0.0
    assert averaged[-1] == 1.0
    assert history[losses.index(min(losses))]["averaging"] == 1.0
