"""Claims about what the model has read when `generate` draws a word, and how many it draws.

The models are stubs whose next word is certain: after each word one other, or one that depends on
everything read so far (`Reader`).
"""

import random
from itertools import pairwise

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.wordlm.vocabulary import UNK
from checks.wordlm.words import BASICS, CERTAIN, OF_DATA, Reading, Words, call, ring, shortened

SECTION = "4 Generation"


@criterion(
    "wordlm.sample.length",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: `length` counts the new words; the prompt comes on top. Only "
    "<eos> makes a text shorter.",
    requires=("wordlm.sample.known-words", "wordlm.sample.temperature-1.0"),
    explained_by=OF_DATA,
)
def test_length_counts_the_new_words(lab):
    """`generate` adds `length` new words to the prompt if `<eos>` does not come."""
    words = Words(lab)
    for number, length in ((1, 1), (3, 2), (2, 25), (6, 25), (4, 4)):
        prompt = words.words[:number]
        new = len(words.generate(ring(words), " ".join(prompt), length).split()) - number
        if new != length:
            causes = {
                length - number: "the prompt is counted in `length`",
                length - 1: "the loop makes one word too few, or the first one is lost",
                length + 1: "the loop makes one word too many",
            }
            reject(
                "there must be `length` new words after the prompt",
                given=call(" ".join(prompt), length, 1.0, {}),
                expected=f"{length} new words",
                got=str(new),
                cause=causes.get(new, ""),
            )


