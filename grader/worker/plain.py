"""What a student's value means: plain values cross by value, everything else stays as an object.

Judged by meaning where a student's choice is harmless: a numpy scalar is a number, a namedtuple
and `torch.Size` are tuples, an array is a tensor. Subclasses of dict, set, generators, models stay
where they are: what they do on `[]` (a `defaultdict`, say) may be the very thing that is checked.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from .wire import DTYPES, INTEGERS, MAX_DEPTH, Ref, WireError

_DTYPE_SET = frozenset(DTYPES.values())
# What turns an instance of a subclass (an IntEnum, a numpy.float64) into the exact built-in,
# through the built-in's own slot and not through anything the subclass defines.
_EXACT: tuple[tuple[type, Any], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (str, str.__str__),
)


class Objects:
    """The worker's table of objects that the judge holds references to."""

    def __init__(self) -> None:
        self._by_number: dict[int, Any] = {}
        self._last = 0

    def keep(self, value: Any, kind: str = "") -> Ref:
        """A new reference to the value, which lives until `drop`; `kind`: in place of its type."""
        self._last += 1
        self._by_number[self._last] = value
        return Ref(self._last, kind or kind_of(value))

    def get(self, ref: Ref) -> Any:
        """The object itself."""
        return self._by_number[ref.number]

    def drop(self, numbers: list[int]) -> None:
        """Forget objects that the judge no longer holds."""
        for number in numbers:
            self._by_number.pop(number, None)

    def export(self, value: Any, depth: int = 0) -> Any:
        """The value as it crosses the wire: plain data with a `Ref` for every other object."""
        value = _by_meaning(value)
        kind = type(value)
        if kind is int and value not in INTEGERS:
            return self.keep(value, kind=f"int of {value.bit_length()} bits")
        if value is None or kind in (bool, int, float, str, bytes):
            return value
        if depth > MAX_DEPTH:
            raise WireError(f"the value is nested deeper than {MAX_DEPTH}")
        if kind in (list, tuple):
            return kind(self.export(item, depth + 1) for item in value)
        if kind is dict:
            return {self._key(key): self.export(item, depth + 1) for key, item in value.items()}
        if isinstance(value, torch.Tensor) and value.dtype in _DTYPE_SET:
            return value
        return self.keep(value)

    def _key(self, key: Any) -> Any:
        exported = self.export(key)
        if isinstance(exported, torch.Tensor):  # tensors are keys by identity, which has no value
            return self.keep(key)
        return exported

    def restore(self, value: Any) -> Any:
        """The judge's argument with every `Ref` replaced by the object it stands for."""
        if isinstance(value, Ref):
            return self.get(value)
        if type(value) in (list, tuple):
            return type(value)(self.restore(item) for item in value)
        if type(value) is dict:
            return {key: self.restore(item) for key, item in value.items()}
        return value


def kind_of(value: Any) -> str:
    """The name of the value's type, whatever its class says of itself."""
    return str(type.__getattribute__(type(value), "__name__"))


def _by_meaning(value: Any) -> Any:
    """The built-in value that a harmless variant stands for; the value itself if it is none."""
    kind = type(value)  # not `isinstance`, which believes a `__class__` that lies
    if value is None or kind is bool:
        return value
    for exact, convert in _EXACT:
        if issubclass(kind, exact):
            return value if kind is exact else convert(value)
    if issubclass(kind, tuple) and kind is not tuple:  # namedtuple, torch.Size, ...
        return tuple(tuple.__iter__(value))
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.generic):
            return _by_meaning(value.item()) if value.dtype.kind in "biufSU" else value
        if isinstance(value, numpy.ndarray) and value.dtype.kind in "biuf":
            return torch.from_numpy(numpy.ascontiguousarray(value).reshape(value.shape).copy())
    return value
