"""The wire between judge and worker: plain values as bytes, and nothing else.

A message is four bytes of length (big endian) and a msgpack document. msgpack was chosen because
its decoder builds only plain data, in any language, with limits; pickle, dill and `torch.load`
run code of the sender's choice. The document is a tree in which

    None, bool, int, float, str, bytes    stand for themselves
    ["l", ...]  ["t", ...]                are a list and a tuple
    ["d", key, value, key, value, ...]    is a dict
    ["T", dtype, shape, bytes]            is a tensor, in C order and this machine's byte order
    ["r", number, kind]                   is an object that stays in the worker (`Ref`)

Decoding is the trust boundary: `unpack` returns exact built-in types, plain CPU tensors and
`Ref`s, or raises `WireError`, whatever the bytes are.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import msgpack
import torch

MAX_MESSAGE = 256 * 2**20  # bytes; the largest honest answer, (64, 128, 65) logits, is 2 MiB
MAX_DEPTH = 32
MAX_ITEMS = 4_000_000  # containers' elements in one message
INTEGERS = range(-(2**63), 2**64)  # larger ones could be chosen to have the same hash
MAX_ALIKE = 16  # keys of one dict, on average, with the same hash
MAX_KIND = 120  # characters of an object's type name
HEADER = struct.Struct(">I")

DTYPES: dict[str, torch.dtype] = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
        torch.float16, torch.bfloat16, torch.float32, torch.float64,
        torch.complex64, torch.complex128,
    )
}  # fmt: skip
_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class WireError(ValueError):
    """The bytes are not a message of this protocol, or the value has no place in one."""


@dataclass(frozen=True)
class Ref:
    """An object that stays in the worker: its number there and the name of its type."""

    number: int
    kind: str


def pack(value: Any) -> bytes:
    """The message body for a value of plain types, tensors and `Ref`s.

    Raises WireError for a value of any other type, or one nested deeper than MAX_DEPTH.
    """
    body = msgpack.packb(_to_tree(value, 0), unicode_errors="surrogatepass")
    if len(body) > MAX_MESSAGE:
        raise WireError(f"a message of {len(body)} bytes is over the limit of {MAX_MESSAGE}")
    return bytes(body)


def unpack(body: bytes) -> Any:
    """The value of a message body. Raises WireError unless the bytes are exactly one message."""
    _survey(body)
    try:
        tree = msgpack.unpackb(
            body,
            use_list=True,
            strict_map_key=True,
            unicode_errors="surrogatepass",
            max_map_len=0,
            max_ext_len=0,
            max_array_len=MAX_ITEMS,
        )
    except (
        ValueError,
        RecursionError,
        MemoryError,
    ) as error:  # msgpack's are ValueErrors
        raise WireError(f"not a message: {error}") from None
    return _Reader().value(tree, 0)


def frame(body: bytes) -> bytes:
    """The body with its length in front."""
    return HEADER.pack(len(body)) + body


# The bytes after each first byte of msgpack: how many, and whether they are a length and of what.
_FIXED = {
    **dict.fromkeys((0xC0, 0xC2, 0xC3), 0),  # None, False, True
    **{0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8},
}
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAY = {0xDC: 2, 0xDD: 4}


def _survey(body: bytes) -> None:
    """Count a message's values before any is built: an empty list takes 64 bytes here, 1 there.

    Raises WireError if they are too many or not exactly the body, or for a map or an extension.
    """
    place = count = 0
    left = 1  # values still to come
    try:
        while left:
            left, count = left - 1, count + 1
            if count > MAX_ITEMS:
                raise WireError("the message has too many elements")
            first = body[place]
            place += 1
            if first < 0x80 or first >= 0xE0:  # a small integer
                continue
            if 0x90 <= first < 0xA0:
                left += first & 0x0F
            elif 0xA0 <= first < 0xC0:
                place += first & 0x1F
            elif first in _FIXED:
                place += _FIXED[first]
            elif first in _BYTES or first in _ARRAY:
                size = _BYTES.get(first) or _ARRAY[first]
                length = int.from_bytes(body[place : place + size], "big")
                place += size
                if first in _ARRAY:
                    left += length
                else:
                    place += length
            else:
                raise WireError(f"not a message: the byte {first:#x}")
    except IndexError:
        raise WireError("not a message: it is cut off") from None
    if place != len(body):
        raise WireError("not a message: its lengths do not fit")


def _to_tree(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"the value is nested deeper than {MAX_DEPTH}")
    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        if value not in INTEGERS:
            raise WireError(f"an integer of {value.bit_length()} bits does not cross the wire")
        return value
    if kind in (list, tuple):
        return ["l" if kind is list else "t", *(_to_tree(item, depth + 1) for item in value)]
    if kind is dict:
        flat = (_to_tree(part, depth + 1) for pair in value.items() for part in pair)
        return ["d", *flat]
    if kind is Ref:
        return ["r", value.number, value.kind[:MAX_KIND]]
    if isinstance(value, torch.Tensor):
        return _tensor_to_tree(value)
    raise WireError(f"a {kind.__name__} does not cross the wire")


def _tensor_to_tree(tensor: torch.Tensor) -> list[Any]:
    with torch.no_grad():
        plain = torch.Tensor.detach(tensor).to_dense() if tensor.is_sparse else tensor.detach()
        plain = plain.cpu().resolve_conj().resolve_neg()
        # Not `contiguous`: it leaves a single number its stride, which hides its bytes from `view`.
        plain = plain.clone(memory_format=torch.contiguous_format)
    if plain.dtype not in _DTYPE_NAMES:
        raise WireError(f"a tensor of {plain.dtype} does not cross the wire")
    data = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return ["T", _DTYPE_NAMES[plain.dtype], list(plain.shape), data]


class _Reader:
    """Rebuilds one message; counts the elements over the whole tree."""

    def __init__(self) -> None:
        self.items = 0

    def value(self, tree: Any, depth: int) -> Any:
        if not isinstance(tree, list):
            return tree
        self.items += len(tree)
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            raise WireError("the message is nested too deep or has too many elements")
        tag = tree[0] if tree else None
        build = self._builders.get(tag) if isinstance(tag, str) else None
        if build is None:
            raise WireError("the message has an array without a known tag")
        return build(self, tree, depth + 1)

    def _list(self, tree: list[Any], depth: int) -> list[Any]:
        return [self.value(item, depth) for item in tree[1:]]

    def _tuple(self, tree: list[Any], depth: int) -> tuple[Any, ...]:
        return tuple(self._list(tree, depth))

    def _dict(self, tree: list[Any], depth: int) -> dict[Any, Any]:
        flat = self._list(tree, depth)
        if len(flat) % 2:
            raise WireError("a dict lacks the value of its last key")
        keys, values = flat[::2], flat[1::2]
        try:
            hashes = set(map(hash, keys))
        except TypeError:
            raise WireError("a dict has a key that cannot be one") from None
        if len(keys) > MAX_ALIKE * len(hashes):  # it would take the square of its size to build
            raise WireError("a dict has many keys of the same hash")
        return dict(zip(keys, values, strict=True))

    def _ref(self, tree: list[Any], depth: int) -> Ref:
        if len(tree) != 3 or type(tree[1]) is not int or not isinstance(tree[2], str):
            raise WireError("malformed reference")
        return Ref(tree[1], tree[2][:MAX_KIND])

    def _tensor(self, tree: list[Any], depth: int) -> torch.Tensor:
        if len(tree) != 4 or not isinstance(tree[1], str) or not isinstance(tree[3], bytes):
            raise WireError("malformed tensor")
        dtype, shape, data = DTYPES.get(tree[1]), tree[2], tree[3]
        if dtype is None or not isinstance(shape, list) or len(shape) > 16:
            raise WireError("malformed tensor")
        if not all(type(size) is int and 0 <= size < 2**40 for size in shape):
            raise WireError("malformed tensor shape")
        if math.prod(size or 1 for size in shape) >= 2**50:  # torch's strides would overflow
            raise WireError("malformed tensor shape")
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError(f"{len(data)} bytes are no {tree[1]} tensor of shape {shape}")
        if not data:
            return torch.empty(shape, dtype=dtype)
        if dtype is torch.bool:  # any byte but 0 is True; a raw 2 would be undefined behaviour
            return (torch.frombuffer(bytearray(data), dtype=torch.uint8) != 0).reshape(shape)
        return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)

    _builders: ClassVar[dict[str, Any]] = {
        "l": _list, "t": _tuple, "d": _dict, "r": _ref, "T": _tensor,
    }  # fmt: skip
