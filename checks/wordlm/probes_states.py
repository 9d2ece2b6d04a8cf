"""What must run beside the student's code where a model's state is handed on.

The contract says what a state is for, and not what it is made of: it goes from call to call here,
on the student's side, as it came. Evidence is logits, and the tensors that a state holds.
"""

from __future__ import annotations

import torch


def from_start(model, x):
    """Logits of `model(x, init_hidden)`, and the tensors of the `init_hidden`."""
    state = model.init_hidden(x.shape[0], torch.device("cpu"))
    return logits_of(model(x, state)), tensors(state)


def by_name(model, x):
    """The same, and a second piece, with every argument passed by its name."""
    state = model.init_hidden(batch_size=x.shape[0], device="cpu")
    one, state = model(x=x, hidden=state)
    other, _ = model(x=x, hidden=model.detach_hidden(hidden=state))
    return [one, other]


def in_pieces(model, x, cuts):
    """Logits of each piece of `x`, the state going from one to the next."""
    pieces, state = [], None
    for piece in torch.tensor_split(x, cuts, dim=1):
        logits, state = model(piece) if state is None else model(piece, state)
        pieces.append(logits)
    return pieces


def one_after_another(model, x):
    """Logits of three calls without a state; before the last, there is one that has a state."""
    (first, state), (second, _) = model(x), model(x)
    model(x, state)
    return [first, second, logits_of(model(x))]


def detached(model, x, tail):
    """What `detach_hidden` makes of the state after `x`, and the logits of `tail` after it."""
    _, state = model(x)
    values = [t.detach().clone() for t in tensors(state)]
    cut = model.detach_hidden(state)
    found = {
        "before": values,
        "after": [t.detach().clone() for t in tensors(cut)],
        "tracked after": [t.requires_grad for t in tensors(cut)],
    }
    if found["after"]:
        found["rest"] = logits_of(model(tail, cut))
    return found


def one_step(model, x):
    """Logits `(B, T, V)`, and what of the state belongs to each row of the batch, `(B, F)`."""
    logits, state = model(x)
    return logits, rows(state, x.shape[0])


def zero_embedding(model, vocab_size, emb_dim):
    """Set every V x E matrix to zero; how many there were."""
    found = [p for p in model.parameters() if sorted(p.shape) == sorted((vocab_size, emb_dim))]
    with torch.no_grad():
        for parameter in found:
            parameter.zero_()
    return len(found)


def parameters(model):
    """Name and values of every parameter."""
    return [[name, parameter.detach().clone()] for name, parameter in model.named_parameters()]


def logits_of(returned):
    return returned[0]


def rows(state, size):
    """The state's numbers row by row: the axis of length `size` is the batch."""
    flat = []
    for tensor in tensors(state):
        if size in tensor.shape:
            batch = tensor.movedim(list(tensor.shape).index(size), 0)
            flat.append(batch.reshape(size, -1).float())
    return torch.cat(flat, dim=1) if flat else torch.zeros(size, 0)


def tensors(state, depth=4):
    """Every tensor in a state: in lists, tuples, dicts and attributes, in their order."""
    if isinstance(state, torch.Tensor):
        return [state]
    if depth == 0 or state is None:
        return []
    if isinstance(state, dict):
        parts = list(state.values())
    elif isinstance(state, (list, tuple)):
        parts = list(state)
    else:
        parts = list(getattr(state, "__dict__", {}).values())
    return [tensor for part in parts for tensor in tensors(part, depth - 1)]
