"""Judgements: what a check calls to say that a value from a submission is right or wrong.

A value that comes from a submission may be anything: None, a string where a tensor belongs, a
tuple of the wrong length, an object.  So a check first names what it expects (`as_tensor`,
`as_number`, `as_pair` ...: each returns a plain value) and then compares (`assert_close` ...).
Every refusal is a `Mismatch`, whose fields tell a student what was required, with which input,
what came instead, and the likely cause.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor

FIELDS = ("required", "given", "expected", "got", "cause", "where")
LABELS = {"cause": "likely cause", "where": "look at"}

_NAMES = {
    torch.int64: "LongTensor (int64)",
    torch.float32: "float tensor (float32)",
    torch.float64: "double tensor (float64)",
}


class Mismatch(AssertionError):
    """A wrong answer, in the fields a report shows.  Only `expected` may hold expected values."""

    def __init__(
        self,
        required: str,
        *,
        given: str = "",
        expected: str = "",
        got: str = "",
        cause: str = "",
        where: str = "",
    ) -> None:
        super().__init__(required)
        self.required, self.given, self.expected = required, given, expected
        self.got, self.cause, self.where = got, cause, where

    def __str__(self) -> str:
        filled = [(LABELS.get(name, name), getattr(self, name)) for name in FIELDS]
        return "\n".join(f"{label}: {text}" for label, text in filled if text)


def reject(
    required: str,
    *,
    given: str = "",
    expected: str = "",
    got: str = "",
    cause: str = "",
    where: str = "",
) -> NoReturn:
    """Fail the check: say what was `required`, of which input, and what came instead."""
    __tracebackhide__ = True
    raise Mismatch(
        required, given=given, expected=expected, got=got, cause=cause, where=where
    ) from None


def describe(value: object) -> str:
    """`value` in a few words; never runs the `__repr__` of somebody's own class."""
    if isinstance(value, Tensor):
        content = (
            f" holding {value.tolist()}" if 0 < value.numel() <= 8 and _is_dense(value) else ""
        )
        return f"a {value.dtype} tensor of shape {tuple(value.shape)}{content}".replace(
            "torch.", ""
        )
    if type(value) in (list, tuple, dict, set, frozenset):
        return f"a {type(value).__name__} of length {len(value)}"
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        text = repr(value)
        return text if len(text) <= 200 else f"{text[:200]}... ({len(value)} long)"
    if type(value).__module__ == "grader.handles":  # an object beside the student's code
        return f"an object, {value!r}"
    return f"an object of type {type(value).__name__}"


# ------------------------------------------------------------------ what a value is


def as_tensor(
    value: object,
    name: str,
    *,
    dtype: torch.dtype | None = None,
    ndim: int | None = None,
    given: str = "",
) -> Tensor:
    """`value` as a plain tensor on the CPU, detached; a `dtype` asked for must be that very one."""
    __tracebackhide__ = True
    if not isinstance(value, Tensor) or not _is_dense(value) or value.is_complex():
        kind = "a tensor" if dtype is None else f"a {_NAMES.get(dtype, dtype)}"
        reject(f"{name} must be {kind}", given=given, got=describe(value))
    plain = value.detach().as_subclass(Tensor).cpu()
    if dtype is not None and plain.dtype != dtype:
        reject(f"{name} must be a {_NAMES.get(dtype, dtype)}", given=given, got=describe(plain))
    if ndim is not None and plain.ndim != ndim:
        reject(f"{name} must have {ndim} dimension(s)", given=given, got=describe(plain))
    return plain


def as_number(value: object, name: str, *, given: str = "") -> float:
    """`value` as a float: a Python or numpy number or a 0-d tensor, but no bool and no NaN."""
    __tracebackhide__ = True
    scalar = _scalar(value)
    if not isinstance(scalar, numbers.Real) or isinstance(scalar, bool):
        reject(f"{name} must be a number", given=given, got=describe(value))
    number = float(scalar)
    if math.isnan(number):
        cause = "0/0, log of 0, or infinity minus infinity on the way"
        reject(f"{name} must be a number", given=given, got="nan", cause=cause)
    return number


def as_int(value: object, name: str, *, given: str = "") -> int:
    """`value` as an int: a Python or numpy integer or a 0-d integer tensor, but no bool."""
    __tracebackhide__ = True
    scalar = _scalar(value)
    if not isinstance(scalar, numbers.Integral) or isinstance(scalar, bool):
        reject(f"{name} must be an integer", given=given, got=describe(value))
    return int(scalar)


def as_text(value: object, name: str, *, given: str = "") -> str:
    """`value` as a str."""
    __tracebackhide__ = True
    if not isinstance(value, str):
        reject(f"{name} must be a string (str)", given=given, got=describe(value))
    return str.__str__(value)


def as_list(value: object, name: str, *, length: int | None = None, given: str = "") -> list[Any]:
    """`value`, a list or tuple, as a list; a `length` asked for must be met."""
    __tracebackhide__ = True
    if not isinstance(value, (list, tuple)):
        reject(f"{name} must be a list or tuple", given=given, got=describe(value))
    if length is not None and len(value) != length:
        reject(f"{name} must have {length} entries", given=given, got=describe(value))
    return list(value)


def as_pair(value: object, name: str, *, given: str = "") -> tuple[Any, Any]:
    """`value`, a tuple or list of two, as a pair."""
    __tracebackhide__ = True
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        reject(f"{name} must be a pair, a tuple of two", given=given, got=describe(value))
    first, second = value
    return first, second


