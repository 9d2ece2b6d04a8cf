"""Training and measuring: the loss, one pass over the data, the evaluation, and all epochs."""

import torch
from torch import Tensor, nn

from .data import Loader


def loss_fn(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nats, of logits `(B, T, V)` against targets `(B, T)`.

    The result is a scalar tensor that backpropagates to the logits.
    """
    raise NotImplementedError(
        "charlm/train.py loss_fn: not implemented - "
        "Return the mean cross-entropy, in nats, of logits `(B, T, V)` against targets `(B, T)`"
    )


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
    raise NotImplementedError(
        "charlm/train.py train_epoch: not implemented - "
        "Make one optimizer step per batch of the loader and return the mean training loss"
    )


def evaluate(
    model: nn.Module, loader: Loader, device: torch.device | str = "cpu"
) -> tuple[float, float]:
    """Measure the model on every batch of the loader and return `(ce, perplexity)`.

    `ce` is the mean cross-entropy per character in nats, however the characters are batched, and
    `perplexity` is `exp(ce)`. The model, whose parameters are on `device`, runs in eval mode and
    without gradients; its mode, weights and buffers are afterwards what they were before.

    Raises ValueError if the loader gives nothing: nothing is not a loss of 0.
    """
    raise NotImplementedError(
        "charlm/train.py evaluate: not implemented - "
        "Measure the model on every batch of the loader and return `(ce, perplexity)`"
    )


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
    raise NotImplementedError(
        "charlm/train.py train: not implemented - "
        "Train the model with AdamW for some epochs, evaluating it after each"
    )
