"""`CharacterLSTM`: gradients reach every parameter, through all time steps."""

import torch

from checks.statelm.lstm import SECTION, Model
from checks.support.criteria import criterion
from checks.support.gradients import assert_gradients, assert_slope, parameters_after_backward
from checks.support.inputs import generator


@criterion(
    "statelm.model.gradients",
    points=2,
    section=SECTION,
    hint="Every parameter has to take part in `forward` and to require grad: nothing frozen, no "
    "layer left out, no padding_idx in the embedding, no detach() and no no_grad().",
    requires=("statelm.model.remembers", "statelm.model.raw-logits"),
    explained_by=("statelm.model.init-state", "statelm.model.state-new"),
)
def test_a_loss_over_the_flat_logits_reaches_every_parameter(lab):
    """A loss over the flat logits backpropagates to every parameter, each row and column of it."""
    model = Model(lab)
    V = model.sizes.vocab_size
    x = torch.stack([torch.randperm(V, generator=generator(lab.seed + b)) for b in range(3)])
    weights = torch.randn(3 * V, V, generator=generator(lab.seed))
    given = f"{model.describe(x)}, every character in x, all logits in the loss"
    arguments = [x, model.zeros(3)]
    assert_gradients(parameters_after_backward(lab, model.handle, arguments, weights, given), given)


@criterion(
    "statelm.model.gradient-through-time",
    points=2,
    section=SECTION,
    hint="`forward`: no `detach()`, `.data` or `no_grad()` between two time steps of the same "
    "call. The state is detached between batches, by whoever trains.",
    requires=("statelm.model.gradients", "statelm.model.parameter-count"),
)
def test_gradients_flow_back_through_time(lab):
    """The gradient of the last logits is the slope of the last logits, through all time steps."""
    model = Model(lab, scale=0.5)
    B, T, V = 3, 5, model.sizes.vocab_size
    x, state = model.ids(B, T), model.zeros(B)
    weights = torch.zeros(B, T, V)
    weights[:, -1] = torch.randn(B, V, generator=generator(lab.seed))
    given = f"{model.describe(x)}, loss on the last step alone"
    flat = weights.reshape(B * T, V)
    parameters = parameters_after_backward(lab, model.handle, [x, state], flat, given)
    assert_slope(
        lab,
        model.handle,
        [x, state],
        lambda logits: float((model.logits(logits, x) * weights).sum()),
        parameters,
        given,
        cause="what earlier steps contribute is missing: the state is detached between steps",
    )
