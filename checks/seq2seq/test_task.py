"""The model learns to translate: trained in a loop of the checks', asked for what was held out."""

from checks.seq2seq.tasks import BATCH, LR, dates, learn, reversals
from checks.support.criteria import criterion
from checks.support.judge import reject

SECTION = "3 Tasks"

BAR = 0.3  # see tasks.py for what right and wrong models reach

LEARNABLE = (
    "seq2seq.model.causal",  # who sees the answers needs to learn nothing
    "seq2seq.model.teacher-forcing",
    "seq2seq.model.gradients",
)


def assert_learns(lab, task):
    """Enough of the held-out sources must be answered right, to the last id."""
    __tracebackhide__ = True
    outcome = learn(lab, task)
    if not outcome.share >= BAR:
        reject(
            f"{BAR:.0%} of the held-out sources must be answered without a mistake",
            given=f"H={task.hidden_size}, {task.steps} steps of Adam at lr={LR}, B={BATCH}, "
            f"{len(task.pairs) - task.held_out} pairs, {task.held_out} held out",
            expected=f"an exact match of {BAR:.0%} or more",
            got=f"{outcome.share:.1%}; {outcome.example}",
        )


@criterion(
    "seq2seq.task.reverse",
    points=4,
    section=SECTION,
    hint="Every claim about the model holds, but it does not learn. Does the encoder see the order "
    "of the source? Do h and c both reach the decoder? Train on one batch yourself and see where "
    "the loss stops falling.",
    requires=LEARNABLE,
    explained_by=("seq2seq.model.*",),
    seconds=240,
)
def test_strings_are_reversed(lab):
    """Trained on strings of four letters, the model reverses those that it has not seen."""
    assert_learns(lab, reversals(lab.seed))


@criterion(
    "seq2seq.task.dates",
    points=4,
    section=SECTION,
    hint="The model reverses four letters, but does not rewrite 2025-03-07 as 07 Mar: ten "
    "characters are read here. Is the end of a longer source lost, or its beginning?",
    requires=("seq2seq.task.reverse",),
    explained_by=("seq2seq.model.*",),
    seconds=240,
)
def test_dates_are_rewritten(lab):
    """Trained on dates such as 2025-03-07, the model writes 07 Mar for those it has not seen."""
    assert_learns(lab, dates(lab.seed))
