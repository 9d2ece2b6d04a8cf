"""Stub models whose greedy text is known.

`successor_chain`: after each character one other is likeliest; `branching`: after each, one of two
follows.  `Reading`: the next character depends on every one read so far.
"""

import random

import torch

CHARACTERS = "\n abcdefghijklmnopqrstuvwxyz.,!TZé"
CAPITALS = "\n ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def successor_chain(lab, alphabet, gap=2.5, **options):
    """A stub with one likeliest successor for each character, and that map.

    All successors form one cycle.  `gap` is how far the likeliest logit is above the others; a
    draw, at whatever temperature above 0.01, then takes another character soon.
    """
    V = len(alphabet)
    cycle = random.Random(lab.seed).sample(range(V), V)
    following = {a: b for a, b in zip(cycle, cycle[1:] + cycle[:1], strict=True)}
    table = torch.zeros(V, V)
    for a, b in following.items():
        table[a, b] = gap
    return lab.probes_sampling.Chain(table, **options), following


def follow(following, start, length):
    """The ids after `start` in a chain of successors."""
    ids = [start]
    for _ in range(length):
        ids.append(following[ids[-1]])
    return ids[1:]


def branching(lab, alphabet):
    """A stub after whose characters two others are equally likely, and no third is possible."""
    V = len(alphabet)
    draw = random.Random(lab.seed)
    following = {a: sorted(draw.sample(range(V), 2)) for a in range(V)}
    table = torch.full((V, V), -1e3)  # probability e^-1000
    for a, pair in following.items():
        table[a, pair] = 0.0
    return lab.probes_sampling.Chain(table), following


class Reading:
    """A `Reader` with factors drawn from the seed, and what it says."""

    def __init__(self, lab, vocab_size):
        draw = random.Random(lab.seed)
        self.factors = [draw.randint(2, 60) for _ in range(4)]
        self.vocab_size = vocab_size
        self.model = lab.probes_sampling.Reader(self.factors, vocab_size)

    def state(self, ids, start=(0, 0)):
        """`(h, c)` after reading."""
        (p, q, r, s), (h, c) = self.factors, start
        for i in ids:
            h, c = (p * h + q * i + 1) % 61, (r * c + s * i + 2) % 67
        return h, c

    def choice(self, state):
        """The id that a state says comes next."""
        return (state[0] + 2 * state[1]) % self.vocab_size

    def after(self, ids):
        """The id that comes after these."""
        return self.choice(self.state(ids))

    def greedy(self, ids, length):
        """The greedy continuation."""
        read = list(ids)
        for _ in range(length):
            read.append(self.after(read))
        return read[len(ids) :]
