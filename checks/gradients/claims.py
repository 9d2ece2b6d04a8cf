"""Claims that hold for each of the three functions alike."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import torch

from checks.gradients.asking import (
    ANY_SIZE,
    DIFFERENCES,
    LARGE,
    PRECISION,
    VALUES,
    assert_derivative,
    assert_gradients,
    function,
    gradients,
    well_formed,
)
from checks.gradients.mistakes import suspects
from checks.gradients.networks import FUNCTIONS, Problem, by_autograd, by_differences
from checks.gradients.problems import (
    of_unlike_scales,
    problem,
    several,
    with_large_logits,
)
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_list, as_pair, as_tensor, describe, reject

SECTIONS = {"pair": "1 Word pair", "rnn": "2 Recurrent network", "residual": "3 Residual network"}


def assert_well_formed(lab: Any, kind: str) -> None:
    """The result must have the keys and shapes of the contract."""
    __tracebackhide__ = True
    for asked in several(kind, lab.seed):
        well_formed(lab.probes.with_autograd(function(lab, asked), asked.arguments), asked)


def assert_repeats(lab: Any, kind: str) -> None:
    """A call must give the same again after another call in between."""
    __tracebackhide__ = True
    asked = problem(kind, lab.seed)
    between = problem(kind, lab.seed + 1, words=tuple((word + 1) % asked.V for word in asked.words))
    answers = []
    for each in (asked, between, asked):
        returned = lab.probes.with_autograd(function(lab, each), each.arguments)
        answers.append(well_formed(returned, each))
    first, _, again = answers
    for name in first:
        if not torch.equal(first[name].nan_to_num(), again[name].nan_to_num()):
            reject(
                "a call must not depend on the calls before it",
                given=f"{asked}; called, then with other words and weights, then as at first",
                expected=f"the same {name} both times",
                got=f"{name} differs by up to {float((first[name] - again[name]).abs().max()):.3g}",
                cause="sums, or a state, that outlive the call: start them anew in the function",
            )


def assert_by_hand(lab: Any, kind: str) -> None:
    """With autograd switched off the function must give what it gives otherwise."""
    __tracebackhide__ = True
    lengths = () if kind == "pair" else (1, 20)
    for asked in (*several(kind, lab.seed), *(problem(kind, lab.seed, 30, 4, T) for T in lengths)):
        called = function(lab, asked)
        ordinary = well_formed(lab.probes.with_autograd(called, asked.arguments), asked)
        reply = lab.probes.by_hand_or_error(called, asked.arguments)
        ran, returned = as_pair(reply, "an answer", given=str(asked))
        if ran is not True:
            _reject_autograd(asked, f"with autograd switched off: {returned}")
        answer = well_formed(returned, asked)
        for name, before in ordinary.items():
            near = VALUES * float(before.abs().nan_to_num().max())
            if not torch.allclose(answer[name], before, rtol=0.0, atol=near, equal_nan=True):
                _reject_autograd(asked, f"with autograd switched off, another {name}")


def _reject_autograd(asked: object, got: str) -> None:
    __tracebackhide__ = True
    reject(
        "the answer must not use autograd",
        given=str(asked),
        expected="the same result while torch computes no derivatives",
        got=got,
        cause="backward(), torch.autograd or torch.func computes a gradient in the answer",
    )


def assert_stable(lab: Any, kind: str) -> None:
    """Large logits must leave the gradients right."""
    __tracebackhide__ = True
    cause = "exp of a large logit overflows, or the sum of exps is 0: subtract the largest first"
    assert_gradients(lab, with_large_logits(kind, lab.seed), tolerance=LARGE, cause=cause)


def assert_precise(lab: Any, kind: str) -> None:
    """The gradients must be as good as float64 allows."""
    __tracebackhide__ = True
    assert_gradients(
        lab,
        several(kind, lab.seed),
        tolerance=PRECISION,
        cause="float32 somewhere on the way, a slope from finite differences, something rounded, "
        "or a small number added against a division by zero",
    )


def assert_any_scale(lab: Any, kind: str) -> None:
    """Gradients far above 1 and far below must be as they are."""
    __tracebackhide__ = True
    assert_gradients(
        lab,
        of_unlike_scales(kind, lab.seed),
        tolerance=100 * PRECISION,  # logits of 30, say, multiply the rounding of their exponentials
        cause="a gradient is clipped or normalised, or is a slope from finite differences",
    )


def assert_inputs_unchanged(lab: Any, kind: str) -> None:
    """The arguments must be after the call what they were before."""
    __tracebackhide__ = True
    asked = problem(kind, lab.seed)
    names = ["x" if kind == "pair" else "xs", "y", *asked.weights]
    before = asked.arguments
    reply = lab.probes.arguments_after(function(lab, asked), asked.arguments)
    after = as_list(reply, "the arguments", length=len(before), given=str(asked))
    for name, was, now in zip(names, before, after, strict=True):
        if isinstance(was, torch.Tensor) and not torch.equal(as_tensor(now, name), was):
            reject(
                f"{name} must not be changed",
                given=str(asked),
                expected=f"{name} as it was",
                got=f"another {name} after the call, {describe(now)}"[:200],
                cause="an operation in place (+=, [...] =, or a name that ends in _) on the "
                "argument, or on a view of it",
            )


def assert_any_size(lab: Any, kind: str, V: int, H: int, T: int, seed: int) -> None:
    """The gradients must be those of both oracles, whatever the sizes and words."""
    __tracebackhide__ = True
    rng = random.Random(seed)
    words = tuple(rng.randrange(V) for _ in range(1 if kind == "pair" else T))
    y = rng.randrange(V) if seed % 2 else words[0]  # also a word that was read, and a likely one
    asked = replace(problem(kind, seed, V, H, words=words, scale=2.0), y=y)
    got, wanted, slopes = gradients(lab, asked), by_autograd(asked), by_differences(asked)
    for name in wanted:
        assert_derivative(name, got[name], wanted[name], asked, ANY_SIZE, floor=1.0)
        assert_derivative(name, got[name], slopes[name], asked, DIFFERENCES, floor=1.0)


def assert_direct_path(lab: Any) -> None:
    """With W_recurrent = 0, dJ/dh_t of the residual network must be the same for every t."""
    __tracebackhide__ = True
    for asked in several("residual", lab.seed):
        asked = asked.with_weights(W_recurrent=torch.zeros(asked.H, asked.H, dtype=torch.float64))
        h = gradients(lab, asked)["h"]
        error = float(((h - h[-1]).norm(dim=1) / h[-1].norm()).nan_to_num(nan=math.inf).max())
        if error > VALUES:
            reject(
                "dJ/dh_1 must equal dJ/dh_T where W_recurrent is 0",
                given=f"{asked}, W_recurrent = 0",
                expected=f"|dJ/dh_1| = |dJ/dh_{asked.T}| = {float(h[-1].norm()):.6g}",
                got=f"|dJ/dh_1| = {float(h[0].norm()):.6g}, and they differ by {error:.1e} of that",
                cause=likely_cause(h, suspects(asked, "h"))
                or "on its way back by the direct path the gradient is changed",
            )


def assert_reaches_back(lab: Any, asked: Problem, stretch: str) -> None:
    """The derivatives of all states must be right, each relative to its own size.

    `stretch` says in words what one step back does to the length of a vector.
    """
    __tracebackhide__ = True
    got, wanted = gradients(lab, asked), by_autograd(asked)
    lengths, right = got["h"].norm(dim=1), wanted["h"].norm(dim=1)
    errors = (got["h"] - wanted["h"]).norm(dim=1) / right
    wrong = (~(errors <= VALUES)).nonzero().flatten().tolist()
    given = f"{FUNCTIONS[asked.kind]} with V={asked.V} H={asked.H}, T={asked.T} words"
    if wrong:
        t = max(wrong)  # going back, the first that is wrong
        reject(
            "every dJ/dh_t must be right, however long ago the word and however small the number",
            given=f"{given}; each step back multiplies lengths by {stretch}",
            expected=f"|dJ/dh_{t + 1}| = {float(right[t] / right[-1]):.3g} |dJ/dh_{asked.T}|",
            got=f"|dJ/dh_{t + 1}| = {float(lengths[t] / lengths[-1]):.3g} |dJ/dh_{asked.T}|; "
            f"wrong at {len(wrong)} of {asked.T} states",
            cause="going back stops after some steps or at a small gradient, or clips it",
        )
    for name in asked.weights:
        assert_derivative(name, got[name], wanted[name], asked, VALUES)
