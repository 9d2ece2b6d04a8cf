"""What each optimizer step of a student's `train_epoch` adds to a table of logits.

The stub looks its logits up in a table, `logits = table[x]`, and plain SGD with lr 1 moves the
table by minus the gradient it is handed.  The batches have no character in common, so no two of
them touch the same rows: which rows a step moves tells whose gradient it was.
"""

from checks.support.batches import ROWS, K, T, V
from checks.support.judge import as_tensor, reject

NO_CLIP = 1e9
GIVEN = f"{K} batches of {ROWS} rows (1 in the last), {T} characters each, SGD with lr=1"


def moves(lab, case, clip, groups=1):
    """What each optimizer step adds to the table, `(steps, V, V)`; SGD has so many groups."""
    model = lab.probes_training.Table(case.table)
    loader = lab.probes_training.loader(case.x, case.y, batch_size=ROWS)
    optimizer = lab.probes_training.watched_sgd(model, lr=1.0, groups=groups)
    lab.train.train_epoch(model, loader, optimizer, clip=clip)
    positions = as_tensor(lab.probes_training.positions(optimizer), "the table", ndim=3)
    steps = positions.double().diff(dim=0)
    if not steps.any():
        reject(
            "every batch must move the weights",
            given=GIVEN,
            got=f"{len(steps)} optimizer steps, and the weights are where they were",
            cause="no `backward()`, no `optimizer.step()`, or `zero_grad()` between the two",
        )
    return steps


def own_batch(step, case):
    """The batch on whose rows a step acts most."""
    rows = step.abs().sum(1).view(K, V // K).sum(1)
    return int(rows.argmax())
