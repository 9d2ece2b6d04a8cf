"""`CharWindows` in `data.py`: pairs of a piece of the text and the same piece one further."""

import random

import torch

from checks.charlm.vocabulary import SECTION
from checks.support.criteria import criterion
from checks.support.judge import as_int, as_list, as_pair, as_tensor, assert_raises, reject
from checks.support.strategies import for_all, sizes

SIZES = [(9, 1), (11, 8), (23, 5), (40, 17), (200, 128)]  # N, T


def read_windows(lab, ids, T, order):
    """`len` of the windows of `ids`, and the items at those places in `order` that there are."""
    evidence = lab.probes.windows(lab.data.CharWindows, ids, T, order)
    length, items = as_pair(evidence, "length and items")
    return as_int(length, "the number of windows"), items


@criterion(
    "charlm.data.window-count",
    points=1,
    section=SECTION,
    hint="`CharWindows.__len__` in data.py: the last window is the one whose target ends with the "
    "last character. Count them by hand for N=5, T=3.",
)
def test_there_are_n_minus_t_windows(lab):
    """`len(CharWindows(ids, T))` is N - T."""
    for N, T in ((2, 1), (9, 8), *SIZES):
        given = f"len(CharWindows(ids, {T})) for N={N} ids"
        count, _ = read_windows(lab, torch.arange(N), T, [])
        if count != N - T:
            cause = "the last window is missing" if count == N - T - 1 else ""
            cause = cause or ("the last window has no target" if count == N - T + 1 else "")
            reject(
                "there must be N - T windows", given=given, expected=f"{N - T}", got=f"{count}",
                cause=cause,
            )  # fmt: skip


@criterion(
    "charlm.data.window-shift",
    points=2,
    section=SECTION,
    hint="`CharWindows.__getitem__` in data.py: x starts at i, y one later, and both are T long.",
    explained_by=("charlm.data.window-count",),
)
@for_all(20, *({"count": N - T, "T": T} for N, T in SIZES), **sizes(count=40, T=40))
def test_window_i_is_x_and_the_same_shifted_by_one(lab, count, T):
    """Item i is `(ids[i:i+T], ids[i+1:i+T+1])`, for every i and T."""
    N, rng = count + T, random.Random(lab.seed)
    ids = torch.tensor(rng.sample(range(10 * N), N))
    order = rng.sample(range(count), count)  # any order: item i depends on i alone
    length, items = read_windows(lab, ids, T, order)
    places = [i for i in order if i < length]
    if not places and count > 1:
        reject("there must be windows", given=f"N={N} ids, T={T}", got=f"len is {length}")
    for i, item in zip(places, as_list(items, "items", length=len(places)), strict=True):
        assert_window(item, ids, i, T)


def assert_window(item, ids, i, T):
    """`item` must be window `i` of `ids`, seq_len `T`."""
    given = f"item {i} of CharWindows(ids, {T}) for N={len(ids)} ids"
    x, y = as_pair(item, "an item", given=given)
    for name, got, start in (("x", x, i), ("y", y, i + 1)):
        tensor = as_tensor(got, name, dtype=torch.int64, given=given)
        wanted = ids[start : start + T]
        if tensor.shape != wanted.shape or not torch.equal(tensor, wanted):
            reject(
                f"{name} must be ids[{start}:{start + T}]",
                given=given,
                expected=str(wanted.tolist()),
                got=str(tensor.tolist()),
                cause=piece_cause(tensor, ids, name, start, T),
            )


def piece_cause(got, ids, name, start, T):
    """What `got` is, in place of `ids[start:start+T]`."""
    for i in range(len(ids)):
        for length in (T, T - 1, T + 1):
            piece = ids[i : i + length]
            if got.shape == piece.shape and torch.equal(got, piece):
                twin = "; x and y are the same" if name == "y" and i == start - 1 else ""
                return f"{name} is ids[{i}:{i + length}]{twin}"
    return f"{name} is no piece of ids"


@criterion(
    "charlm.data.window-too-short",
    points=1,
    section=SECTION,
    hint="`CharWindows.__init__` in data.py: with N <= T there is no window at all; raise "
    "ValueError there, or an epoch will pass over nothing and report a loss of 0.",
    requires=("charlm.data.window-count",),
)
def test_too_few_ids_for_one_window_raise(lab):
    """`CharWindows` raises ValueError when N <= T."""
    for N, T in ((8, 8), (7, 8), (1, 1), (1, 128), (0, 4)):
        given = f"CharWindows(ids, {T}) for N={N} ids"
        assert_raises(lab.data.CharWindows, torch.arange(N), T, given=given)
