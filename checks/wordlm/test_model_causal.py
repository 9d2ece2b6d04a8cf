"""`WordLSTM` in model.py: which logits depend on which words, also over the border of two calls."""

import torch

from checks.support.causality import ROUNDING, assert_causal, assert_remembers
from checks.support.criteria import criterion
from checks.support.judge import as_list, assert_close
from checks.wordlm.lstm import SECTION, STEADY, Model, Sizes, quiet_in_train_mode


@criterion(
    "wordlm.model.causal",
    points=3,
    section=SECTION,
    hint="`WordLSTM` in model.py: pass `batch_first=True` if x is (B, T); never reorder axes with "
    "`view`; one direction only. A logit may depend on its own row, up to its own time.",
    requires=STEADY,
)
def test_a_word_moves_no_other_row_and_no_earlier_logit(lab):
    """Changing `x[b, t]` moves only the logits at (b, t) and later in row b."""
    model = Model(lab)
    x = model.ids(3, 8)
    assert_causal(model, x, model.sizes.vocab_size, given=model.describe(x))


@criterion(
    "wordlm.model.remembers",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: the LSTM has to run over the whole sequence, its state going from "
    "each step to the next.",
    requires=("wordlm.model.causal",),
    explained_by=("wordlm.model.raw-logits",),  # a ReLU hides what moves below zero
)
def test_a_word_moves_the_logits_after_it(lab):
    """Changing `x[b, t]` moves the logits at t and in the steps after it."""
    for L in (1, 2):
        model = Model(lab, Sizes(hid_dim=16, num_layers=L))
        given = f"WordLSTM with {model.sizes}, random weights"
        assert_remembers(model, model.sizes.vocab_size, lab.seed, given)


@criterion(
    "wordlm.model.state-carries",
    points=3,
    section=SECTION,
    hint="`forward` in model.py: hand `hidden` on to the LSTM as its initial state, h and c both, "
    "for every layer, and return the state after the last step.",
    requires=(*STEADY, "wordlm.model.remembers", "wordlm.model.any-size"),
)
def test_a_sequence_in_pieces_gives_the_same(lab):
    """Running a text in pieces, each with the state after the one before, equals the whole."""
    for L, B, mode in ((1, 1, "eval"), (2, 3, "eval"), (3, 2, "eval"), (2, 3, "train")):
        model = Model(lab, Sizes(num_layers=L))
        if mode == "train" and not quiet_in_train_mode(model):
            return
        x = model.ids(B, 9)
        whole = model(x)
        for cuts in ([4], [1], [8], [3, 6], [1, 2, 3]):
            pieces = lab.probes_states.in_pieces(model.handle, x, cuts)
            pieces = as_list(pieces, "the pieces", length=len(cuts) + 1)
            parts = zip(pieces, torch.tensor_split(x, cuts, dim=1), strict=True)
            assert_close(
                torch.cat([model.logits(piece, part) for piece, part in parts], dim=1),
                whole,
                "logits of the pieces",
                atol=ROUNDING,
                given=f"{model.describe(x)}, {mode} mode, cut at {cuts}",
                cause="the state that is passed in is ignored, h or c of it, or a layer's; or the "
                "state that is returned is not the one after the last step",
            )
