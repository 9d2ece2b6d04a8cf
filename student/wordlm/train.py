"""Training on streams: truncated backpropagation through time, evaluation, and all epochs."""

import torch
from torch import Tensor

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
    raise NotImplementedError(
        "wordlm/train.py train_epoch: not implemented - "
        "Go through the streams once, one optimizer step per chunk; return the mean training loss"
    )


def evaluate(model: WordLSTM, data: Tensor, seq_len: int) -> float:
    """Measure the model on all N-1 predictions of each stream and return the cross-entropy.

    data: LongTensor `(B, N)`. The state goes from chunk to chunk, so that the result is the same
    for every `seq_len`, up to rounding; it only says how many columns are read at a time. Runs in
    eval mode and without gradients, and changes nothing about the model.

    Returns the cross-entropy per predicted token, in nats.
    """
    raise NotImplementedError(
        "wordlm/train.py evaluate: not implemented - "
        "Measure the model on all N-1 predictions of each stream and return the cross-entropy"
    )


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
    raise NotImplementedError(
        "wordlm/train.py train: not implemented - "
        "Train the model with Adam for some epochs, and leave it with the weights of the best one"
    )
