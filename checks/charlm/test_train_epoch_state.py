"""Claims about what `train_epoch` does around its steps: the mode, the hidden state, the memory.

The stub keeps a diary: for every forward pass the first id, whether gradients were recorded, the
mode, the state it was given, and how many graphs of earlier passes were still in memory.
"""

import torch

from checks.support.batches import ROWS, K, V, disjoint_case
from checks.support.criteria import criterion
from checks.support.judge import as_number, reject

SECTION = "3 Training"


def arrange(lab, **options):
    """A stub, its loader and an optimizer that takes small steps."""
    case = disjoint_case(lab.seed)
    model = lab.probes_training.Table(case.table, **options)
    loader = lab.probes_training.loader(case.x, case.y, batch_size=ROWS)
    return model, loader, lab.probes_training.watched_sgd(model, lr=0.01)


def training_visits(model):
    """The passes of which gradients were recorded; measuring passes may run as they like."""
    visits = [visit for visit in model.visits() if visit["gradient"] is True]
    if not visits:
        reject("training must run the model with gradients", got="no such forward pass")
    return visits


@criterion(
    "charlm.train.train-mode",
    points=1,
    section=SECTION,
    hint="`train_epoch` in train.py: dropout acts in train mode only. Put the model in train mode "
    "before the loop; somebody may hand it over in eval mode.",
    requires=("charlm.train.every-batch",),
)
def test_training_runs_in_train_mode(lab):
    """Training runs in train mode, also when the model comes in eval mode."""
    model, loader, optimizer = arrange(lab)
    model.eval()
    lab.train.train_epoch(model, loader, optimizer)
    if all(visit["train_mode"] is True for visit in training_visits(model)):
        return
    # `train` may be the one that sets the mode, for every epoch: that is as good.
    model, loader, _ = arrange(lab)
    model.eval()
    lab.train.train(model, loader, loader, epochs=2)
    modes = [visit["train_mode"] is True for visit in training_visits(model)]
    if not all(modes):
        reject(
            "training must run in train mode",
            given="a model in eval mode, given to `train_epoch`, and one to `train` for 2 epochs",
            got=f"in `train`, {modes.count(False)} of {len(modes)} training passes in eval mode",
            cause="`model.train()` is missing, or called once and undone by the evaluation",
        )


@criterion(
    "charlm.train.fresh-state",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: the windows come in random order, so the state after one "
    "batch says nothing about the next. Start every batch with hidden=None.",
    requires=("charlm.train.every-batch",),
)
def test_hidden_state_does_not_travel_between_batches(lab):
    """Every batch starts from the zero state, in each epoch."""
    model, loader, optimizer = arrange(lab)
    for _ in range(2):
        lab.train.train_epoch(model, loader, optimizer)
    starts = set(range(0, V, V // K))  # ids that stand at the beginning of a window only
    for number, visit in enumerate(training_visits(model), start=1):
        state = as_number(visit["state"], "the largest entry of the state")
        if visit["first"] in starts and state != 0.0:
            reject(
                "every batch must start from the zero state (`hidden=None`)",
                given=f"two passes over {K} shuffled batches",
                expected="no state, or zeros",
                got=f"forward pass {number} was given a state with an entry of {state:g}",
                cause="the state that the model returned goes into the next batch",
            )


@criterion(
    "charlm.train.releases-graph",
    points=1,
    section=SECTION,
    hint="`train_epoch` in train.py: a sum of loss tensors holds the graph of every batch. Add up "
    "numbers (`loss.item()`) or detached tensors.",
    requires=("charlm.train.every-batch", "charlm.train.fresh-state"),
)
def test_graphs_are_released_after_their_step(lab):
    """The graph of a batch is free again after its step; the epoch does not pile them up."""
    batches = 20
    x = torch.randint(V, (batches, 3), generator=torch.Generator().manual_seed(lab.seed))
    model = lab.probes_training.Table(torch.zeros(V, V))
    loader = lab.probes_training.loader(x, x, batch_size=1)
    lab.train.train_epoch(model, loader, lab.probes_training.watched_sgd(model, lr=0.01))
    most = max(
        as_number(visit["graphs"], "the count of graphs") for visit in training_visits(model)
    )
    # A loop's variables keep the last graph or two alive; a sum of losses keeps all 19.
    if most > 5:
        reject(
            "the graph of a batch must be released after its step",
            given=f"an epoch of {batches} batches",
            expected="a graph or two in memory at a time",
            got=f"{most:.0f} graphs in memory",
            cause="`total += loss` or `losses.append(loss)` keeps every graph",
        )
