"""`CharLSTM` in model.py: which logits depend on which characters."""

from checks.charlm.lstm import SECTION, STEADY, Model, Sizes
from checks.support.causality import assert_causal, assert_remembers
from checks.support.criteria import criterion


@criterion(
    "charlm.model.causal",
    points=3,
    section=SECTION,
    hint="`CharLSTM` in model.py: pass `batch_first=True` if x is (B, T); never reorder axes with "
    "`view`; one direction only. A logit may depend on its own row, up to its own time.",
    requires=STEADY,
)
def test_a_character_moves_no_other_row_and_no_earlier_logit(lab):
    """Changing `x[b, t]` moves only the logits at (b, t) and later in row b."""
    model = Model(lab)
    x = model.ids(3, 8)
    assert_causal(model.run, x, model.sizes.vocab_size, given=model.describe(x))


@criterion(
    "charlm.model.remembers",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: the LSTM has to run over the whole sequence, its state going from "
    "each step to the next.",
    requires=("charlm.model.causal",),
    explained_by=("charlm.model.raw-logits",),  # a ReLU hides what moves below zero
)
def test_a_character_moves_the_logits_after_it(lab):
    """Changing `x[b, t]` moves the logits at t and in the steps after it."""
    for L in (1, 2):
        model = Model(lab, Sizes(hidden_size=16, num_layers=L))
        given = f"CharLSTM with {model.sizes}, random weights"
        assert_remembers(model.run, model.sizes.vocab_size, lab.seed, given)
