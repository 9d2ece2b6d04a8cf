"""Training and measuring: the loss, one pass over the data, the evaluation, and all epochs.

The model turns each character it reads into a distribution p over the next one, the softmax of
its logits. Training makes the true text probable, which is to say: it lowers the cross-entropy

    CE  =  - (1/M) sum over all M targets of  ln p(target | everything read before it)

in nats per character. Two landmarks. A model that knows nothing gives each of V characters the
probability 1/V, and scores CE = ln V: that is where a fresh model starts. And no model gets below
the entropy of the text's source. Perplexity, exp(CE), is the same number as a count: a model of
perplexity 10 is as unsure as if it had to guess one of 10 equally likely characters.

One step, on one batch:

    forward     logits = model(x), from the zero state       (B, T) -> (B, T, V)
    loss        mean cross-entropy over all B*T targets
    backward    the gradient g of the loss, through all T steps back to the first character
    clip        g <- g * min(1, clip / |g|), |g| the norm over all parameters together
    step        AdamW moves the weights

The gradient of a recurrent net is mostly small and now and then enormous, where the error surface
has a cliff. Clipping shortens a step over the cliff and keeps its direction.

Means of means: a pass ends with a smaller batch, and the mean of the batches' means would give each
character in it more weight than the others. So a batch counts by its number of targets. Perplexity
is the exp of the overall mean, which the mean of the batches' perplexities always exceeds.

Left out on purpose: a learning-rate schedule, early stopping, checkpoints, mixed precision, a
progress bar. And carrying the state from batch to batch: windows come in random order, so the text
before a window is not what the batch before it held.

Clipping by the norm: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
networks" (ICML 2013). AdamW: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (ICLR
2019).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._switch import in_mode
from .data import Loader


def loss_fn(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nats, of logits `(B, T, V)` against targets `(B, T)`.

    The result is a scalar tensor that backpropagates to the logits.
    """
    # (B, T, V) -> (B*T, V) and (B, T) -> (B*T,): cross_entropy wants the classes second.
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train_epoch(
    model: nn.Module,
    loader: Loader,
    optimizer: torch.optim.Optimizer,
    clip: float = 1.0,
    device: torch.device | str = "cpu",
) -> float:
    """Make one optimizer step per batch of the loader and return the mean training loss.

    The norm of the whole gradient is cut down to `clip` before each step; a smaller one is left
    alone. The model, whose parameters are on `device`, runs in train mode, and gets the mode back
    that it had. Each batch starts from the zero state.

    Returns the mean cross-entropy per character, in nats, each batch measured before its step.
    Raises ValueError if the loader gives nothing.
    """
    losses, counts = [], []
    with in_mode(model, training=True):
        for x, y in loader:  # (B, T) each
            logits, _ = model(x.to(device))  # (B, T, V)
            loss = loss_fn(logits, y.to(device))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            losses.append(loss.detach())  # without its graph, which is as large as all activations
            counts.append(y.numel())
    return _mean_per_token(losses, counts)


def evaluate(
    model: nn.Module, loader: Loader, device: torch.device | str = "cpu"
) -> tuple[float, float]:
    """Measure the model on every batch of the loader and return `(ce, perplexity)`.

    `ce` is the mean cross-entropy per character in nats, however the characters are batched, and
    `perplexity` is `exp(ce)`. The model, whose parameters are on `device`, runs in eval mode and
    without gradients; its mode, weights and buffers are afterwards what they were before.

    Raises ValueError if the loader gives nothing: nothing is not a loss of 0.
    """
    losses, counts = [], []
    with in_mode(model, training=False), torch.no_grad():
        for x, y in loader:  # (B, T) each
            logits, _ = model(x.to(device))  # (B, T, V)
            losses.append(loss_fn(logits, y.to(device)))
            counts.append(y.numel())
    ce = _mean_per_token(losses, counts)
    perplexity = torch.tensor(ce, dtype=torch.float64).exp()  # inf where math.exp would overflow
    return ce, float(perplexity)


def train(
    model: nn.Module,
    train_loader: Loader,
    val_loader: Loader,
    epochs: int = 5,
    lr: float = 3e-3,
    clip: float = 1.0,
    device: torch.device | str = "cpu",
) -> list[dict[str, float]]:
    """Train the model with AdamW for some epochs, evaluating it after each.

    Moves the model to `device`. One optimizer serves all epochs, since its running averages are
    part of the training.

    Returns one dict per epoch: `train_ce`, the mean loss while training; `val_ce` and `val_ppl`,
    cross-entropy and perplexity on the validation loader after it. In nats per character.
    Raises ValueError if one of the loaders gives nothing.
    """
    model.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        train_ce = train_epoch(model, train_loader, optimizer, clip, device)
        val_ce, val_ppl = evaluate(model, val_loader, device)
        history.append({"train_ce": train_ce, "val_ce": val_ce, "val_ppl": val_ppl})
    return history


def _mean_per_token(losses: list[Tensor], counts: list[int]) -> float:
    """Return the mean of the batches' mean losses, each weighted by its count of tokens.

    The losses are fetched from their device here, all at once, and not as they come: reading a
    number makes the processor wait for the GPU, which then waits for its next batch.
    """
    if not sum(counts):
        raise ValueError("the loader gave no batch, and the mean loss of no characters is nothing")
    means = torch.stack(losses).cpu().double()  # (number of batches,)
    weights = torch.tensor(counts, dtype=torch.float64)
    return float(means @ weights / weights.sum())
