"""Stub models for the sampling checks, which run beside the student's code.

They honour a model's contract (`forward(x, hidden=None) -> (logits, (h, c))`, ids `(B, T)`, fresh
logits for every position, real state tensors, parameters, a mode), hand back evidence, and judge
nothing.
"""

import torch
from torch import nn


class Diary(list):
    """Whether each forward pass recorded gradients.  A copy of the model writes in the same one."""

    def __deepcopy__(self, memo):
        return self


class Stub(nn.Module):
    """What all stubs share.  In train mode dropout acts; one of 1 leaves nothing of the logits."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(dropout)
        self.diary = Diary()

    def forward(self, x, hidden=None):
        if x.ndim != 2 or x.is_floating_point():
            raise ValueError(f"the model takes integer ids of shape (B, T), got {tuple(x.shape)}")
        logits, state = self.read(x, hidden)
        logits = self.dropout(logits * self.scale)
        self.diary.append(logits.requires_grad)
        return logits, state

    def recorded(self):
        return list(self.diary)


class Chain(Stub):
    """The last character decides: `logits = table[x]`.  The state counts what was read."""

    def __init__(self, table, dropout=0.0):
        super().__init__(dropout)
        self.register_buffer("table", table.clone())

    def read(self, x, hidden):
        before = 0.0 if hidden is None else hidden[0]
        h = torch.full((1, x.shape[0], 1), float(x.shape[1])) + before
        return self.table[x], (h, h.clone())


class Reader(Stub):
    """Everything read so far decides: two remainders, one in h and one in c, take in every id.

    `h <- (p h + q id + 1) mod 61`, `c <- (r c + s id + 2) mod 67`, next id `(h + 2 c) mod V`.
    """

    def __init__(self, factors, vocab_size):
        super().__init__()
        self.factors, self.vocab_size = factors, vocab_size

    def read(self, x, hidden):
        B, T = x.shape
        start = [[0] * B, [0] * B]
        if hidden is not None:
            start = [tensor.detach().reshape(-1).round().int().tolist() for tensor in hidden]
        rows = [self.read_row(x[b].tolist(), start[0][b], start[1][b]) for b in range(B)]
        following = torch.tensor([chosen for chosen, _, _ in rows])  # (B, T)
        logits = torch.zeros(B, T, self.vocab_size).scatter_(2, following.unsqueeze(2), 6.0)
        state = tuple(torch.tensor([[[float(row[i])] for row in rows]]) for i in (1, 2))
        return logits, state

    def read_row(self, ids, h, c):
        p, q, r, s = self.factors
        chosen = []
        for i in ids:
            h, c = (p * h + q * i + 1) % 61, (r * c + s * i + 2) % 67
            chosen.append((h + 2 * c) % self.vocab_size)
        return chosen, h, c


def tables(build_vocab, text):
    """`(characters in the order of their ids, stoi, itos)` of the student's own, or None.

    None if the tables are not one-to-one on 0..V-1, or know a character that is not in the text:
    those are faults of data.py, of which sample.py is innocent.
    """
    try:
        _, stoi, itos = build_vocab(text)
        order = "".join(itos[i] for i in range(len(set(text))))
        if sorted(order) != sorted(set(text)) or [stoi[c] for c in order] != [*range(len(order))]:
            return None
    except Exception:
        return None
    try:
        stoi["\uffff"]
    except Exception:
        return order, stoi, itos
    return None


def modes(model):
    """The modes of the model and all its parts, without repetition."""
    return sorted({module.training for module in model.modules()})
