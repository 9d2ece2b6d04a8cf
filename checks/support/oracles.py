"""What the right answers are, in float64 and from the definitions.

Written for the reader who wants to check them, not for speed: a softmax is exponentials over their
sum, a gradient is the formula on the blackboard.  No student code is ever asked here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

# ------------------------------------------------------------------ probabilities and losses


def softmax(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """`exp(z / temperature)`, divided by its sum over the last axis."""
    scaled = logits.double() / temperature
    weights = torch.exp(scaled - scaled.amax(-1, keepdim=True))
    return weights / weights.sum(-1, keepdim=True)


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of every position in nats: logits `(..., V)`, targets `(...)` -> `(...)`."""
    z = logits.double()
    top = z.amax(-1, keepdim=True)
    log_total = top.squeeze(-1) + torch.log(torch.exp(z - top).sum(-1))
    return log_total - z.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def cross_entropy(logits: Tensor, targets: Tensor) -> float:
    """The mean of `token_losses`."""
    return float(token_losses(logits, targets).mean())


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """d(mean cross-entropy) / d(logits): `(softmax - one-hot) / number of targets`."""
    hits = torch.zeros(logits.shape, dtype=torch.float64).scatter_(-1, targets.unsqueeze(-1), 1.0)
    return (softmax(logits) - hits) / targets.numel()


# ------------------------------------------------------------------ training


def table_gradient(table: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Gradient, for the `(V, V)` table, of the mean loss of the model `logits = table[x]`."""
    per_token = cross_entropy_gradient(table[x], y).flatten(0, -2)  # (number of tokens, V)
    return torch.zeros(table.shape, dtype=torch.float64).index_add_(0, x.flatten(), per_token)


def clip_by_norm(gradient: Tensor, clip: float) -> Tensor:
    """The gradient itself, or as much of it as has norm `clip`."""
    return gradient * min(1.0, clip / max(float(gradient.norm()), 1e-300))


# ------------------------------------------------------------------ sampling


def nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """The fewest most probable entries that together reach `top_p`, rescaled to sum to 1.

    `(V,)` -> `(V,)`, zeros elsewhere.
    """
    p = probabilities.double()
    kept = torch.zeros_like(p)
    for i in p.argsort(descending=True).tolist():
        kept[i] = p[i]
        if float(kept.sum()) >= top_p:
            break
    return kept / kept.sum()


# ------------------------------------------------------------------ texts


def ngrams(text: str, n: int) -> list[str]:
    """Every run of `n` characters of the text, in order, repetitions included."""
    return [text[i : i + n] for i in range(len(text) - n + 1)]


def containment(text: str, source: str, n: int) -> float:
    """The share of the text's n-grams that occur in the source (0 for a text shorter than n)."""
    known, found = set(ngrams(source, n)), ngrams(text, n)
    return sum(gram in known for gram in found) / max(1, len(found))


def entropy(symbols: Sequence[str]) -> float:
    """Entropy in nats of the distribution of characters in a text, or of n-grams in a list."""
    shares = [count / len(symbols) for count in Counter(symbols).values()]
    return -sum(share * math.log(share) for share in shares)
