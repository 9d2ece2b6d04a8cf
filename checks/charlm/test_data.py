"""`data.py`: vocabulary, encoding and decoding.

The dataset is in test_data_dataset.py, loaders are in test_data_loaders.py and test_data_split.py.
"""

import random

import torch

from checks.charlm.vocabulary import (
    SECTION,
    assert_characters,
    assert_ids,
    assert_inverse,
    assert_same_in_every_process,
    assert_sorted,
    build_vocab,
    ids_of,
)
from checks.support.criteria import criterion
from checks.support.inputs import distinct_text, texts
from checks.support.judge import (
    as_tensor,
    as_text,
    assert_raises,
    assert_shape,
    describe,
    reject,
)
from checks.support.strategies import FIXED_TEXTS, any_text, for_all

LINE_ENDS = "one\r\ntwo\r\n"  # each "\r" before a "\n", which reading as text would take away

# ------------------------------------------------------------------ vocabulary


@criterion(
    "charlm.data.vocab-characters",
    points=1,
    section=SECTION,
    hint="`build_vocab` in data.py takes its characters from the text it is given and from nothing "
    "else: letters of either case, digits, spaces and line ends, each as it stands.",
)
def test_the_vocabulary_has_the_characters_of_the_text(lab):
    """`build_vocab` returns every character of the text, and no others."""
    for text in (*texts(lab.seed), LINE_ENDS):
        chars, _, _ = build_vocab(lab, text)
        assert_characters(chars, text, given=f"build_vocab({text!r})")


@criterion(
    "charlm.data.vocab-sorted",
    points=1,
    section=SECTION,
    hint="Look at how `build_vocab` in data.py collects the characters: each distinct character "
    "once, in sorted order, whatever the order in the text.",
    requires=("charlm.data.vocab-characters",),
)
def test_characters_are_sorted_and_unique(lab):
    """The characters of the vocabulary are sorted and unique."""
    for text in texts(lab.seed):
        chars, _, _ = build_vocab(lab, text)
        assert_sorted(chars, given=f"build_vocab({text!r})")


@criterion(
    "charlm.data.vocab-ids",
    points=1,
    section=SECTION,
    hint="`build_vocab` in data.py: number the distinct characters 0, 1, 2 ... without gaps.",
    requires=("charlm.data.vocab-characters",),
)
def test_characters_are_numbered_from_zero(lab):
    """`stoi` gives each character an id of its own, 0..V-1."""
    for text in texts(lab.seed):
        _, stoi, _ = build_vocab(lab, text)
        assert_ids(lab, stoi, text, given=f"build_vocab({text!r})")


@criterion(
    "charlm.data.vocab-bijection",
    points=1,
    section=SECTION,
    hint="`build_vocab` in data.py: build `itos` from the same numbering as `stoi`, the other way "
    "round: from id to character.",
    requires=("charlm.data.vocab-ids",),
)
def test_itos_undoes_stoi(lab):
    """`itos[stoi[c]]` is c, for every character."""
    for text in texts(lab.seed):
        _, stoi, itos = build_vocab(lab, text)
        assert_inverse(lab, stoi, itos, text, given=f"build_vocab({text!r})")


@criterion(
    "charlm.data.vocab-deterministic",
    points=1,
    section=SECTION,
    hint="The order of a `set` of strings changes with every start of Python. Sort the characters "
    "before numbering them in `build_vocab`, or a saved model will speak gibberish after a reload.",
    requires=("charlm.data.vocab-ids",),
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
    requires=("charlm.data.vocab-characters",),
)
def test_encode_gives_the_ids_of_the_table(lab):
    """`encode(text, stoi)` is a LongTensor (N,) with the id of every character."""
    rng = random.Random(lab.seed)
    for text in (*texts(lab.seed), LINE_ENDS, distinct_text(400, lab.seed)):  # ids beyond 255 too
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
    "charlm.data.decode-forms",
    points=1,
    section=SECTION,
    hint="`decode` in data.py has to work for a LongTensor and for a plain list of ints, and to "
    "return one str. Turn each id into an int before looking it up.",
    requires=("charlm.data.vocab-bijection",),
)
def test_decode_takes_a_tensor_and_a_list(lab):
    """`decode` takes a LongTensor or a list of ints, and returns a str."""
    text = "hello world"
    _, stoi, itos = build_vocab(lab, text)
    ids = ids_of(lab, stoi, text, given=f"build_vocab({text!r})")
    assert_text(lab.data.decode(ids, itos), text, f"decode({ids}, itos), ids in a list")
    assert_text(lab.data.decode(torch.tensor(ids), itos), text, f"decode(tensor({ids}), itos)")


@criterion(
    "charlm.data.round-trip",
    points=1,
    section=SECTION,
    hint="`decode` in data.py joins `itos[id]` over the ids; nothing is stripped, lowered, "
    "normalised or put between the characters.",
    requires=("charlm.data.encode-ids", "charlm.data.decode-forms"),
)
@for_all(60, *FIXED_TEXTS, {"text": LINE_ENDS}, text=any_text())
def test_decode_undoes_encode(lab, text):
    """`decode(encode(text))` is the text, for any alphabet and any length."""
    _, stoi, itos = build_vocab(lab, text)
    given = f"decode(encode({text!r}, stoi), itos)"
    assert_text(lab.data.decode(lab.data.encode(text, stoi), itos), text, given)


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
