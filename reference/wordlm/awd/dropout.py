r"""Three more ways to drop: one mask for all steps, whole words, and recurrent weights.

Ordinary dropout draws anew for every number, and so may not touch the way along time: what is
dropped there at each of 50 steps is soon forgotten altogether (../model.py). All three here draw
once per pass, and what is missing is missing from the first step of the chunk to the last:

                          t = 1 2 3 4 5 6                                  t = 1 2 3 4 5 6
    ordinary     unit 1       x . . x . .       locked            unit 1       . . . . . .
    x: dropped   unit 2       . . x . . .       (B, 1, D) drawn,  unit 2       x x x x x x
                 unit 3       . x . . . x       for all T steps   unit 3       . . . . . .

    words        the cat saw the dog            the dictionary loses `the`, for this pass: its
                  x   .   .   x   .             vector is zero wherever it is read

    weights      h_t = LSTM(x_t, (W_h * M) h_{t-1})             one M (4H, H), whatever t

In each, a number is kept with probability 1 - p and then divided by 1 - p, so that its mean is what
it was, and evaluation needs no correction.

Locked dropout makes noise that a step cannot average away: a network that may rely on a unit now
and not one word later learns to copy it, one that has to do without it for a whole chunk learns to
say it twice. It is drawn for each row of the batch.

Word dropout says: this sentence has to be guessed without `the`. It scales the words that are left.

Weight drop is DropConnect, applied to the state-to-gates matrices alone: with M drawn once, all T
steps go through one and the same smaller network, and the state is never interrupted. And since
only the matrix has changed, the whole layer still runs in one fused kernel, which a mask on h_t
between the steps would not allow. The raw W_h stays the parameter: the product with M is made anew
in each pass, autograd carries the gradient back through it, dL/dW_h = M * dL/d(W_h * M), and what
was dropped gets none in that pass.

Left out on purpose: a mask for each row of the batch in weight drop (it would take B matrices), and
a generator argument: like torch's own dropout these draw from the global source of the device.

Locked: Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
Networks" (NIPS 2016), where word dropout is from too. DropConnect: Wan, Zeiler, Zhang, LeCun and
Fergus, "Regularization of Neural Networks using DropConnect" (ICML 2013). On W_h: Merity, Keskar
and Socher, "Regularizing and Optimizing LSTM Language Models" (ICLR 2018, arXiv 1708.02182).
"""

import warnings
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor, nn

Hidden = tuple[Tensor, Tensor]  # h, c


@dataclass(frozen=True)
class Rates:
    """How probable it is that something is dropped, at each of the five places. Default: never.

    embed: a word of the dictionary. input: a number of an embedding. hidden: a number between two
    layers. output: a number of the last layer's output. weight: a weight from state to gates.
    """

    embed: float = 0.0
    input: float = 0.0
    hidden: float = 0.0
    output: float = 0.0
    weight: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for a rate outside [0, 1): at 1 nothing is left to be scaled."""
        for rate in astuple(self):
            if not 0 <= rate < 1:
                raise ValueError(f"a dropout rate must lie in [0, 1), but one is {rate}")


def keep_mask(shape: Sequence[int], p: float, like: Tensor) -> Tensor:
    """Draw a mask: 0 with probability p, else 1 / (1 - p), so that its mean is 1.

    On the device and of the type of `like`. Raises ValueError for p outside [0, 1).
    """
    if not 0 <= p < 1:
        raise ValueError(f"a dropout rate must lie in [0, 1), not be {p}")
    return like.new_empty(tuple(shape)).bernoulli_(1 - p).div_(1 - p)


def locked_dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Drop numbers of x `(B, T, D)`, the same at all T steps of a row; in train mode only.

    Called like `torch.nn.functional.dropout`, which draws for each step. Returns `(B, T, D)`.
    """
    if not training or p == 0:
        return x
    B, _, D = x.shape
    return x * keep_mask((B, 1, D), p, like=x)  # (B, 1, D): broadcast over T


def embedding_dropout(embedding: nn.Embedding, x: Tensor, p: float, training: bool) -> Tensor:
    """Look ids x `(B, T)` up in a table some of whose V words are zero; in train mode only.

    A word that is dropped is so at all its places in the batch. Returns `(B, T, E)`.
    """
    embedded: Tensor = embedding(x)  # (B, T, E)
    if not training or p == 0:
        return embedded
    mask = keep_mask((embedding.num_embeddings, 1), p, like=embedded)  # (V, 1)
    # The rows that are read, instead of the whole (V, E) table times its mask: the same numbers.
    return embedded * mask[x]  # (B, T, E) * (B, T, 1)


def weight_dropped(
    lstm: nn.LSTM, x: Tensor, hidden: Hidden, p: float, training: bool
) -> tuple[Tensor, Hidden]:
    """Run an `nn.LSTM` with some of its recurrent weights set to zero; in train mode only.

    x: `(B, T, in)`, for an LSTM with `batch_first`. hidden: `(h, c)`, each `(L, B, H)`, contiguous.
    One mask is drawn for each state-to-gates matrix `(4H, H)`, for all steps and rows of this call.
    The module is left as it is: its parameters are the raw weights, before, after and in a
    checkpoint, and receive the gradient.

    Returns `(outputs (B, T, H), (h, c))`, as the LSTM itself does.
    """
    if not training or p == 0:
        outputs, end = lstm(x, hidden)
        return outputs, end
    weights = [
        weight * keep_mask(weight.shape, p, like=weight) if name.startswith("weight_hh") else weight
        for name, weight in lstm.named_parameters()  # in the order in which the kernel takes them
    ]
    outputs, h, c = _fused(lstm, x, hidden, weights)
    return outputs, (h, c)


def _fused(
    lstm: nn.LSTM, x: Tensor, hidden: Hidden, weights: list[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Call the kernel that `nn.LSTM` calls, the same for CPU and cuDNN, with other weights."""
    with warnings.catch_warnings():
        # cuDNN wants all weights in one piece of memory, and warns when it has to gather them. A
        # module does that once, for all calls; weights that are new in each call are gathered in
        # each call, which is one copy of them and no mistake.
        warnings.filterwarnings("ignore", message="RNN module weights are not part of single")
        return torch.lstm(
            x,
            hidden,
            weights,
            lstm.bias,
            lstm.num_layers,
            lstm.dropout,
            lstm.training,
            lstm.bidirectional,
            lstm.batch_first,
        )
