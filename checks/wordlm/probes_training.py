"""Stub models and recorders for the training checks, which run beside the student's code.

They return evidence (tensors, numbers, lists of what happened) and judge nothing.  A stub honours
the contract of a model, and everything that a student's function may do with one:

    forward(x, hidden=None) -> (logits, hidden)     ids (B, T), hidden by place or by name, or None
    init_hidden(batch_size, device)                 by place or by name
    detach_hidden(hidden)                           or `.detach()` done by hand: hidden is (h, c)

It has parameters, a mode, real state tensors that hang on the graph, and gives fresh logits for
every position.
"""

import gc
import weakref
from collections.abc import Mapping

import torch
from torch import nn

MANY = 12  # graphs: more than those of two chunks that a model is called for step by step
CODES = 8191  # a prime: what was read is summed up in a number below it, exact in float32


class Diary:
    """What a model went through.  A copy of the model writes in the same one."""

    def __init__(self):
        self.visits, self.graphs = [], weakref.WeakSet()
        self.epoch, self.lit = 0, False  # how many epochs have begun, whether there was a pass

    def __deepcopy__(self, memo):
        return self

    def living_graphs(self):
        """How many graphs of earlier forward passes are still in memory."""
        if len(self.graphs) > MANY:  # only a cycle that nobody collected yet, perhaps
            gc.collect()
        return len(self.graphs)


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
    """What all stubs share: the state.

    h counts the ids read in each row, c sums up which they were: c <- (31 c + id + 1) mod 8191.
    Both hang on the graph of the logits and of the state before, as a real state does.
    """

    def init_hidden(self, batch_size, device=None):
        zeros = torch.zeros(1, batch_size, 1, device=device)
        return zeros, zeros.clone()

    def detach_hidden(self, hidden):
        h, c = hidden
        return h.detach(), c.detach()

    def start(self, x, hidden):
        """The state before `x`, as a pair."""
        if x.ndim != 2 or x.is_floating_point():
            raise ValueError(f"the model takes integer ids of shape (B, T), got {tuple(x.shape)}")
        h, c = self.init_hidden(len(x), x.device) if hidden is None else hidden
        if h.shape != (1, len(x), 1) or c.shape != h.shape:
            raise ValueError(f"{len(x)} rows need a state (1, {len(x)}, 1), got {tuple(h.shape)}")
        return h, c

    def after(self, x, state, logits):
        """The state after `x`."""
        h, c = state
        code = c.detach().flatten()
        for column in x.unbind(dim=1):
            code = (31 * code + column + 1) % CODES
        link = 0 * logits[:, -1:, :1].transpose(0, 1)  # (1, B, 1)
        return h + x.shape[1] + link, code.view(1, -1, 1) + 0 * c + link


class Table(Stub):
    """Logits read off a table: `table[x] * (1 + growth * number of ids read before)`.

    Its columns are held by two matrices and, the last one, by a vector, so that what is done to
    each parameter, or to matrices only, is not what is done to the whole.  `growth` lets the state
    show in the logits.  In train mode `dropout` acts; with 1 it leaves nothing of the logits.
    """

    def __init__(self, table, growth=0.0, dropout=0.0):
        super().__init__()
        half = table.shape[1] // 2
        self.left = nn.Parameter(table[:, :half].clone())
        self.right = nn.Parameter(table[:, half:-1].clone())
        self.bias = nn.Parameter(table[:, -1].clone())
        self.dropout = nn.Dropout(dropout)
        self.growth = growth
        self.diary = Diary()
        self.register_buffer("level", torch.full((2,), 0.5))

    def forward(self, x, hidden=None):
        h, c = self.start(x, hidden)
        self.note(x, h, c)
        read = h.detach().view(-1, 1, 1) + torch.arange(x.shape[1], device=x.device)[:, None]
        logits = self.dropout(self.columns()[x]) * (1 + self.growth * read)
        logits = Graph.apply(logits, self.diary)
        return logits, self.after(x, (h, c), logits)

    def note(self, x, h, c):
        self.diary.visits.append(
            {
                "x": x.detach().clone(),
                "gradient": torch.is_grad_enabled() and self.left.requires_grad,
                "train_mode": self.dropout.training,
                "read": h.detach().flatten().tolist(),
                "code": c.detach().flatten().tolist(),
                "attached": h.grad_fn is not None or c.grad_fn is not None,
                "graphs": self.diary.living_graphs(),
            }
        )

    def visits(self):
        return list(self.diary.visits)

    def weights(self):
        return self.columns().detach().clone()

    def columns(self):
        return torch.cat([self.left, self.right, self.bias[:, None]], dim=1)


