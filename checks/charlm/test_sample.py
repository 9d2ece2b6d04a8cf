"""Claims about the text that `sample` returns: its parts, the greedy choice, and what was read.

The models are stubs whose next character is known: after each character one other (`Chain`), or one
that depends on everything read so far (`Reader`).
"""

from checks.charlm.alphabet import BASICS, OF_DATA, Alphabet, call
from checks.charlm.known_texts import CAPITALS, CHARACTERS, Reading, follow, successor_chain
from checks.support.criteria import criterion
from checks.support.judge import reject

SECTION = "4 Sampling"


@criterion(
    "charlm.sample.prompt-kept",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py returns prompt + new characters, the prompt letter for letter.",
    explained_by=OF_DATA,
)
def test_text_starts_with_the_prompt(lab):
    """The text that `sample` returns starts with the prompt."""
    alphabet = Alphabet(lab, CHARACTERS)
    model, _ = successor_chain(lab, alphabet)
    for prompt in ("T", "The end.\n ", " Zé, ", "\n"):
        text = alphabet.sample(model, prompt, 12)
        if not text.startswith(prompt):
            missing = len(text) == 12
            reject(
                "the text must start with the prompt",
                given=call(prompt, 12, {}),
                expected=f"a text that starts with {prompt!r}",
                got=repr(text),
                cause="only the new characters are returned" if missing else "",
            )


@criterion(
    "charlm.sample.known-characters",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: turn the drawn ids into characters with `itos` (or `decode`).",
    requires=("charlm.sample.prompt-kept",),
    explained_by=OF_DATA,
)
def test_all_characters_are_known(lab):
    """Every character that `sample` adds is one of the vocabulary."""
    alphabet = Alphabet(lab, CAPITALS)  # a text made lower case has characters that it lacks
    model, _ = successor_chain(lab, alphabet)
    for greedy in (True, False):
        text = alphabet.sample(model, "THE ", 40, greedy=greedy)
        unknown = sorted(set(text) - set(alphabet.order))
        if unknown:
            reject(
                "every new character must be one of the vocabulary",
                given=call("THE ", 40, {"greedy": greedy}),
                expected=f"characters of {alphabet.order!r}",
                got=f"{unknown[0]!r}, in {text!r}",
                cause="the ids themselves are written" if set(unknown) <= set("0123456789") else "",
            )


@criterion(
    "charlm.sample.length",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: `length` counts the new characters; the prompt comes on top.",
    requires=("charlm.sample.prompt-kept", "charlm.sample.known-characters"),
    explained_by=OF_DATA,
)
def test_length_counts_the_new_characters(lab):
    """`sample` adds exactly `length` new characters to the prompt."""
    alphabet = Alphabet(lab, CHARACTERS)
    model, following = successor_chain(lab, alphabet)
    cases = [("T", 1), ("The best ", 2), ("ab", 25), ("c", 25)]
    for last in " \n":  # greedy texts that end with a blank, which somebody may strip
        length, at = 1, following[alphabet.order.index("T")]
        while alphabet.order[at] != last:
            length, at = length + 1, following[at]
        cases.append(("T", length))
    for prompt, length in cases:
        for greedy in (True, False):
            text = alphabet.sample(model, prompt, length, greedy=greedy)
            new = len(text) - len(prompt)
            if new == length:
                continue
            causes = {
                length - len(prompt): "the prompt is counted in `length`",
                length - 1: "the loop makes one character too few, or the first one is lost",
                length + 1: "the loop makes one character too many",
            }
            reject(
                "there must be `length` new characters after the prompt",
                given=call(prompt, length, {"greedy": greedy}),
                expected=f"{length} new characters",
                got=f"{new}: {text!r}",
                cause=causes.get(new, ""),
            )


