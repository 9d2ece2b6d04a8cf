"""Claims about what goes from chunk to chunk in `train_epoch`: the state, but not the gradient.

The stub keeps a diary: for every forward pass the ids, the state that it was given (how many ids
of each row it had seen, and which), whether that state hung on a graph, the mode, and how many
graphs of earlier passes were still in memory.
"""

import torch

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.wordlm.streams import (
    GIVEN,
    NO_CLIP,
    OF_DATA,
    B,
    Case,
    K,
    T,
    V,
    arrange,
    code_of,
    disjoint_case,
    visits,
)

SECTION = "3 Training"


def epoch_visits(lab, case, epochs=1, **options):
    """The training passes of so many calls of `train_epoch`."""
    model, optimizer = arrange(lab, case, **options)
    for _ in range(epochs):
        lab.train.train_epoch(model, case.data, optimizer, T, NO_CLIP)
    return visits(model)


@criterion(
    "wordlm.train.reads-on",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: the chunks are the columns 0 to T-1, T to 2T-1 and so on, in "
    "this order, all rows at once, each row in its place.",
    requires=("wordlm.train.every-chunk",),
    explained_by=OF_DATA,
)
def test_chunks_continue_each_other(lab):
    """Each chunk goes on, row by row, where the chunk before it stopped."""
    case = disjoint_case(lab.seed, extra=2)
    column = 0
    for number, visit in enumerate(epoch_visits(lab, case), start=1):
        width = visit.x.shape[1]
        wanted = case.data[:, column : column + width]
        if visit.x.shape != wanted.shape or not torch.equal(visit.x, wanted):
            got = "other ids"
            if visit.x.shape == wanted.shape:
                same = [c for c in range(K * T) if torch.equal(visit.x[:, 0], case.data[:, c])]
                got = f"columns from {same[0]} on" if same else "rows in another order"
            reject(
                "each chunk must go on where the one before it stopped",
                given=GIVEN,
                expected=f"pass {number} reads the columns from {column} on, ({B}, {T})",
                got=f"{got}, {tuple(visit.x.shape)}",
                cause="chunks overlap, leave a gap or come in random order",
            )
        column += width


@criterion(
    "wordlm.train.state-carried",
    points=3,
    section=SECTION,
    hint="`train_epoch` in train.py: hand the state that the model returned on to its next call, "
    "so that it remembers further back than one chunk.",
    requires=("wordlm.train.reads-on",),
    explained_by=OF_DATA,
)
def test_state_goes_from_chunk_to_chunk(lab):
    """The state after a chunk is the state that the next chunk starts from."""
    case = disjoint_case(lab.seed)
    column = 0
    for number, visit in enumerate(epoch_visits(lab, case), start=1):
        wanted = [code_of(row[:column].tolist()) for row in case.data]
        if visit.read != [float(column)] * B or visit.code != wanted:
            cause = ""
            if visit.read == [0.0] * B:
                cause = "the state is reset for every chunk: hidden=None or `init_hidden` in the "
                cause += "loop, or a call without the state"
            elif visit.read == [float(column)] * B:
                cause = "c is not handed on, or rows of the state change places"
            reject(
                "each chunk must start from the state after the chunk before it",
                given=f"{GIVEN}, pass {number}",
                expected=f"a state that has read {column} words of each row",
                got=f"a state that has read {visit.read} words",
                cause=cause,
            )
        column += visit.x.shape[1]


@criterion(
    "wordlm.train.gradient-cut",
    points=3,
    section=SECTION,
    hint="`train_epoch` in train.py: detach the state between two chunks, h and c both. Without it "
    "`backward` walks into the chunk before, whose graph has been freed.",
    requires=("wordlm.train.state-carried",),
    explained_by=OF_DATA,
)
def test_gradients_do_not_cross_the_border_of_a_chunk(lab):
    """The state is detached from chunk to chunk: no gradient crosses the border."""
    for number, visit in enumerate(epoch_visits(lab, disjoint_case(lab.seed)), start=1):
        if visit.column % T == 0 and visit.attached:
            reject(
                "the state that a chunk starts from must be cut off from its graph",
                given=f"{GIVEN}, pass {number}",
                expected="h and c without a history",
                got="a state that hangs on the graph of an earlier chunk",
                cause="`detach_hidden` is not called, its result is not used, or only h or only c "
                "is detached",
            )


@criterion(
    "wordlm.train.state-reset",
    points=2,
    section=SECTION,
    hint="`train_epoch` in train.py: each epoch starts at column 0 again, and so with a new state, "
    "`model.init_hidden(...)` or None.",
    requires=("wordlm.train.state-carried",),
    explained_by=OF_DATA,
)
def test_state_starts_from_zeros_in_every_epoch(lab):
    """Each epoch starts from the zero state."""
    for visit in epoch_visits(lab, disjoint_case(lab.seed), epochs=2):
        if visit.starts() and (any(visit.read) or any(visit.code)):
            reject(
                "each epoch must start from the zero state",
                given=f"two calls of `train_epoch`, {GIVEN}",
                expected="no state, or zeros, at column 0",
                got=f"a state that has read {visit.read[0]:g} words",
                cause="the state at the end of an epoch is kept for the next",
            )


@criterion(
    "wordlm.train.train-mode",
    points=1,
    section=SECTION,
    hint="`train_epoch` in train.py: dropout acts in train mode only. Put the model in train mode "
    "before the loop; the evaluation of the last epoch has left it in eval mode, perhaps.",
    requires=("wordlm.train.every-chunk",),
    explained_by=OF_DATA,
)
def test_training_runs_in_train_mode(lab):
    """Training runs in train mode, also when the model comes in eval mode."""
    case = disjoint_case(lab.seed)
    model, optimizer = arrange(lab, case)
    model.eval()
    lab.train.train_epoch(model, case.data, optimizer, T, NO_CLIP)
    if all(visit.train_mode for visit in visits(model)):
        return
    # `train` may be the one that sets the mode, for every epoch: that is as good.
    model, _ = arrange(lab, case)
    model.eval()
    lab.train.train(model, case.data, case.data, epochs=2, seq_len=T)
    modes = [visit.train_mode for visit in visits(model)]
    if not all(modes):
        reject(
            "training must run in train mode",
            given="a model in eval mode, given to `train_epoch`, and one to `train` for 2 epochs",
            got=f"in `train`, {modes.count(False)} of {len(modes)} training passes in eval mode",
            cause="`model.train()` is missing, or called once and undone by the evaluation",
        )


@criterion(
    "wordlm.train.releases-graph",
    points=1,
    section=SECTION,
    hint="`train_epoch` in train.py: a sum of loss tensors holds the graph of every chunk. Add up "
    "numbers (`loss.item()`) or detached tensors.",
    requires=("wordlm.train.gradient-cut",),
    explained_by=OF_DATA,
)
def test_graphs_are_released_after_their_step(lab):
    """The graph of a chunk is free again after its step; the epoch does not pile them up."""
    chunks = 20
    data = torch.randint(V, (2, chunks * T + 1), generator=torch.Generator().manual_seed(lab.seed))
    seen = epoch_visits(lab, Case(torch.zeros(V, V), data))
    most = max(visit.graphs for visit in seen)
    # A loop's variables keep the last graph or two alive, or those of 2 chunks where the model is
    # called step by step; a sum of losses keeps all 19.
    if most > 2 * T + 2:
        reject(
            "the graph of a chunk must be released after its step",
            given=f"an epoch of {chunks} chunks",
            expected="a graph or two in memory at a time",
            got=f"{most:.0f} graphs in memory",
            cause="`total += loss` or `losses.append(loss)` keeps every graph",
        )
