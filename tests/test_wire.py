"""The trust boundary: what the worker sends is a plain value or an error, whatever the bytes."""

from __future__ import annotations

import itertools
import math
import random
import resource
import time
from typing import Any

import hypothesis.strategies as st
import msgpack
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from grader.worker.wire import (
    DTYPES,
    INTEGERS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_KIND,
    Ref,
    WireError,
    pack,
    unpack,
)

QUICK = settings(
    max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
PLAIN = (type(None), bool, int, float, str, bytes)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, of the same types throughout, NaN being equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        kind = one.dtype == other.dtype and one.shape == other.shape
        return kind and bytes_of(one) == bytes_of(other)
    if type(one) in (list, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is dict:
        return same(list(one.items()), list(other.items()))
    if type(one) is float and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def bytes_of(tensor: torch.Tensor) -> bytes:
    flat = tensor.contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def assert_plain(value: Any) -> None:
    """Exact built-in types, `Ref`s and plain dense CPU tensors; nothing else."""
    if type(value) in (list, tuple):
        for item in value:
            assert_plain(item)
    elif type(value) is dict:
        for pair in value.items():
            assert_plain(pair)
    elif type(value) is torch.Tensor:
        assert (value.device.type, value.layout) == ("cpu", torch.strided)
        assert value.dtype in DTYPES.values()
        assert not value.requires_grad
        assert value.is_contiguous()
    elif type(value) is Ref:
        assert type(value.number) is int
        assert type(value.kind) is str
        assert len(value.kind) <= MAX_KIND
    else:
        assert type(value) in PLAIN


def assert_refused_or_plain(body: bytes) -> None:
    try:
        value = unpack(body)
    except WireError:
        return
    assert_plain(value)
    repr(value)  # what the judge holds can be shown


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    dtype = draw(st.sampled_from(list(DTYPES.values())))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    size = dtype.itemsize * math.prod(shape)
    data = (draw(st.binary(min_size=1, max_size=16)) * (size + 1))[:size]
    if dtype is torch.bool:
        data = bytes(byte & 1 for byte in data)
    if not data:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)


any_text = st.text(st.characters(exclude_categories=()))
integers = st.integers(INTEGERS.start, INTEGERS.stop - 1)
keys = st.none() | st.booleans() | integers | st.floats(allow_nan=False) | any_text
leaves = (
    keys
    | st.floats()
    | st.binary()
    | tensors()
    | st.builds(Ref, st.integers(0, 2**63), st.text(max_size=MAX_KIND))
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys | st.tuples(keys, keys), inner)
    ),
    max_leaves=20,
)


@QUICK
@given(values)
def test_every_plain_value_comes_back_as_it_was(value: Any) -> None:
    assert same(unpack(pack(value)), value)


def test_tensors_lose_only_what_is_not_their_value() -> None:
    plain = torch.arange(6.0).reshape(2, 3)
    leaf = plain.clone().requires_grad_(True)
    for variant in (leaf, leaf * 1, torch.nn.Parameter(plain), plain.T.contiguous().T, plain[:, :]):
        assert same(unpack(pack(variant)), plain)
    assert same(unpack(pack(plain.to_sparse())), plain)
    assert same(unpack(pack(plain.expand(2, 2, 3)[1])), plain)
    assert same(unpack(pack(torch.tensor(1 + 2j).conj())), torch.tensor(1 - 2j))


class Odd(list[int]):
    """A subclass of a built-in."""


def test_a_single_number_crosses_whatever_its_stride() -> None:
    """A column of a matrix with one row has one number, and a stride that leads to no other."""
    matrix = torch.arange(5.0, dtype=torch.float64).reshape(1, 5)
    for part in (matrix[:, 3], matrix[:, 3:4], matrix.T[3:4]):
        assert torch.equal(unpack(pack(part)), part)


@pytest.mark.parametrize("value", [object(), Odd([1]), {1}, 1j, range(3), 1 << 64])
def test_anything_else_is_refused_when_packing(value: Any) -> None:
    with pytest.raises(WireError):
        pack([value])


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_has_a_limit_on_both_sides() -> None:
    assert same(unpack(pack(nested(MAX_DEPTH))), nested(MAX_DEPTH))
    with pytest.raises(WireError):
        pack(nested(MAX_DEPTH + 1))
    for depth in (MAX_DEPTH + 2, 500, 5_000, 500_000):
        with pytest.raises(WireError):
            unpack(b"\x92\xa1l" * depth + b"\x01")  # ["l", ["l", ...]]


