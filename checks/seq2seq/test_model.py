"""`Seq2Seq` in model.py: what goes in and what comes out.

Further claims are in the files test_model_*.py beside this one.
"""

from checks.seq2seq.translator import FORM, SECTION, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.strategies import for_all, sizes


@criterion(
    "seq2seq.model.logits-shape",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: the decoder reads `tgt_in` (B, T_tgt), a linear layer maps its "
    "output at every step to tgt_vocab numbers. Print the shape after each step.",
)
def test_forward_gives_one_logit_per_target_id(lab):
    """`forward` maps src (B, S) and tgt_in (B, T_tgt) to logits (B, T_tgt, tgt_vocab)."""
    for S, T in ((7, 5), (5, 7)):
        model = Model(lab)
        src, tgt_in = model.sources(3, S), model.targets(3, T)
        tgt_in[0, 0] = model.sizes.tgt_vocab - 1  # no id of the source is as large
        model(src, tgt_in)


@criterion(
    "seq2seq.model.any-size",
    points=2,
    section=SECTION,
    hint="No size may be written into the code: take B, S and T_tgt from the shapes of `src` and "
    "`tgt_in` in `forward`, the rest from the arguments of `__init__`. A source or a target may "
    "have one step only, a batch one row, and either vocabulary may be the larger.",
    requires=("seq2seq.model.logits-shape",),
)
@for_all(
    5,
    {"src_vocab": 1, "tgt_vocab": 2, "E": 1, "H": 1, "B": 1, "S": 1, "T": 1},
    {"src_vocab": 300, "tgt_vocab": 3, "E": 4, "H": 6, "B": 2, "S": 40, "T": 3},
    {"src_vocab": 3, "tgt_vocab": 300, "E": 6, "H": 4, "B": 3, "S": 2, "T": 40},
    {"src_vocab": 9, "tgt_vocab": 5, "E": 5, "H": 5, "B": 4, "S": 4, "T": 4},
    **sizes(src_vocab=40, tgt_vocab=40, E=12, H=12, B=6, S=9, T=9),
)
def test_any_sizes_work(lab, src_vocab, tgt_vocab, E, H, B, S, T):
    """Any sizes work, also one after the other in the same model."""
    model = Model(lab, Sizes(src_vocab, tgt_vocab, E, H))
    for rows, read, written in ((3, 4, 2), (B, S, T), (1, 1, 1)):
        src, tgt_in = model.sources(rows, read), model.targets(rows, written)
        src[0, -1], tgt_in[0, -1] = src_vocab - 1, tgt_vocab - 1  # the last id of each is there
        model(src, tgt_in)


@criterion(
    "seq2seq.model.raw-logits",
    points=1,
    section=SECTION,
    hint="`forward` in model.py ends with the linear layer: no softmax, no log_softmax and no "
    "activation after it. The loss does the softmax.",
    requires=FORM,
)
def test_logits_are_raw(lab):
    """`forward` returns raw logits: not probabilities, not log-probabilities, nothing squashed."""
    model = Model(lab, scale=2.0)
    src, tgt_in = model.sources(8, 5), model.targets(8, 9)
    logits = model(src, tgt_in)
    cause = squashed_cause(logits)
    if cause:
        totals = logits.logsumexp(-1)
        reject(
            "logits must be the linear layer's output itself",
            given=model.describe(src, tgt_in),
            expected="numbers of any size and sign",
            got=f"logits from {logits.min():.3g} to {logits.max():.3g}, log-sum-exp of a row from "
            f"{totals.min():.3g} to {totals.max():.3g}",
            cause=cause,
        )


def squashed_cause(logits):
    """What was done to `logits` (..., V) after the output layer, or "".

    With weights from N(0, 2^2) an output layer's numbers have both signs and many a size.
    """
    if (logits >= 0).all() and ((logits.sum(-1) - 1).abs() < 1e-3).all():
        return "softmax: every row sums to 1"
    if (logits.logsumexp(-1).abs() < 1e-3).all():
        return "log_softmax: the exponentials of every row sum to 1"
    if (logits >= 0).all():
        return "ReLU, or another function that is never negative"
    if (logits.abs() <= 1).all():
        return "tanh, or another function that stays between -1 and 1"
    flat = logits.flatten(0, -2)
    fixed = (flat.amax(0) - flat.amin(0) < 1e-6).nonzero().flatten().tolist()
    if fixed:
        return f"the logit of id {fixed[0]} is the same everywhere: it is overwritten"
    return ""
