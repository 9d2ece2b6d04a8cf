"""Claims about what `train` reports: one entry for each epoch, of the epoch that it is about."""

import torch

from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.judge import as_list, as_number, assert_close, reject
from checks.support.oracles import cross_entropy
from checks.wordlm.scripted import CHUNKS, FALLING, SIZE, TRAIN, VALID, Run, T, level
from checks.wordlm.streams import OF_DATA, B, K, arrange, disjoint_case, visits
from checks.wordlm.streams import T as WIDTH

SECTION = "3 Training"
SCRIPT = (9.0, 2.0, 1.4, 1.6, 0.9)


@criterion(
    "wordlm.train.history",
    points=2,
    section=SECTION,
    hint="`train` in train.py returns a list with one dict per epoch: train_ce, val_ce and lr, all "
    "numbers. train_ce is what `train_epoch` returned.",
    requires=(
        "wordlm.train.reads-on",
        "wordlm.train.ce-per-token",
        "wordlm.train.train-mode",
        "wordlm.train.eval-value",
        "wordlm.train.eval-no-change",
    ),
    explained_by=OF_DATA,
)
def test_history_has_one_entry_per_epoch(lab):
    """`train` returns one dict per epoch with `train_ce`, `val_ce` and `lr`."""
    Run(lab, SCRIPT[:2]).rows("train_ce", "val_ce", "lr")
    run = Run(lab, SCRIPT, lr=0.1)  # with large steps, so that the epochs differ
    for epoch, row in enumerate(run.rows("train_ce", "val_ce", "lr"), start=1):
        during = sum(training_loss(spark) for spark in run.path(epoch)) / len(run.path(epoch))
        if abs(row["train_ce"] - during) > 1e-3:
            # Measured after the epoch it is as good. An epoch lowers it by more than 0.02; float32
            # is off by 1e-6.
            assert_close(
                row["train_ce"],
                training_loss(run.end(epoch)),
                f"train_ce of epoch {epoch}",
                atol=1e-3,
                given=run.given,
                cause=likely_cause(row["train_ce"], {"it is the validation loss": row["val_ce"]}),
            )


def training_loss(spark):
    """The loss of the vector on the training text, of which all chunks have the same targets."""
    targets = TRAIN[:, 1 : T + 1]
    return cross_entropy(spark.expand(*targets.shape, -1), targets)


@criterion(
    "wordlm.train.val-each-epoch",
    points=2,
    section=SECTION,
    hint="`train` in train.py: after each epoch, evaluate the model of that moment on the "
    "validation data.",
    requires=("wordlm.train.history", "wordlm.train.eval-value"),
    explained_by=OF_DATA,
)
def test_validation_loss_is_measured_after_each_epoch(lab):
    """`val_ce` is the loss on the validation data after that epoch."""
    run = Run(lab, SCRIPT)
    for epoch, row in enumerate(run.rows("val_ce"), start=1):
        suspects = {
            "it is the best loss so far": min(SCRIPT[: epoch + 1]),
            "evaluated on the training data": training_loss(run.end(epoch)),
            "evaluated before the epoch, not after it": SCRIPT[epoch - 1],
            "evaluated once, after the first epoch": SCRIPT[1],
            "evaluated once, at the end of the training": SCRIPT[-1],
        }
        assert_close(
            row["val_ce"],
            SCRIPT[epoch],
            f"val_ce of epoch {epoch}",
            atol=1e-3,
            given=run.given,
            cause=likely_cause(row["val_ce"], suspects),
        )


@criterion(
    "wordlm.train.held-out",
    points=1,
    section=SECTION,
    hint="`train` in train.py: the validation data are for `evaluate` alone; no step is made on "
    "them, and nothing happens to the weights between two epochs.",
    requires=("wordlm.train.val-each-epoch",),
    explained_by=OF_DATA,
)
def test_validation_data_are_not_trained_on(lab):
    """The weights are the same before and after the model is evaluated."""
    run = Run(lab, FALLING)
    for epoch in range(1, run.epochs):
        before, after = run.end(epoch), run.path(epoch + 1)[0]
        if float((before - after).abs().max()) > 1e-6:  # a step is 0.002
            reject(
                "the evaluation must leave the weights as they are",
                given=f"{run.given}; validation improves in every epoch",
                expected="epoch 2 begins with the weights that were evaluated after epoch 1",
                got="other weights",
                cause="a training step is made on the validation data",
            )


