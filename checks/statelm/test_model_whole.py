"""`CharacterLSTM`: its default sizes, and what `print` shows of it."""

import re

from checks.statelm.lstm import RUNS, SECTION, Model, Sizes
from checks.statelm.parameters import assert_parameter_count
from checks.support.criteria import criterion
from checks.support.judge import as_list, as_pair, as_text, assert_shape, reject


@criterion(
    "statelm.model.defaults",
    points=1,
    section=SECTION,
    hint="The signature: CharacterLSTM(vocab_size, embedding_dim=48, hidden_size=96).",
    requires=("statelm.model.parameter-count", "statelm.model.init-state"),
)
def test_defaults_are_those_of_the_handout(lab):
    """`CharacterLSTM(60)` means E=48 and H=96: 64,764 parameters."""
    assert_parameter_count(lab, lab.model.CharacterLSTM(11, 5, 7), Sizes(11, 5, 7))
    default = lab.model.CharacterLSTM(60)
    assert_parameter_count(lab, default, Sizes(60, 48, 96))
    h0, _ = default.init_state(2)
    assert_shape(h0, (1, 2, 96), "h0", "1, B, H", given="CharacterLSTM(60), init_state(2)")


@criterion(
    "statelm.model.printed",
    points=1,
    section=SECTION,
    hint="Make the layers from torch.nn and keep each as an attribute of the module: print then "
    "lists them. A layer of your own is listed with its sizes if it has an `extra_repr`.",
    requires=(*RUNS, "statelm.model.parameter-count"),
)
def test_print_names_the_layers_with_their_sizes(lab):
    """`print(model)` names an Embedding, an LSTM and a Linear layer with their sizes."""
    sizes = Sizes(vocab_size=61, embedding_dim=13, hidden_size=29)
    model = Model(lab, sizes)
    text, derived = as_pair(lab.probes.printed(model.handle), "what print(model) shows")
    text = as_text(text, "what print(model) shows")
    pairs = [as_list(pair, "a name", length=2) for pair in as_list(derived, "names")]
    V, E, H = sizes.vocab_size, sizes.embedding_dim, sizes.hidden_size
    for kind, one, other in (("Embedding", V, E), ("LSTM", E, H), ("Linear", H, V)):
        words = [kind, *(str(name) for layer, name in pairs if kind in str(layer))]
        if not any(names_layer(text, word, {one, other}) for word in words):
            reject(
                f"print(model) must name a layer {kind} with its sizes",
                given=f"CharacterLSTM with {sizes}",
                expected=f"a line with {kind} and the numbers {one} and {other}",
                got=text,
                cause=f"there is no such layer among the attributes of the module, or its printed "
                f"form does not say {kind} and its sizes",
            )


def names_layer(text, word, numbers):
    """Whether a line below the first holds the word and, with what is indented below it, the
    numbers."""
    lines = text.splitlines()[1:]
    for place, line in enumerate(lines):
        if word.lower() not in line.lower():
            continue
        indent = len(line) - len(line.lstrip())
        inner = [line]
        for below in lines[place + 1 :]:
            if len(below) - len(below.lstrip()) <= indent:
                break
            inner.append(below)
        if numbers <= {int(number) for number in re.findall(r"\d+", "\n".join(inner))}:
            return True
    return False
