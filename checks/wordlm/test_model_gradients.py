"""`WordLSTM` in model.py: gradients reach every parameter, through all steps of a call."""

import torch

from checks.support.criteria import criterion
from checks.support.gradients import assert_gradients, assert_slope, parameters_after_backward
from checks.support.inputs import generator
from checks.wordlm.lstm import SECTION, Model


@criterion(
    "wordlm.model.gradients",
    points=2,
    section=SECTION,
    hint="Every parameter has to take part in `forward` and to require grad: nothing frozen, no "
    "layer left out, no padding_idx in the embedding, no detach() and no no_grad().",
    requires=("wordlm.model.remembers", "wordlm.model.raw-logits"),
)
def test_every_parameter_gets_a_gradient(lab):
    """Every parameter gets a gradient, in each of its rows and columns."""
    model = Model(lab)
    V = model.sizes.vocab_size
    x = torch.stack([torch.randperm(V, generator=generator(lab.seed + b)) for b in range(3)])
    weights = torch.randn(3, V, V, generator=generator(lab.seed))
    given = f"{model.describe(x)}, every word in x, all logits in the loss"
    assert_gradients(parameters_after_backward(lab, model.handle, [x], weights, given), given)


@criterion(
    "wordlm.model.gradient-through-time",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: no `detach()`, `.data` or `no_grad()` between two time steps of "
    "the same call. Cutting the graph belongs between chunks, in train.py.",
    requires=("wordlm.model.gradients", "wordlm.model.parameter-count"),
)
def test_gradients_flow_back_through_time(lab):
    """The gradient of the last logits is the slope of the last logits, through all time steps."""
    model = Model(lab, scale=0.5)
    V, T = model.sizes.vocab_size, 5
    x = model.ids(3, T)
    weights = torch.zeros(3, T, V)
    weights[:, -1] = torch.randn(3, V, generator=generator(lab.seed))
    given = f"{model.describe(x)}, loss on the last step alone"
    parameters = parameters_after_backward(lab, model.handle, [x], weights, given)
    assert_slope(
        lab,
        model.handle,
        [x],
        lambda logits: float((model.logits(logits, x) * weights).sum()),
        parameters,
        given,
        cause="what earlier steps contribute is missing: the state is detached between steps",
    )
