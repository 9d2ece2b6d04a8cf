"""`make_loaders` in `data.py`: batches.  How it splits the text is in test_data_split.py."""

import random

import torch

from checks.charlm.loading import (
    BOTH,
    OF_WINDOWS,
    Loaders,
    Setting,
    make_loaders,
    read_pass,
    within,
)
from checks.charlm.vocabulary import (
    SECTION,
    assert_characters,
    assert_ids,
    assert_inverse,
    assert_same_in_every_process,
    assert_sorted,
)
from checks.support.criteria import criterion
from checks.support.inputs import distinct_text, texts
from checks.support.judge import as_list, as_pair, as_tensor, assert_shape, reject


@criterion(
    "charlm.data.batch-shape",
    points=1,
    section=SECTION,
    hint="`make_loaders` in data.py: every batch is a pair (x, y) of LongTensors with one row per "
    "window: batch_size rows of seq_len ids. Only the last batch may have fewer rows.",
    requires=("charlm.data.encode-ids", "charlm.data.window-count"),
    explained_by=OF_WINDOWS,
)
def test_batches_are_b_by_t(lab):
    """Iterating a loader gives `(x, y)`, both LongTensor (B, T)."""
    for setting in (Setting(T=8, B=16), Setting(T=5, B=3)):
        text = "".join(random.Random(lab.seed).choices("abc def\n", k=setting.N))
        loaders, B = Loaders(lab, setting, text), setting.B
        loaders.one_pass("validation")  # of any number of rows: nothing is learnt from them
        rows = loaders.one_pass("train").rows
        if max(rows) > B or any(count != B for count in rows[:-1]):
            reject(
                "a training batch must have batch_size rows (fewer only in the last one)",
                given=loaders.given,
                expected=f"{B} rows",
                got=f"batches of {sorted(set(rows))} rows",
                cause="batch_size is not passed on to the loader",
            )


