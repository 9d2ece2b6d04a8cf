"""The claim that model and training learn together: a short text is learnt by heart."""

from checks.charlm.passages import LENGTH, STEPS, B, T
from checks.support.criteria import criterion
from checks.support.judge import reject

MODEL_CLAIMS = tuple(
    f"charlm.model.{claim}" for claim in ("logits-shape", "any-size", "causal", "gradients")
)


@criterion(
    "charlm.train.overfit",
    points=4,
    section="3 Training",
    hint="Model and training pass their own checks, but do not learn together. Print the loss of "
    "each step on a single batch and see whether, and from where, it stops falling.",
    requires=(*MODEL_CLAIMS, "charlm.train.step-gradient", "charlm.train.fresh-state"),
    explained_by=("charlm.model.*", "charlm.train.*"),
    seconds=60,
)
def test_two_hundred_steps_learn_a_short_text(lab, overfitted):
    """200 steps on 256 characters bring the cross-entropy below 0.5."""
    ce = overfitted(lab).ce
    # Right solutions end between 0.06 and 0.13, whatever the seed; the first character of a window,
    # which nothing tells, accounts for most of that.  A model that knows the last character or two
    # ends above 0.8.
    if not ce < 0.5:
        reject(
            f"{STEPS} steps on {LENGTH} characters must bring the cross-entropy below 0.5",
            given=f"CharLSTM with E=64 H=128 L=1 dropout=0, AdamW lr=3e-3, T={T}, B={B}",
            expected="a cross-entropy below 0.5",
            got=f"{ce:.3f}",
        )
