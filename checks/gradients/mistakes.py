"""Backpropagation with one mistake in it: what to compare a wrong answer with, to name the cause.

A diagnosis only adds words to a failure; right answers come from networks.py alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from checks.gradients.networks import Gradients, Problem, logits, start


@dataclass(frozen=True)
class Slip:
    """What is done differently from the right way."""

    sign: float = 1.0  # -1: p - y for y - p
    onehot: bool = True  # False: dJ/ds = -p
    unembed: str = "transpose"  # or "itself": W_unembed for W_unembed^T, where shapes allow it
    recurrent: str = "transpose"
    tanh: str = "output"  # 1 - z^2; "none": left out; "state": 1 - h_t^2; "before": 1 - h_{t-1}^2
    through_tanh: bool = False  # dJ/da_t is returned as dJ/dh_t
    identity: float | None = None  # of the direct path: 1 in the residual network
    sums: str = "all"  # the steps that a matrix's gradient is summed over: or "first", "last"
    repeats: str = "add"  # or "overwrite": a word that comes twice keeps one step's part
    backwards: bool = False  # dJ/dh_T ... dJ/dh_1
    state: int = 0  # 1: h_t for h_{t-1} in dJ/dW_recurrent


NAMED = {
    "the sign: J is a log-probability, so dJ/ds is y - p, not p - y": Slip(sign=-1.0),
    "the one-hot y is missing in dJ/ds = y - p": Slip(onehot=False),
    "W_unembed where its transpose belongs": Slip(unembed="itself"),
    "W_recurrent where its transpose belongs": Slip(recurrent="itself"),
    "the derivative of tanh is missing": Slip(tanh="none"),
    "the derivative of tanh is 1 - tanh^2 of what the tanh gave, and h_t is not that here": Slip(
        tanh="state"
    ),
    "the derivative of tanh is taken at the state before": Slip(tanh="before"),
    "this is the derivative for what goes into the tanh, not for h_t": Slip(through_tanh=True),
    "the identity path is missing: h_{t-1} also reaches h_t directly": Slip(identity=0.0),
    "there is an identity path, which a plain network has not": Slip(identity=1.0),
    "only the last step's part: the matrix is used at every step": Slip(sums="last"),
    "only the first step's part: the matrix is used at every step": Slip(sums="first"),
    "a word that is read twice keeps one step's part: add them up": Slip(repeats="overwrite"),
    "the list runs from the last state to the first": Slip(backwards=True),
    "h_t where h_{t-1} belongs": Slip(state=1),
}


def suspects(problem: Problem, name: str) -> dict[str, Tensor]:
    """Each cause in words, and the derivative `name` that it leads to."""
    named = NAMED if problem.kind != "pair" else dict(list(NAMED.items())[:3])
    usable = {cause: slip for cause, slip in named.items() if _fits(problem, slip)}
    found = {cause: _backward(problem, slip)[name] for cause, slip in usable.items()}
    right = _backward(problem, Slip())[name]
    return {cause: value for cause, value in found.items() if not torch.allclose(value, right)}


def _fits(problem: Problem, slip: Slip) -> bool:
    return slip.unembed == "transpose" or problem.V == problem.H


def _backward(problem: Problem, slip: Slip) -> Gradients:
    weights, at = problem.weights, start(problem)
    ds = -slip.sign * torch.softmax(logits(problem, at), dim=0)
    ds[problem.y] += slip.sign * slip.onehot
    W_unembed = weights["W_unembed"]
    dh = (W_unembed.T if slip.unembed == "transpose" else W_unembed) @ ds
    if problem.kind == "pair":
        x, W_embed = problem.words[0], weights["W_embed"]
        dW_embed = torch.zeros_like(W_embed)
        dW_embed[:, x] = dh
        dW_unembed = torch.outer(ds, W_embed[:, x])
        return {"s": ds, "h": dh, "W_unembed": dW_unembed, "W_embed": dW_embed}
    return _through_time(problem, slip, ds, dh)


def _through_time(problem: Problem, slip: Slip, ds: Tensor, dh: Tensor) -> Gradients:
    weights, words, T = problem.weights, problem.words, problem.T
    direct = float(problem.kind == "residual")
    h, z = [torch.zeros_like(dh)], []
    for word in words:
        z.append(torch.tanh(weights["W_embed"][:, word] + weights["W_recurrent"] @ h[-1]))
        h.append(direct * h[-1] + z[-1])
    slope = {"none": lambda t: torch.zeros_like(dh), "output": lambda t: z[t]}
    slope |= {"state": lambda t: h[t + 1], "before": lambda t: h[t]}
    back = weights["W_recurrent"].T if slip.recurrent == "transpose" else weights["W_recurrent"]
    identity = direct if slip.identity is None else slip.identity

    summed = {"all": range(T), "first": range(1), "last": range(T - 1, T)}[slip.sums]
    dW_embed, dW_recurrent = (torch.zeros_like(weights[n]) for n in ("W_embed", "W_recurrent"))
    dhs = []
    for t in reversed(range(T)):
        da = dh * (1 - slope[slip.tanh](t) ** 2)
        dhs.append(da if slip.through_tanh else dh)
        if t in summed:
            kept = dW_embed[:, words[t]] if slip.repeats == "add" else 0.0
            dW_embed[:, words[t]] = kept + da
            dW_recurrent += torch.outer(da, h[t + slip.state])
        dh = identity * dh + back @ da
    return {
        "W_embed": dW_embed,
        "W_recurrent": dW_recurrent,
        "W_unembed": torch.outer(ds, h[-1]),
        "h": torch.stack(dhs if slip.backwards else dhs[::-1]),
    }
