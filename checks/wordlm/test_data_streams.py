"""`batchify` and `get_batch` in data.py: a text as B streams, read chunk by chunk."""

import random

import torch

from checks.support.criteria import criterion
from checks.support.judge import (
    as_pair,
    as_tensor,
    assert_raises,
    assert_shape,
    describe,
    reject,
)
from checks.support.strategies import for_all, sizes
from checks.wordlm.vocabulary import EOS, SECTION, Vocabulary, random_tokens

OF_WORDS = ("wordlm.data.vocab-specials", "wordlm.data.vocab-unknown", "wordlm.data.vocab-ids")


class Text:
    """M tokens, some of them rare, the student's vocabulary of them, and the ids of all."""

    def __init__(self, lab, M):
        self.lab = lab
        drawn = random_tokens(lab.seed, count=12)
        self.tokens = random.Random(lab.seed + M).choices(drawn, k=M)
        self.vocab = Vocabulary(lab, drawn, min_freq=3)
        *self.ids, self.eos = self.vocab.ids([*self.tokens, EOS])

    def streams(self, B):
        """What `batchify` gives for B streams: a LongTensor of two dimensions."""
        given = self.given(B)
        data = self.lab.data.batchify(self.tokens, self.vocab.handle, B)
        return as_tensor(data, "the streams", dtype=torch.int64, ndim=2, given=given)

    def streams_twice(self, B):
        """What two calls with one list of tokens give."""
        made = self.lab.probes.twice(self.lab.data.batchify, self.tokens, self.vocab.handle, B)
        return [
            as_tensor(data, "the streams", dtype=torch.int64, ndim=2, given=self.given(B))
            for data in as_pair(made, "the streams", given=self.given(B))
        ]

    def given(self, B):
        return f"batchify(tokens, vocab, {B}) of {len(self.tokens)} tokens"


