"""`data.py`: words and the vocabulary.  Streams and chunks are in test_data_streams.py."""

import random

from checks.support.criteria import criterion
from checks.support.judge import as_list, as_text, describe, reject
from checks.wordlm.vocabulary import (
    EOS,
    SECTION,
    UNK,
    Vocabulary,
    frequent,
    random_tokens,
    random_words,
)

# ------------------------------------------------------------------ tokenize


def assert_words(lab, texts, cause=""):
    """`tokenize` must give the words that stand beside each text."""
    __tracebackhide__ = True
    answers = lab.probes.words_of_each(lab.data.tokenize, list(texts))
    answers = as_list(answers, "the answers", length=len(texts))
    for (text, wanted), answer in zip(texts.items(), answers, strict=True):
        given = f"tokenize({text!r})"
        tokens = as_list(answer, "the words", given=given)
        got = [as_text(token, "a word", given=given) for token in tokens]
        if got != wanted:
            underscore = "`\\w` in a regular expression takes the underscore for a letter"
            reject(
                "`tokenize` must give the words of the text, in order",
                given=given,
                expected=str(wanted),
                got=str(got) if len(str(got)) < 400 else f"{str(got)[:400]}...",
                cause=underscore if any("_" in word for word in got) else cause,
            )


@criterion(
    "wordlm.data.tokenize-words",
    points=2,
    section=SECTION,
    hint="`tokenize` in data.py: a word is an unbroken run of letters and digits. Any number of "
    "other characters, of whatever kind, makes one gap; no empty words.",
)
def test_words_are_runs_of_letters_and_digits(lab):
    """`tokenize` gives the runs of letters and digits; all else separates, save the apostrophe."""
    draw = random.Random(lab.seed)
    texts = {
        "a cat sat on a cat": ["a", "cat", "sat", "on", "a", "cat"],
        "  one,two;  3 -- x2 (fi)...\n\tsix!": ["one", "two", "3", "x2", "fi", "six"],
        "... \n !?": [],
        "": [],
    }
    for separator in ' \t\n\r.,;:!?-+*/=<>()[]{}"`^~@#$%&|\\_':  # not the apostrophe
        words = [word.replace("'", "") for word in random_words(3, draw)]
        between = (separator * draw.randint(1, 2)).join(words)
        texts |= {between: words, separator + between + separator: words}
    assert_words(lab, texts, "some character is kept, or does not separate")


@criterion(
    "wordlm.data.tokenize-apostrophe",
    points=1,
    section=SECTION,
    hint="`tokenize` in data.py: the apostrophe belongs to the word that it stands in or at.",
    requires=("wordlm.data.tokenize-words",),
)
def test_the_apostrophe_belongs_to_its_word(lab):
    """`tokenize` keeps the apostrophe: "don't" is one word."""
    texts = ("don't", "it's the dogs' bone", "rock 'n' roll 'tis o'clock")
    split = "the apostrophe separates, or is dropped"
    assert_words(lab, {text: text.split() for text in texts}, split)


@criterion(
    "wordlm.data.tokenize-lower",
    points=1,
    section=SECTION,
    hint="`tokenize` in data.py: `.lower()` first, so that The and the are one word.",
    requires=("wordlm.data.tokenize-words",),
)
def test_words_are_lower_case(lab):
    """`tokenize` gives every word in lower case."""
    draw = random.Random(lab.seed)
    words = [word.replace("'", "") for word in random_words(12, draw)]
    text = " ".join("".join(draw.choice((c, c.upper())) for c in word) for word in words)
    texts = {"The END, the end": ["the", "end", "the", "end"], text: words}
    assert_words(lab, texts, "upper-case letters are kept, or separate")


# ------------------------------------------------------------------ Vocab

WORDS = ("wordlm.data.vocab-min-freq", "wordlm.data.vocab-unknown")


