"""Problems to put to a submission: random words and weights, for each purpose of their own.

The word y that follows is the one that the network finds least likely, but where it is said
otherwise, and in a pair the least likely of the others.  Its probability is 1/(V - 1) at most, so
dJ/ds has an entry of size 1 - 1/(V - 1) or more, and no chance makes all the gradients small and
with them all mistakes.  (A word that follows itself has a check of its own.)
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from checks.gradients.networks import Problem, last_state, logits, start
from checks.support.inputs import generator


def problem(
    kind: str,
    seed: int,
    V: int = 9,
    H: int = 5,
    T: int = 6,
    words: tuple[int, ...] = (),
    scale: float = 1.0,
) -> Problem:
    """A problem with random weights; without `words`, T different ones are read (T <= V).

    At scale 1 no gradient is large: over 3400 problems no entry was above 8.3, and none of a pair
    or a plain network above 3.1, so that clipping, which has a check of its own, shows there.
    """
    source = generator(seed)
    read = words or tuple(
        torch.randperm(V, generator=source)[: 1 if kind == "pair" else T].tolist()
    )
    sizes = {"W_embed": 0.7, "W_recurrent": 0.6, "W_unembed": 0.2}
    weights = {
        "W_embed": torch.randn(H, V, generator=source, dtype=torch.float64),
        "W_recurrent": orthogonal(H, seed),
        "W_unembed": torch.randn(V, H, generator=source, dtype=torch.float64),
    }
    if kind == "pair":
        del weights["W_recurrent"]
    weights = {name: scale * sizes[name] * weight for name, weight in weights.items()}
    return least_likely(Problem(kind, read, 0, weights))


def least_likely(given: Problem) -> Problem:
    """The same, with the least likely word for y, in a pair another one than x."""
    s = logits(given, start(given))
    if given.kind == "pair":
        s[given.words[0]] = torch.inf
    return replace(given, y=int(s.argmin()))


def several(kind: str, seed: int) -> list[Problem]:
    """Three problems: V, H and T different; H equal to V; and one that reads every word."""
    sizes = ((9, 5, 6), (6, 6, 4), (7, 3, 7))  # V, H, T
    if kind == "pair":
        words = ((), (0,), (6,))
        return [problem(kind, seed + k, V, H, words=words[k]) for k, (V, H, _) in enumerate(sizes)]
    return [problem(kind, seed + k, *size) for k, size in enumerate(sizes)]


def with_repeated_words(kind: str, seed: int) -> list[Problem]:
    """Words read twice in a row, at both ends, three times, and nothing but one word."""
    texts = ((3, 3, 1, 0), (2, 5, 4, 2), (6, 1, 6, 0, 6, 1), (4, 4, 4))
    return [problem(kind, seed + k, words=words) for k, words in enumerate(texts)]


def with_large_logits(kind: str, seed: int) -> list[Problem]:
    """Logits that are far apart; and ones that are all near 1500, or all near -1500.

    exp overflows above 709; of -1500 it is 0, and so is the sum of such.
    """
    apart = problem(kind, seed)
    spread = logits(apart, start(apart)).std()
    found = [apart.with_weights(W_unembed=apart.weights["W_unembed"] * (1500 / spread))]
    for k, level in enumerate((1500.0, -1500.0)):
        near = problem(kind, seed + k + 1)
        h = last_state(near, start(near))
        lift = level * h / (h @ h)  # added to a row of W_unembed, it adds `level` to the logit
        found.append(near.with_weights(W_unembed=near.weights["W_unembed"] + lift))
    return found


def of_unlike_scales(kind: str, seed: int) -> list[Problem]:
    """Gradients far above and far below 1: one of the matrices is large, the other small."""
    found = []
    for k, (embed, recurrent, unembed) in enumerate(SCALES["pair" if kind == "pair" else "rnn"]):
        given = problem(kind, seed + k)
        sizes = {"W_embed": embed, "W_recurrent": recurrent, "W_unembed": unembed}
        scaled = {name: sizes[name] * weight for name, weight in given.weights.items()}
        found.append(least_likely(given.with_weights(**scaled)))
    return found


# Factors for W_embed, W_recurrent and W_unembed.  In the recurrent networks the states stay small:
# at the flat ends of a tanh, 1 - h^2 is lost in rounding, in whatever way it is computed.
SCALES = {
    "pair": ((1e-3, 0.0, 1e3), (1e3, 0.0, 1e-3)),
    "rnn": ((1e-2, 1.5, 1e3), (1e-5, 6.0, 1e2)),
}


def long(kind: str, seed: int, T: int, norm: float, inputs: float) -> Problem:
    """A sequence of T words; W_recurrent stretches every vector by `norm`."""
    V = 7
    words = tuple(torch.randint(V, (T,), generator=generator(seed)).tolist())
    given = problem(kind, seed, V=V, words=words)
    return least_likely(
        given.with_weights(
            W_embed=inputs * given.weights["W_embed"],
            W_recurrent=norm * orthogonal(given.H, seed),
        )
    )


def orthogonal(H: int, seed: int) -> Tensor:
    """A random orthogonal matrix `(H, H)`."""
    q, _ = torch.linalg.qr(torch.randn(H, H, generator=generator(seed), dtype=torch.float64))
    return q
