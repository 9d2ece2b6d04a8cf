"""The lowest loss in a fixed time: an LSTM trained on streams, with the state carried on.

This is the chapter after train.py. There, a model sees shuffled windows for some epochs, with one
step size. Here the time is given, three minutes say, and everything is asked what it does for the
loss at the end:

    streams.py     no shuffling: contiguous text, so that the state can be kept
    fit.py         truncated backpropagation through time, in 16 bits where that is fast
    schedule.py    the step size rises and falls with the share of the time that is spent
    network.py     dropout and dropped weights, against learning by heart; tied embeddings
    average.py     the mean of the weights along the way
    measure.py     two measures of the result, by what a prediction is made from

    values     x x x x  ==(h, c)==>  x x x x  ==(h, c)==>  x x x x  ==> ...   for ever
    gradient   <- <- loss    |    <- <- loss      |     <- <- loss
                           detach               detach

Forward, the state goes on from chunk to chunk: the model learns to use what it has read long ago.
Backward, a gradient ends where the chunk began, or each step would cost more than the one before.
So T is not what the model can remember. It is how far back it is taught to.

Resets: with probability `reset` a row's state is set to zeros between two chunks. Otherwise a model
meets the zero state at the beginning of a pass alone, and is at a loss where a text begins.

Sixteen bits: matrices of 16-bit numbers are multiplied several times as fast on a GPU, and half as
much memory is read. Autocast keeps the weights in 32 bits and casts what is worth it. It is asked
for bfloat16, which has the range of 32 bits; but its rule for cuDNN's LSTM has been to take
float16, whatever was asked, and the smallest float16 is 6e-8. A mean over 32,768 predictions has
gradients as small as that. So the loss is multiplied by 1024 before the backward pass, and the
gradients divided after it. On a CPU all is done in 32 bits: many have no 16-bit LSTM.

Waiting: to read a number off a GPU is to wait for all that it still has to do. No step here does.
The chunks are views of ids that are there already, clipping multiplies by a factor that is never
looked at, losses are added up where they are, and read some twenty times in a run, for the report.

Left out on purpose: validation along the way and choosing the best weights by it, which would make
the figure at the end an optimistic one; chunks of random length; CUDA graphs and `torch.compile`;
more than one GPU; checkpoints.

Truncated backpropagation: Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line
Training of Recurrent Network Trajectories" (Neural Computation, 1990). Resets: Melis, Dyer and
Blunsom, "On the State of the Art of Evaluation in Neural Language Models" (ICLR 2018). Scaling the
loss: Micikevicius and others, "Mixed Precision Training" (ICLR 2018).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .._switch import in_mode
from ..model import Hidden
from ..train import loss_fn
from .average import Average
from .config import Recipe
from .network import BrakedLSTM, dropped_weights
from .schedule import Budget, learning_rate
from .streams import passes

LOSS_SCALE = 1024.0  # keeps float16 gradients off zero, and far below float16's largest, 65504
REPORTS = 20  # how many there are of a whole run


@dataclass(frozen=True)
class Report:
    """How far a run is: share of the budget, seconds, predictions made, and their mean loss.

    `ce` is over the predictions since the report before, in nats, with dropout at work.
    """

    spent: float
    seconds: float
    tokens: int
    ce: float


def fit(
    model: BrakedLSTM,
    ids: Tensor,
    recipe: Recipe,
    budget: Budget,
    report: Callable[[Report], None] = lambda _: None,
    generator: torch.Generator | None = None,
) -> Average:
    """Train the model on a text until the budget is spent; return the average of its weights.

    ids: LongTensor `(M,)`, on the model's device. `recipe` says how; its sizes of the model are
    those that the model has already. `report` is called some twenty times, `generator` draws where
    passes start. The model runs in train mode, and gets the mode back that it had.

    Raises ValueError if the text is too short for one chunk of every stream.
    """
    optimizer = torch.optim.AdamW(model.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    average, progress = Average(model, recipe.decay), _Progress(budget, report, ids.device)
    hidden, spent = None, 0.0
    with in_mode(model, training=True):
        for x, y, first in passes(ids, recipe.batch_size, recipe.seq_len, generator):  # (B, T)
            if first or not recipe.carry:
                hidden = None
            rate = learning_rate(spent, recipe.lr, recipe.warmup, recipe.anneal)
            loss, hidden = train_step(model, x, y, hidden, optimizer, rate, recipe)
            hidden = reset_rows(hidden, recipe.reset)
            average.update()
            spent = progress.add(loss, y.numel())
            if spent >= 1:
                break
    return average


def train_step(
    model: BrakedLSTM,
    x: Tensor,
    y: Tensor,
    hidden: Hidden | None,
    optimizer: torch.optim.Optimizer,
    rate: float,
    recipe: Recipe,
) -> tuple[Tensor, Hidden]:
    """Make one optimizer step of size `rate` on a chunk; return its loss and the state at its end.

    x, y: LongTensors `(B, T)`. hidden: the state `(h, c)`, each `(L, B, H)`, that the chunk starts
    from; None stands for zeros. What is returned is cut off from the graph that computed it, and
    the loss, a scalar, is still on its device.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    half = recipe.half and x.is_cuda
    scale = LOSS_SCALE if half else 1.0
    optimizer.zero_grad()
    with dropped_weights(model.lstm, recipe.weight_dropout):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            logits, (h, c) = model(x, hidden)  # (B, T, V)
            loss = loss_fn(logits, y)
        (scale * loss).backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
    if half:
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad.div_(scale)
    nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimizer.step()
    return loss.detach(), (h.detach(), c.detach())


def reset_rows(hidden: Hidden, rate: float) -> Hidden:
    """Return the state `(h, c)`, each `(L, B, H)`, with each row set to zeros at the given rate.

    A row, in h and c and all layers alike, is one stream: it is as if its text began anew.
    """
    if not rate:
        return hidden
    h, c = hidden
    kept = torch.rand(1, h.shape[1], 1, device=h.device) >= rate  # (1, B, 1)
    return h * kept, c * kept


class _Progress:
    """Adds the losses up where they are, and reads the sum when a twentieth of the budget is up."""

    def __init__(
        self, budget: Budget, report: Callable[[Report], None], device: torch.device
    ) -> None:
        self._budget, self._report, self._due = budget, report, 1
        self._total, self._steps = torch.zeros((), device=device), 0
        self._all_steps = self._tokens = 0

    def add(self, loss: Tensor, tokens: int) -> float:
        """Count a step with so many predictions; return the share of the budget that is spent."""
        self._total += loss
        self._steps, self._all_steps = self._steps + 1, self._all_steps + 1
        self._tokens += tokens
        spent = self._budget.spent(self._all_steps)
        if spent * REPORTS >= self._due:
            ce = float(self._total) / self._steps  # here the GPU is waited for
            self._report(Report(min(spent, 1.0), self._budget.elapsed(), self._tokens, ce))
            self._due = math.floor(spent * REPORTS) + 1
            self._total, self._steps = torch.zeros_like(self._total), 0
        return spent