@criterion(
    "wordlm.data.vocab-specials",
    points=1,
    section=SECTION,
    hint="`Vocab.__init__` in data.py: put `<unk>` and `<eos>` into the tables before any word, "
    "however often, or seldom, words occur.",
)
def test_specials_come_first(lab):
    """The ids 0 and 1 are those of `<unk>` and `<eos>`."""
    for min_freq in (1, 3, 100):
        vocab = Vocabulary(lab, random_tokens(lab.seed), min_freq=min_freq)
        got = vocab.ids([UNK, EOS])
        if got != [0, 1]:
            reject(
                "the specials must come first: <unk>, then <eos>",
                given=vocab.given,
                expected="vocab['<unk>'] = 0, vocab['<eos>'] = 1",
                got=f"vocab['<unk>'] = {got[0]}, vocab['<eos>'] = {got[1]}",
                cause="`<eos>` is not in the vocabulary" if got[0] == got[1] else "",
            )


@criterion(
    "wordlm.data.vocab-unknown",
    points=1,
    section=SECTION,
    hint="`Vocab.__getitem__` in data.py: the id of `<unk>` for a word that is not there. A "
    "defaultdict, or setdefault, adds the word while it is looked up.",
    requires=("wordlm.data.vocab-specials",),
)
def test_a_new_word_is_unk_and_stays_new(lab):
    """A word that was not in the text has the id of `<unk>`, and looking it up adds nothing."""
    tokens = random_tokens(lab.seed)
    vocab = Vocabulary(lab, tokens, min_freq=1)
    before, unk = len(vocab), vocab.id(UNK)
    known = set(tokens)
    new = [word for word in ("zyzzyva", "Qx", "", "0000", "the<unk>") if word not in known]
    for word in (*new, *new):
        got = vocab.id(word)
        if got != unk:
            reject(
                "a word that is not in the vocabulary must have the id of <unk>",
                given=f"{vocab.given}, without {word!r}",
                expected=f"vocab[{word!r}] = {unk}",
                got=f"vocab[{word!r}] = {got}",
            )
    if len(vocab) != before:
        reject(
            "looking a word up must not add it",
            given=f"{vocab.given}; {len(new)} new words were looked up",
            expected=f"len(vocab) = {before}, as before",
            got=f"len(vocab) = {len(vocab)}",
            cause="a defaultdict, or `setdefault`, in `__getitem__`",
        )


@criterion(
    "wordlm.data.vocab-min-freq",
    points=2,
    section=SECTION,
    hint="`Vocab.__init__` in data.py: a word is known if it occurs `min_freq` times or more.",
    requires=("wordlm.data.vocab-unknown",),
)
def test_words_that_are_frequent_enough_are_known(lab):
    """A word that occurs `min_freq` times has an id of its own; a rarer one has that of `<unk>`."""
    tokens = random_tokens(lab.seed)
    for min_freq in (1, 2, 3, 5):
        assert_known(Vocabulary(lab, tokens, min_freq=min_freq), tokens, min_freq)


def assert_known(vocab, tokens, min_freq):
    """The words of `tokens` that occur `min_freq` times must have an id, and no others."""
    __tracebackhide__ = True
    words, known = sorted(set(tokens)), set(frequent(tokens, min_freq))
    unk = vocab.id(UNK)
    for word, id_ in zip(words, vocab.ids(words), strict=True):
        if (id_ != unk) == (word in known):
            continue
        times = tokens.count(word)
        one_off = times in (min_freq, min_freq - 1)
        reject(
            "a word must be known if it occurs `min_freq` times or more, and no other word",
            given=f"{vocab.given}; {word!r} occurs {times} times",
            expected="an id of its own" if word in known else f"the id of <unk>, {unk}",
            got=f"vocab[{word!r}] = {id_}",
            cause="`>` for `>=`, or the other way round" * one_off,
        )


@criterion(
    "wordlm.data.vocab-default",
    points=1,
    section=SECTION,
    hint="The signature in data.py: Vocab(tokens, min_freq=3).",
    requires=("wordlm.data.vocab-min-freq",),
)
def test_three_times_are_enough_by_default(lab):
    """`Vocab(tokens)` means `min_freq=3`, and `Vocab(tokens, n)` means `min_freq=n`."""
    tokens = random_tokens(lab.seed)
    assert_known(Vocabulary(lab, tokens), tokens, 3)
    vocab = Vocabulary(lab, tokens)
    vocab.handle, vocab.given = lab.data.Vocab(tokens, 4), "Vocab(tokens, 4)"
    assert_known(vocab, tokens, 4)


