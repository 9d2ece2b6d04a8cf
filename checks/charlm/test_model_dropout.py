"""`CharLSTM` in model.py: dropout acts in train mode and rests in eval mode."""

from dataclasses import replace

import torch

from checks.charlm.lstm import ROUNDING, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close, reject


@criterion(
    "charlm.model.dropout-train",
    points=1,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: hand `dropout` on to the LSTM, which applies it between "
    "layers; with dropout=0.0 nothing may be random.",
    requires=STEADY,
)
def test_dropout_acts_in_train_mode(lab):
    """In train mode dropout acts between layers, and dropout=0.0 does nothing."""
    for p in (0.5, 0.0):
        model = Model(lab, Sizes(dropout=p))
        model.handle.train()
        x = model.ids(3, 8)
        (one, _), (other, _) = model(x), model(x)
        # A mask of B * T * H = 168 entries comes twice with probability 2^-168.
        if (one - other).abs().max() > ROUNDING and p == 0.0:
            reject(
                "with dropout=0.0 two calls must agree in train mode too",
                given=model.describe(x),
                got="two calls with different logits",
                cause="the rate is written into the code; the argument `dropout` is not used",
            )
        if torch.allclose(one, other, atol=ROUNDING) and p > 0:
            reject(
                "with dropout=0.5 and two layers, two calls must differ in train mode",
                given=model.describe(x),
                got="two calls with the same logits",
                cause="`dropout` is not used, or acts in no mode",
            )


@criterion(
    "charlm.model.dropout-eval",
    points=1,
    section=SECTION,
    hint="Dropout has to stop in eval mode: use nn.Dropout or the LSTM's own argument, or pass "
    "`training=self.training` to the functional form.",
    requires=STEADY,
)
def test_dropout_does_nothing_in_eval_mode(lab):
    """In eval mode dropout does nothing."""
    for L in (1, 2):
        sizes = Sizes(num_layers=L, dropout=0.9)
        model, plain = Model(lab, sizes), Model(lab, replace(sizes, dropout=0.0))
        x = model.ids(3, 8)
        for call in ("first", "second"):
            assert_close(
                model(x)[0],
                plain(x)[0],
                f"logits of the {call} call in eval mode, against those of dropout=0.0",
                atol=ROUNDING,
                given=model.describe(x),
                cause="dropout, or its scaling, is active in eval mode",
            )
