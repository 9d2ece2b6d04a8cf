"""Backpropagation by hand: gradients of a word's log-probability, in three small networks.

A network reads one word, or several, and gives each of V words a logit. J is the log-probability of
the word y that did come next; training climbs J, so these gradients point uphill (those of the loss
-J are their negatives). Words are one-hot columns: with x = (0 ... 1 ... 0), the product W_embed x
is the column of W_embed that belongs to the word, and no product needs to be computed.

    W_embed (H, V)      W_recurrent (H, H)      W_unembed (V, H)      all else is a vector

The last layer is the same in all three. From the last state h,

    s = W_unembed h         p = softmax(s)         J = log p[y] = s[y] - log(sum_v exp(s_v))

    dJ/ds = y - p           y as a one-hot column: what came, less what was expected

Everything below is the chain rule for one pattern, b = W a, in which b_i = sum_j W_ij a_j. Whoever
knows dJ/db knows the rest: each a_j reaches J through all the b_i, each W_ij through b_i alone, so

    dJ/da = W^T dJ/db       (back through the same matrix, transposed)
    dJ/dW = dJ/db a^T       (an outer product: what was asked for, times what was there)

**A pair of words.** One word predicts the next: h = W_embed x. The pattern, twice.

**A plain recurrent network.** One state is carried along, and every step uses the same matrices:

    a_t = W_embed x_t + W_recurrent h_{t-1},    h_t = tanh(a_t),    h_0 = 0

         x_1         x_2         x_3
          |           |           |
    h_0 -(+)- tanh --(+)- tanh --(+)- tanh -- s -- J         forward: left to right
               h_1         h_2         h_3

         dJ/dh_1 <-- dJ/dh_2 <-- dJ/dh_3 <-- dJ/ds           backward: right to left

tanh' = 1 - tanh^2 takes dJ/dh_t to dJ/da_t, elementwise (*), and the pattern goes one step back:

    dJ/da_t     = dJ/dh_t * (1 - h_t^2)
    dJ/dh_{t-1} = W_recurrent^T dJ/da_t

A matrix that is used T times reaches J in T ways, and its gradient is the sum over all of them:

    dJ/dW_recurrent = sum_t dJ/da_t h_{t-1}^T       dJ/dW_embed = sum_t dJ/da_t x_t^T

Between dJ/dh_T and dJ/dh_1 lie T - 1 factors W_recurrent^T diag(1 - h_t^2). The diagonal's numbers
are 1 at most. So where the matrix shrinks vectors too, the gradient fades exponentially in T, and
from what was read long ago nothing is learnt.

**A residual recurrent network.** The state is added to, not replaced:

    h_t = h_{t-1} + z_t,    z_t = tanh(W_recurrent h_{t-1} + W_embed x_t)

    dJ/da_t     = dJ/dh_t * (1 - z_t^2)
    dJ/dh_{t-1} = dJ/dh_t + W_recurrent^T dJ/da_t

One term is new, and it is the whole difference: a direct path, on which the gradient goes back
unchanged. With W_recurrent = 0 nothing else is left, and dJ/dh_1 equals dJ/dh_T. An LSTM's cell is
carried on in the same way, by a sum.

Left out on purpose: biases, batches, a loss at every step, and training. Nothing here asks torch
for a gradient; who doubts a formula compares it with (J(w + e) - J(w - e)) / 2e.

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (Nature,
1986); Werbos, "Backpropagation through time: what it does and how to do it" (Proceedings of the
IEEE, 1990); Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient descent is
difficult" (IEEE Transactions on Neural Networks, 1994); He, Zhang, Ren and Sun, "Deep residual
learning for image recognition" (CVPR, 2016).
"""

from typing import TypedDict

