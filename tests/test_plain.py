"""What a value means: which cross by value, and as what; which stay where they are."""

from __future__ import annotations

import collections
import enum
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from grader.worker.plain import Objects
from grader.worker.wire import MAX_DEPTH, Ref, WireError, pack, unpack
from tests.test_wire import same


class Colour(enum.IntEnum):
    RED = 3


class Word(str):
    def __str__(self) -> str:
        return "a lie"


class Number(int):
    def __int__(self) -> int:
        return 7

    def __index__(self) -> int:
        return 7

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7


class Real(float):
    def __float__(self) -> float:
        return 7.0

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7


class Pair(NamedTuple):
    first: int
    second: torch.Tensor


class Endless(tuple):
    def __iter__(self) -> Any:
        return iter([7, 7, 7])

    def __len__(self) -> int:
        return 3


class Loud(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return super().__torch_function__(func, types, args, kwargs or {})


ONE_TWO = torch.tensor([1.0, 2.0])
BY_VALUE = {
    "none": (None, None),
    "bool": (True, True),
    "int": (3, 3),
    "enum": (Colour.RED, 3),
    "own int": (Number(5), 5),
    "own float": (Real(0.5), 0.5),
    "own str": (Word("true"), "true"),
    "bytes": (b"x", b"x"),
    "numpy int": (np.int64(3), 3),
    "numpy float": (np.float32(0.5), 0.5),
    "numpy bool": (np.bool_(True), True),
    "numpy text": (np.str_("x"), "x"),
    "array": (np.array([1.0, 2.0], dtype=np.float32), ONE_TWO),
    "array turned": (np.arange(4).reshape(2, 2).T[::-1], torch.tensor([[1, 3], [0, 2]])),
    "array of one": (np.array(3), torch.tensor(3)),
    "tensor": (ONE_TWO, ONE_TWO),
    "parameter": (torch.nn.Parameter(ONE_TWO), ONE_TWO),
    "own tensor": (ONE_TWO.as_subclass(Loud), ONE_TWO),
    "grad": (ONE_TWO.clone().requires_grad_(True) * 1, ONE_TWO),
    "size": (torch.Size([2, 3]), (2, 3)),
    "namedtuple": (Pair(1, ONE_TWO), (1, ONE_TWO)),
    "own tuple": (Endless([1]), (1,)),
    "nested": ([(1, {"a": [np.int8(2)]})], [(1, {"a": [2]})]),
    "keys": ({1: 2, (1, "a"): 3, None: 4, np.int64(5): 6}, {1: 2, (1, "a"): 3, None: 4, 5: 6}),
}
STAYS = {
    "object": object(),
    "class": dict,
    "function": len,
    "generator": (i for i in range(3)),
    "iterator": iter([1]),
    "set": {1},
    "range": range(3),
    "complex": 1j,
    "defaultdict": collections.defaultdict(int),
    "counter": collections.Counter("aab"),
    "ordered": collections.OrderedDict(a=1),
    "own list": type("Mine", (list,), {})([1]),
    "module": torch.nn.Linear(1, 1),
    "objects": np.array([object()]),
    "dtype": torch.float32,
    "lstm state": torch.nn.LSTM(1, 1),
}


def crossed(value: Any) -> Any:
    return unpack(pack(Objects().export(value)))


@pytest.mark.parametrize("name", BY_VALUE)
def test_plain_values_cross_as_exact_built_ins(name: str) -> None:
    value, expected = BY_VALUE[name]
    assert same(crossed(value), expected)


@pytest.mark.parametrize("name", STAYS)
def test_objects_stay_and_come_back_themselves(name: str) -> None:
    objects, value = Objects(), STAYS[name]
    ref = unpack(pack(objects.export(value)))
    assert type(ref) is Ref
    assert ref.kind == type(value).__name__
    assert objects.restore(ref) is value
    assert objects.restore([(ref, {"a": ref})])[0][1]["a"] is value
    objects.drop([ref.number])
    with pytest.raises(KeyError):
        objects.restore(ref)


def test_objects_inside_plain_containers_stay() -> None:
    objects, model = Objects(), torch.nn.Linear(1, 1)
    first, second = objects.export((model, {"again": model}))
    assert objects.get(first) is model
    assert objects.get(second["again"]) is model


def test_a_tensor_that_crosses_shares_nothing() -> None:
    value = torch.zeros(3)
    copy = crossed(value)
    value += 1
    assert copy.tolist() == [0, 0, 0]
    assert not crossed(ONE_TWO.clone().requires_grad_(True)).requires_grad


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1, 1)])
def test_shapes_are_kept(shape: tuple[int, ...]) -> None:
    assert crossed(torch.zeros(shape)).shape == shape
    assert crossed(np.zeros(shape)).shape == shape


def test_tensors_as_keys_stay_apart() -> None:
    ((key, value),) = crossed({ONE_TWO: 1}).items()
    assert type(key) is Ref
    assert value == 1


def test_an_object_that_lies_about_its_class_is_named_by_its_type() -> None:
    class Thing:
        __class__ = torch.Tensor  # type: ignore[assignment]
        dtype = None

    assert Objects().export(Thing()).kind == "Thing"


def test_a_value_inside_itself_is_refused() -> None:
    knot: list[Any] = []
    knot.append(knot)
    with pytest.raises(WireError, match=str(MAX_DEPTH)):
        Objects().export(knot)
