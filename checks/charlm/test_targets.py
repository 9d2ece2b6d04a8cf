"""The targets of a full training: `-m gpu`. One training, on which all of these look."""

import math

import pytest

from checks.charlm import targets
from checks.charlm.history import assert_perplexities, rows_of
from checks.charlm.targets import Training
from checks.support.criteria import criterion
from checks.support.judge import as_int, as_number, assert_close, reject

# No judge's limit: the submission's own deadline holds.
pytestmark = [pytest.mark.gpu, pytest.mark.timeout(0)]
OF_A_TRAINING = {
    "section": "3 Training: targets",
    "explained_by": ("charlm.data.*", "charlm.model.*", "charlm.train.*"),
    "seconds": 3600,
}

# The validation loss that `train` reports and the one that the same batches give to the judge: the
# same but for rounding, in bfloat16 up to 0.01. A loss on the training windows differs by more once
# a model has begun to learn them by heart, and before that the validation loader tells.
REPORTED_ATOL = 0.02

# How much a logit may move when the window is given again, or without its later half, since another
# kernel adds up in another order. On a model that knew its text by heart, with logits up to 19, the
# order moved them by 0.002 at most with matrices in TF32, and by 0.125, one unit in the last place,
# with all of the arithmetic in bfloat16. A model that sees ahead moves them by 10, also the small
# one, once it has been trained to use what it sees.
LOGITS_ATOL = 1.0


@pytest.fixture(scope="session")
def trained(request):
    """Gives the outcome of the training for a lab; it happens at the first request only."""
    option, outcomes = request.config.option, []

    def outcome(lab) -> Training:
        if not outcomes:
            try:
                aim = targets.target(option.corpus, option.scale)
            except ValueError as error:
                pytest.skip(f"--corpus: {error}")
            outcomes.append(targets.train(lab, aim, option.device))
        return outcomes[0]

    return outcome


def history_of(training):
    """The history as rows of numbers, all of them finite."""
    rows = rows_of(training.history, training.target.scale.epochs)
    for number, row in enumerate(rows, start=1):
        for name, value in row.items():
            if not math.isfinite(value):
                reject(f"{name} must be finite", got=f"{value} in epoch {number}")
    return rows


def figures(training):
    """A table of the epochs, and what they cost."""
    lines = ["epoch  train CE  val CE  val PPL  seconds  tokens/s"]
    passes = training.watched.get("training") or []
    rows = history_of(training)
    for number, row in enumerate(rows):
        cost = ""
        if len(passes) == len(rows):
            seconds = max(as_number(passes[number]["seconds"], "the time"), 1e-9)
            cost = f"{seconds:9.1f}{as_int(passes[number]['tokens'], 'tokens') / seconds:10.0f}"
        losses = f"{row['train_ce']:10.3f}{row['val_ce']:8.3f}{row['val_ppl']:9.2f}"
        lines.append(f"{number + 1:5}{losses}{cost}")
    aim, memory = training.target, as_number(training.watched["memory"], "the memory") / 2**20
    when = f", after {training.moment} batches" if training.moment else ""
    exam = f"CE {training.exam_ce:.3f}, perplexity {math.exp(training.exam_ce):.2f}"
    lines.append(f"exam: {exam}{when}")
    lines.append(f"by counting: bigram {aim.bigram:.3f}, order {aim.order} {aim.best_ngram:.3f}")
    lines.append(f"peak memory {memory:.0f} MB, {training.watched['seconds']:.1f} s in all")
    return "\n".join(lines)


@criterion(
    "charlm.targets.training",
    points=4,
    hint="All parts together do not learn. Run the other checks first; if they pass, print the "
    "loss of each step: it must fall from ln V within the first hundred steps, at the given lr.",
    **OF_A_TRAINING,
)
def test_training_reaches_its_target(lab, trained, record_property):
    """`train`, with everything it needs from the other files, reaches the target training loss."""
    training = trained(lab)
    record_property("figures", figures(training))
    aim, last = training.target, history_of(training)[-1]["train_ce"]
    if aim.train_bar is not None and not last < aim.train_bar:
        reject(
            "the last epoch's training loss must be below the target",
            given=str(aim.scale),
            expected=f"train_ce below {aim.train_bar}",
            got=f"{last:.3f}",
            cause="" if last < aim.bigram + 0.5 else "the weights hardly moved from their start",
        )


