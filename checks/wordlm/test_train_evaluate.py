"""Claims about `evaluate`: what it returns, for a model whose loss is known, and what it leaves.

The stub looks its logits up in a table and stretches them by how many words it has read, so that
the state shows in the value where it is asked for.
"""

from __future__ import annotations

import torch

from checks.support.criteria import criterion
from checks.support.diagnosis import likely_cause
from checks.support.evaluation import assert_changes_nothing
from checks.support.inputs import generator
from checks.support.judge import as_number, assert_close, reject
from checks.support.oracles import token_losses
from checks.wordlm.streams import OF_DATA

SECTION = "3 Training"
V, B, T, GROWTH = 9, 4, 5, 0.03


class Case:
    """A table and streams `(B, N)`; what is beyond the last whole chunk is hard to predict."""

    def __init__(self, seed, N, T=T):
        source = generator(seed)
        self.N, self.T = N, T
        self.table = torch.randn(V, V, generator=source)
        self.data = torch.randint(V - 1, (B, N), generator=source)
        self.data[:, (N - 1) // T * T + 1 :] = V - 1  # an id of the last, shorter chunk only
        self.table[:, V - 1] = -4.0

    def losses(self, growth=0.0):
        """The loss of every prediction, `(B, N-1)`, the state carried from the first column on."""
        stretch = 1 + growth * torch.arange(self.N - 1, dtype=torch.float64)
        logits = self.table.double()[self.data[:, :-1]] * stretch[:, None]
        return token_losses(logits, self.data[:, 1:])

    def evaluate(self, lab, **options):
        """`evaluate` of a stub on the streams: the value, and the stub."""
        model = lab.probes_training.Table(self.table, **options)
        model.train(options.get("dropout", 0) > 0)
        value = lab.train.evaluate(model, self.data, self.T)
        return as_number(value, "what `evaluate` returns", given=self.given), model

    @property
    def given(self):
        """The call in words."""
        return f"streams of {B} rows and N={self.N} columns, seq_len={self.T}"


def assert_value(got, case, growth=0.0, cause=""):
    """The mean over all N-1 predictions of each stream."""
    __tracebackhide__ = True
    losses = case.losses(growth)
    whole = losses[:, : (case.N - 1) // case.T * case.T]
    means = torch.stack([piece.mean() for piece in losses.split(case.T, dim=1)])
    suspects = {
        "the last, shorter chunk is left out": whole.mean(),
        "the mean of the chunks' means, though the last one is shorter": means.mean(),
        "the sum of the chunks' means": means.sum(),
        "the sum over all tokens": losses.sum(),
        "the sum over all tokens, divided by the number of columns": losses.sum() / (case.N - 1),
        "the sum over all tokens, divided by the number of chunks": losses.sum() / len(means),
        "divided by the number of ids, N for a stream; there are N - 1 predictions": (
            losses.sum() / case.data.numel()
        ),
        "divided by N / seq_len, which is not the number of chunks": (
            means.sum() / (case.N / case.T)
        ),
        "the last target is left out": losses[:, :-1].mean(),
        "only the last chunk counts": means[-1],
        "only the first chunk counts": means[0],
        "the perplexity": losses.mean().exp(),
        "no prediction is counted: a perplexity of 1.000": 0.0,
    }
    # float32 is off by 2e-6; the nearest mistake in this list by 0.01.
    found = likely_cause(got, suspects)
    assert_close(got, losses.mean(), "the loss", atol=1e-4, given=case.given, cause=found or cause)


@criterion(
    "wordlm.train.eval-no-change",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py only measures: no `backward`, no optimizer step, no new weights.",
    explained_by=OF_DATA,
)
def test_evaluate_changes_nothing(lab):
    """`evaluate` changes no weight, adds to no gradient and leaves autograd on."""
    case = Case(lab.seed, 4 * T + 1)
    model = lab.probes_training.Table(case.table)
    assert_changes_nothing(lab, model, lambda: lab.train.evaluate(model, case.data, T))


@criterion(
    "wordlm.train.eval-value",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: the mean cross-entropy over all predictions, in nats: sum over "
    "the tokens of all chunks, divided by how many these are.",
    requires=("wordlm.train.eval-no-change",),
    explained_by=OF_DATA,
)
def test_evaluate_gives_the_mean_loss(lab):
    """`evaluate` gives the cross-entropy per predicted token."""
    for chunks in (4, 1, 301):  # more than anybody would stop after
        case = Case(lab.seed, chunks * T + 1)
        assert_value(case.evaluate(lab)[0], case)


@criterion(
    "wordlm.train.eval-all",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: go on to column N - 2. The last chunk is shorter, and counts by "
    "its number of tokens.",
    requires=("wordlm.train.eval-value",),
    explained_by=OF_DATA,
)
def test_evaluate_counts_every_prediction(lab):
    """`evaluate` counts all N-1 predictions of each stream, a shorter last chunk included."""
    for extra in (1, 2, T - 1):
        case = Case(lab.seed, 4 * T + 1 + extra)
        assert_value(case.evaluate(lab)[0], case)


@criterion(
    "wordlm.train.eval-short",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: a split shorter than seq_len is one short chunk. A loop over "
    "whole chunks has no turn there, and reports a loss of 0, a perplexity of 1.000.",
    requires=("wordlm.train.eval-all",),
    explained_by=OF_DATA,
)
def test_a_split_shorter_than_a_chunk_is_evaluated_whole(lab):
    """A split that is shorter than `seq_len` is evaluated whole."""
    for N, length in ((8, 50), (5, 5), (2, 35), (40, 41)):
        case = Case(lab.seed, N, length)
        assert_value(case.evaluate(lab)[0], case)


@criterion(
    "wordlm.train.eval-state",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: start from zeros, and hand the state that the model returned on "
    "to its next call, as in training.",
    requires=("wordlm.train.eval-value",),
    explained_by=OF_DATA,
)
def test_evaluate_carries_the_state(lab):
    """`evaluate` carries the state from chunk to chunk, and starts from zeros on every call."""
    case = Case(lab.seed, 21 * T + 1)
    wrong = "the state is reset for every chunk, or for some"
    first, model = case.evaluate(lab, growth=GROWTH)
    assert_value(first, case, GROWTH, wrong)
    again = as_number(lab.train.evaluate(model, case.data, T), "what `evaluate` returns")
    kept = "the state at the end of one evaluation is kept for the next"
    assert_value(again, case, GROWTH, kept)


@criterion(
    "wordlm.train.eval-mode",
    points=2,
    section=SECTION,
    hint="`evaluate` in train.py: put the model in eval mode first, so that dropout is off.",
    requires=("wordlm.train.eval-value",),
    explained_by=OF_DATA,
)
def test_evaluate_runs_in_eval_mode(lab):
    """`evaluate` runs the model in eval mode, so that dropout is off."""
    case = Case(lab.seed, 4 * T + 1)
    got, _ = case.evaluate(lab, dropout=1.0)
    cause = "dropout acts: `model.eval()` is missing or comes too late"
    assert_value(got, case, cause=cause)


@criterion(
    "wordlm.train.eval-memory",
    points=1,
    section=SECTION,
    hint="`evaluate` in train.py: run the model under `torch.no_grad()`. The state that goes from "
    "chunk to chunk would otherwise hold the graph of all the text before it.",
    requires=("wordlm.train.eval-state",),
    explained_by=OF_DATA,
)
def test_evaluate_piles_up_no_graphs(lab):
    """`evaluate` keeps no graph of the chunks that it has been through."""
    chunks = 20
    case = Case(lab.seed, chunks * T + 1)
    _, model = case.evaluate(lab)
    counts = [as_number(visit["graphs"], "the count of graphs") for visit in model.visits()]
    most = max(counts, default=0)
    # One or two are alive where each state is detached, or those of 2 chunks where the model
    # is called step by step; without that, all 19.
    if most > 2 * T + 2:
        reject(
            "the graphs of earlier chunks must not stay in memory",
            given=f"a split of {chunks} chunks",
            expected="no graph, or one at a time",
            got=f"{most:.0f} graphs in memory",
            cause="`torch.no_grad()` is missing or does not enclose the forward pass",
        )
