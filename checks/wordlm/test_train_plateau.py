"""Claims about what `train` makes of the validation loss: the learning rate, the best weights."""

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.wordlm.scripted import LR, Run
from checks.wordlm.streams import OF_DATA

SECTION = "3 Training"
# The loss before any epoch, and after each: better, better, worse, better than the last but not
# than the best, best, worse, worse.
SCRIPT = (9.0, 3.0, 2.0, 2.5, 2.2, 1.5, 1.9, 1.7)
HALVINGS = (0, 0, 0, 1, 2, 2, 3)  # before each epoch


def rules():
    """The learning rate of each epoch, relative to the first, under the usual mistakes."""

    def path(factor, stalls, patience=0):
        rates, rate, bad, best = [], 1.0, 0, float("inf")
        for k, loss in enumerate(SCRIPT[1:], start=1):
            rates.append(rate)
            bad = bad + 1 if stalls(loss, best, SCRIPT[k - 1]) else 0
            best = min(best, loss)
            if bad > patience:
                rate, bad = rate * factor, 0
        return rates

    def against_best(loss, best, _):
        return loss >= best

    return {
        "the rate is never changed: `scheduler.step` is missing, or gets the training loss": [1.0]
        * len(HALVINGS),
        "the factor is 0.1, which is the default": path(0.1, against_best),
        "the patience is 1 or more; the default is 10": path(0.5, against_best, patience=1),
        "the loss is compared with the epoch before; it is the best so far that counts": path(
            0.5, lambda loss, _, before: loss >= before
        ),
        "the rate is halved when validation improves: mode='max', or the sign": path(
            0.5, lambda loss, best, _: loss < best
        ),
        "the rate is halved after every epoch": path(0.5, lambda *_: True),
    }


@criterion(
    "wordlm.train.lr-halves",
    points=3,
    section=SECTION,
    hint="`train` in train.py: ReduceLROnPlateau(optimizer, factor=0.5, patience=0), and after "
    "each epoch `scheduler.step(val_ce)`, once.",
    requires=(
        "wordlm.train.val-each-epoch",
        "wordlm.train.learning-rate",
        "wordlm.train.optimizer-persists",
    ),
    explained_by=OF_DATA,
)
def test_learning_rate_halves_when_validation_stalls(lab):
    """The learning rate is halved after each epoch that does not beat the best validation loss."""
    run = Run(lab, SCRIPT)
    got = [run.rate(epoch) / LR for epoch in range(1, run.epochs + 1)]
    wanted = [0.5**halvings for halvings in HALVINGS]
    if not same(got, wanted):
        reject(
            "the learning rate must be halved where the validation loss is not the best so far",
            given=f"{run.given}; validation losses {SCRIPT[1:]}",
            expected=f"lr of the epochs {[LR * rate for rate in wanted]}",
            got=f"{[round(LR * rate, 7) for rate in got]}",
            cause=next((cause for cause, rates in rules().items() if same(got, rates)), ""),
        )


def same(got, wanted):
    """Whether two lists of rates agree.

    Adam's steps along the nearly constant gradient are within 1 % of the rate.
    """
    return all(0.9 * b < a < 1.1 * b for a, b in zip(got, wanted, strict=True))


@criterion(
    "wordlm.train.lr-reported",
    points=1,
    section=SECTION,
    hint="`train` in train.py: `lr` in the history is `optimizer.param_groups[0]['lr']`, read in "
    "every epoch.",
    requires=("wordlm.train.lr-halves",),
    explained_by=OF_DATA,
)
def test_history_reports_the_learning_rate(lab):
    """`lr` in the history is the learning rate in use, before the scheduler's step or after it."""
    run = Run(lab, SCRIPT)
    got = [row["lr"] / LR for row in run.rows("lr")]
    during = [0.5**halvings for halvings in (*HALVINGS, 4)]
    if not any(same(got, rates) for rates in (during[:-1], during[1:])):
        reject(
            "`lr` of an entry must be the learning rate of its epoch, or of the next",
            given=f"{run.given}; validation losses {SCRIPT[1:]}",
            expected=f"{[LR * rate for rate in during[:-1]]}, or one epoch further on",
            got=f"{[LR * rate for rate in got]}",
            cause="the argument `lr` is reported, not what has become of it"
            if same(got, [1.0] * len(got))
            else "",
        )


@criterion(
    "wordlm.train.best-weights",
    points=3,
    section=SECTION,
    hint="`train` in train.py: keep a copy of the weights whenever validation is better than ever, "
    "and load it at the end. `state_dict()` hands out the weights themselves: copy.deepcopy it.",
    requires=("wordlm.train.val-each-epoch", "wordlm.train.adam"),
    explained_by=OF_DATA,
)
def test_model_ends_with_the_best_weights(lab):
    """`train` leaves the model with the weights of the epoch with the lowest validation loss."""
    small_steps = (9.0, 2.0, 1.9996, 1.9992, 2.3)  # float32 is off by 1e-6
    scripts = (9.0, 3.0, 2.0, 2.5, 2.2), (9.0, 1.0, 2.0, 1.5), (9.0, 3.0, 2.0, 1.0), small_steps
    for script in scripts:
        run = Run(lab, script)
        best = script.index(min(script))
        if float((run.final - run.end(best)).abs().max()) < 1e-6:
            continue
        at = [e for e in range(1, run.epochs + 1) if near(run.final, run.end(e))]
        start = near(run.final, run.path(1)[0])
        reject(
            "the model must end with the weights of its best epoch",
            given=f"{run.given}; validation losses {script[1:]}",
            expected=f"the weights after epoch {best}",
            got=f"those after epoch {at[0]}" if at else "those of the start" * start or "others",
            cause="nothing is restored, or `state_dict()` was kept without a copy and changed with "
            "the model"
            if at == [run.epochs]
            else "",
        )


def near(one, other):
    """Whether two vectors are the same; a step is 0.0005 or more."""
    return float((one - other).abs().max()) < 1e-6
