"""Claims about how `generate` runs the model: in eval mode, without piling up graphs."""

from itertools import pairwise

from checks.support.criteria import criterion
from checks.support.judge import as_list, as_number, reject
from checks.wordlm.words import BASICS, CERTAIN, OF_DATA, Words, call

SECTION = "4 Generation"
LENGTH = 25


@criterion(
    "wordlm.sample.eval-mode",
    points=2,
    section=SECTION,
    hint="`generate` in sample.py: put the model in eval mode first, so that dropout is off.",
    requires=("wordlm.sample.carries-state",),
    explained_by=OF_DATA,
)
def test_generation_runs_in_eval_mode(lab):
    """`generate` runs the model in eval mode, so that dropout is off."""
    words = Words(lab)
    pairs = pairwise(words.words + words.words[:1])
    # In train mode the stub drops all its logits, and then every word is as likely.
    model = words.chain({word: {after: CERTAIN} for word, after in pairs}, dropout=1.0)
    model.train()
    text = words.generate(model, words.words[0], LENGTH).split()
    wanted = (words.words * 3)[: LENGTH + 1]
    if text != wanted:
        reject(
            "`generate` must run the model in eval mode",
            given=call(words.words[0], LENGTH, 1.0, {}) + ", a model with dropout in train mode",
            expected=" ".join(wanted[:8]) + " ...",
            got=" ".join(text[:8]) + " ...",
            cause="dropout acts: `model.eval()` is missing or comes too late",
        )


@criterion(
    "wordlm.sample.memory",
    points=1,
    section=SECTION,
    hint="`generate` in sample.py: run the model under `torch.no_grad()`. The state that goes from "
    "word to word would otherwise hold the graph of the whole text.",
    requires=BASICS,
    explained_by=OF_DATA,
)
def test_generation_piles_up_no_graphs(lab):
    """`generate` keeps no graph of the words before."""
    words = Words(lab)
    model = words.same_everywhere(words.logits(dict.fromkeys(words.words, CERTAIN)))
    words.continuation(model, words.words[:2], LENGTH)
    counts = as_list(model.graphs(), "the counts of graphs")
    most = max((as_number(count, "a count of graphs") for count in counts), default=0)
    # One or two are alive where each state is detached; without that, all of them.
    if most > 5:
        reject(
            "the graphs of earlier words must not stay in memory",
            given=call(" ".join(words.words[:2]), LENGTH, 1.0, {}),
            expected="no graph, or one at a time",
            got=f"{most:.0f} graphs in memory",
            cause="`torch.no_grad()` is missing or does not enclose the loop",
        )
