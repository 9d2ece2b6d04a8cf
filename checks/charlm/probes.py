"""What must run beside the student's code, for the checks of data.py.

A probe hands back evidence (values, shapes, tensors, what was raised), never a verdict: whoever
reads it has computed the right answer elsewhere, from inputs the submission could not foresee.
Only the standard library and torch are imported, since this file is loaded from its source.
"""

from __future__ import annotations

import torch


def look_up(table, keys):
    """`table[key]` for each key: `[True, value]`, or `[False, "KeyError: ..."]` where it raises."""
    return [_attempt(lambda key=key: table[key]) for key in keys]


def windows(dataset_class, ids, seq_len, order):
    """`len` of `CharWindows(ids, seq_len)`, and its items at those places in `order` it has."""
    dataset = dataset_class(ids, seq_len)
    length = len(dataset)
    return length, [dataset[i] for i in order if i < length]


def one_pass(loader, most):
    """One pass over `loader`: rows of each batch, all x and all y stacked, and the first odd batch.

    Batches that are alike (a pair of 2-D tensors of one width and type) are stacked; the pass ends
    at one that is not, or after `most` batches.
    """
    rows, xs, ys = [], [], []
    for batch in loader:
        if len(rows) >= most or not _is_alike(batch, xs):
            return rows, _stack(xs), _stack(ys), [batch]
        x, y = batch
        rows.append(len(x))
        xs.append(x.detach())
        ys.append(y.detach())
    return rows, _stack(xs), _stack(ys), []


def first_batch(loader):
    """The first batch, in a list of one; an empty list where there is none."""
    for batch in loader:
        return [batch]
    return []


def batches_or_error(make_loaders, text, options):
    """`[True, [train batches, validation batches]]`, or `[False, error]` if anything raises."""

    def count():
        train, validation, _ = make_loaders(text, **options)
        return [sum(1 for _ in train), sum(1 for _ in validation)]

    return _attempt(count)


def _attempt(action):
    try:
        return [True, action()]
    except NotImplementedError:  # an empty template body: nothing to give evidence of
        raise
    except Exception as error:
        return [False, f"{type(error).__name__}: {error}"]


def _is_alike(batch, xs):
    if not isinstance(batch, (list, tuple)) or len(batch) != 2:
        return False
    if not all(isinstance(t, torch.Tensor) and t.ndim == 2 for t in batch):
        return False
    x, y = batch
    first = xs[0] if xs else x
    return x.shape == y.shape and x.shape[1] == first.shape[1] and x.dtype == y.dtype == first.dtype


def _stack(tensors):
    return torch.cat(tensors) if tensors else None
