"""Claims about what `evaluate` leaves behind: measuring a model changes nothing about it."""

import torch

from checks.charlm.measuring import Case
from checks.support.criteria import criterion
from checks.support.judge import as_list, as_tensor, reject

SECTION = "3 Training"


@criterion(
    "charlm.train.eval-no-grad",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: run the model under `torch.no_grad()`; graphs that nobody "
    "backpropagates only take memory.",
    requires=("charlm.train.eval-value",),
)
def test_evaluate_records_no_gradients(lab):
    """`evaluate` runs without recording gradients."""
    model, loader = Case(lab.seed).arrange(lab)
    lab.train.evaluate(model, loader)
    recorded = [visit["gradient"] for visit in model.visits()]
    if not recorded or any(flag is not False for flag in recorded):
        reject(
            "`evaluate` must run the model without recording gradients",
            given="5 batches",
            got=f"gradients recorded in {sum(f is not False for f in recorded)} of "
            f"{len(recorded)} forward passes",
            cause="`torch.no_grad()` is missing or does not enclose the forward pass",
        )


@criterion(
    "charlm.train.eval-restores-mode",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: remember `model.training` and set it again at the end.",
    requires=("charlm.train.eval-value",),
)
def test_evaluate_restores_the_mode(lab):
    """After `evaluate` the model is in the mode it came in, train or eval."""
    for train_mode in (True, False):
        model, loader = Case(lab.seed).arrange(lab, dropout=0.5)
        model.train(train_mode)
        lab.train.evaluate(model, loader)
        modes = as_list(lab.probes_training.modes(model), "the modes")
        if modes != [train_mode]:
            names = {True: "train mode", False: "eval mode"}
            reject(
                "`evaluate` must leave the model in the mode it came in",
                given=f"a model in {names[train_mode]}",
                expected=names[train_mode],
                got=" and ".join(names.get(mode, "no mode") for mode in modes),
                cause="the mode is not set back"
                if train_mode
                else "`model.train()` at the end, whatever the mode was before",
            )


@criterion(
    "charlm.train.eval-no-change",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py only measures: no `backward`, no optimizer step, no new weights.",
    requires=("charlm.train.loss-value", "charlm.train.loss-gradient"),
)
def test_evaluate_changes_nothing(lab):
    """`evaluate` changes no weight and no buffer, adds to no gradient and leaves autograd on."""
    model, loader = Case(lab.seed).arrange(lab)
    lab.probes_training.set_gradients(model, 0.25)
    before = lab.probes_training.state(model)
    lab.train.evaluate(model, loader)
    after = lab.probes_training.state(model)
    if not model.visits():
        reject("`evaluate` must run the model on every batch", got="no forward pass")
    for name in sorted({*before, *after}):
        if name not in before or not torch.equal(as_tensor(after.get(name), name), before[name]):
            reject(
                "`evaluate` must change no weight and no buffer, and add none",
                given=f"`{name}` of the model before and after",
                got="another value",
                cause="an optimizer step inside `evaluate`, or a result that is kept in the model",
            )
    if lab.probes_training.trainable(model) is not True:
        reject(
            "`evaluate` must leave the model trainable",
            got="autograd is off for the model afterwards",
            cause="`torch.set_grad_enabled(False)` or `requires_grad_(False)`, not undone",
        )
    for gradient in lab.probes_training.gradients(model):
        values = set(as_tensor(gradient, "a gradient").flatten().tolist())
        if values not in ({0.25}, {0.0}):  # zeroing them is harmless
            reject(
                "`evaluate` must add to no gradient",
                given="a model whose gradients are all 0.25",
                got="other gradients",
                cause="`backward()` inside `evaluate`",
            )
