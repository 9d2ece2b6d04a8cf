"""`greedy_decode` in model.py, with the submission's own model and weights chosen here."""

from checks.seq2seq.walks import STEPS, as_rows, decode, walks
from checks.support.criteria import criterion
from checks.support.judge import reject

SECTION = "2 Decoding"

OF_MODEL = ("seq2seq.model.*",)


@criterion(
    "seq2seq.decode.lists",
    points=1,
    section=SECTION,
    hint="`greedy_decode` in model.py returns a list of B lists of plain ids, of any lengths; no "
    "tensor, no padding.",
    explained_by=OF_MODEL,
)
def test_the_answer_is_a_list_of_ids_for_each_row(lab):
    """`greedy_decode` returns B lists of target ids, also for B = 1."""
    walk = walks(lab)[0]
    for eos in (walk.rare(), *walk.telling()):
        decode(lab, walk, eos)
        decode(lab, walk, eos, rows=slice(3, 4))


@criterion(
    "seq2seq.decode.repeats",
    points=1,
    section=SECTION,
    hint="`greedy_decode` in model.py: take the argmax; draw nothing, keep nothing between calls. "
    "If the model has dropout, it must not act here: eval mode, whatever mode the model came in.",
    requires=("seq2seq.decode.lists",),
    explained_by=OF_MODEL,
)
def test_the_same_call_gives_the_same_answer(lab):
    """The same call gives the same answer, whatever calls came before and in either mode."""
    for walk in walks(lab):
        for eos in (walk.rare(), walk.telling()[0]):
            first = decode(lab, walk, eos)
            decode(lab, walk, eos, max_len=3, rows=slice(0, 2))
            for _ in range(2):
                assert_again(lab, walk, eos, first, "ids are drawn, or a call leaves a trace")
        walk.model.handle.train()
        first = decode(lab, walk, eos)
        walk.model.handle.train()
        assert_again(lab, walk, eos, first, "dropout acts: the model was in train mode")


def assert_again(lab, walk, eos, first, cause):
    """A further call must give the answer `first`."""
    __tracebackhide__ = True
    for b, (one, other) in enumerate(zip(first, decode(lab, walk, eos), strict=True)):
        if one != other and walk.expected(b, eos, STEPS) is not None:
            reject(
                "the same call must give the same answer again",
                given=walk.describe(eos, STEPS),
                expected=f"row {b}: {one}",
                got=f"row {b}: {other}",
                cause=cause,
            )


@criterion(
    "seq2seq.decode.rows",
    points=2,
    section=SECTION,
    hint="`greedy_decode` in model.py: every row has its own last id, its own state and its own "
    "list.",
    requires=("seq2seq.decode.repeats",),
    explained_by=OF_MODEL,
)
def test_a_row_is_decoded_as_if_it_were_alone(lab):
    """A row's answer is the one that it gets alone."""
    for walk in walks(lab):
        eos = walk.rare()  # rows that end are another claim's matter
        together = decode(lab, walk, eos)
        for b in range(0, len(together), 4):
            (alone,) = decode(lab, walk, eos, rows=slice(b, b + 1))
            wanted = walk.expected(b, eos, STEPS)
            if wanted is None or len(wanted) < STEPS:
                continue
            common = min(len(alone), len(together[b]))
            if alone[:common] != together[b][:common]:
                reject(
                    "a row's answer must not depend on the other rows",
                    given=walk.describe(eos, STEPS),
                    expected=f"row {b} as it is alone: {alone}",
                    got=f"row {b} among the others: {together[b]}",
                    cause="it is the first row's answer"
                    if together[b] == together[0]
                    else "the rows share a state or a list",
                )


@criterion(
    "seq2seq.decode.argmax",
    points=4,
    section=SECTION,
    hint="`greedy_decode` in model.py: start from `bos`; at each step take the argmax of the last "
    "logits, and feed it to the decoder together with the state after the step before.",
    requires=("seq2seq.decode.rows",),
    explained_by=OF_MODEL,
)
def test_every_id_is_the_argmax_of_forward(lab):
    """Each id is the argmax of what `forward` gives for `bos` and the ids before it."""
    for walk in walks(lab):
        for eos in (walk.rare(), *walk.telling()):
            for b, row in enumerate(decode(lab, walk, eos)):
                wanted = walk.expected(b, eos, STEPS)
                if wanted is None:
                    continue
                got = stripped(row, walk.bos, eos)
                # Where an answer ends is the next claims' matter, unless it has not begun.
                common = min(len(got), len(wanted))
                if got[:common] != wanted[:common]:
                    at = next(i for i in range(common) if got[i] != wanted[i])
                    reject(
                        "every id must be the argmax of forward's last logits, given those before",
                        given=f"{walk.describe(eos, STEPS)}, row {b}",
                        expected=f"{wanted}",
                        got=f"{row}, which differs at place {at}",
                        cause=astray_cause(at),
                    )


def astray_cause(at):
    """Why an answer may leave the right way at this place."""
    if at == 0:
        return "the first id is not that of the first step: is bos what the decoder reads there?"
    return "the decoder is not given the id just taken, or not the state after the step before"


