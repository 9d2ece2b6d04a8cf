"""Claims about the text that `generate` returns: its parts.

The model is a stub in which after each word one other is certain.
"""

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.wordlm.words import OF_DATA, Words, call, ring, shortened

SECTION = "4 Generation"


@criterion(
    "wordlm.sample.prompt-kept",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py returns the prompt's words and the new ones, all joined by "
    "single spaces.",
    explained_by=OF_DATA,
)
def test_text_begins_with_the_words_of_the_prompt(lab):
    """The text begins with the prompt's words, and all words are joined by single spaces."""
    words = Words(lab)
    for number in (1, 2, 5):
        prompt = " ".join(words.words[:number])
        text = words.generate(ring(words), prompt, 6)
        given = call(prompt, 6, 1.0, {})
        if text.split()[:number] != words.words[:number]:
            reject(
                "the text must begin with the words of the prompt",
                given=given,
                expected=f"a text that begins with {prompt!r}",
                got=repr(text),
                cause="only the new words are returned" * (len(text.split()) == 6),
            )
        if text != " ".join(text.split()):
            reject("words must be joined by single spaces", given=given, got=repr(text))


@criterion(
    "wordlm.sample.known-words",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: turn each drawn id into its word with `vocab.itos`.",
    requires=("wordlm.sample.prompt-kept",),
    explained_by=OF_DATA,
)
def test_new_words_are_words_of_the_vocabulary(lab):
    """Every new word is one of the vocabulary."""
    words = Words(lab)
    text = words.generate(ring(words), words.words[0], 30)
    unknown = sorted(set(text.split()) - set(words.words))
    if unknown:
        reject(
            "every new word must be one of the vocabulary",
            given=call(words.words[0], 30, 1.0, {}),
            expected="words that the vocabulary has",
            got=f"{unknown[0]!r}, in {shortened(text)}",
            cause="the ids themselves are written" * unknown[0].isdigit(),
        )
