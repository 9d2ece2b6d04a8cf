"""`CharLSTM` in model.py: dropout acts in train mode and rests in eval mode."""

from checks.charlm.lstm import ROUNDING, SECTION, STEADY, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close, reject


@criterion(
    "charlm.model.dropout-train",
    points=1,
    section=SECTION,
    hint="`CharLSTM.__init__` in model.py: hand `dropout` on to the LSTM, which applies it between "
    "layers; it is the share that is dropped. With dropout=0.0 nothing may be random.",
    requires=STEADY,
)
def test_dropout_acts_in_train_mode(lab):
    """In train mode dropout acts between layers, the more the higher; dropout=0.0 does nothing."""
    none, little, much = (noise(lab, p) for p in (0.0, 0.1, 0.5))
    given = "CharLSTM with V=60 E=5 H=32 L=2 in train mode, x of shape (64, 4), called twice"
    if none > ROUNDING**2:
        reject(
            "with dropout=0.0 two calls must agree in train mode too",
            given=given,
            got="two calls with different logits",
            cause="the rate is written into the code; the argument `dropout` is not used",
        )
    # With small weights the variance goes with p / (1 - p), 9 times as much; or, where kept values
    # are not scaled up, with p * (1 - p), 2.8 times. The logarithm of the ratio has a standard
    # deviation of 0.06 (0.11 where all steps share a mask): 1.2 is over 7 of them away, p < 1e-11.
    if not much > 1.2 * little > 0:
        reject(
            "logits must vary from call to call, more with dropout=0.5 than with dropout=0.1",
            given=given,
            expected="noise from dropout between the two layers",
            got=f"variance {little:.3g} with 0.1, {much:.3g} with 0.5",
            cause="`dropout` is taken for the share that is kept"
            if much > 0
            else "`dropout` is not used, or acts in no mode",
        )


def noise(lab, p):
    """Variance of the logits from call to call in train mode with dropout `p`."""
    model = Model(lab, Sizes(60, 5, 32, 2, dropout=p), scale=0.1)
    model.handle.train()
    x = model.ids(64, 4)
    (one, _), (other, _) = model(x), model(x)
    return float(((one - other) ** 2).mean()) / 2


@criterion(
    "charlm.model.dropout-eval",
    points=1,
    section=SECTION,
    hint="Dropout has to stop in eval mode: use nn.Dropout or the LSTM's own argument, or pass "
    "`training=self.training` to the functional form.",
    requires=STEADY,
)
def test_dropout_does_nothing_in_eval_mode(lab):
    """In eval mode nothing is random, whatever the dropout."""
    for L in (1, 2):
        model = Model(lab, Sizes(num_layers=L, dropout=0.9))
        x = model.ids(3, 8)
        first, _ = model(x)
        model.handle.train()
        model(x)
        model.handle.eval()
        for call in ("the next call", "the call after that"):
            assert_close(
                model(x)[0],
                first,
                f"logits of {call}, against those of the first",
                atol=ROUNDING,
                given=f"{model.describe(x)}, eval mode",
                cause="dropout is active in eval mode",
            )
