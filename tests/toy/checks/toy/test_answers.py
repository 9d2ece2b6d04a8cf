"""One check for each function that $TOY_ASKS names (`module.function`, separated by commas).

A function must return 42, or what its name begins with: a `tensor_...` [1, 2, 3], a `number_...`
0.5, a `text_...` "right". One whose name begins with `hang` has one second for it.
"""

import os
from collections.abc import Callable
from typing import Any

import torch

from checks.support.criteria import criterion
from checks.support.judge import as_int, as_number, as_text, assert_close, reject


def judge(value: Any, name: str) -> None:
    kind = name.partition("_")[0]
    if kind == "tensor":
        assert_close(value, torch.tensor([1.0, 2.0, 3.0]), f"{name}()", atol=1e-6)
        return
    expected, read = {"number": (0.5, as_number), "text": ("right", as_text)}.get(
        kind, (42, as_int)
    )
    got = read(value, f"{name}()")
    if got != expected:
        reject(
            f"{name}() must be right",
            given="no argument",
            expected=repr(expected),
            got=repr(got),
            cause="the question was not known",
            where=f"{name} in the submission",
        )


def check(module: str, name: str) -> Callable[..., None]:
    def asks(lab):
        judge(getattr(getattr(lab, module), name)(), name)

    asks.__doc__ = f"`{name}` gives the right answer."
    mark = criterion(
        f"toy.{module}.{name.replace('_', '-')}",
        points=2,
        section="1 Answers",
        hint=f"Return the answer from `{name}`.",
        seconds=1 if name.startswith("hang") else 20,
    )
    return mark(asks)


for ask in os.environ.get("TOY_ASKS", "answers.right").split(","):
    globals()["test_" + ask.replace(".", "_")] = check(*ask.split("."))