@settings(QUICK, max_examples=1000)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_plain(body: bytes) -> None:
    assert_refused_or_plain(body)


@settings(QUICK, max_examples=400)
@given(values, st.randoms(use_true_random=False))
def test_damaged_messages_are_refused_or_plain(value: Any, chance: random.Random) -> None:
    body = bytearray(pack(value))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(body) + 1)
        part = bytes(chance.choices(range(256), k=chance.randint(0, 3)))
        body[place : place + chance.randint(0, 3)] = part
    assert_refused_or_plain(bytes(body))


numbers = st.integers(-3, 5) | st.sampled_from([2**31, 2**39, 2**40, 2**62, 2**63, -(2**63)])
words = st.sampled_from(["l", "t", "d", "i", "r", "T", "float32", "bool", "int64", "ff", "", "x"])
trees = st.recursive(
    numbers | words | st.none() | st.booleans() | st.floats() | st.binary(max_size=32),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=4).map(lambda rest: ["d", *rest])
        | st.tuples(st.just("T"), words, st.lists(numbers, max_size=18), st.binary(max_size=32))
        | st.tuples(st.sampled_from("irldt"), inner)
        | st.tuples(st.just("r"), numbers, words | inner)
        | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=4))
        | st.dictionaries(words, inner, max_size=2)
    ),
    max_leaves=12,
)


@settings(QUICK, max_examples=1000)
@given(trees)
def test_malformed_trees_are_refused_or_plain(tree: Any) -> None:
    assert_refused_or_plain(msgpack.packb(tree))


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"id": 1},
        msgpack.ExtType(5, b""),
        msgpack.Timestamp(0),
        [],
        [None],
        ["x", 1],
        [["l"], 1],
        ["d", 1],
        ["d", ["l"], 1],  # a list is no key
        ["d", ["d"], 1],
        ["i", "ff"],
        ["r", True, "Model"],
        ["r", 1.0, "Model"],
        ["r", 1],
        ["T", "float32", [2], b"1234"],
        ["T", "float32", [-1, -1], b"1234"],
        ["T", "float32", [True], b"1234"],
        ["T", "float32", [2**39, 2**39, 0], b""],
        ["T", "float32", [0, 2**39, 2**39], b""],
        ["T", "float32", [1] * 40, b"1234"],
        ["T", "object", [1], b"12345678"],
        ["T", "float32", 1, b"1234"],
        ["T", "float32", [1], "1234"],
    ],
)
def test_what_has_no_place_in_the_protocol_is_refused(tree: Any) -> None:
    with pytest.raises(WireError):
        unpack(msgpack.packb(tree))


def test_keys_of_the_same_hash_take_no_time() -> None:
    """hash(-1) == hash(-2): of 16 such numbers each, 65,536 tuples have the same hash."""
    pairs = (["t", *key] for key in itertools.product((-1, -2), repeat=16))
    tree = ["d", *(part for key in pairs for part in (key, 0))]
    started = time.perf_counter()
    with pytest.raises(WireError, match="same hash"):
        unpack(msgpack.packb(tree))
    assert time.perf_counter() - started < 20


def test_small_dicts_may_have_such_keys() -> None:
    value = dict.fromkeys(itertools.product((-1, -2), repeat=3), 0.5)
    assert unpack(pack(value)) == value


def test_a_boolean_tensor_holds_nothing_but_0_and_1() -> None:
    value = unpack(msgpack.packb(["T", "bool", [3], b"\x00\x02\xff"]))
    assert bytes_of(value) == b"\x00\x01\x01"


def bombs() -> dict[str, bytes]:
    """Small messages that ask for much memory, by what a decoder would build of them."""
    return {
        "lists": b"\xdd" + (2**24).to_bytes(4, "big") + b"\x90" * 2**24,
        "headers": b"\xdd\x00\x3f\xff\xff" * 1000,
        "too long": b"\xdd\xff\xff\xff\xff",
        "strings": b"\xdd" + (2**23).to_bytes(4, "big") + b"\xa2ab" * 2**23,
        "many lists": b"\x9f" + (b"\xdd\x00\x3d\x00\x00" + b"\x90" * 0x3D0000) * 2,
    }


@pytest.mark.parametrize("name", bombs())
def test_a_small_message_cannot_build_something_large(name: str) -> None:
    body = bombs()[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WireError):
        unpack(body)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 64 * MAX_ITEMS
