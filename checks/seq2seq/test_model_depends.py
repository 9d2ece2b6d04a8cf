"""`Seq2Seq` in model.py: which logits depend on which ids."""

import torch

from checks.seq2seq.reading import moves, read_source, read_target
from checks.seq2seq.translator import SECTION, Model
from checks.support.causality import assert_causal
from checks.support.criteria import criterion
from checks.support.judge import reject

S, T = 12, 12


@criterion(
    "seq2seq.model.causal",
    points=3,
    section=SECTION,
    hint="`Seq2Seq` in model.py: the decoder runs in one direction; attention sees the encoder's "
    "states, or masked. `tgt_in` is shifted already: do not shift it again.",
    requires=("seq2seq.model.rows",),
)
def test_a_target_id_moves_no_earlier_logit(lab):
    """The logits at t depend on nothing in `tgt_in` that comes after t."""
    model = Model(lab)
    src, tgt_in = model.sources(3, 5), model.targets(3, 8)
    assert_causal(
        lambda ids: model(src, ids), tgt_in, model.sizes.tgt_vocab, model.describe(src, tgt_in)
    )


@criterion(
    "seq2seq.model.reads-target",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: at every step the decoder reads the true `tgt_in[:, t]`, and its "
    "state goes from each step to the next.",
    requires=("seq2seq.model.causal",),
)
def test_logits_depend_on_all_of_the_prefix(lab):
    """The logits at t depend on all of `tgt_in[:, :t+1]`."""
    model = Model(lab)
    moved = moves(lab, read_target, model.sizes.tgt_vocab, T)  # (T, T)
    for s, t in zip(*torch.triu_indices(T, T).tolist(), strict=True):
        if not moved[s, t]:
            reject(
                f"the logits at t={t} must depend on tgt_in[:, {s}]",
                given=f"Seq2Seq with {model.sizes}, random weights, S={S}, T_tgt={T}",
                expected="other logits where another id stands in the prefix",
                got=f"the same logits at t={t}, whatever tgt_in[:, {s}]",
                cause=unread_cause(moved),
            )


def unread_cause(moved):
    """Why part of the prefix is not read; `moved[s, t]`: the id at s moves the logits at t."""
    if not moved.any():
        return "the decoder does not read tgt_in at all"
    if moved[0].all() and not moved[1:].any():
        return "only tgt_in[:, 0] is read: after it the decoder is given its own guesses"
    if not moved.diagonal().any():
        return "tgt_in is read one step late: the caller has shifted it already"
    if not moved[0].any():
        return "tgt_in[:, 0] is left out, or replaced by something else"
    if not (moved & ~torch.eye(len(moved), dtype=torch.bool)).any():
        return "the decoder's state does not go from one step to the next"
    return "the decoder sees a part of the prefix only"


@criterion(
    "seq2seq.model.reads-source",
    points=3,
    section=SECTION,
    hint="`forward` in model.py: the encoder reads every id of `src`, and what it knows at the end "
    "(h and c) is where the decoder starts; or the decoder attends to all its states.",
    requires=("seq2seq.model.causal",),
)
def test_logits_depend_on_all_of_the_source(lab):
    """The logits at every t depend on every id of the source."""
    model = Model(lab)
    moved = moves(lab, read_source, model.sizes.src_vocab, S)  # (S, T)
    unread = (~moved).nonzero().tolist()
    if unread:
        s, t = unread[0]
        reject(
            f"the logits at t={t} must depend on src[:, {s}]",
            given=f"Seq2Seq with {model.sizes}, random weights, S={S}, T_tgt={T}",
            expected="other logits, at every step, for another source",
            got=f"the same logits at t={t}, whatever src[:, {s}]",
            cause=unread_source_cause(moved),
        )


def unread_source_cause(moved):
    """Why part of the source is not read; `moved[s, t]`: the id at s moves the logits at t."""
    if not moved.any():
        return "what the encoder found does not reach the decoder"
    if not moved[:, 1:].any():
        return "the source is known at the first step only: the decoder's state is lost after it"
    read = [s for s in range(len(moved)) if moved[s].any()]
    if len(read) < len(moved):
        return f"of the source only the ids at {read} are read"
    return "the source is forgotten on the way"
