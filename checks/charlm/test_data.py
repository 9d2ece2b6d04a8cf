"""`data.py`: vocabulary, encoding and windows.  The loaders are in test_data_loaders.py."""

import random

import torch

from checks.charlm.vocabulary import (
    assert_one_to_one,
    assert_same_in_every_process,
    assert_sorted_characters,
    build_vocab,
    ids_of,
)
from checks.support.criteria import criterion
from checks.support.inputs import texts
from checks.support.judge import (
    as_int,
    as_list,
    as_pair,
    as_tensor,
    as_text,
    assert_raises,
    assert_shape,
    describe,
    reject,
)

SECTION = "1 Data"


# ------------------------------------------------------------------ vocabulary


@criterion(
    "charlm.data.vocab-sorted",
    points=1,
    section=SECTION,
    hint="Look at how `build_vocab` in data.py collects the characters: each distinct character "
    "once, in sorted order, whatever the order in the text.",
)
def test_characters_are_sorted_and_unique(lab):
    """`build_vocab` returns the text's distinct characters, sorted."""
    for text in texts(lab.seed):
        chars, _, _ = build_vocab(lab, text)
        assert_sorted_characters(chars, text, given=f"build_vocab({text!r})")


@criterion(
    "charlm.data.vocab-bijection",
    points=1,
    section=SECTION,
    hint="`build_vocab` in data.py: number the characters 0, 1, 2 ... without gaps, and build "
    "`itos` from the same numbering as `stoi`.",
)
def test_ids_and_characters_map_one_to_one(lab):
    """`stoi` and `itos` are inverse to each other, with ids 0..V-1."""
    for text in texts(lab.seed):
        _, stoi, itos = build_vocab(lab, text)
        assert_one_to_one(lab, stoi, itos, text, given=f"build_vocab({text!r})")


@criterion(
    "charlm.data.vocab-deterministic",
    points=1,
    section=SECTION,
    hint="The order of a `set` of strings changes with every start of Python. Sort the characters "
    "before numbering them in `build_vocab`, or a saved model will speak gibberish after a reload.",
    requires=("charlm.data.vocab-bijection",),
    seconds=60,
)
def test_a_text_has_the_same_ids_in_every_process(lab):
    """The same text gets the same ids each time Python is started."""
    text = "".join(texts(lab.seed))
    assert_same_in_every_process(
        lab,
        text,
        lambda anywhere: build_vocab(anywhere, text)[1],
        given=f"build_vocab of a text of {len(set(text))} distinct characters, in two processes",
    )


# ------------------------------------------------------------------ encode, decode


@criterion(
    "charlm.data.encode-ids",
    points=1,
    section=SECTION,
    hint="`encode` in data.py returns `stoi[c]` for every character c in order, as one tensor "
    "of dtype torch.long.",
)
def test_encode_gives_the_ids_of_the_table(lab):
    """`encode(text, stoi)` is a LongTensor (N,) with the id of every character."""
    rng = random.Random(lab.seed)
    for text in texts(lab.seed):
        _, stoi, _ = build_vocab(lab, text)
        piece = "".join(rng.choices(text, k=9))  # need not hold every character of the table
        for written in (text, piece):
            given = f"encode({written!r}, stoi) with the table of {text!r}"
            ids = as_tensor(lab.data.encode(written, stoi), "ids", dtype=torch.int64, given=given)
            assert_shape(ids, (len(written),), "ids", dims="N", given=given)
            wanted = ids_of(lab, stoi, written, given=given)
            if ids.tolist() != wanted:
                reject(
                    "encode must give each character its id in the table it was handed",
                    given=given,
                    expected=str(wanted),
                    got=str(ids.tolist()),
                    cause="the ids come from somewhere else than `stoi`, or in another order",
                )


@criterion(
    "charlm.data.round-trip",
    points=1,
    section=SECTION,
    hint="`decode` in data.py joins `itos[id]` over the ids; nothing is stripped, lowered, "
    "normalised or put between the characters.",
    requires=("charlm.data.encode-ids", "charlm.data.vocab-bijection"),
)
def test_decode_undoes_encode(lab):
    """`decode(encode(text))` is the text, for any alphabet and any length."""
    for text in texts(lab.seed):
        _, stoi, itos = build_vocab(lab, text)
        given = f"decode(encode({text!r}, stoi), itos)"
        assert_text(lab.data.decode(lab.data.encode(text, stoi), itos), text, given)


@criterion(
    "charlm.data.decode-forms",
    points=1,
    section=SECTION,
    hint="`decode` in data.py has to work for a LongTensor and for a plain list of ints; turn each "
    "id into an int before looking it up.",
    requires=("charlm.data.round-trip",),
)
def test_decode_takes_a_tensor_and_a_list(lab):
    """`decode` takes a LongTensor or a list of ints."""
    for text in texts(lab.seed):
        _, stoi, itos = build_vocab(lab, text)
        ids = ids_of(lab, stoi, text, given=f"build_vocab({text!r})")
        assert_text(lab.data.decode(ids, itos), text, f"decode({ids}, itos), ids in a list")
        tensor = torch.tensor(ids)
        assert_text(lab.data.decode(tensor, itos), text, f"decode(tensor({ids}), itos)")


def assert_text(value, text, given):
    """`value` must be this very text."""
    got = as_text(value, "the decoded text", given=given)
    if got != text:
        cause = ""
        if len(got) != len(text):
            cause = f"{len(got)} characters came back for {len(text)} ids"
        reject(
            "decode must give back the characters of the ids, in order",
            given=given,
            expected=repr(text),
            got=describe(got),
            cause=cause,
        )


@criterion(
    "charlm.data.unknown-character",
    points=1,
    section=SECTION,
    hint="`encode` in data.py: a character that `stoi` does not know has to raise KeyError or "
    "ValueError. Dropping it, or mapping it to id 0, changes the text without a word.",
    requires=("charlm.data.encode-ids",),
)
def test_an_unknown_character_raises(lab):
    """`encode` raises KeyError or ValueError for a character outside the vocabulary."""
    for text, unknown in (("hello world", "z"), ("a", "b"), ("abc", "\n"), ("naïve", "🚀")):
        _, stoi, _ = build_vocab(lab, text)
        for written in (text + unknown, unknown + text, text[:1] + unknown + text, unknown):
            given = f"encode({written!r}, stoi) with the table of {text!r}, without {unknown!r}"
            assert_raises(
                lab.data.encode, written, stoi, types=("KeyError", "ValueError"), given=given
            )


# ------------------------------------------------------------------ windows

SIZES = [(2, 1), (9, 1), (9, 8), (10, 8), (23, 5), (40, 17), (200, 128)]  # N, T


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
    for N, T in SIZES:
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
)
def test_window_i_is_x_and_the_same_shifted_by_one(lab):
    """Item i is `(ids[i:i+T], ids[i+1:i+T+1])`, for every i and T."""
    rng = random.Random(lab.seed)
    for N, T in SIZES:
        ids = torch.tensor(rng.sample(range(10 * N), N))
        order = rng.sample(range(N - T), N - T)  # any order: item i depends on i alone
        length, items = read_windows(lab, ids, T, order)
        places = [i for i in order if i < length]
        if not places:
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