@criterion(
    "wordlm.data.streams-shape",
    points=1,
    section=SECTION,
    hint="`batchify` in data.py: N is how many times `batch_size` goes into the number of ids. Cut "
    "off what is over, then give the ids the shape (batch_size, N).",
    explained_by=OF_WORDS,
)
def test_streams_are_b_by_n(lab):
    """`batchify` gives a LongTensor (B, N); the ids that fill no column are dropped."""
    # Numbers of tokens for which it makes no difference whether one <eos> is counted.
    for M, B in ((29, 4), (66, 5), (24, 11), (13, 3)):
        text = Text(lab, M)
        assert_shape(text.streams(B), (B, (M + 1) // B), "the streams", "B, N", text.given(B))


@criterion(
    "wordlm.data.streams-contiguous",
    points=3,
    section=SECTION,
    hint="`batchify` in data.py: the first N ids are row 0, the next N are row 1. A `view(N, B)` "
    "that is transposed deals the words out like cards instead.",
    requires=("wordlm.data.streams-shape",),
    explained_by=OF_WORDS,
)
def test_each_stream_is_a_piece_of_the_text(lab):
    """Row b of the streams is piece b of the text, in reading order."""
    for M, B in ((29, 4), (66, 5), (24, 11)):
        text = Text(lab, M)
        got = text.streams(B)
        N = (M + 1) // B
        wanted = torch.tensor(text.ids[: B * N]).view(B, N)
        if not torch.equal(got, wanted):
            row = int((got != wanted).any(dim=1).nonzero()[0])
            dealt = torch.tensor(text.ids[: B * N]).view(N, B).t()
            reject(
                "row b must hold the ids b*N to (b+1)*N - 1 of the text",
                given=text.given(B),
                expected=f"row {row} = {wanted[row].tolist()}",
                got=f"row {row} = {got[row].tolist()}",
                cause="the words are dealt out in turn, column by column: a row skips B words "
                "from place to place"
                if torch.equal(got, dealt)
                else "",
            )


@criterion(
    "wordlm.data.streams-eos",
    points=2,
    section=SECTION,
    hint="`batchify` in data.py: append the id of `<eos>` to the ids of the tokens before they are "
    "cut into streams. It counts like any other.",
    requires=("wordlm.data.streams-contiguous",),
    explained_by=OF_WORDS,
)
def test_the_text_ends_with_eos(lab):
    """One `<eos>` follows the last token, and counts when the ids are shared out."""
    for M, B in ((29, 5), (29, 15), (40, 1), (7, 4)):
        text = Text(lab, M)
        N, given = (M + 1) // B, text.given(B)
        wanted = torch.tensor([*text.ids, text.eos]).view(B, N)
        got, again = text.streams_twice(B)
        if not torch.equal(got, again):
            reject(
                "`batchify` must leave the list of tokens as it is",
                given=f"{given}, twice with the same list",
                expected="the same streams",
                got=f"shape {tuple(got.shape)}, then {tuple(again.shape)}",
                cause="<eos> is appended to the caller's own list: make a new one",
            )
        if not torch.equal(got, wanted):
            reject(
                "the streams must hold the ids of all tokens and one <eos> at the end",
                given=f"{given}, which with <eos> make {B} streams of {N} without remainder",
                expected=f"shape {(B, N)}, the last id {text.eos}",
                got=f"shape {tuple(got.shape)}, the last id {describe(got.flatten()[-1:])}",
                cause="<eos> is missing" if got.shape != wanted.shape else "",
            )


@criterion(
    "wordlm.data.streams-too-short",
    points=1,
    section=SECTION,
    hint="`batchify` in data.py: a stream of one id has nothing to predict. Raise ValueError if "
    "there are fewer than 2 ids for a stream.",
    requires=("wordlm.data.streams-shape", "wordlm.data.streams-eos"),
)
def test_too_few_words_for_the_streams_raise(lab):
    """`batchify` raises if a stream would have fewer than 2 ids."""
    for M, B in ((6, 4), (3, 4), (1, 4), (0, 1), (28, 15), (5, 100)):
        text = Text(lab, M)
        assert_raises(
            lab.data.batchify,
            text.tokens,
            text.vocab.handle,
            B,
            types=("Exception",),
            given=f"{text.given(B)}, {(M + 1) / B:.3g} ids for a stream",
        )


# ------------------------------------------------------------------ get_batch


def chunk(lab, data, T, i):
    """`(x, y)` of `get_batch`, LongTensors, and the call in words."""
    B, N = data.shape
    given = f"get_batch(data, {T}, {i}), data of shape ({B}, {N})"
    x, y = as_pair(lab.data.get_batch(data, T, i), "what `get_batch` returns, (x, y),", given=given)
    return (
        as_tensor(x, "x", dtype=torch.int64, ndim=2, given=given),
        as_tensor(y, "y", dtype=torch.int64, ndim=2, given=given),
        given,
    )


def assert_chunk(lab, data, T, i):
    """`get_batch(data, T, i)` must be columns i to i+T-1, and the same one further on."""
    __tracebackhide__ = True
    x, y, given = chunk(lab, data, T, i)
    length = min(T, data.shape[1] - 1 - i)
    for name, got, start in (("x", x, i), ("y", y, i + 1)):
        wanted = data[:, start : start + length]
        if got.shape != wanted.shape or not torch.equal(got, wanted):
            reject(
                f"{name} must be data[:, {start}:{start + length}]",
                given=given,
                expected=f"shape {tuple(wanted.shape)}, its first row {wanted[0].tolist()}",
                got=f"shape {tuple(got.shape)}, its first row "
                f"{got[0].tolist() if len(got) else 'missing'}",
                cause=_chunk_cause(name, got, data, length),
            )


def _chunk_cause(name, got, data, length):
    """What of the streams `got` is, in place of what was asked for."""
    B, N = data.shape
    if tuple(got.shape) == (length, B) != (B, length):
        return "the axes are (T, B); the streams are rows, (B, T)"
    for start in range(N):
        for width in (length, length - 1, length + 1):
            piece = data[:, start : start + width]
            if piece.numel() and got.shape == piece.shape and torch.equal(got, piece):
                return f"{name} is data[:, {start}:{start + width}]"
    return ""


def places(seed, B, N):
    """Ids that are all different, (B, N)."""
    order = torch.randperm(10 * B * N, generator=torch.Generator().manual_seed(seed))
    return order[: B * N].view(B, N)


@criterion(
    "wordlm.data.chunk-shift",
    points=2,
    section=SECTION,
    hint="`get_batch` in data.py: x is the columns i to i + seq_len - 1 of the streams, y the "
    "columns one further on; i is a column, not the number of a chunk.",
)
@for_all(
    12,
    {"B": 3, "T": 4, "chunks": 3, "extra": 1},
    {"B": 1, "T": 1, "chunks": 1, "extra": 1},
    **sizes(B=5, T=7, chunks=4, extra=7),
)
def test_targets_are_the_inputs_one_column_on(lab, B, T, chunks, extra):
    """`get_batch` gives columns i to i+T-1 of every stream, and the same shifted by one."""
    data = places(lab.seed, B, T * chunks + 1 + extra)  # the last column is another claim's
    starts = [T * k for k in range(chunks)]
    between = random.Random(lab.seed).randrange(T * (chunks - 1) + 1)
    for i in (*starts, between):  # any column may be asked for
        assert_chunk(lab, data, T, i)


@criterion(
    "wordlm.data.chunk-end",
    points=2,
    section=SECTION,
    hint="`get_batch` in data.py: near the end the chunk is as long as its targets allow, "
    "N - 1 - i, so that the last column is the last target and x and y are equally long.",
    requires=("wordlm.data.chunk-shift",),
)
@for_all(
    12,
    {"B": 3, "T": 8, "i": 4, "left": 3},
    {"B": 2, "T": 35, "i": 0, "left": 5},
    {"B": 1, "T": 2, "i": 1, "left": 1},
    {"B": 2, "T": 4, "i": 3, "left": 4},
    **sizes(B=5, T=9, i=9, left=9),
)
def test_the_last_chunk_ends_with_the_last_column(lab, B, T, i, left):
    """The last chunk is shorter, and its last target is the last column."""
    T = max(T, left)
    assert_chunk(lab, places(lab.seed, B, i + left + 1), T, i)


@criterion(
    "wordlm.data.keywords",
    points=1,
    section=SECTION,
    hint="The signatures in data.py: Vocab(tokens, min_freq=3), batchify(tokens, vocab, "
    "batch_size), get_batch(data, seq_len, i). Names are part of the contract.",
    requires=("wordlm.data.streams-contiguous", "wordlm.data.chunk-shift"),
)
def test_arguments_may_be_passed_by_name(lab):
    """The functions of data.py take their arguments by the names of the contract."""
    text, (B, N, T, i) = Text(lab, 29), (4, 7, 3, 2)
    lab.data.tokenize(text="a word")
    lab.data.Vocab(tokens=text.tokens, min_freq=1)
    data = lab.data.batchify(tokens=text.tokens, vocab=text.vocab.handle, batch_size=B)
    assert_shape(data, (B, N), "the streams", "B, N", text.given(B))
    x, _ = as_pair(lab.data.get_batch(data=data, seq_len=T, i=i), "what `get_batch` returns")
    assert_shape(x, (B, T), "x", "B, T", f"get_batch(data=data, seq_len={T}, i={i})")