@criterion(
    "wordlm.sample.whole-prompt",
    points=3,
    section=SECTION,
    hint="`generate` in sample.py: the model has to read all the words of the prompt, in order and "
    "once each, before the first new word is drawn from its last logits.",
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_the_whole_prompt_is_read(lab):
    """The first new word depends on the whole prompt, not on its last word."""
    words = Words(lab)
    reading, draw = Reading(words), random.Random(lab.seed)
    for number in (2, 1, 3, 5, 8, 12):
        prompt = draw.choices(words.words, k=number)
        ids = [words.ids[word] for word in prompt]
        got = words.continuation(reading.model, prompt, 1)
        wanted = reading.after(ids, 1)
        if got != wanted:
            suspects = {
                "only the last word of the prompt is read": ids[-1:],
                "only the first word of the prompt is read": ids[:1],
                "the last word of the prompt is not read": ids[:-1],
                "the last word of the prompt is read twice": [*ids, ids[-1]],
                "the prompt is read twice": ids + ids,
                "the prompt is read backwards": ids[::-1],
            }
            causes = [c for c, read in suspects.items() if reading.after(read, 1) == got]
            reject(
                "the first new word must follow from the whole prompt",
                given=call(" ".join(prompt), 1, 1.0, {}) + "; the model's next word depends on "
                "everything that it has read, and is certain",
                expected=repr(wanted[0]),
                got=repr(got[0]) if got else "nothing",
                cause=causes[0] if causes else "",
            )


@criterion(
    "wordlm.sample.carries-state",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: each drawn word is read with the state that the model returned "
    "for the words before it. The state never starts anew within a text.",
    requires=("wordlm.sample.whole-prompt",),
    explained_by=OF_DATA,
)
def test_everything_written_so_far_counts(lab):
    """Each new word depends on the prompt and on all new words before it."""
    words = Words(lab)
    reading, draw = Reading(words), random.Random(lab.seed)
    for number, length in ((1, 25), (4, 25)):
        prompt = draw.choices(words.words, k=number)
        wanted = reading.after([words.ids[word] for word in prompt], length)
        got = words.continuation(reading.model, prompt, length)
        if got != wanted:
            place = next(k for k, (a, b) in enumerate(zip(got, wanted, strict=True)) if a != b)
            alone = reading.after([words.ids[got[place - 1]]], 1)[0] if place else ""
            cause = "the state is lost from word to word" if alone == got[place] else ""
            reject(
                "each new word must follow from everything before it",
                given=call(" ".join(prompt), length, 1.0, {}) + "; the model's next word depends "
                "on everything that it has read, and is certain",
                expected=f"new word {place + 1} is {wanted[place]!r}",
                got=repr(got[place]),
                cause=cause or "a word is read twice, or not at all, or c or h is not handed on",
            )


@criterion(
    "wordlm.sample.feeds-back",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: the word that is written is the one that the model reads next. "
    "Draw once for each step, and use that draw for both.",
    requires=("wordlm.sample.carries-state",),
    explained_by=OF_DATA,
)
def test_the_drawn_word_is_the_one_read_next(lab):
    """The word that is drawn is the one that the model reads next."""
    words, draw = Words(lab), random.Random(lab.seed)
    following = {word: sorted(draw.sample(words.words, 2)) for word in words.words}
    model = words.chain({word: dict.fromkeys(two, CERTAIN) for word, two in following.items()})
    prompt, length = words.words[:2], 150
    written = [prompt[-1], *words.continuation(model, prompt, length)]
    # Of 150 steps, one that follows from another word is allowed by chance 2 times in 20.
    for place, (before, after) in enumerate(pairwise(written), start=1):
        if after not in following[before]:
            reject(
                "each new word must follow from the one written before it",
                given=call(" ".join(prompt), length, 1.0, {}) + f"; after {before!r} the model "
                "allows two words",
                expected=f"new word {place} is one of {following[before]}",
                got=repr(after),
                cause="the model is given another word than the one that is written",
            )


@criterion(
    "wordlm.sample.prompt-tokenized",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: cut the prompt into words with `tokenize`, as the training text "
    "was: capitals and punctuation are no part of a word.",
    requires=("wordlm.sample.carries-state",),
    explained_by=OF_DATA,
)
def test_the_prompt_is_cut_into_words_like_the_text(lab):
    """Capitals and punctuation of the prompt make no difference to what the model reads."""
    words = Words(lab)
    reading = Reading(words)
    one, two, three = words.words[:3]
    wanted = reading.after([words.ids[word] for word in (one, two, three)], 8)
    for prompt in (f"{one.title()} {two.upper()} {three}", f" {one}, {two}...\n{three}!"):
        text = words.generate(reading.model, prompt, 8)
        if text.split()[-8:] != wanted:
            reject(
                "the prompt must be read as the words that `tokenize` makes of it",
                given=call(prompt, 8, 1.0, {}),
                expected=f"the new words {' '.join(wanted)!r}",
                got=shortened(text),
                cause="`prompt.split()` leaves capitals and punctuation: the words are not found "
                "in the vocabulary",
            )


@criterion(
    "wordlm.sample.unknown-in-prompt",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: a word that the vocabulary lacks is read as `<unk>`. In the "
    "text it may stand as it was typed, but not as `<unk>`.",
    requires=("wordlm.sample.carries-state",),
    explained_by=OF_DATA,
)
def test_an_unknown_word_in_the_prompt_is_read_as_unk(lab):
    """A prompt word outside the vocabulary is read as `<unk>`, and `<unk>` is not in the text."""
    words = Words(lab)
    reading = Reading(words)
    one, two, _ = words.words[:3]
    for prompt in (f"{one} xyzzy {two}", f"xyzzy {one}", f"{one} {two} xyzzy", "xyzzy"):
        ids = [words.ids.get(word, words.unk) for word in prompt.split()]
        wanted = reading.after(ids, 6)
        text = words.generate(reading.model, prompt, 6)
        given = call(prompt, 6, 1.0, {}) + ", 'xyzzy' is not in the vocabulary"
        if UNK in text:
            reject("`<unk>` must not be in the text", given=given, got=repr(text))
        if text.split()[-6:] != wanted:
            reject(
                "an unknown word of the prompt must be read as <unk>",
                given=given,
                expected=f"the new words {' '.join(wanted)!r}",
                got=repr(text),
                cause="the unknown word is left out of what the model reads",
            )