# ------------------------------------------------------------------ what a value equals


def assert_shape(
    tensor: object, shape: Sequence[int], name: str, dims: str = "", given: str = ""
) -> Tensor:
    """`tensor` must have this `shape`; `dims` says what the axes are ("B, T, V")."""
    __tracebackhide__ = True
    plain = as_tensor(tensor, name, given=given)
    if tuple(plain.shape) != tuple(shape):
        reject(
            f"{name} must have shape {f'({dims})' if dims else tuple(shape)}",
            given=given,
            expected=str(tuple(shape)),
            got=str(tuple(plain.shape)),
            cause=_axes_cause(tuple(plain.shape), tuple(shape), dims),
        )
    return plain


def assert_finite(tensor: Tensor, name: str, given: str = "") -> Tensor:
    """`tensor` must hold finite floating-point numbers."""
    __tracebackhide__ = True
    if not tensor.is_floating_point() or not tensor.isfinite().all():
        got = "nan or infinity" if tensor.is_floating_point() else str(tensor.dtype)
        reject(f"{name} must be finite floating-point numbers", given=given, got=got)
    return tensor


def assert_close(
    got: object,
    expected: object,
    name: str,
    *,
    atol: float,
    rtol: float = 0.0,
    given: str = "",
    cause: str = "",
) -> None:
    """`got` must equal `expected` to `atol + rtol * |expected|`, everywhere; NaN equals nothing.

    Both are tensors of one shape, or numbers.  `expected` is the judge's own.
    """
    __tracebackhide__ = True
    target = torch.as_tensor(expected, dtype=torch.float64).detach()
    if target.ndim == 0 and not isinstance(got, Tensor):
        actual = torch.tensor(as_number(got, name, given=given), dtype=torch.float64)
    else:
        actual = assert_shape(got, target.shape, name, given=given).double()
    finite = actual.isfinite() & target.isfinite()
    near = finite & ((actual - target).abs() <= atol + rtol * target.abs())
    wrong = ~(near | (actual == target))
    if wrong.any():
        _reject_first(actual, target, wrong, name, given=given, cause=cause)


def _reject_first(
    actual: Tensor, target: Tensor, wrong: Tensor, name: str, *, given: str, cause: str
) -> NoReturn:
    """Say where `actual` first leaves `target`, and how much of it is wrong."""
    __tracebackhide__ = True
    place = tuple(wrong.nonzero()[0].tolist())
    at = f"{name}[{', '.join(map(str, place))}] = " if place else ""
    share = f" ({int(wrong.sum())} of {wrong.numel()} entries differ)" if place else ""
    one, other = _apart(target[place].item(), actual[place].item())
    reject(
        f"{name} must have the right value{'s' if place else ''}",
        given=given,
        expected=f"{at}{one}",
        got=f"{at}{other}{share}",
        cause=cause,
    )


# ------------------------------------------------------------------ what a call raises


def assert_raises(
    lab_call: Callable[..., object],
    *args: object,
    types: Sequence[str] = ("ValueError",),
    naming: str | None = None,
    given: str = "",
    **kwargs: object,
) -> None:
    """Calling `lab_call` must raise one of `types` (subclasses too), its message `naming` a text.

    `types` are names, since the exception itself stays beside the student's code; "Exception"
    takes any.  An empty template body (`NotImplementedError`) is never the answer asked for.
    """
    __tracebackhide__ = True
    wanted = " or ".join(types)
    what = "an exception" if tuple(types) == ("Exception",) else wanted
    try:
        value = lab_call(*args, **kwargs)
    except Exception as error:
        names, message = _raised(error)
        if "NotImplementedError" in names:
            raise
        if not set(names) & set(types):
            reject(f"the call must raise {what}", given=given, expected=what, got=names[0])
        if naming is not None and naming not in message and repr(naming)[1:-1] not in message:
            reject(
                f"the message of the {names[0]} must name what is wrong",
                given=given,
                expected=f"a message that contains {naming!r}",
                got=describe(message),
            )
        return
    reject(
        f"the call must raise {what}", given=given, expected=what, got=f"it gave {describe(value)}"
    )


def _raised(error: Exception) -> tuple[tuple[str, ...], str]:
    """Class names (most derived first) and message of what the student's code raised.

    The engine's `StudentError` carries both as text; any other error of the engine (a worker that
    died, a time limit) is no answer of the student's and goes on its way.
    """
    names = getattr(error, "type_names", None)
    if names is not None:
        return tuple(names), str(getattr(error, "message", error))
    if type(error).__module__.partition(".")[0] == "grader":
        raise error
    return tuple(cls.__name__ for cls in type(error).__mro__), str(error)


# ------------------------------------------------------------------ small things


def _is_dense(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and tensor.device.type != "meta"


def _scalar(value: object) -> object:
    """The Python scalar inside a 0-d tensor or array; anything else unchanged."""
    if isinstance(value, Tensor):
        return value.item() if value.ndim == 0 and _is_dense(value) else value
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return value.item()  # type: ignore[attr-defined]
    return value


def _apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 12, 17):
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _axes_cause(got: tuple[int, ...], shape: tuple[int, ...], dims: str) -> str:
    if len(got) != len(shape):
        return f"{len(got)} dimension(s) where {len(shape)} belong"
    if sorted(got) == sorted(shape):
        return f"the axes are in another order than ({dims})" if dims else "axes in another order"
    return ""
