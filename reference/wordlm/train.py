"""Training on streams: truncated backpropagation through time, evaluation, and all epochs.

To learn that a word depends on one 200 words back, the gradient would have to go back 200 steps,
and for a stream of N words N steps: the graph of a whole epoch. Truncated backpropagation through
time reads on with the state it has, but lets the gradient go back no further than the chunk:

              chunk 1            |        chunk 2            |        chunk 3
                                 |                           |
    values    w w w w w  ==(h, c)==>  w w w w w  ==(h, c)==>  w w w w w  ==> ...
                                 |                           |
    gradient  <-- <-- <-- loss   |    <-- <-- <-- loss       |    <-- <-- <-- loss
                                 |                           |
                              detach                      detach

Forward, then, the model may remember for as long as it can. Backward, it is only ever taught by
what lies within T steps. `detach` gives the same numbers without their history: without it the
second `backward` would walk into chunk 1, whose graph has been freed.

Row b of chunk 2 goes on where row b of chunk 1 stopped (data.py): the state means something only
because of that. Each epoch starts at column 0 again, and so from zeros.

Evaluation is the same walk without gradients. It covers all N-1 predictions of each stream, the
short chunk at the end included: a validation text shorter than one chunk would otherwise be a loop
of no turns, with a loss of 0 and a perplexity of 1.000.

One step of the learning rate schedule an epoch: where the validation loss has not fallen below its
best, halve the rate. And since the last epoch is seldom the best, the best one's weights are kept
aside and put back at the end.

Left out on purpose: early stopping, chunks of random length (Merity, Keskar and Socher, 2018),
checkpoints on disk, mixed precision.

Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
Trajectories" (Neural Computation, 1990). Adam: Kingma and Ba (ICLR 2015).
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._switch import in_mode
from .data import get_batch
from .model import WordLSTM


def train_epoch(
    model: WordLSTM, data: Tensor, optimizer: torch.optim.Optimizer, seq_len: int, clip: float
) -> float:
    """Go through the streams once, one optimizer step per chunk; return the mean training loss.

    data: LongTensor `(B, N)`, as `batchify` returns it, on the model's device. The chunks are the
    columns 0 to T-1, T to 2T-1 and so on, T = `seq_len`; the last may be shorter. The state starts
    from zeros and goes from chunk to chunk, the gradient does not. The norm of the whole gradient
    is cut down to `clip` before each step; a smaller one is left alone. Runs in train mode.

    Returns the cross-entropy per predicted token, in nats, each chunk measured before its step.
    """
    losses, counts = [], []
    hidden = model.init_hidden(data.shape[0], data.device)
    with in_mode(model, training=True):
        for i in range(0, data.shape[1] - 1, seq_len):
            x, y = get_batch(data, seq_len, i)  # (B, T) each
            hidden = model.detach_hidden(hidden)
            logits, hidden = model(x, hidden)  # (B, T, V)
            loss = _mean_loss(logits, y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            losses.append(loss.detach())  # without its graph, which is as large as all activations
            counts.append(y.numel())
    return _mean_per_token(losses, counts)


def evaluate(model: WordLSTM, data: Tensor, seq_len: int) -> float:
    """Measure the model on all N-1 predictions of each stream and return the cross-entropy.

    data: LongTensor `(B, N)`. The state goes from chunk to chunk, so that the result is the same
    for every `seq_len`, up to rounding; it only says how many columns are read at a time. Runs in
    eval mode and without gradients, and changes nothing about the model.

    Returns the cross-entropy per predicted token, in nats.
    """
    losses, counts = [], []
    hidden = model.init_hidden(data.shape[0], data.device)
    with in_mode(model, training=False), torch.no_grad():
        for i in range(0, data.shape[1] - 1, seq_len):
            x, y = get_batch(data, seq_len, i)  # (B, T) each
            logits, hidden = model(x, hidden)  # (B, T, V)
            losses.append(_mean_loss(logits, y))
            counts.append(y.numel())
    return _mean_per_token(losses, counts)


def train(
    model: WordLSTM,
    train_data: Tensor,
    valid_data: Tensor,
    epochs: int = 50,
    seq_len: int = 50,
    lr: float = 1e-3,
    clip: float = 0.25,
) -> list[dict[str, float]]:
    """Train the model with Adam for some epochs, and leave it with the weights of the best one.

    After each epoch the model is evaluated on `valid_data`; where the loss has not improved on the
    best so far, the learning rate is halved (ReduceLROnPlateau, factor 0.5, patience 0). At the end
    the model has the weights of the epoch with the lowest validation loss.

    Returns one dict per epoch: `train_ce` and `val_ce` in nats per token, and `lr`, the learning
    rate that the epoch was trained with.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    history: list[dict[str, float]] = []
    best, best_weights = math.inf, copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        rate = optimizer.param_groups[0]["lr"]
        train_ce = train_epoch(model, train_data, optimizer, seq_len, clip)
        val_ce = evaluate(model, valid_data, seq_len)
        scheduler.step(val_ce)
        history.append({"train_ce": train_ce, "val_ce": val_ce, "lr": rate})
        if val_ce < best:
            # A copy: state_dict hands out the weights themselves, which training goes on to change.
            best, best_weights = val_ce, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)
    return history


def _mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of logits `(B, T, V)` against targets `(B, T)`."""
    # (B, T, V) -> (B*T, V) and (B, T) -> (B*T,): cross_entropy wants the classes second.
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def _mean_per_token(losses: list[Tensor], counts: list[int]) -> float:
    """Return the mean of the chunks' mean losses, each weighted by its count of tokens."""
    if not counts:
        raise ValueError("the streams hold no prediction: they need 2 columns at least")
    means = torch.stack(losses).cpu().double()  # (number of chunks,)
    weights = torch.tensor(counts, dtype=torch.float64)
    return float(means @ weights / weights.sum())
