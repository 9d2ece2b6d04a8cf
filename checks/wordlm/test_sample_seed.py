"""Claims about the seed of `generate`, which alone decides the text, and its other arguments."""

from checks.support.criteria import criterion
from checks.support.judge import as_text, reject
from checks.wordlm.words import BASICS, CERTAIN, OF_DATA, Words, call, shortened

SECTION = "4 Generation"
LENGTH = 30


def drawn(lab, seeds):
    """A text for each seed, from a model in which 50 words are equally likely at every step.

    Two texts agree by chance with probability 50^-30.
    """
    words = Words(lab, 50)
    model = words.same_everywhere(words.logits(dict.fromkeys(words.words, CERTAIN)))
    prompt = words.words[0]
    texts = [words.generate(model, prompt, LENGTH, 1.0, seed=seed) for seed in seeds]
    return texts, call(prompt, LENGTH, 1.0, {"seed": "..."})


@criterion(
    "wordlm.sample.draws-anew",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: seed once, before the first draw. Without a seed the random "
    "numbers go on from wherever they are. Another seed has to give another text.",
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_other_draws_give_other_texts(lab):
    """Another seed gives another text, no seed another one each time, and every word is a draw."""
    seeds = [None, None, 1, 2, 3, None]
    texts, given = drawn(lab, seeds)
    for seed, text in zip(seeds, texts, strict=True):
        if len(set(text.split())) < 6:  # 30 draws from 50 words: p < 1e-20
            reject(
                "each word of a text must be drawn anew",
                given=given.replace("...", str(seed)),
                got=shortened(text),
                cause="the seed is set again for every word, which repeats the first draw",
            )
    for i, text in enumerate(texts):
        if text in texts[:i]:
            j = texts.index(text)
            reject(
                "texts of different seeds, or of none, must differ",
                given=given,
                expected=f"different texts for seed={seeds[j]} and seed={seeds[i]}",
                got=f"twice {shortened(text)}",
                cause="a seed is fixed in the code, or the likeliest word is taken",
            )


@criterion(
    "wordlm.sample.seed-repeats",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: seed the generator that you draw with (torch's, if you draw "
    "with torch.multinomial), at the beginning of every call that has a seed.",
    requires=("wordlm.sample.draws-anew",),
    explained_by=OF_DATA,
)
def test_a_seed_repeats_the_text(lab):
    """The same seed gives the same text, whatever was drawn before."""
    seeds = [7, None, 7, 123456, 7, None, 123456]
    texts, given = drawn(lab, seeds)
    for seed in (7, 123456):
        same = {text for text, of in zip(texts, seeds, strict=True) if of == seed}
        if len(same) > 1:
            reject(
                "the same seed must give the same text",
                given=f"{given}, seed={seed} several times, other calls between",
                expected="one text",
                got=f"{len(same)} texts",
                cause="the seed is not used, or seeds another generator than that of the draws",
            )


@criterion(
    "wordlm.sample.seed-zero",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: `if seed:` is false for 0. Ask `if seed is not None:`.",
    requires=("wordlm.sample.seed-repeats",),
    explained_by=OF_DATA,
)
def test_zero_is_a_seed(lab):
    """0 is a seed like any other."""
    texts, given = drawn(lab, [0, None, 0, 0])
    if not texts[0] == texts[2] == texts[3]:
        reject(
            "the same seed must give the same text, seed=0 too",
            given=given.replace("...", "0"),
            expected="one text",
            got=f"{shortened(texts[0])} and {shortened(texts[2])}",
            cause="`if seed:` takes 0 for no seed",
        )


@criterion(
    "wordlm.sample.keywords",
    points=1,
    section=SECTION,
    hint="The signature in sample.py: generate(prompt, length, temperature, model, vocab, "
    "seed=None).",
    requires=("wordlm.sample.seed-zero",),
    explained_by=OF_DATA,
)
def test_arguments_have_the_order_and_names_of_the_contract(lab):
    """Arguments may be passed by place, the seed too, and by name."""
    words = Words(lab)
    model = words.same_everywhere(words.logits(dict.fromkeys(words.words, CERTAIN)))
    prompt, vocab = words.words[0], words.vocab.handle
    by_place = lab.sample.generate(prompt, LENGTH, 1.0, model, vocab, 5)
    by_name = lab.sample.generate(
        prompt=prompt, length=LENGTH, temperature=1.0, model=model, vocab=vocab, seed=5
    )
    one, other = (as_text(text, "what `generate` returns") for text in (by_place, by_name))
    if one != other:
        reject(
            "the sixth argument of `generate` must be the seed",
            given=call(prompt, LENGTH, 1.0, {"seed": 5}),
            expected=repr(other),
            got=repr(one),
        )
