"""`Seq2Seq` in model.py: gradients reach every parameter, of encoder and decoder."""

import torch

from checks.seq2seq.translator import SECTION, Model, Sizes
from checks.support.criteria import criterion
from checks.support.gradients import assert_slope, parameters_after_backward
from checks.support.inputs import generator
from checks.support.judge import reject

B, S, T = 3, 4, 5


@criterion(
    "seq2seq.model.gradients",
    points=2,
    section=SECTION,
    hint="Every parameter has to take part in `forward` and to require grad: nothing frozen, no "
    "layer left out, no padding_idx, no detach() and no no_grad() between encoder and decoder.",
    requires=("seq2seq.model.reads-target", "seq2seq.model.reads-source"),
)
def test_every_parameter_gets_its_gradient(lab):
    """Every parameter gets a gradient, and it is the slope of the logits."""
    model = Model(
        lab, Sizes(src_vocab=B * S, tgt_vocab=B * T, embed_dim=5, hidden_size=7), scale=0.5
    )
    draw = generator(lab.seed)
    src = torch.randperm(B * S, generator=draw).view(B, S)  # every id once: each row of a table
    tgt_in = torch.randperm(B * T, generator=draw).view(B, T)
    weights = torch.randn(B, T, B * T, generator=draw)
    given = f"{model.describe(src, tgt_in)}, every id, a loss on all logits"
    arguments = [src, tgt_in]
    parameters = parameters_after_backward(lab, model.handle, arguments, weights, given)
    for parameter in parameters:
        cause = idle_cause(parameter)
        if cause:
            reject(f"{parameter.name} must get a gradient", given=given, cause=cause, got="none")
    assert_slope(
        lab,
        model.handle,
        arguments,
        lambda logits: float((logits.double() * weights).sum()),
        parameters,
        given,
        cause=missing_cause(parameters),
    )


def idle_cause(parameter):
    """Why a parameter gets no gradient, or "".

    A vector may get zeros: what is added to all of a softmax's inputs (the bias of an attention
    score) changes nothing. Whether they are right, the slope tells.
    """
    if not parameter.trains:
        return "the parameter is frozen: requires_grad is False"
    if parameter.gradient is None:
        return "it takes no part in forward, or the graph is cut by detach() or no_grad()"
    if not parameter.gradient.isfinite().all():
        return "a gradient that is nan or infinite: 0/0, or log or sqrt of 0, in forward"
    if parameter.gradient.ndim > 1 and not parameter.gradient.any():
        return "what it computes is multiplied by zero, or cut off"
    return ""


def missing_cause(parameters):
    """Where a gradient is missing that must be there, in words."""
    for parameter in parameters:
        if parameter.gradient.ndim > 1:
            idle = (parameter.gradient.flatten(1).abs().sum(1) == 0).nonzero().flatten().tolist()
            if idle:
                return f"row {idle[0]} of {parameter.name} gets none (padding_idx?)"
    return "what some steps contribute is missing: a state is detached on the way"
