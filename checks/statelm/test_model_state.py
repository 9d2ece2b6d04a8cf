"""`CharacterLSTM`: the recurrent state that goes in and comes out."""

import torch

from checks.statelm.lstm import PLACED, ROUNDING, SECTION, Model
from checks.support.criteria import criterion
from checks.support.judge import as_pair, assert_close, reject
from checks.support.states import assert_each_part_counts, carry_cause

CARRIES = (*PLACED, "statelm.model.state-shape", "statelm.model.remembers")


@criterion(
    "statelm.model.state-carries",
    points=3,
    section=SECTION,
    hint="`forward`: hand `states` on to the LSTM as its initial state, h and c both, and return "
    "the state after the last step.",
    requires=(*CARRIES, "statelm.model.any-size"),
    explained_by=("statelm.model.parameter-count",),
)
def test_a_sequence_in_pieces_gives_the_same(lab):
    """Running `x[:, :k]`, then `x[:, k:]` with the returned state, equals running the whole."""
    for B, mode in ((1, "eval"), (3, "eval"), (3, "train")):
        model = Model(lab)
        x = model.ids(B, 9)
        if mode == "train" and not model.in_train_mode(x):
            return  # dropout was added, which the contract leaves free
        whole, end = model(x)
        for k in (1, 5, 8):
            head, tail = x[:, :k], x[:, k:]
            state = model.state(model(head)[1], head)
            rest, last = model(tail, state)
            given = f"{model.describe(x)}, {mode} mode, cut at k={k}"
            assert_close(
                rest,
                whole[:, k:],
                "logits of x[:, k:] with the state after x[:, :k]",
                atol=ROUNDING,
                given=given,
                cause=carry_cause(model, tail, state, rest, whole[:, k:]),
            )
            finals = zip("hc", model.state(last, tail), model.state(end, x), strict=True)
            for name, got, wanted in finals:
                assert_close(got, wanted, f"the final {name}", atol=ROUNDING, given=given)
            assert_each_part_counts(model, tail, state)


@criterion(
    "statelm.model.names",
    points=1,
    section=SECTION,
    hint="The signatures: forward(self, x, states) and init_state(self, batch_size).",
    requires=("statelm.model.state-carries", "statelm.model.init-state"),
)
def test_arguments_may_be_passed_by_name(lab):
    """`model(x=x, states=s)` is the same as `model(x, s)`; `init_state` takes `batch_size`."""
    model = Model(lab)
    x, state = model.ids(3, 4), model.any_state(3)
    by_place, _ = model(x, state)
    given = model.describe(x)
    logits, _ = as_pair(model.handle(x=x, states=state), "what forward returns", given=given)
    by_name = model.logits(logits, x)
    assert_close(by_name, by_place, "logits with x=x, states=s", atol=ROUNDING, given=given)
    initial = as_pair(model.handle.init_state(batch_size=2), "what init_state returns")
    if any(not isinstance(tensor, torch.Tensor) or tensor.any() for tensor in initial):
        reject("init_state(batch_size=2) must give zeros, as init_state(2) does")
