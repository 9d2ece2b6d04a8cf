"""`Seq2Seq` in model.py: one call and the next, one row and the next, and the arguments."""

from dataclasses import asdict

import torch

from checks.seq2seq.translator import FORM, REPEATS, ROUNDING, SECTION, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close, reject
from checks.support.parameters import count_parameters

CALLS = 30  # a coin thrown for each call leaves its trace in all but 2^-29 of the runs


@criterion(
    "seq2seq.model.repeats",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: the decoder reads `tgt_in` and never its own guesses; "
    "every layer is made in `__init__`; no state is kept on `self` from call to call.",
    requires=FORM,
)
def test_the_same_call_gives_the_same_logits(lab):
    """In eval mode the same call gives the same logits, whatever calls came before."""
    model = Model(lab)
    src, tgt_in = model.sources(3, 5), model.targets(3, 9)
    first = model(src, tgt_in)
    model = Model(lab)  # the same weights, and other calls before
    model(model.sources(3, 5, salt=7), model.targets(3, 9, salt=7))
    for call in range(CALLS):
        if call % 5 == 1:  # another source, and other sizes, in between
            model(model.sources(2, 3, salt=call), model.targets(2, 4, salt=call))
        moved = ((model(src, tgt_in) - first).abs() > ROUNDING).any(-1).any(0)  # (T,)
        if moved.any():
            reject(
                "the same call must give the same logits again",
                given=f"{model.describe(src, tgt_in)}, eval mode, after {call + 1} others",
                expected=f"the logits of a first call, to {ROUNDING}",
                got=f"other logits, at t={int(moved.nonzero()[0])} first",
                cause="a state or a counter is kept from call to call, or a layer is made in "
                "forward, or dropout acts in eval mode"
                if moved[0]
                else "the decoder is given its own guesses in place of tgt_in, by chance (a "
                "teacher forcing ratio): whose turn it is, the caller decides",
            )


@criterion(
    "seq2seq.model.rows",
    points=2,
    section=SECTION,
    hint="`Seq2Seq` in model.py: `batch_first=True` in both LSTMs, or transpose what goes in; no "
    "`view` to reorder axes; softmax and mean over time, not over the batch.",
    requires=REPEATS,
)
def test_rows_are_independent(lab):
    """The logits of row b depend on row b of `src` and `tgt_in` alone."""
    model = Model(lab)
    for mode in ("eval", "train"):
        if mode == "train":
            model.handle.train()
        for B, S, T in ((4, 6, 5), (4, 4, 4)):
            src, tgt_in = model.sources(B, S), model.targets(B, T)
            given = f"{model.describe(src, tgt_in)}, {mode} mode"
            base = model(src, tgt_in)
            if mode == "train" and not torch.allclose(model(src, tgt_in), base, atol=ROUNDING):
                return  # dropout, which the contract leaves to the student
            for b in range(B):
                assert_row_alone(model, src, tgt_in, base, b, given)


def assert_row_alone(model, src, tgt_in, base, b, given):
    """Row b must be what it is without the others, and the others what they are with another b."""
    __tracebackhide__ = True
    V, W = model.sizes.src_vocab, model.sizes.tgt_vocab
    alone = model(src[b : b + 1], tgt_in[b : b + 1])[0]
    other_src, other_tgt = src.clone(), tgt_in.clone()
    other_src[b], other_tgt[b] = (src[b] + 1) % V, (tgt_in[b] + 1) % W
    rows = [row for row in range(len(src)) if row != b]
    for what, got, wanted in (
        (f"with another src[{b}]", model(other_src, tgt_in)[rows], base[rows]),
        (f"with another tgt_in[{b}]", model(src, other_tgt)[rows], base[rows]),
        (f"for row {b} alone", alone, base[b]),
    ):
        if not torch.allclose(got, wanted, rtol=0, atol=ROUNDING):
            reject(
                "a row's logits must depend on its own source and target alone",
                given=given,
                expected=f"{what}, the same logits as before, to {ROUNDING}",
                got=f"{what}, logits that differ by up to {(got - wanted).abs().max():.3g}",
                cause="rows of the batch are mixed: batch_first is missing, or a `view` stands "
                "where axes should be transposed, or something is summed over the batch",
            )


@criterion(
    "seq2seq.model.arguments",
    points=1,
    section=SECTION,
    hint="The signatures in model.py: Seq2Seq(src_vocab, tgt_vocab, embed_dim=32, hidden_size=64) "
    "and forward(self, src, tgt_in). All four sizes have to reach the layers.",
    requires=REPEATS,
)
def test_the_arguments_are_those_of_the_contract(lab):
    """Sizes and inputs go by the contract's names, order and defaults, and every size is used."""
    model = Model(lab)
    src, tgt_in = model.sources(2, 3), model.targets(2, 4)
    assert_close(
        model.handle(tgt_in=tgt_in, src=src),
        model(src, tgt_in),
        "logits of forward(src=..., tgt_in=...)",
        atol=ROUNDING,
        given=model.describe(src, tgt_in),
    )

    def shapes(*places, **names):
        given = (
            f"Seq2Seq({', '.join(map(str, [*places, *(f'{k}={v}' for k, v in names.items())]))})"
        )
        return count_parameters(lab, lab.model.Seq2Seq(*places, **names), given), given

    full = asdict(Sizes(7, 9, 32, 64))
    (count, listing), wanted = shapes(**full)
    for places, names in (((7, 9), {}), ((7, 9, 32, 64), {}), ((7, 9), {"hidden_size": 64})):
        (_, other), given = shapes(*places, **names)
        if other != listing:
            reject(
                f"{given} must be the same model as {wanted}",
                given=given,
                expected=f"parameters {listing}",
                got=f"parameters {other}",
                cause="another default, or the arguments are taken in another order",
            )
    for name, size in (
        ("src_vocab", 30),
        ("tgt_vocab", 30),
        ("embed_dim", 48),
        ("hidden_size", 96),
    ):
        (larger, other), given = shapes(**{**full, name: size})
        if not larger > count:
            reject(
                f"{name} must decide the size of a layer",
                given=f"{given} beside {name}={full[name]}",
                expected=f"more than {count} parameters",
                got=f"{larger}: {other}",
                cause=f"{name} is not used: another number is written in its place",
            )
