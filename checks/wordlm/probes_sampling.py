"""Stub models for the checks of `generate`, which run beside the student's code.

They honour a model's contract (`forward(x, hidden=None) -> (logits, hidden)`, `init_hidden`,
`detach_hidden`, ids `(B, T)`, fresh logits for every position, real state tensors that hang on the
graph, parameters, a mode), hand back evidence, and judge nothing.
"""

import gc
import weakref

import torch
from torch import nn


class Diary:
    """How many graphs of earlier forward passes were alive at each.  A copy writes in the same."""

    def __init__(self):
        self.counts, self.graphs = [], weakref.WeakSet()

    def __deepcopy__(self, memo):
        return self

    def note(self):
        if len(self.graphs) > 3:  # only a cycle that nobody collected yet, perhaps
            gc.collect()
        self.counts.append(len(self.graphs))


class Leaf:
    """Something that lives as long as the graph that holds it."""


class Graph(torch.autograd.Function):
    """The identity, which leaves a trace in its graph."""

    @staticmethod
    def forward(ctx, logits, diary):
        ctx.leaf = Leaf()
        diary.graphs.add(ctx.leaf)
        return logits.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Stub(nn.Module):
    """What all stubs share.  In train mode dropout acts; one of 1 leaves nothing of the logits.

    The state is two numbers for each row, h and c, at first 0.
    """

    def __init__(self, dropout=0.0):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(dropout)
        self.diary = Diary()

    def init_hidden(self, batch_size, device=None):
        zeros = torch.zeros(1, batch_size, 1, device=device)
        return zeros, zeros.clone()

    def detach_hidden(self, hidden):
        h, c = hidden
        return h.detach(), c.detach()

    def forward(self, x, hidden=None):
        if x.ndim != 2 or x.is_floating_point():
            raise ValueError(f"the model takes integer ids of shape (B, T), got {tuple(x.shape)}")
        h, c = self.init_hidden(len(x), x.device) if hidden is None else hidden
        if h.shape != (1, len(x), 1) or c.shape != h.shape:
            raise ValueError(f"{len(x)} rows need a state (1, {len(x)}, 1), got {tuple(h.shape)}")
        self.diary.note()
        logits, (next_h, next_c) = self.read(x, h.detach(), c.detach())
        logits = Graph.apply(self.dropout(logits * self.scale), self.diary)
        link = 0 * logits[:, -1:, :1].transpose(0, 1)  # (1, B, 1)
        return logits, (next_h + 0 * h + link, next_c + 0 * c + link)

    def graphs(self):
        return list(self.diary.counts)


class Chain(Stub):
    """The last word decides: `logits = table[x]`.  The state counts what was read."""

    def __init__(self, table, dropout=0.0):
        super().__init__(dropout)
        self.register_buffer("table", table.clone())

    def read(self, x, h, c):
        return self.table[x], (h + x.shape[1], c + x.shape[1])


class Reader(Stub):
    """Everything read so far decides: two remainders, one in h and one in c, take in every id.

    `h <- (p h + q id + 1) mod 61`, `c <- (r c + s id + 2) mod 67`; the next word is number
    `(h + 2 c) mod n` of those allowed, and no other has a chance.
    """

    def __init__(self, factors, allowed, vocab_size):
        super().__init__()
        self.factors, self.allowed, self.vocab_size = factors, allowed, vocab_size

    def read(self, x, h, c):
        p, q, r, s = self.factors
        rows = []
        for row in range(len(x)):
            a, b, chosen = int(h[0, row, 0].round()), int(c[0, row, 0].round()), []
            for i in x[row].tolist():
                a, b = (p * a + q * i + 1) % 61, (r * b + s * i + 2) % 67
                chosen.append(self.allowed[(a + 2 * b) % len(self.allowed)])
            rows.append((chosen, a, b))
        following = torch.tensor([chosen for chosen, _, _ in rows], device=x.device)  # (B, T)
        logits = torch.zeros(*x.shape, self.vocab_size, device=x.device)
        logits.scatter_(2, following.unsqueeze(2), 200.0)
        h, c = (torch.tensor([[[float(row[k])] for row in rows]]) for k in (1, 2))
        return logits, (h, c)