def stripped(row, bos, eos):
    """The row without a `bos` at its beginning and an `eos` at its end."""
    row = row[1:] if row[:1] == [bos] else row
    return row[:-1] if row[-1:] == [eos] else row


@criterion(
    "seq2seq.decode.stops",
    points=3,
    section=SECTION,
    hint="`greedy_decode` in model.py: a row ends where its likeliest id is `eos`, also the first; "
    "the others go on. Remember for each row whether it has ended.",
    requires=("seq2seq.decode.argmax",),
    explained_by=OF_MODEL,
)
def test_each_row_stops_at_its_own_eos(lab):
    """Each row stops at its own `eos`, early or late, and the others go on."""
    for walk in walks(lab):
        first_ids = {row[0] for row in walk.ids} - {walk.bos}  # such an eos leaves an empty answer
        for eos in {*walk.telling(), *sorted(first_ids)[:2]}:
            for b, row in enumerate(decode(lab, walk, eos)):
                assert_ends_at_eos(walk, b, eos, row)
        eos = walk.rare()
        for b in walk.stuttering()[:6]:
            (row,) = decode(lab, walk, eos, rows=slice(b, b + 1))
            assert_ends_at_eos(walk, b, eos, row)


def assert_ends_at_eos(walk, b, eos, row):
    """Row b's answer must end at its `eos`; of what goes on to max_len the end is left alone."""
    __tracebackhide__ = True
    wanted, got = walk.expected(b, eos, STEPS), stripped(row, walk.bos, eos)
    if wanted is None:
        return
    if walk.ends(eos)[b] >= STEPS - 2:
        wanted, got = wanted[: STEPS - 2], got[: STEPS - 2]
    if got != wanted:
        reject(
            "a row must end at its first eos, and only there",
            given=f"{walk.describe(eos, STEPS)}, row {b}",
            expected=f"{wanted}",
            got=f"{row}",
            cause="the row goes on after its eos"
            if len(got) > len(wanted)
            else "the row ends before its eos",
        )


@criterion(
    "seq2seq.decode.no-marks",
    points=2,
    section=SECTION,
    hint="`greedy_decode` in model.py: `bos` is what the decoder reads first, `eos` ends a row; "
    "neither belongs in the answer.",
    requires=("seq2seq.decode.stops",),
    explained_by=OF_MODEL,
)
def test_answers_hold_neither_bos_nor_eos(lab):
    """No answer holds `bos` or `eos`."""
    for walk in walks(lab):
        for eos in walk.telling():
            for b, row in enumerate(decode(lab, walk, eos)):
                wanted = walk.expected(b, eos, STEPS)
                marks = {walk.bos: "bos", eos: "eos"}.items()
                found = [name for mark, name in marks if mark in row[:STEPS]]  # max-len: the rest
                if wanted is not None and found:
                    reject(
                        f"the answer must not hold {found[0]}",
                        given=f"{walk.describe(eos, STEPS)}, row {b}",
                        expected=f"{wanted}",
                        got=f"{row}",
                    )


@criterion(
    "seq2seq.decode.max-len",
    points=2,
    section=SECTION,
    hint="`greedy_decode` in model.py: `max_len` counts the ids of the answer, without `bos` and "
    "`eos`. A row that comes to no eos has max_len of them.",
    requires=("seq2seq.decode.no-marks",),
    explained_by=OF_MODEL,
)
def test_max_len_counts_the_ids_of_an_answer(lab):
    """An answer has at most `max_len` ids, and as many if no `eos` ends it before."""
    for walk in walks(lab):
        eos = walk.rare()
        for max_len in (1, 2, 5, STEPS):
            for b, row in enumerate(decode(lab, walk, eos, max_len)):
                wanted = walk.expected(b, eos, max_len)
                if wanted is not None and row != wanted:
                    reject(
                        "an answer must go on to its eos, or to max_len ids",
                        given=f"{walk.describe(eos, max_len)}, row {b}",
                        expected=f"{len(wanted)} ids: {wanted}",
                        got=f"{len(row)}: {row}",
                        cause="bos or eos is counted, or the loop makes a step more or less"
                        if abs(len(row) - len(wanted)) == 1
                        else "",
                    )


@criterion(
    "seq2seq.decode.arguments",
    points=1,
    section=SECTION,
    hint="The signature in model.py: greedy_decode(model, src, bos, eos, max_len).",
    requires=("seq2seq.decode.repeats",),
    explained_by=OF_MODEL,
)
def test_arguments_go_by_the_names_of_the_contract(lab):
    """`greedy_decode` takes its arguments by the contract's names, too."""
    walk = walks(lab)[0]
    eos = walk.rare()
    by_place = decode(lab, walk, eos)
    by_name = lab.model.greedy_decode(
        max_len=STEPS, eos=eos, bos=walk.bos, src=walk.src, model=walk.model.handle
    )
    named = as_rows(by_name, walk, len(walk.src), walk.describe(eos, STEPS))
    for b, (one, other) in enumerate(zip(by_place, named, strict=True)):
        if one != other and walk.expected(b, eos, STEPS) is not None:
            reject(
                "arguments by name must be the same call as arguments by place",
                given=walk.describe(eos, STEPS),
                expected=f"row {b}: {one}",
                got=f"row {b}: {other}",
            )
