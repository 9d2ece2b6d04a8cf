"""Claims about what `evaluate` leaves behind: measuring a model changes nothing about it."""

from checks.charlm.measuring import Case
from checks.support.criteria import criterion
from checks.support.evaluation import assert_changes_nothing
from checks.support.judge import as_list, reject

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
    assert_changes_nothing(lab, model, lambda: lab.train.evaluate(model, loader))
