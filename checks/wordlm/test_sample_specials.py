"""Claims about the specials in what `generate` draws: `<unk>` never comes, `<eos>` is the end."""

from itertools import pairwise

import torch

from checks.support.criteria import criterion
from checks.support.judge import reject
from checks.support.oracles import softmax
from checks.wordlm.vocabulary import EOS, UNK
from checks.wordlm.words import BASICS, CERTAIN, OF_DATA, Words, call, fits, shortened

SECTION = "4 Generation"


@criterion(
    "wordlm.sample.never-unk",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: `<unk>` is no word. Give it the logit -inf before the softmax, "
    "or draw again until another word comes.",
    requires=(*BASICS, "wordlm.sample.temperature-0.7"),
    explained_by=OF_DATA,
)
def test_unk_is_never_written(lab):
    """`generate` never writes `<unk>`, however likely it is; the other words share its chance."""
    words, length = Words(lab), 300
    z = torch.zeros(20)
    z[0] = 2.0
    logits = dict(zip(words.words, z.tolist(), strict=True))
    # e^3.3 = 27 is what all other words weigh together: <unk> has the probability 1/2.
    model = words.same_everywhere(words.logits({UNK: 3.3, **logits}))
    for temperature in (1.0, 0.6):
        given = call(words.words[1], length, temperature, {}) + "; <unk> is the likeliest word"
        text = words.generate(model, words.words[1], length, temperature)
        new = text.split()[1:]
        if UNK in text:
            cause = "`<unk>` is drawn like any other word"
            reject(
                "`<unk>` must never be in the text", given=given, got=shortened(text), cause=cause
            )
        if len(new) != length:
            reject(
                "the text must go on where `<unk>` would have come",
                given=given,
                expected=f"{length} new words",
                got=f"{len(new)} new words",
                cause="`<unk>` ends the text, or counts as a word that is not written",
            )
        counts, p = [new.count(word) for word in words.words], softmax(z, temperature)
        # A rejection needs n D > 24.4. Where the likeliest word takes all of the chance n D is 86
        # and 90 at the two temperatures; where that is shared out equally it is 136 at 0.6.
        if not fits(counts, p):
            reject(
                "words must come in the proportions that they have without `<unk>`",
                given=given,
                expected=f"{words.words[0]!r} in {float(p[0]):.1%} of the draws",
                got=f"in {counts[0] / length:.1%}",
                cause="another word takes the place of `<unk>`; draw again, or give `<unk>` the "
                "logit -inf before the softmax",
            )


@criterion(
    "wordlm.sample.stops-at-eos",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: when `<eos>` is drawn the text is complete, whatever `length` "
    "is. Leave the loop.",
    requires=(*BASICS, "wordlm.sample.carries-state"),
    explained_by=OF_DATA,
)
def test_the_text_ends_at_eos(lab):
    """`generate` stops at `<eos>`, which ends the text and is no part of it."""
    words = Words(lab)
    for number in (0, 1, 4, 9):
        line = words.words[: number + 1]
        table = {word: {after: CERTAIN} for word, after in pairwise(line)}
        model = words.chain({**table, line[-1]: {EOS: CERTAIN}})
        given = call(line[0], 30, 1.0, {}) + f"; <eos> comes after {number} new words"
        text = words.generate(model, line[0], 30)
        written = text.split()
        if written != line:
            longer = len(written) > len(line) + 1
            shown = "`<eos>` is written before the loop ends" * (written[-1:] == [EOS])
            reject(
                "the text must end where `<eos>` is drawn",
                given=given,
                expected=repr(" ".join(line)),
                got=shortened(text),
                cause="the loop goes on after `<eos>`, or `<eos>` is never drawn"
                if longer
                else shown,
            )
