"""The lab `gradients`: its two oracles, its reference's precision, how autograd is switched off.

    python -m tests.test_gradients

prints the reference's worst relative errors, the numbers of docs/gradients.md.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from checks.gradients import probes
from checks.gradients.networks import (
    FUNCTIONS,
    Gradients,
    Problem,
    by_autograd,
    by_differences,
    logits,
    start,
)
from checks.gradients.problems import problem
from reference.gradients import _plot, by_hand
from tests.cases import ROOT


def drawn(kind: str, count: int) -> Iterator[Problem]:
    """Problems of any size, as the check `any-size` draws them."""
    rng = random.Random(kind)
    for seed in range(count):
        V, H, T = rng.randint(1, 7), rng.randint(1, 6), rng.randint(1, 9)
        words = tuple(rng.randrange(V) for _ in range(1 if kind == "pair" else T))
        yield replace(problem(kind, seed, V, H, words=words, scale=2.0), y=rng.randrange(V))


def answer(asked: Problem) -> Gradients:
    """What the reference says."""
    found = dict(getattr(by_hand, FUNCTIONS[asked.kind])(*asked.arguments))
    return {n: torch.stack(g) if isinstance(g, list) else g for n, g in found.items()}


def difference(one: Gradients, other: Gradients) -> float:
    """The largest one, in units of the largest entry or of 1 if that is more."""
    return max(
        float((one[name] - value).abs().max()) / max(1.0, float(value.abs().max()))
        for name, value in other.items()
    )


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_the_oracles_agree(kind: str) -> None:
    for asked in drawn(kind, 40):
        assert difference(by_differences(asked), by_autograd(asked)) < 1e-9, asked


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_the_reference_is_as_precise_as_float64(kind: str) -> None:
    for asked in drawn(kind, 40):
        assert difference(answer(asked), by_autograd(asked)) < 1e-13, asked


def test_y_is_the_least_likely_word() -> None:
    """So dJ/ds is never small: no chance hides a mistake."""
    for kind in FUNCTIONS:
        asked = problem(kind, seed=0)
        assert int(logits(asked, start(asked)).argmin()) == asked.y


def test_the_picture_is_what_the_reference_draws() -> None:
    """To a tenth or two: where a coordinate is rounded depends on the processor."""
    drawn_before = (ROOT / "docs" / "gradients-vanishing.svg").read_text(encoding="utf-8")
    number = re.compile(r"-?\d+\.\d")
    was, now = drawn_before, _plot.picture()
    assert number.sub("", was) == number.sub("", now)
    pairs = zip(number.findall(was), number.findall(now), strict=True)
    assert all(abs(float(a) - float(b)) < 0.3 for a, b in pairs)


# ------------------------------------------------------------------ autograd, switched off

W = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)


def log_p(w: Tensor) -> Tensor:
    return torch.log_softmax(torch.tanh(w).sum(1), 0)[1]


RIGHT = torch.func.grad(log_p)(W)


def by_backward(w: Tensor) -> Tensor:
    w = w.clone().requires_grad_()
    log_p(w).backward()
    assert w.grad is not None
    return w.grad


def by_parameter(w: Tensor) -> Tensor:
    parameter = nn.Parameter(w)
    log_p(parameter).backward()
    assert parameter.grad is not None
    return parameter.grad


def by_grad(w: Tensor) -> Tensor:
    with torch.enable_grad():
        w = w.clone().requires_grad_()
        return torch.autograd.grad(log_p(w), w)[0]


def by_grad_outside_inference(w: Tensor) -> Tensor:
    with torch.inference_mode(False):
        torch.set_grad_enabled(True)
        return by_grad(w)


def by_hook(w: Tensor) -> Tensor:
    seen: list[Tensor] = []
    with torch.enable_grad():
        w = w.clone().requires_grad_()
        w.register_hook(seen.append)
        log_p(w).backward()
    return seen[0]


def by_vjp(w: Tensor) -> Tensor:
    value, back = torch.func.vjp(log_p, w)
    return back(torch.ones_like(value))[0]


def by_dual_numbers(w: Tensor) -> Tensor:
    found = torch.zeros_like(w)
    for i in range(w.numel()):
        tangent = torch.zeros_like(w).flatten()
        tangent[i] = 1.0
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(w, tangent.reshape(w.shape))
            found.view(-1)[i] = forward_ad.unpack_dual(log_p(dual)).tangent
    return found


def by_custom_function(w: Tensor) -> Tensor:
    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            z = torch.tanh(w)
            ctx.save_for_backward(z)
            return z

        @staticmethod
        def backward(ctx, g):
            return g * (1 - ctx.saved_tensors[0] ** 2)

    with torch.enable_grad():
        w = w.clone().requires_grad_()
        torch.log_softmax(Tanh.apply(w).sum(1), 0)[1].backward()
    assert w.grad is not None
    return w.grad


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "backward": by_backward,
    "parameter": by_parameter,
    "autograd.grad": by_grad,
    "inference_mode(False)": by_grad_outside_inference,
    "hook": by_hook,
    "custom function": by_custom_function,
    "dual numbers": by_dual_numbers,
    "func.vjp": by_vjp,
    "func.grad": torch.func.grad(log_p),
    "func.jacrev": torch.func.jacrev(log_p),
    "func.jacfwd": torch.func.jacfwd(log_p),
    "functional.jacobian": lambda w: torch.autograd.functional.jacobian(log_p, w),
}


@pytest.mark.filterwarnings("ignore:.*jit.script.*:DeprecationWarning")  # torch's own, for duals
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_way_of_asking_torch_gives_a_gradient(way: Callable[[Tensor], Tensor]) -> None:
    assert torch.allclose(way(W.clone()), RIGHT)
    ran, found = probes.by_hand_or_error(way, [W.clone()])
    assert not ran or not torch.allclose(found, RIGHT)
    assert torch.allclose(way(W.clone()), RIGHT), "autograd must be there again afterwards"


def by_formula(w: Tensor) -> Tensor:
    z = nn.Parameter(torch.tanh(w))  # recorded or not: nobody goes back through it
    slope = torch.func.vmap(lambda row: 1 - row**2)(z)
    error = -torch.softmax(z.sum(1), 0)
    error[1] += 1.0
    return torch.einsum("v,vh->vh", error, slope).detach()


def test_formulas_are_not_disturbed() -> None:
    assert torch.allclose(probes.by_hand(by_formula, [W.clone()]), RIGHT)


if __name__ == "__main__":
    for each in FUNCTIONS:
        problems = list(drawn(each, 300))
        errors = [difference(answer(asked), by_autograd(asked)) for asked in problems]
        slopes = [difference(answer(asked), by_differences(asked)) for asked in problems]
        print(f"{FUNCTIONS[each]:20} autograd {max(errors):.1e}  differences {max(slopes):.1e}")