@criterion(
    "charlm.targets.honest",
    points=3,
    hint="`train` in train.py evaluates the model on val_loader after each epoch, and "
    "`make_loaders` in data.py must leave something in it: see charlm.train.val-each-epoch. In "
    "eval mode a logit depends on the characters so far only: see charlm.model.causal.",
    requires=("charlm.targets.training",),
    **OF_A_TRAINING,
)
def test_reported_validation_loss_is_that_of_the_validation_windows(lab, trained):
    """`val_ce` is the loss on the validation windows, and the model does not see ahead in them."""
    training = trained(lab)
    rows = history_of(training)
    reported = [row["val_ce"] for row in rows]
    own, tokens = (as_number(value, "the loss") for value in training.own_validation)
    if tokens == 0:
        reject("the validation loader must hold windows", got=f"none, and val_ce {reported[-1]:g}")
    if training.watched.get("validation") == []:
        reject(
            "`train` must evaluate on the validation loader",
            got=f"val_ce {reported[-1]:.3f}, and nothing ever asked it for a batch",
        )
    if training.unsteady > LOGITS_ATOL:
        reject(
            "the trained model must give the same logits again in eval mode",
            given="the same windows twice",
            got=f"logits that differ by {training.unsteady:.2f}",
            cause="dropout that eval mode does not turn off, or a state kept from call to call",
        )
    if training.sees_ahead > LOGITS_ATOL:
        reject(
            "a prediction must not depend on the characters that it is to predict",
            given="windows without their second half",
            expected="the first half's logits as they were",
            got=f"logits that differ by {training.sees_ahead:.2f}: a leak, not a low loss",
        )
    nearest = min(reported, key=lambda value: abs(value - own))  # a best epoch may be kept
    assert_close(
        nearest,
        own,
        "val_ce",
        atol=REPORTED_ATOL,
        given=f"the validation loader's {tokens:.0f} characters",
        cause="measured on other windows, or while dropout was on",
    )


@criterion(
    "charlm.targets.validation",
    points=4,
    hint="The training text is learnt, another is not. Does every epoch see all windows, in a new "
    "order? Does the state reach from character to character?",
    requires=("charlm.targets.training",),
    **OF_A_TRAINING,
)
def test_text_that_was_held_back_is_predicted_well(lab, trained):
    """On text that the submission has never seen, the loss is below the target and a bigram's."""
    training = trained(lab)
    aim = training.target
    if not training.exam_ce <= aim.exam_bar:
        overfitted = history_of(training)[-1]["train_ce"] < aim.exam_bar
        reject(
            "the loss on text that was held back must reach the target",
            given=f"{aim.scale}; a bigram model by counting has {aim.bigram:.3f}",
            expected=f"at most {aim.exam_bar:.3f}, a perplexity of {math.exp(aim.exam_bar):.2f}",
            got=f"{training.exam_ce:.3f}, a perplexity of {math.exp(training.exam_ce):.2f}",
            cause="only some of the windows were learnt, by heart"
            if overfitted
            else "predictions depend on the last character only",
        )


@criterion(
    "charlm.targets.perplexity",
    points=1,
    hint="`evaluate` in train.py: perplexity is exp(ce).",
    requires=("charlm.targets.training",),
    **{**OF_A_TRAINING, "explained_by": ("charlm.train.*",)},
)
def test_perplexity_is_exp_of_the_loss(lab, trained):
    """`val_ppl` is `exp(val_ce)` in every epoch of the training."""
    assert_perplexities(history_of(trained(lab)))


@criterion(
    "charlm.targets.works-well",
    points=2,
    hint="The model learns, but not what a longer context would tell it. The specification's sizes "
    "reach this in five epochs.",
    requires=("charlm.targets.training", "charlm.targets.validation"),
    **OF_A_TRAINING,
)
def test_held_back_text_is_predicted_better_than_by_any_counting(lab, trained, request):
    """On a corpus of your own, `--corpus FILE`, the loss is below that of the best n-gram model."""
    if not request.config.option.corpus:
        pytest.skip("needs a corpus: --corpus FILE")
    training = trained(lab)
    aim = training.target
    if aim.length < aim.scale.well_from:
        pytest.skip(
            f"needs a corpus of {aim.scale.well_from:,} characters; this one has {aim.length:,}"
        )
    if not training.exam_ce < aim.best_ngram:
        reject(
            "the loss on text that was held back must be below the best n-gram model's",
            given=str(aim.scale),
            expected=f"below {aim.best_ngram:.3f}, which order {aim.order} has",
            got=f"{training.exam_ce:.3f}",
        )