def mixed_text(lab):
    """A text whose last 5 % hold characters that nothing before them has."""
    late = "".join(texts(lab.seed))
    return "to be or not to be, that is the question. " * (20 * len(late) // 42) + late


@criterion(
    "charlm.data.batch-bounds",
    points=1,
    section=SECTION,
    hint="`make_loaders` in data.py: build the vocabulary from the whole text before it is split, "
    "and encode with that vocabulary.",
    requires=("charlm.data.batch-shape", "charlm.data.vocab-ids"),
    explained_by=OF_WINDOWS,
)
def test_the_vocabulary_covers_the_whole_text(lab):
    """`make_loaders` returns the whole text's vocabulary, and batches have ids in [0, V)."""
    text = mixed_text(lab)
    given = f"make_loaders(text, seq_len=4, batch_size=50), text of {len(set(text))} characters"
    train, validation, (chars, stoi, _) = make_loaders(lab, text, given, seq_len=4, batch_size=50)
    assert_characters(chars, text, given=given)
    assert_ids(lab, stoi, text, given=given)
    for name, loader in zip(BOTH, (train, validation), strict=True):
        seen = read_pass(lab, loader, given, name, T=4, most=len(text))
        for ids in (seen.x, seen.y):
            within(ids, len(set(text)), given)


@criterion(
    "charlm.data.batch-vocab",
    points=1,
    section=SECTION,
    hint="`make_loaders` in data.py returns (chars, stoi, itos) as `build_vocab` gives them.",
    requires=("charlm.data.batch-bounds", "charlm.data.vocab-*"),
    seconds=60,
    explained_by=OF_WINDOWS,
)
def test_make_loaders_returns_a_right_vocabulary(lab):
    """The vocabulary that `make_loaders` returns is sorted, one to one, the same everywhere."""
    text = mixed_text(lab)
    given = f"make_loaders(text, seq_len=4, batch_size=50), text of {len(set(text))} characters"

    def tables(anywhere):
        return make_loaders(anywhere, text, given, seq_len=4, batch_size=50)[2]

    chars, stoi, itos = tables(lab)
    assert_sorted(chars, given=given)
    assert_inverse(lab, stoi, itos, text, given=given)
    assert_same_in_every_process(lab, text, lambda other: tables(other)[1], given=given)


@criterion(
    "charlm.data.batch-defaults",
    points=1,
    section=SECTION,
    hint="The signature in data.py: make_loaders(text, seq_len=128, batch_size=64, "
    "val_fraction=0.05).",
    requires=("charlm.data.batch-bounds",),
    explained_by=OF_WINDOWS,
)
def test_default_windows_have_128_characters_in_batches_of_64(lab):
    """`make_loaders(text)` gives batches of 64 windows of 128 characters."""
    given = "make_loaders(text) for a text of 10000 distinct characters"
    train, validation, _ = make_loaders(lab, distinct_text(10000, lab.seed), given)
    for name, loader in zip(BOTH, (train, validation), strict=True):
        (batch,) = as_list(lab.probes.first_batch(loader), f"the {name} batch", length=1)
        for letter, value in zip("xy", as_pair(batch, f"a {name} batch", given=given), strict=True):
            tensor = as_tensor(value, f"{letter} of a {name} batch", ndim=2, given=given)
            rows = 64 if name == "train" else len(tensor)  # of validation, any number
            assert_shape(tensor, (rows, 128), f"{letter} of a {name} batch", "B, T", given)


@criterion(
    "charlm.data.batch-pieces",
    points=1,
    section=SECTION,
    hint="Each row of x is a run of characters as they stand in the text. Shuffle windows, never "
    "characters, and cut the windows from a tensor of ids in the order of the text.",
    requires=("charlm.data.batch-bounds",),
    explained_by=OF_WINDOWS,
)
def test_x_is_a_piece_of_the_text(lab):
    """Every row of x is a piece of the text."""
    loaders = Loaders(lab, Setting())
    for name in BOTH:
        x = loaders.places(name).x
        wanted = x[:, :1] + torch.arange(loaders.setting.T)
        row = first_difference(x, wanted)
        if row is not None or (x < 0).any():
            row = row or 0
            reject(
                "every row of x must be a piece of the text",
                given=f"{loaders.given}, {name} row {row}, as places in the text",
                expected=str(wanted[row].tolist()),
                got=str(x[row].tolist()),
                cause="characters were shuffled or taken apart before the windows were cut, "
                "or the ids are not those of the table returned",
            )


@criterion(
    "charlm.data.batch-shift",
    points=1,
    section=SECTION,
    hint="Row by row, y is the run of the text that begins one character after x: y[:, :-1] "
    "equals x[:, 1:]. Look at what the windows give, and in which order.",
    requires=("charlm.data.batch-pieces", "charlm.data.window-shift"),
    explained_by=OF_WINDOWS,
)
def test_y_is_x_shifted_by_one(lab):
    """Every row of y is the piece of the text one character after its row of x."""
    loaders = Loaders(lab, Setting())
    for name in BOTH:
        seen = loaders.places(name)
        row = first_difference(seen.y, seen.x + 1)
        if row is not None:
            reject(
                "y must be the piece of the text one character after x",
                given=f"{loaders.given}, {name} row {row}, as places in the text",
                expected=f"x = {seen.x[row].tolist()}, y = {(seen.x[row] + 1).tolist()}",
                got=f"y = {seen.y[row].tolist()}",
                cause=shift_cause(seen.y[row] - seen.x[row]),
            )


def first_difference(one, other):
    """The first row in which two tensors differ, or None."""
    rows = (one != other).any(dim=1).nonzero()
    return int(rows[0]) if len(rows) else None


def shift_cause(shift):
    """Why y lies `shift` places after x in place of one."""
    if shift.unique().numel() > 1:
        return "x and y come from different windows"
    step = int(shift[0])
    return {0: "y is x itself", -1: "x and y are swapped"}.get(step, f"y is {step} places after x")
