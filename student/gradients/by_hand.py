"""Backpropagation by hand: gradients of a word's log-probability, in three small networks."""

from typing import TypedDict

from torch import Tensor


class PairGradients(TypedDict):
    """What `word_pair_grads` returns: dJ/d of each of these."""

    s: Tensor  # (V,)
    h: Tensor  # (H,)
    W_unembed: Tensor  # (V, H)
    W_embed: Tensor  # (H, V)


class SequenceGradients(TypedDict):
    """What the recurrent networks return: dJ/d of the weights, and of each state."""

    W_embed: Tensor  # (H, V)
    W_recurrent: Tensor  # (H, H)
    W_unembed: Tensor  # (V, H)
    h: list[Tensor]  # T of (H,): dJ/dh_1 ... dJ/dh_T


def word_pair_grads(x: int, y: int, W_embed: Tensor, W_unembed: Tensor) -> PairGradients:
    """Derive J = log p[y] for the word x: p = softmax(s), s = W_unembed h, h = W_embed x.

    x, y: ids in 0..V-1. W_embed `(H, V)` and W_unembed `(V, H)`: float64, and not to be changed.

    Returns dJ/d`s` `(V,)`, dJ/d`h` `(H,)`, dJ/d`W_unembed` `(V, H)` and dJ/d`W_embed` `(H, V)`,
    computed without autograd.
    """
    raise NotImplementedError(
        "gradients/by_hand.py word_pair_grads: not implemented - "
        "Derive J = log p[y] for the word x: p = softmax(s), s = W_unembed h, h = W_embed x"
    )


def rnn_grads(
    xs: Tensor, y: int, W_embed: Tensor, W_recurrent: Tensor, W_unembed: Tensor
) -> SequenceGradients:
    """Derive J = log p[y] of the plain network, h_t = tanh(W_embed x_t + W_recurrent h_{t-1}).

    xs: LongTensor `(T,)` of ids, T >= 1. y: an id. W_embed `(H, V)`, W_recurrent `(H, H)` and
    W_unembed `(V, H)`: float64, and not to be changed. h_0 = 0; p = softmax(W_unembed h_T).

    Returns dJ/d`W_embed`, dJ/d`W_recurrent` and dJ/d`W_unembed`, each of its weight's shape, and
    `h`, the list of dJ/dh_1 ... dJ/dh_T, each `(H,)`; computed without autograd.
    """
    raise NotImplementedError(
        "gradients/by_hand.py rnn_grads: not implemented - "
        "Derive J = log p[y] of the plain network, h_t = tanh(W_embed x_t + W_recurrent h_{t-1})"
    )


def residual_rnn_grads(
    xs: Tensor, y: int, W_embed: Tensor, W_recurrent: Tensor, W_unembed: Tensor
) -> SequenceGradients:
    """Derive J of the residual network, h_t = h_{t-1} + tanh(W_recurrent h_{t-1} + W_embed x_t).

    Arguments and results are those of `rnn_grads`.
    """
    raise NotImplementedError(
        "gradients/by_hand.py residual_rnn_grads: not implemented - "
        "Derive J of the residual network, h_t = h_{t-1} + tanh(W_recurrent h_{t-1} + W_embed x_t)"
    )
