"""What a vocabulary has to be, for `build_vocab` and for the tables that `make_loaders` returns.

Only `[]` is asked of the tables: a dict, a list or any object of the student's will do.  Ids need
not follow the order of the characters; then they have to be shown to be the same in each process.
"""

from checks.support.judge import as_int, as_list, describe, reject

HASH_SEEDS = (1, 2)


def build_vocab(lab, text):
    """`(chars, stoi, itos)` as the student's `build_vocab` returns them."""
    return as_list(
        lab.data.build_vocab(text),
        "the result of build_vocab",
        length=3,
        given=f"build_vocab({text!r}) -> (chars, stoi, itos)",
    )


def assert_sorted_characters(chars, text, *, given):
    """`chars`, a str, list or tuple, must be the distinct characters of `text`, sorted."""
    wanted = sorted(set(text))
    got = list(chars) if isinstance(chars, str) else as_list(chars, "chars", given=given)
    if not all(isinstance(c, str) for c in got):
        reject("chars must hold characters", given=given, got=describe(got[0]))
    if got == wanted:
        return
    if len(got) != len(set(got)):
        cause = "a character is there more than once"
    elif set(got) == set(wanted):
        cause = "the characters are there, but not sorted: in the order of a set or of the text"
    else:
        lost, extra = sorted(set(wanted) - set(got)), sorted(set(got) - set(wanted))
        cause = f"missing: {lost}; not in the text: {extra}"
    reject(
        "chars must be the distinct characters of the text, sorted",
        given=given,
        expected=repr("".join(wanted)),
        got=describe("".join(got)),
        cause=cause,
    )


def assert_one_to_one(lab, stoi, itos, text, *, given):
    """`stoi` must number the characters of `text` 0..V-1, and `itos` must be its inverse."""
    chars = sorted(set(text))
    ids = ids_of(lab, stoi, chars, given=given)
    if sorted(ids) != list(range(len(chars))):
        reject(
            "the ids must be 0, 1, ... V-1, each used once",
            given=given,
            expected=f"the ids 0 to {len(chars) - 1}",
            got=f"the ids {sorted(ids)}",
            cause="numbering starts at 1, leaves a gap, or gives two characters one id",
        )
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
