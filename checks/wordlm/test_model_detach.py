"""`WordLSTM` in model.py: a state cut off from its graph, and the names of all arguments."""

import torch

from checks.support.causality import ROUNDING
from checks.support.criteria import criterion
from checks.support.judge import as_list, assert_close, reject
from checks.support.parameters import count_parameters, lstm_parameters
from checks.wordlm.lstm import SECTION, Model, Sizes


@criterion(
    "wordlm.model.detach",
    points=2,
    section=SECTION,
    hint="`detach_hidden` in model.py returns the state with `.detach()` done to each tensor in "
    "it: the same numbers, without the graph that computed them.",
    requires=("wordlm.model.state-carries",),
)
def test_detach_keeps_the_state_and_cuts_the_graph(lab):
    """`detach_hidden` returns the same state, cut off from its graph."""
    for L in (1, 2):
        model = Model(lab, Sizes(num_layers=L))
        x, k = model.ids(3, 8), 5
        given = f"{model.describe(x)}, the state after x[:, :{k}]"
        whole = model(x)
        found = lab.probes_states.detached(model.handle, x[:, :k], x[:, k:])
        before = model.tensors(found["before"], given)
        after = model.tensors(found["after"], given)
        if len(before) != len(after):
            reject(
                "`detach_hidden` must return the state",
                given=given,
                expected=f"a state of {len(before)} tensors",
                got=f"{len(after)} tensors" if after else "no tensor",
                cause="nothing is returned" * (not after),
            )
        for tracked in as_list(found["tracked after"], "flags"):
            if tracked is not False:
                reject(
                    "no tensor of a detached state may know how it was computed",
                    given=given,
                    expected="requires_grad is False for h and c, of every layer",
                    got="requires_grad is True",
                    cause="a part of the state is returned as it came, or is only copied",
                )
        cause = "detaching must not change the numbers"
        for one, other in zip(after, before, strict=True):
            assert_close(one, other, "the detached state", atol=1e-6, given=given, cause=cause)
        rest = model.logits(found["rest"], x[:, k:])
        name = f"logits of x[:, {k}:] after the detached state"
        assert_close(rest, whole[:, k:], name, atol=ROUNDING, given=given, cause=cause)


@criterion(
    "wordlm.model.keywords",
    points=1,
    section=SECTION,
    hint="The signatures in model.py: WordLSTM(vocab_size, emb_dim, hid_dim, num_layers, dropout), "
    "forward(x, hidden=None), init_hidden(batch_size, device), detach_hidden(hidden).",
    requires=("wordlm.model.detach", "wordlm.model.parameter-count"),
)
def test_arguments_have_the_order_and_names_of_the_contract(lab):
    """Arguments may be passed by place and by name."""
    V, E, H, L = 11, 5, 7, 3
    count, _ = count_parameters(lab, lab.model.WordLSTM(V, E, H, L, 0.0), "WordLSTM")
    wanted = V * E + lstm_parameters(E, H, L) + V * H + V
    given = f"WordLSTM({V}, {E}, {H}, {L}, 0.0)"
    assert_close(count, wanted, "the number of parameters", atol=0.0, given=given)
    model = Model(lab)
    x = model.ids(3, 4)
    pieces = as_list(lab.probes_states.by_name(model.handle, x), "two pieces", length=2)
    wanted = model(torch.cat([x, x], dim=1))
    got = torch.cat([model.logits(piece, x) for piece in pieces], dim=1)
    assert_close(got, wanted, "logits", atol=ROUNDING, given=f"{model.describe(x)}, twice in turn")