@criterion(
    "charlm.sample.greedy",
    points=2,
    section=SECTION,
    hint="`sample` in sample.py: with greedy=True take the argmax of the last position's logits.",
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_greedy_takes_the_likeliest_character(lab):
    """With `greedy=True` each new character is the likeliest one, on every call."""
    alphabet = Alphabet(lab, CHARACTERS)
    model, following = successor_chain(lab, alphabet, gap=0.02)
    required = "greedy sampling must take the likeliest character"
    for character in alphabet.order:
        prompt = 2 * character  # read twice, backwards or by half, it says the same
        got = alphabet.continuation(model, prompt, 1, greedy=True)
        first, second = alphabet.text(follow(following, alphabet.order.index(character), 2))
        if got != first:
            reject(
                required,
                given=call(prompt, 1, {"greedy": True}),
                expected=repr(first),
                got=repr(got),
                cause="the first new character is lost: this is the second" * (got == second),
            )
    texts = {alphabet.continuation(model, "hh", 40, greedy=True) for _ in range(2)}
    if len(texts) > 1:
        reject(
            required,
            given="twice " + call("hh", 40, {"greedy": True}),
            expected="the same text",
            got=" and ".join(repr(text) for text in sorted(texts)),
            cause="`greedy` is ignored from the second new character on: they are drawn",
        )


@criterion(
    "charlm.sample.reads-whole-prompt",
    points=2,
    section=SECTION,
    hint="`sample` in sample.py: run the whole prompt through the model once; its last logits give "
    "the first new character, and its state (h, c) goes on from there.",
    requires=(*BASICS, "charlm.sample.greedy"),
    explained_by=OF_DATA,
)
def test_first_new_character_depends_on_the_whole_prompt(lab):
    """The first new character depends on the whole prompt, each character of it read once."""
    prompts = ["The sunny day", "a", "Zé, lost", "to be or not to be", "\n\n.", "nothing else!"]
    for characters in (CHARACTERS, CHARACTERS + "#$&"):  # in which each has another id
        alphabet = Alphabet(lab, characters)
        reading = Reading(lab, len(alphabet))
        got = [alphabet.continuation(reading.model, p, 1, greedy=True) for p in prompts]
        again = [alphabet.continuation(reading.model, p, 1, greedy=True) for p in prompts]
        right = [alphabet.text([reading.after(alphabet.ids(p))]) for p in prompts]
        if got != right:
            place = next(k for k in range(len(prompts)) if got[k] != right[k])
            cause = "a second call gives another text: the state of the first one is kept"
            if again == got:
                cause = cause_of_first(alphabet, reading, prompts, got)
            if not cause and characters != CHARACTERS:
                cause = "something is kept from calls with another vocabulary, ids of a prompt, say"
            reject(
                "the first new character must follow from the whole prompt",
                given=call(prompts[place], 1, {"greedy": True}),
                expected=repr(right[place]),
                got=repr(got[place]),
                cause=cause,
            )


def cause_of_first(alphabet, reading, prompts, got):
    """How the first new characters `got` of the prompts can have come about."""

    def first(of):
        return [alphabet.text([reading.after(of(alphabet.ids(p)))]) for p in prompts]

    suspects = {
        "only the last character of the prompt is read": first(lambda ids: ids[-1:]),
        "only the first character of the prompt is read": first(lambda ids: ids[:1]),
        "the prompt is read twice": first(lambda ids: ids + ids),
        "the last character of the prompt is read twice": first(lambda ids: ids + ids[-1:]),
        "the last character of the prompt is not read": first(lambda ids: ids[:-1]),
        "the prompt is read backwards": first(lambda ids: ids[::-1]),
        "the first new character is lost: this is the second": first(
            lambda ids: [*ids, reading.after(ids)]
        ),
    }
    return next((cause for cause, texts in suspects.items() if texts == got), "")


@criterion(
    "charlm.sample.carries-state",
    points=3,
    section=SECTION,
    hint="`sample` in sample.py: give the model each new character together with the (h, c) that "
    "the call before it returned, both of them.",
    requires=("charlm.sample.reads-whole-prompt",),
    explained_by=OF_DATA,
)
def test_state_is_carried_from_character_to_character(lab):
    """Each new character depends on all before it: the state is carried, however long the text."""
    alphabet = Alphabet(lab, CHARACTERS)
    reading = Reading(lab, len(alphabet))
    prompt, length = "The rest is history. ", 180
    ids = alphabet.ids(prompt)
    got = alphabet.ids(alphabet.continuation(reading.model, prompt, length, greedy=True))
    expected = reading.greedy(ids, length)
    if got == expected:
        return
    place = next(i for i in range(length) if got[i] != expected[i])
    reject(
        "every new character must follow from the whole text before it",
        given=call(prompt, length, {"greedy": True}),
        expected=f"new character {place + 1} is {alphabet.text(expected[place : place + 1])!r}",
        got=f"{alphabet.text(got[place : place + 1])!r}",
        cause=cause_of_break(reading, ids, got, place),
    )


def cause_of_break(reading, prompt, got, place):
    """How the first wrong character at `place` can have come about."""
    read = prompt + got[:place]
    stuck = reading.state(read[-1:], reading.state(prompt))
    suspects = {
        "the state is dropped: each character is read from the zero state": reading.after(
            read[-1:]
        ),
        "the state after the prompt is used at every step": reading.choice(stuck),
        "each new character is read twice": reading.after(read + read[-1:]),
    }
    for cause, choice in suspects.items():
        if choice == got[place]:
            return cause
    for width in range(1, len(read)):
        if reading.after(read[-width:]) == got[place] and place >= width - len(prompt) > 0:
            return f"only the last {width} characters are read"
    return ""
