"""What must run beside the student's code: calls with autograd there, or switched off.

Like all probes these hand back evidence and never a verdict, and import nothing but torch and the
standard library: the file is loaded from its source.

Switched off means: nothing is recorded, and both ways of asking torch for a derivative refuse, the
engine that runs backwards and the dual numbers that run forwards.  They are stopped at the lowest
place that Python reaches, so a name that was imported before is stopped too.  Code that derives by
hand, in torch, in numpy or in plain Python, asks for neither and notices nothing.  Code that is
out to undo this can do so, as it could carry an autograd of its own: it then gives right numbers,
and it is right numbers that the checks ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager

import torch


class AutogradIsOff(RuntimeError):
    """What a student reads who asks torch for a derivative."""


def with_autograd(function, arguments):
    """What the function returns, with autograd at hand."""
    return _plain(function(*arguments))


def by_hand(function, arguments):
    """What the function returns while autograd is switched off."""
    with _autograd_off():
        return _plain(function(*arguments))


def by_hand_or_error(function, arguments):
    """`[True, what it returns]` while autograd is switched off, or `[False, error]`."""
    try:
        return [True, by_hand(function, arguments)]
    except NotImplementedError:  # an empty template body: nothing to give evidence of
        raise
    except Exception as error:
        return [False, f"{type(error).__name__}: {error}"]


def arguments_after(function, arguments):
    """The arguments, once the function has returned."""
    function(*arguments)
    return arguments


def _plain(value):
    """The value with dicts for mappings, tensors for arrays, lists for what has a length."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        return value.to_dense() if value.is_sparse else value
    if _is_array_of_reals(value):
        return torch.from_numpy(value.astype("float64", order="C"))
    if hasattr(value, "__len__") and hasattr(value, "__iter__") and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _is_array_of_reals(value):
    return (
        type(value).__module__ == "numpy" and hasattr(value, "astype") and value.dtype.kind in "iuf"
    )


@contextmanager
def _autograd_off():
    def refuse(*_, **__):
        raise AutogradIsOff("autograd is switched off: the answer must be derived by hand")

    engine = type("Engine", (), {"__getattr__": lambda self, name: refuse})
    stand_ins = [
        (torch.autograd.Variable, "_execution_engine", engine()),
        (torch._C, "_ImperativeEngine", engine),
        (torch._C, "_set_grad_enabled", lambda mode: None),
        (torch._VF, "_make_dual", refuse),
        (torch.autograd.forward_ad, "make_dual", refuse),
    ]
    # Some of these names are private: another version of torch may lack one.
    stand_ins = [row for row in stand_ins if hasattr(row[0], row[1])]
    with torch.no_grad():
        originals = [(owner, name, getattr(owner, name)) for owner, name, _ in stand_ins]
        _put(stand_ins)
        try:
            yield
        finally:
            _put(originals)


def _put(values):
    for owner, name, value in values:
        setattr(owner, name, value)
