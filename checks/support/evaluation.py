"""What holds of `evaluate` in every lab: measuring a model changes nothing about it."""

import torch

from checks.support.judge import as_list, as_tensor, reject


def assert_changes_nothing(lab, model, evaluate):
    """Call `evaluate()`, which evaluates the stub `model`, and compare the model with before.

    Zeroing the gradients is harmless, and passes. Raises Mismatch.
    """
    __tracebackhide__ = True
    lab.probes_training.set_gradients(model, 0.25)
    before = lab.probes_training.state(model)
    evaluate()
    if not as_list(model.visits(), "visits of the model"):
        reject("`evaluate` must run the model", got="it was never called", cause="it is empty")
    _assert_same(before, lab.probes_training.state(model))
    if lab.probes_training.trainable(model) is not True:
        reject(
            "`evaluate` must leave the model trainable",
            got="autograd is off for the model afterwards",
            cause="`torch.set_grad_enabled(False)` or `requires_grad_(False)`, not undone",
        )
    for gradient in lab.probes_training.gradients(model):
        values = set(as_tensor(gradient, "a gradient").flatten().tolist())
        if values not in ({0.25}, {0.0}):
            reject(
                "`evaluate` must add to no gradient",
                given="a model whose gradients are all 0.25",
                got="other gradients",
                cause="`backward()` inside `evaluate`",
            )


def _assert_same(before, after):
    """Every tensor of the model's state is what it was, and none has come."""
    __tracebackhide__ = True
    for name in sorted({*before, *after}):
        if name not in before or not torch.equal(as_tensor(after.get(name), name), before[name]):
            reject(
                "`evaluate` must change no weight and no buffer, and add none",
                given=f"`{name}` of the model before and after",
                got="another value",
                cause="an optimizer step inside `evaluate`, or a result that is kept in the model",
            )
