"""Stub models and recorders for the training checks, which run beside the student's code.

They return evidence (tensors, numbers, lists of what happened) and judge nothing.  A stub honours
the contract of a model: `forward(x, hidden=None) -> (logits, (h, c))`, ids `(B, T)`, fresh logits
for every position, real state tensors, parameters and a mode.
"""

import gc
import weakref
from collections.abc import Mapping

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Diary:
    """What a model went through.  A copy of the model writes in the same one."""

    def __init__(self):
        self.visits = []
        self.graphs = weakref.WeakSet()

    def __deepcopy__(self, memo):
        return self

    def living_graphs(self):
        """How many graphs of earlier forward passes are still in memory."""
        if len(self.graphs) > 3:  # only a cycle that nobody collected yet, perhaps
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


def check_ids(x):
    if x.ndim != 2 or x.is_floating_point():
        raise ValueError(f"the model takes integer ids of shape (B, T), got {tuple(x.shape)}")


class Table(nn.Module):
    """Logits read off a table: `table[x] * (1 + growth * position)`.

    Its columns are held by two matrices and, the last one, by a vector, so that what is done to
    each parameter, or to matrices only, is not what is done to the whole.  The state counts the ids
    read; `growth` lets a state that is passed on show in the logits.  In train mode `dropout` acts;
    with 1 it leaves nothing of the logits.
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
        check_ids(x)
        self.note(x, hidden)
        B, T = x.shape
        read = 0.0 if hidden is None else hidden[0].detach().max().item()
        steps = torch.arange(T, dtype=torch.float32, device=x.device)
        logits = self.dropout(self.columns()[x]) * (1 + self.growth * (read + steps))[:, None]
        logits = Graph.apply(logits, self.diary)
        h = torch.full((1, B, 1), read + T, device=x.device)
        c = logits[:, -1, :1].unsqueeze(0)  # part of the graph, as a real state is
        return logits, (h, c)

    def note(self, x, hidden):
        state = 0.0 if hidden is None else max(float(t.detach().abs().max()) for t in hidden)
        self.diary.visits.append(
            {
                "first": int(x[0, 0]),
                "gradient": torch.is_grad_enabled() and self.left.requires_grad,
                "train_mode": self.dropout.training,
                "state": state,
                "graphs": self.diary.living_graphs(),
                "table": self.weights(),
            }
        )

    def visits(self):
        return list(self.diary.visits)

    def weights(self):
        return self.columns().detach().clone()

    def columns(self):
        return torch.cat([self.left, self.right, self.bias[:, None]], dim=1)


class Quiet(nn.Module):
    """`table(x) + linear(1, 0)`: the linear's second column never gets a gradient, nor do the rows
    of characters that are not in the data."""

    def __init__(self, table, columns):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(table.clone(), freeze=False)
        self.linear = nn.Linear(2, table.shape[1])
        with torch.no_grad():
            self.linear.weight.copy_(columns)
            self.linear.bias.zero_()

    def forward(self, x, hidden=None):
        check_ids(x)
        logits = self.table(x) + self.linear(torch.tensor([1.0, 0.0], device=x.device))
        state = torch.ones(1, x.shape[0], 1, device=x.device)
        return logits, (state, state.clone())

    def weights(self):
        return self.table.weight.detach().clone(), self.linear.weight.detach().clone()


class Spark(nn.Module):
    """One vector of logits for all positions, times 1 in the first training pass, `later` after it.

    So the gradient's size and sign can change from the first step on.  Training data begin with the
    id 0, other data do not.
    """

    def __init__(self, size, later):
        super().__init__()
        self.spark = nn.Parameter(torch.zeros(size))
        self.later = later
        self.diary = Diary()

    def forward(self, x, hidden=None):
        check_ids(x)
        gate = self.later if self.diary.visits else 1.0
        if torch.is_grad_enabled() and int(x[0, 0]) == 0:
            self.diary.visits.append(self.spark.detach().clone())
        logits = (gate * self.spark).expand(*x.shape, -1).clone()
        state = torch.ones(1, x.shape[0], 1, device=x.device)
        return logits, (state, state.clone())

    def positions(self):
        """The vector before each training pass and at the end, `(passes + 1, size)`."""
        return torch.stack([*self.diary.visits, self.spark.detach().clone()])


def loader(x, y, batch_size):
    """A `DataLoader` of the windows in this order; the last batch may be smaller."""
    return DataLoader(TensorDataset(x, y), batch_size=batch_size)


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


def loss_and_gradient(loss_fn, logits, targets):
    """The loss, whether it can be differentiated, and its gradient for the logits."""
    leaf = logits.clone().requires_grad_()
    loss = loss_fn(leaf * 1.0, targets)
    differentiable = isinstance(loss, torch.Tensor) and loss.requires_grad
    if differentiable:
        loss.sum().backward()
    gradient = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
    return {"loss": loss, "differentiable": differentiable, "gradient": gradient}


def strided_loss(loss_fn, logits, targets):
    """The loss of the same numbers laid out `(T, B)` in memory; None if the call refuses them."""
    try:
        return loss_fn(
            logits.transpose(0, 1).contiguous().transpose(0, 1),
            targets.transpose(0, 1).contiguous().transpose(0, 1),
        )
    except RuntimeError:
        return None


def modes(model):
    """The modes of the model and all its parts, without repetition."""
    return sorted({module.training for module in model.modules()})


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


def overfit(model_class, train_epoch, vocab_size, x, y):
    """A small model after one call of `train_epoch` over the windows, and its weights by name."""
    model = small_model(model_class, vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    train_epoch(model, loader(x, y, batch_size=4), optimizer)
    return model, state(model)


def small_model(model_class, vocab_size):
    return model_class(vocab_size, embed_dim=64, hidden_size=128, num_layers=1, dropout=0.0)


def trained(model_class, vocab_size, weights):
    """The small model with weights from an earlier training."""
    model = small_model(model_class, vocab_size)
    model.load_state_dict(weights)
    return model


def logits_of(model, x):
    """What the model gives for the ids, in eval mode."""
    model.eval()
    with torch.no_grad():
        return model(x)[0]