@criterion(
    "wordlm.train.epochs",
    points=1,
    section=SECTION,
    hint="`train` in train.py: hand `seq_len` on to `train_epoch`, and start each epoch afresh.",
    requires=("wordlm.train.history", "wordlm.train.state-reset", "wordlm.train.reads-on"),
    explained_by=OF_DATA,
)
def test_each_epoch_reads_the_streams_from_the_start(lab):
    """Each epoch of `train` goes through the streams once, in chunks of `seq_len`, from zeros."""
    case = disjoint_case(lab.seed)
    model, length = arrange(lab, case)[0], 2 * WIDTH
    lab.train.train(model, case.data, case.data, epochs=2, seq_len=length, lr=0.01, clip=1.0)
    given = f"train(..., epochs=2, seq_len={length}), {B} streams of {K * WIDTH + 1} columns"
    column = 0
    for visit in visits(model):
        if visit.starts():
            column = 0
        if visit.read != [float(column)] * B:
            reject(
                "each epoch must start from the zero state and carry it on",
                given=given,
                expected=f"a state that has read {column} words",
                got=f"a state that has read {visit.read[0]:g} words",
                cause="the state at the end of an epoch, or of an evaluation, is kept",
            )
        wanted = case.data[:, column : column + visit.x.shape[1]]
        if visit.x.shape[1] > length or not torch.equal(visit.x, wanted):
            reject(
                "each epoch must go through the streams in chunks of `seq_len`",
                given=given,
                expected=f"columns {column} to {column + length - 1}",
                got=f"a chunk of {visit.x.shape[1]} columns",
            )
        column += visit.x.shape[1]
    run = Run(lab, SCRIPT, seq_len=2 * T)
    got, wanted = len(run.steps(1)) + 1, CHUNKS // 2  # the last step is not seen
    if got != wanted:
        reject(
            "`train` must make one step for each chunk of `seq_len` columns",
            given=run.given.replace(f"{CHUNKS} chunks", f"{wanted} chunks"),
            expected=f"{wanted} steps in an epoch",
            got=f"{got} steps",
            cause="`seq_len` is not handed on to `train_epoch`, or a fixed number is",
        )


@criterion(
    "wordlm.train.keywords",
    points=1,
    section=SECTION,
    hint="The signatures in train.py: train_epoch(model, data, optimizer, seq_len, clip), "
    "evaluate(model, data, seq_len), and train(model, train_data, valid_data, epochs=50, "
    "seq_len=50, lr=1e-3, clip=0.25).",
    requires=("wordlm.train.val-each-epoch", "wordlm.train.epochs"),
    explained_by=OF_DATA,
)
def test_arguments_have_the_order_and_names_of_the_contract(lab):
    """Arguments may be passed by place and by name."""
    case = disjoint_case(lab.seed)
    model, optimizer = arrange(lab, case, lr=0.0)
    ce = lab.train.train_epoch(
        model=model, data=case.data, optimizer=optimizer, seq_len=WIDTH, clip=1.0
    )
    by_name = as_number(ce, "what `train_epoch` returns")
    assert_close(by_name, case.losses().mean(), "the loss of `train_epoch`", atol=1e-3)
    ce = lab.train.evaluate(model=model, data=case.data, seq_len=WIDTH)
    by_name = as_number(ce, "what `evaluate` returns")
    assert_close(by_name, case.losses().mean(), "the loss of `evaluate`", atol=1e-3)
    options = {"epochs": 3, "seq_len": T, "lr": 0.01, "clip": 0.5}
    for by_place, by_name in ((options.values(), {}), ((), options)):
        model = lab.probes_training.Script(SIZE, [level(ce) for ce in FALLING])
        data = {} if by_place else {"train_data": TRAIN, "valid_data": VALID}
        places = (TRAIN, VALID) if by_place else ()
        history = lab.train.train(model, *places, *by_place, **data, **by_name)
        rows = as_list(lab.probes_training.plain_rows(history), "what `train` returns")
        if len(rows) != 3:
            given = f"{options} by {'place' if by_place else 'name'}"
            got = f"{len(rows)} epochs"
            reject("`train` must take its arguments in order, and by name", given=given, got=got)
