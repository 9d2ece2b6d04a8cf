"""`WordLSTM` in model.py: dropout on the embedding, between layers and on the output.

Which of the three acts can be told from outside, in a single step from the zero state:

    embedding   with one layer, only it can make the *state* differ from call to call
    between     with a zero embedding, in which nothing can be dropped, only it can, with two layers
    output      only it comes between the state and the logits, which are else a linear map of h
"""

import torch
from torch import Tensor

from checks.support.causality import ROUNDING
from checks.support.criteria import criterion
from checks.support.judge import as_int, assert_close, reject
from checks.wordlm.lstm import SECTION, STEADY, Model, Sizes

B = 97  # rows of a batch: a number that no other axis has


@criterion(
    "wordlm.model.dropout-eval",
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
        first = model(x)
        model.handle.train()
        model(x)
        model.handle.eval()
        for call in ("the next call", "the call after that"):
            assert_close(
                model(x),
                first,
                f"logits of {call}, against those of the first",
                atol=ROUNDING,
                given=f"{model.describe(x)}, eval mode",
                cause="dropout is active in eval mode",
            )


@criterion(
    "wordlm.model.dropout-rate",
    points=1,
    section=SECTION,
    hint="`WordLSTM.__init__` in model.py: `dropout` is the share that is dropped, in all places. "
    "With dropout=0.0 nothing may be random.",
    requires=STEADY,
)
def test_dropout_acts_in_train_mode_at_its_rate(lab):
    """In train mode dropout acts, the more the higher; dropout=0.0 does nothing."""
    none, little, much = (noise(lab, p) for p in (0.0, 0.1, 0.5))
    given = "WordLSTM with V=60 E=5 H=32 L=2 in train mode, x of shape (64, 4), called twice"
    if none > ROUNDING**2:
        reject(
            "with dropout=0.0 two calls must agree in train mode too",
            given=given,
            got="two calls with different logits",
            cause="a rate is written into the code; the argument `dropout` is not used there",
        )
    # The variance goes about with p / (1 - p), 9 times as much; or, where kept values are not
    # scaled up, with p * (1 - p), 2.8 times. The logarithm of the ratio had a standard deviation of
    # 0.05 over 400 seeds of the reference, around 2.2: log 1.2 is 40 of them below.
    if not much > 1.2 * little > 0:
        reject(
            "logits must vary from call to call, more with dropout=0.5 than with dropout=0.1",
            given=given,
            expected="noise from dropout",
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
    return float(((model(x) - model(x)) ** 2).mean()) / 2


@criterion(
    "wordlm.model.dropout-embedding",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: apply dropout to the embeddings before the LSTM reads them.",
    requires=(*STEADY, "wordlm.model.dropout-rate", "wordlm.model.state-carries"),
)
def test_dropout_acts_on_the_embedding(lab):
    """In train mode dropout acts on the embeddings that the LSTM reads."""
    model = Model(lab, Sizes(num_layers=1, dropout=0.5))
    assert_state_varies(model, "on the embedding", "the embeddings go into the LSTM undropped")


@criterion(
    "wordlm.model.dropout-between",
    points=1,
    section=SECTION,
    hint="`WordLSTM.__init__` in model.py: hand `dropout` on to nn.LSTM, which applies it between "
    "its layers.",
    requires=(
        *STEADY,
        "wordlm.model.parameter-count",
        "wordlm.model.dropout-rate",
        "wordlm.model.state-carries",
    ),
)
def test_dropout_acts_between_layers(lab):
    """In train mode dropout acts between the layers of the LSTM."""
    model = Model(lab, Sizes(num_layers=2, dropout=0.5))
    V, E = model.sizes.vocab_size, model.sizes.emb_dim
    if as_int(lab.probes_states.zero_embedding(model.handle, V, E), "matrices") != 1:
        return  # an embedding kept in some other form: nothing can be told
    assert_state_varies(model, "between the layers", "the second layer reads the first undropped")


def assert_state_varies(model, where, cause):
    """Two calls in train mode must give different states."""
    __tracebackhide__ = True
    model.handle.train()
    x = model.ids(B, 1)
    (_, one), (_, other) = model.one_step(x), model.one_step(x)
    # Each of the 97 rows has 5 numbers or more to drop, each with probability 1/2.
    if one.numel() and one.shape == other.shape and float((one - other).abs().max()) < ROUNDING:
        reject(
            f"dropout must act {where} in train mode",
            given=f"{model.describe(x)}, called twice in train mode",
            expected="states that differ from call to call",
            got="the same state",
            cause=cause,
        )


@criterion(
    "wordlm.model.dropout-output",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: apply dropout to the LSTM's output before the linear layer.",
    requires=(
        *STEADY,
        "wordlm.model.dropout-rate",
        "wordlm.model.raw-logits",
        "wordlm.model.state-carries",
    ),
)
def test_dropout_acts_on_the_output(lab):
    """In train mode dropout acts on the LSTM's output, before the linear layer."""
    for L in (1, 2):
        model = Model(lab, Sizes(num_layers=L, dropout=0.5))
        x = model.ids(B, 1)
        residual, weights = linear_map(*model.one_step(model.ids(B, 3)))
        if residual > ROUNDING:
            return  # no linear map of the state as it is returned: nothing can be told
        model.handle.train()
        logits, state = model.one_step(x)
        if state.shape[1] + 1 != len(weights):
            return
        off = (logits[:, -1] - with_one(state) @ weights).abs().max(dim=1).values
        if float((logits == 0).double().mean()) > 0.1:
            reject(
                "dropout must act before the linear layer, not on the logits",
                given=f"{model.describe(x)}, in train mode",
                got=f"{float((logits == 0).double().mean()):.0%} of the logits are 0",
                cause="dropout comes after the linear layer",
            )
        # Without dropout the logits are those of the state to 1e-4. With it a row is near only if
        # no number of it was dropped or if all were 0: of 97 rows not one in 1000 seeds was.
        if float(off.max()) < 1e-2:
            reject(
                "dropout must act on the output of the LSTM in train mode",
                given=f"{model.describe(x)}, in train mode",
                expected="other logits than those of the state that is returned with them",
                got="logits that follow from the state, with nothing dropped",
                cause="the LSTM's output goes into the linear layer undropped",
            )


def with_one(state: Tensor) -> Tensor:
    """The numbers of the state and a 1, for the bias."""
    return torch.cat([state, torch.ones(len(state), 1, dtype=torch.float64)], dim=1)


def linear_map(logits: Tensor, state: Tensor) -> tuple[float, Tensor]:
    """The linear map from state to last logits that fits best, and how far off it is at most."""
    last = logits[:, -1]
    weights = torch.linalg.lstsq(with_one(state), last, driver="gelsd").solution
    return float((with_one(state) @ weights - last).abs().max()), weights
