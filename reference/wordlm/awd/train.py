"""Training by the recipe: chunks of varying length, a price on the activations, averaged SGD.

The walk along the streams is that of the lab (../train.py): forward with the state of the chunk
before, backward no further than the chunk. Three things are new.

Chunks of varying length. Cut every T words, and a pair of words that meets at a cut never stands in
one graph, in no epoch: the gradient from a chunk's first word reaches back nowhere, always for the
same word. So the length is drawn:

    base = T with probability 0.95, T/2 else;    length = base + 5 * (a normal number), at least 5

    epoch 1    | w w w w w w | w w w | w w w w w w w | w w ...
    epoch 2    | w w w w w | w w w w w w w | w w w w w w | ...     other cuts

The loss is the mean over a chunk, and in a short chunk a word would move the weights more than in a
long one. The step of a chunk of length T' is therefore made with lr * T'/T.

A price on the activations. With m * h_t the last layer's output after dropout, h_t before it,

    AR   = alpha * mean over b, t, unit of (m * h_t)^2              stay small
    TAR  = beta  * mean over b, t, unit of (h_{t+1} - h_t)^2        change slowly

are added to the loss that is differentiated, and not to the one that is reported. They act on the
numbers, where weight decay acts on what makes them: a unit of an LSTM that says 1 costs something,
and one that says what it said before costs nothing more. TAR is taken within the chunk.

Averaged SGD (averaging.py). After each epoch the model is evaluated, with the mean weights once
there are any, and the loss recorded, which is what pulls the trigger.

As in the lab, the weights of the best epoch are kept aside and put back at the end, here as they
were evaluated: the mean, if it was the mean.

Left out on purpose: fine-tuning, that is a second run from the result; a schedule.

AR and TAR: Merity, McCann and Socher, "Revisiting Activation Regularization for Language RNNs"
(ICML 2017 workshop); the paper writes norms, its authors' program means of squares, as here.
Lengths and all else: Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models"
(ICLR 2018).
"""

import copy
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._switch import in_mode
from ..data import get_batch
from ..model import WordLSTM
from ..train import evaluate
from .averaging import NTASGD
from .model import AwdLSTM

SHORTEST = 5  # words


def chunk_lengths(
    columns: int,
    seq_len: int,
    generator: torch.Generator | None = None,
    half: float = 0.05,
    spread: float = 5.0,
) -> Iterator[int]:
    """Yield the lengths of the chunks that cut `columns` predictions, one after the other.

    A length is normal around T = `seq_len`, or with probability `half` around T/2, with the
    standard deviation `spread`, rounded, and not below 5 (or T, if that is less). The last one is
    what is left. With `half` and `spread` 0 all but the last are T. Draws from `generator`, a CPU
    one, or the global source.
    """
    left = columns
    while left > 0:
        chance = torch.rand((), generator=generator).item()
        base = seq_len / 2 if chance < half else seq_len
        drawn = round(base + spread * torch.randn((), generator=generator).item())
        length = min(left, max(drawn, min(SHORTEST, seq_len)))
        yield length
        left -= length


def activation_penalty(raw: Tensor, dropped: Tensor, alpha: float, beta: float) -> Tensor:
    """Return what the last layer's outputs `(B, T, E)` cost, before and after dropout: a scalar.

    `alpha` times the mean square of `dropped`, and `beta` times that of the change of `raw` from
    each step to the next; a chunk of one step has no change.
    """
    size = alpha * dropped.pow(2).mean()
    if raw.shape[1] < 2:
        return size
    change = raw[:, 1:] - raw[:, :-1]  # (B, T-1, E)
    return size + beta * change.pow(2).mean()


def train_epoch(
    model: AwdLSTM,
    data: Tensor,
    optimizer: torch.optim.Optimizer,
    lengths: Iterable[int],
    seq_len: int,
    clip: float,
    alpha: float = 2.0,
    beta: float = 1.0,
) -> float:
    """Go through the streams once, one step per chunk; return the mean training loss.

    data: LongTensor `(B, N)`, as `batchify` returns it, on the model's device. lengths: those of
    the chunks, together at most N-1. A step is made with the learning rate times length / T, with
    T = `seq_len`; afterwards the rate is what it was. State, clipping and mode are the lab's.

    Returns the cross-entropy per predicted token, in nats, each chunk measured before its step,
    without the penalty on activations. Raises ValueError if there is no chunk.
    """
    total, count, i = torch.zeros((), dtype=torch.float64, device=data.device), 0, 0
    hidden = model.init_hidden(data.shape[0], data.device)
    with in_mode(model, training=True):
        for length in lengths:
            x, y = get_batch(data, length, i)  # (B, T') each
            hidden = model.detach_hidden(hidden)
            raw, dropped, hidden = model.read(x, hidden)  # (B, T', E) twice
            logits = model.head(dropped)  # (B, T', V)
            loss = functional.cross_entropy(logits.flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            cost = loss + activation_penalty(raw, dropped, alpha, beta)
            cost.backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            with _scaled(optimizer, x.shape[1] / seq_len):
                optimizer.step()
            total, count = total + loss.detach().double() * y.numel(), count + y.numel()
            i += length
    if not count:
        raise ValueError("there was no chunk, and the mean loss of no words is nothing")
    return float(total) / count


@contextmanager
def _scaled(optimizer: torch.optim.Optimizer, factor: float) -> Iterator[None]:
    """Multiply the learning rate for the length of a `with` block."""
    rates = [group["lr"] for group in optimizer.param_groups]
    try:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        yield
    finally:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


def train(
    model: AwdLSTM,
    train_data: Tensor,
    valid_data: Tensor,
    optimizer: NTASGD,
    epochs: int,
    seq_len: int,
    clip: float = 0.25,
    alpha: float = 2.0,
    beta: float = 1.0,
    half: float = 0.05,
    spread: float = 5.0,
    generator: torch.Generator | None = None,
) -> list[dict[str, float]]:
    """Train the model for some epochs, and leave it with the weights of the best one.

    `alpha` and `beta` are the prices of activations and of their change; `half`, `spread` and
    `generator` go to `chunk_lengths`. The weights of an epoch are those that it was evaluated with:
    the mean ones, if the optimizer was averaging.

    Returns one dict per epoch: `train_ce` and `val_ce` in nats per token, and `averaging`, 1.0 for
    an epoch in which the weights were averaged and 0.0 else.
    """
    history: list[dict[str, float]] = []
    best, best_weights = math.inf, copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        averaging = float(optimizer.averaging)
        lengths = chunk_lengths(train_data.shape[1] - 1, seq_len, generator, half, spread)
        train_ce = train_epoch(model, train_data, optimizer, lengths, seq_len, clip, alpha, beta)
        with optimizer.averaged():
            # `evaluate` is written for the plain model and asks for no more than this one has.
            val_ce = evaluate(cast(WordLSTM, model), valid_data, seq_len)
            if val_ce < best:
                best, best_weights = val_ce, copy.deepcopy(model.state_dict())
        optimizer.record(val_ce)
        history.append({"train_ce": train_ce, "val_ce": val_ce, "averaging": averaging})
    model.load_state_dict(best_weights)
    return history