@criterion(
    "wordlm.data.vocab-ids",
    points=1,
    section=SECTION,
    hint="`Vocab` in data.py: number specials and known words 0, 1, 2 ... without gaps; `__len__` "
    "is how many there are.",
    requires=WORDS,
)
def test_ids_are_numbered_without_gaps(lab):
    """`len(vocab)` is V, and the ids of the known words are 2, 3, ... V-1, each used once."""
    for min_freq, seed in ((1, 0), (3, 1), (100, 2)):
        tokens = random_tokens(lab.seed + seed)
        vocab = Vocabulary(lab, tokens, min_freq=min_freq)
        words = frequent(tokens, min_freq)
        ids = sorted(vocab.ids(words))
        if ids != [*range(2, 2 + len(words))]:
            reject(
                "the ids of the known words must be 2, 3, ... V-1, each used once",
                given=f"{vocab.given}, {len(words)} known",
                expected=f"2 to {1 + len(words)}",
                got=str(ids),
            )
        if len(vocab) != 2 + len(words):
            reject(
                "len(vocab) must count the known words and the two specials",
                given=f"{vocab.given}, {len(words)} known",
                expected=str(2 + len(words)),
                got=str(len(vocab)),
                cause="the specials are not counted" * (len(vocab) == len(words)),
            )


@criterion(
    "wordlm.data.vocab-itos",
    points=1,
    section=SECTION,
    hint="`Vocab` in data.py: `itos[i]` is the token whose id is i, for the specials too.",
    requires=("wordlm.data.vocab-ids",),
)
def test_itos_undoes_the_lookup(lab):
    """`vocab.itos[vocab[token]]` is the token, for the specials and every known word."""
    tokens = random_tokens(lab.seed)
    for min_freq in (1, 3):
        vocab = Vocabulary(lab, tokens, min_freq=min_freq)
        words = [UNK, EOS, *frequent(tokens, min_freq)]
        ids = vocab.ids(words)
        for word, id_, back in zip(words, ids, vocab.tokens(ids), strict=True):
            if back != word:
                reject(
                    "itos[vocab[token]] must be the token",
                    given=vocab.given,
                    expected=f"itos[{id_}] = {word!r}, as vocab[{word!r}] = {id_}",
                    got=f"itos[{id_}] = {describe(back)}",
                )


@criterion(
    "wordlm.data.vocab-deterministic",
    points=1,
    section=SECTION,
    hint="The order of a `set` of strings changes with every start of Python. Sort the words, or "
    "count them with a Counter, or a saved model will speak gibberish after a reload.",
    requires=("wordlm.data.vocab-ids",),
    seconds=60,
)
def test_a_text_has_the_same_ids_in_every_process(lab):
    """The same tokens get the same ids each time Python is started."""
    tokens = random_tokens(lab.seed)

    def by_id(anywhere):
        words = frequent(tokens, 2)
        ids = Vocabulary(anywhere, tokens, min_freq=2).ids(words)
        return [word for _, word in sorted(zip(ids, words, strict=True))]

    order = by_id(lab)
    if any(order == sorted(order, key=key) for key in usual_orders(tokens)):
        return  # nothing is left to chance
    one, other = (by_id(lab.in_fresh_interpreter(seed)) for seed in (1, 2))
    for id_, (first, second) in enumerate(zip(one, other, strict=True), start=2):
        if first != second:
            reject(
                "a word must have the same id in every process",
                given=f"Vocab of {len(tokens)} tokens, in two processes",
                got=f"id {id_} is {first!r} in one process, {second!r} in the other",
                cause="the ids follow the order of a set, which is drawn anew at every start",
            )


def usual_orders(tokens):
    """Keys for sorting words: by letters, by appearance, by frequency and then by one of these."""
    counts = {word: tokens.count(word) for word in set(tokens)}
    return (
        lambda word: word,
        tokens.index,
        lambda word: (-counts[word], tokens.index(word)),
        lambda word: (-counts[word], word),
    )