class Script(Stub):
    """A model whose validation loss follows a script, whatever it is trained to.

    Training text begins with the id 0, which occurs nowhere else; validation text is the last id
    over and over. There the logit of that id is `levels[e]` after e epochs, all others are 0.

    On training text the logits are a vector for all positions, times 1 in the first pass and
    `later` from the second on, so that size and sign of the gradient can change. A second vector,
    `idle`, takes part with the factor 0: its gradient is zero.
    """

    def __init__(self, size, levels, later=1.0):
        super().__init__()
        self.spark = nn.Parameter(torch.zeros(size))
        self.idle = nn.Parameter(torch.linspace(1.0, 3.0, size))
        self.register_buffer("last", torch.eye(size)[-1])
        self.levels, self.later = list(levels), later
        self.diary = Diary()

    def forward(self, x, hidden=None):
        state, size, first = self.start(x, hidden), len(self.spark), int(x[0, 0])
        if first == size - 1:  # validation text
            self.note(trained=False)
            epoch = min(self.diary.epoch, len(self.levels) - 1)
            vector = 0 * self.spark + self.levels[epoch] * self.last
        else:
            vector = self.spark * (self.later if self.diary.lit else 1.0)
            if torch.is_grad_enabled() and self.training:
                self.diary.lit = True
                self.diary.epoch += first == 0
                self.note(trained=True)
        logits = (vector + 0 * self.idle).expand(*x.shape, -1)
        return logits, self.after(x, state, logits)

    def note(self, trained):
        spark = self.spark.detach().clone()
        visit = {"epoch": self.diary.epoch, "trained": trained, "spark": spark}
        self.diary.visits.append(visit)

    def visits(self):
        return list(self.diary.visits)

    def weights(self):
        return [self.spark.detach().clone(), self.idle.detach().clone()]


def watched_sgd(model, lr, groups=1):
    """Plain SGD, over so many groups of parameters, that keeps the weights after every step."""
    parameters = list(model.parameters())
    shared_out = [{"params": parameters[k::groups]} for k in range(groups)]
    optimizer = torch.optim.SGD(shared_out, lr=lr)
    optimizer.positions = [model.weights()]
    optimizer.register_step_post_hook(lambda *_: optimizer.positions.append(model.weights()))
    return optimizer


def positions(optimizer):
    """The weights before the first step and after each, `(steps + 1, ...)`."""
    return torch.stack(optimizer.positions)


def set_gradients(model, value):
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, value)


def gradients(model):
    """The gradients, one tensor per parameter; zeros where there is none."""
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]


def plain_rows(history):
    """The history with every mapping in it as a dict; anything else as it is."""
    if not isinstance(history, (list, tuple)):
        return history
    return [dict(row) if isinstance(row, Mapping) else row for row in history]


def trainable(model):
    """Whether autograd is on, and asked for by all parameters."""
    return torch.is_grad_enabled() and all(p.requires_grad for p in model.parameters())


def state(model):
    """Weights and buffers by name."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def logits_of(model, x):
    """What the model gives for the ids, in eval mode."""
    model.eval()
    with torch.no_grad():
        return model(x)[0]
