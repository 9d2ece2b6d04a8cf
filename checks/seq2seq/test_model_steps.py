"""`Seq2Seq` in model.py: teacher forcing is what step by step reading of the true prefix gives."""

import torch

from checks.seq2seq.translator import ROUNDING, SECTION, Model
from checks.support.criteria import criterion
from checks.support.judge import assert_close, reject

CALLS = 30  # as for `seq2seq.model.repeats`


@criterion(
    "seq2seq.model.teacher-forcing",
    points=3,
    section=SECTION,
    hint="`forward` in model.py: the logits at t are a function of `src` and of `tgt_in[:, :t+1]`, "
    "the same for every length of `tgt_in` and in both modes. In train mode too the decoder reads "
    "the true ids.",
    requires=("seq2seq.model.reads-target", "seq2seq.model.reads-source"),
)
def test_all_at_once_equals_step_by_step(lab):
    """All steps at once give what one call for each true prefix gives, in train mode too."""
    model = Model(lab)
    src, tgt_in = model.sources(3, 5), model.targets(3, 8)
    given = model.describe(src, tgt_in)
    whole = model(src, tgt_in)
    for k in range(1, 8):
        assert_close(
            model(src, tgt_in[:, :k])[:, -1],
            whole[:, k - 1],
            f"the last logits for tgt_in[:, :{k}], against those at t={k - 1} of the whole",
            atol=ROUNDING,
            given=given,
            cause="the logits depend on how long tgt_in is",
        )
    assert_true_prefix_in_training(model, src, tgt_in, whole, given)


def assert_true_prefix_in_training(model, src, tgt_in, whole, given):
    """In train mode the decoder must not be given its own guesses, unless `tgt_in` holds them.

    A model with dropout differs from its eval mode on any target, its own guesses too; such a one
    is left alone. One that differs only where `tgt_in` is not what it would have guessed itself
    does not read `tgt_in`.
    """
    __tracebackhide__ = True
    own = tgt_in[:, :1]
    while own.shape[1] < tgt_in.shape[1]:
        own = torch.cat([own, model(src, own)[:, -1:].argmax(-1)], dim=1)
    on_own = model(src, own)
    model.handle.train()
    if not all(torch.allclose(model(src, own), on_own, rtol=0, atol=ROUNDING) for _ in range(3)):
        return
    for _ in range(CALLS):
        got = model(src, tgt_in)
        if not torch.allclose(got, whole, rtol=0, atol=ROUNDING):
            first = int(((got - whole).abs() > ROUNDING).any(-1).any(0).nonzero()[0])
            reject(
                "in train mode the logits must be those for the true prefix",
                given=f"{given}, train mode",
                expected="the logits of eval mode, since the model has no dropout",
                got=f"other logits, at t={first} first",
                cause="in train mode the decoder is given its own guesses in place of tgt_in",
            )