import torch
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
    h = W_embed[:, x]  # (H,)
    ds = _at_the_logits(h, y, W_unembed)  # (V,)
    dh = W_unembed.T @ ds  # (H,)
    dW_embed = torch.zeros_like(W_embed)  # (H, V)
    dW_embed[:, x] = dh  # dh x^T, in which only the word's own column is not zero
    return {"s": ds, "h": dh, "W_unembed": torch.outer(ds, h), "W_embed": dW_embed}


def rnn_grads(
    xs: Tensor, y: int, W_embed: Tensor, W_recurrent: Tensor, W_unembed: Tensor
) -> SequenceGradients:
    """Derive J = log p[y] of the plain network, h_t = tanh(W_embed x_t + W_recurrent h_{t-1}).

    xs: LongTensor `(T,)` of ids, T >= 1. y: an id. W_embed `(H, V)`, W_recurrent `(H, H)` and
    W_unembed `(V, H)`: float64, and not to be changed. h_0 = 0; p = softmax(W_unembed h_T).

    Returns dJ/d`W_embed`, dJ/d`W_recurrent` and dJ/d`W_unembed`, each of its weight's shape, and
    `h`, the list of dJ/dh_1 ... dJ/dh_T, each `(H,)`; computed without autograd.
    """
    return _through_time(xs, y, W_embed, W_recurrent, W_unembed, direct=0.0)


def residual_rnn_grads(
    xs: Tensor, y: int, W_embed: Tensor, W_recurrent: Tensor, W_unembed: Tensor
) -> SequenceGradients:
    """Derive J of the residual network, h_t = h_{t-1} + tanh(W_recurrent h_{t-1} + W_embed x_t).

    Arguments and results are those of `rnn_grads`.
    """
    return _through_time(xs, y, W_embed, W_recurrent, W_unembed, direct=1.0)


def _at_the_logits(h: Tensor, y: int, W_unembed: Tensor) -> Tensor:
    """Return dJ/ds `(V,)` = y - p, for s = W_unembed h."""
    s = W_unembed @ h  # (V,)
    # Less the largest logit, which cancels in the quotient, exp cannot overflow; and one of its
    # arguments is 0, so that the sum is at least 1.
    weights = torch.exp(s - s.max())
    ds = -weights / weights.sum()
    ds[y] += 1
    return ds


def _through_time(
    xs: Tensor, y: int, W_embed: Tensor, W_recurrent: Tensor, W_unembed: Tensor, direct: float
) -> SequenceGradients:
    """Return the gradients of h_t = direct * h_{t-1} + tanh(W_embed x_t + W_recurrent h_{t-1})."""
    words = xs.tolist()
    h, z = _states(words, W_embed, W_recurrent, direct)
    ds = _at_the_logits(h[-1], y, W_unembed)

    dW_embed, dW_recurrent = torch.zeros_like(W_embed), torch.zeros_like(W_recurrent)
    dhs: list[Tensor] = []
    dh = W_unembed.T @ ds  # dJ/dh_T
    for t in reversed(range(len(words))):  # h[t] is what step t starts from, h[t + 1] what it makes
        dhs.append(dh)
        da = dh * (1 - z[t] ** 2)  # (H,)
        dW_embed[:, words[t]] += da  # da x_t^T; += since a word may be read more than once
        dW_recurrent += torch.outer(da, h[t])
        dh = direct * dh + W_recurrent.T @ da  # one state back
    return {
        "W_embed": dW_embed,
        "W_recurrent": dW_recurrent,
        "W_unembed": torch.outer(ds, h[-1]),
        "h": dhs[::-1],
    }


def _states(
    words: list[int], W_embed: Tensor, W_recurrent: Tensor, direct: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the states h_0 ... h_T, T + 1 of `(H,)`, and what each step's tanh gave, T of them."""
    h = [torch.zeros_like(W_recurrent[0])]  # (H,)
    z: list[Tensor] = []
    for word in words:
        z.append(torch.tanh(W_embed[:, word] + W_recurrent @ h[-1]))
        h.append(direct * h[-1] + z[-1])
    return h, z
