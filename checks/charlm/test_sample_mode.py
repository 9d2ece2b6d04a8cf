"""Claims about how `sample` runs the model: eval mode, no gradients, the mode restored."""

from checks.charlm.alphabet import BASICS, Alphabet, call
from checks.charlm.known_texts import CHARACTERS, follow, successor_chain
from checks.support.criteria import criterion
from checks.support.judge import as_list, reject

SECTION = "4 Sampling"
PROMPT, LENGTH = "hello", 12


@criterion(
    "charlm.sample.eval-mode",
    points=2,
    section=SECTION,
    hint="`sample` in sample.py: put the model in eval mode first, so that dropout is off.",
    requires=("charlm.sample.carries-state",),
)
def test_sampling_runs_in_eval_mode(lab):
    """`sample` runs the model in eval mode, so that dropout is off."""
    alphabet = Alphabet(lab, CHARACTERS)
    # In train mode the stub drops all its logits.
    model, following = successor_chain(lab, alphabet, dropout=1.0)
    model.train()
    text = alphabet.continuation(model, PROMPT, LENGTH, greedy=True)
    expected = alphabet.text(follow(following, alphabet.ids(PROMPT)[-1], LENGTH))
    if text != expected:
        reject(
            "`sample` must run the model in eval mode",
            given=call(PROMPT, LENGTH, {"greedy": True}) + ", a model with dropout in train mode",
            expected=repr(expected),
            got=repr(text),
            cause="dropout acts: `model.eval()` is missing or comes too late",
        )


@criterion(
    "charlm.sample.no-grad",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: run the model under `torch.no_grad()`. The state passed from "
    "character to character would otherwise hold the graph of the whole text.",
    requires=BASICS,
)
def test_sampling_records_no_gradients(lab):
    """`sample` runs the model without recording gradients."""
    alphabet = Alphabet(lab, CHARACTERS)
    model, _ = successor_chain(lab, alphabet)
    alphabet.continuation(model, PROMPT, LENGTH)
    recorded = as_list(model.recorded(), "the record")
    if not recorded or any(flag is not False for flag in recorded):
        reject(
            "`sample` must run the model without recording gradients",
            given=call(PROMPT, LENGTH, {}),
            got=f"gradients recorded in {sum(flag is not False for flag in recorded)} of "
            f"{len(recorded)} forward passes",
            cause="`torch.no_grad()` is missing or does not enclose the loop",
        )


@criterion(
    "charlm.sample.restores-mode",
    points=1,
    section=SECTION,
    hint="`sample` in sample.py: remember `model.training` and set it again before the return.",
    requires=BASICS,
)
def test_sampling_restores_the_mode(lab):
    """After `sample` the model is in the mode it came in, train or eval."""
    alphabet = Alphabet(lab, CHARACTERS)
    names = {True: "train mode", False: "eval mode"}
    for train_mode in (True, False):
        model, _ = successor_chain(lab, alphabet, dropout=0.5)
        model.train(train_mode)
        alphabet.continuation(model, PROMPT, LENGTH)
        modes = as_list(lab.probes_sampling.modes(model), "the modes")
        if modes != [train_mode]:
            reject(
                "`sample` must leave the model in the mode it came in",
                given=f"a model in {names[train_mode]}",
                expected=names[train_mode],
                got=" and ".join(names.get(mode, "no mode") for mode in modes),
                cause="the mode is not set back"
                if train_mode
                else "`model.train()` at the end, whatever the mode was before",
            )
