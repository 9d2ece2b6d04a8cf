"""What a vocabulary has to be, for `build_vocab` and for the tables that `make_loaders` returns.

Only `[]` is asked of the tables: a dict, a list or any object of the student's will do.  Ids need
not follow the order of the characters; then they have to be shown to be the same in each process.
"""

from checks.support.judge import as_int, as_list, describe, reject

SECTION = "1 Data"
HASH_SEEDS = (1, 2)


def build_vocab(lab, text):
    """`(chars, stoi, itos)` as the student's `build_vocab` returns them."""
    return as_list(
        lab.data.build_vocab(text),
        "the result of build_vocab",
        length=3,
        given=f"build_vocab({text!r}) -> (chars, stoi, itos)",
    )


def characters(chars, *, given):
    """`chars`, a str, list or tuple of strings, as a list."""
    got = list(chars) if isinstance(chars, str) else as_list(chars, "chars", given=given)
    for entry in got:
        if not isinstance(entry, str):
            reject("chars must hold characters", given=given, got=describe(entry))
    return got


def assert_characters(chars, text, *, given):
    """`chars` must hold the characters of `text`, all of them and no others."""
    got, wanted = set(characters(chars, given=given)), set(text)
    if got != wanted:
        reject(
            "chars must hold every character of the text, and no others",
            given=given,
            expected=describe("".join(sorted(wanted))),
            got=describe("".join(sorted(got))),
            cause=f"missing: {sorted(wanted - got)}; not in the text: {sorted(got - wanted)}",
        )


def assert_sorted(chars, *, given):
    """`chars` must be sorted, each character there once."""
    got = characters(chars, given=given)
    wanted = sorted(set(got))
    if got != wanted:
        reject(
            "chars must be sorted, each character there once",
            given=given,
            expected=describe("".join(wanted)),
            got=describe("".join(got)),
            cause="a character is there more than once"
            if len(got) > len(wanted)
            else "they are in the order of a set, or of the text",
        )


def assert_ids(lab, stoi, text, *, given):
    """`stoi` must number the characters of `text` 0..V-1, each id used once."""
    V = len(set(text))
    ids = sorted(ids_of(lab, stoi, sorted(set(text)), given=given))
    if ids != list(range(V)):
        reject(
            "the ids must be 0, 1, ... V-1, each used once",
            given=given,
            expected=f"the ids 0 to {V - 1}",
            got=f"the ids {ids}",
            cause="numbering starts at 1, leaves a gap, or gives two characters one id",
        )


def assert_inverse(lab, stoi, itos, text, *, given):
    """`itos[stoi[c]]` must be c for every character of `text`."""
    chars = sorted(set(text))
    ids = ids_of(lab, stoi, chars, given=given)
    for char, id_, back in zip(chars, ids, looked_up(lab, itos, ids, "itos", given), strict=True):
        if not isinstance(back, str) or back != char:
            reject(
                "itos[stoi[c]] must be c",
                given=given,
                expected=f"itos[{id_}] = {char!r}, as stoi[{char!r}] = {id_}",
                got=f"itos[{id_}] = {describe(back)}",
            )


def assert_same_in_every_process(lab, text, stoi_of, *, given):
    """The table that `stoi_of(lab)` builds must be the same whatever Python's hash seed."""
    chars = sorted(set(text))

    def numbering(anywhere):
        return ids_of(anywhere, stoi_of(anywhere), chars, given=given)

    if numbering(lab) == list(range(len(chars))):
        return  # in sorted order: nothing is left to chance
    one, other = (numbering(lab.in_fresh_interpreter(seed)) for seed in HASH_SEEDS)
    for char, first, second in zip(chars, one, other, strict=True):
        if first != second:
            reject(
                "a character must have the same id in every process",
                given=given,
                expected=f"one id for {char!r}",
                got=f"stoi[{char!r}] = {first} in one process, {second} in the other",
                cause="the ids follow the order of a set, which is drawn anew at every start",
            )


def ids_of(lab, stoi, characters, *, given):
    """`stoi[c]` for each of `characters`, as ints."""
    characters = list(characters)
    values = looked_up(lab, stoi, characters, "stoi", given)
    return [
        as_int(value, f"stoi[{char!r}]", given=given)
        for char, value in zip(characters, values, strict=True)
    ]


def looked_up(lab, table, keys, name, given):
    """`table[key]` for each key; a key that is not there is a wrong answer."""
    found = as_list(lab.probes.look_up(table, list(keys)), name, length=len(keys))
    values = []
    for key, answer in zip(keys, found, strict=True):
        there, value = as_list(answer, name, length=2)
        if there is not True:
            required = f"{name} must know every {'id' if name == 'itos' else 'character'}"
            reject(required, given=given, expected=f"a value at {name}[{key!r}]", got=str(value))
        values.append(value)
    return values
