"""`SequenceClassifier` in model.py: what goes in and what comes out."""

from dataclasses import asdict

import torch

from checks.classify.classifier import FORM, POOLINGS, SECTION, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_shape, reject
from checks.support.parameters import count_parameters
from checks.support.strategies import for_all, sizes


@criterion(
    "classify.model.logits-shape",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: embedding (B, T) -> (B, T, E), LSTM -> (B, T, H), one vector for "
    "each row (B, H), linear layer -> (B, num_classes).",
)
def test_forward_gives_one_logit_per_class(lab):
    """`forward` maps ids (B, T) and lengths (B,) to logits (B, num_classes)."""
    for pooling in POOLINGS:
        model = Model(lab, pooling)
        model.of(model.rows(3, 7, 1, 4))


@criterion(
    "classify.model.any-size",
    points=2,
    section=SECTION,
    hint="No size may be written into the code: take B and T from `x.shape`, the rest from the "
    "arguments of `__init__`. Rows come in any order of lengths (`enforce_sorted=False`), one row "
    "may be a batch, and a row may have a single step.",
    requires=("classify.model.logits-shape",),
)
@for_all(
    6,
    {"V": 1, "C": 1, "E": 1, "H": 1, "L": 1, "B": 1, "T": 1},
    {"V": 300, "C": 2, "E": 3, "H": 4, "L": 2, "B": 3, "T": 60},
    **sizes(V=30, C=6, E=9, H=9, L=3, B=5, T=9),
)
def test_any_sizes_work(lab, V, C, E, H, L, B, T):
    """Any sizes and any lengths from 1 to T work, in any order, with every pooling."""
    lengths = [1 + (7 * b + 3) % T for b in range(B)]
    for pooling in POOLINGS:
        model = Model(lab, pooling, Sizes(V, C, E, H, L))
        for some in (lengths, [T], [1, T, 1]):
            model.of(model.rows(*some))


@criterion(
    "classify.model.signature",
    points=1,
    section=SECTION,
    hint="The signature in model.py: SequenceClassifier(vocab_size, num_classes, embed_dim=32, "
    'hidden_size=64, num_layers=1, pooling="last"); forward(self, x, lengths).',
    requires=("classify.model.logits-shape",),
)
def test_arguments_have_their_places_names_and_defaults(lab):
    """Arguments may be given by place or by name, and those with defaults left out."""
    x, lengths = Model(lab).pad(Model(lab).rows(3, 5))
    make = lab.model.SequenceClassifier
    for given, model in (
        ("SequenceClassifier(6, 3)", make(6, 3)),
        ("SequenceClassifier(6, 3, 4, 8, 2, 'mean')", make(6, 3, 4, 8, 2, "mean")),
        ("SequenceClassifier(vocab_size=6, num_classes=3)", make(vocab_size=6, num_classes=3)),
    ):
        assert_shape(model(x, lengths), (2, 3), "logits", "B, C", given)
        assert_shape(model(x=x, lengths=lengths), (2, 3), "logits", "B, C", given)
    explicit = make(6, 3, embed_dim=32, hidden_size=64, num_layers=1)
    default, wanted = (
        count_parameters(lab, model, "SequenceClassifier(6, 3)")[0]
        for model in (make(6, 3), explicit)
    )
    if default != wanted:
        reject(
            "the defaults must be embed_dim=32, hidden_size=64 and num_layers=1",
            given="SequenceClassifier(6, 3)",
            expected=f"{wanted} parameters, as with these sizes",
            got=f"{default}",
            cause="another default value in the signature",
        )


@criterion(
    "classify.model.layers",
    points=1,
    section=SECTION,
    hint="`__init__` in model.py hands `embed_dim`, `hidden_size` and `num_layers` on to the "
    "embedding and the LSTM.",
    requires=FORM,
)
def test_sizes_are_those_asked_for(lab):
    """Each of V, E, H, L and the number of classes changes the number of parameters."""
    base = Sizes()

    def count(sizes):
        model = lab.model.SequenceClassifier(**asdict(sizes))
        return count_parameters(lab, model, f"SequenceClassifier with {sizes}")[0]

    for name in asdict(base):
        more = Sizes(**{**asdict(base), name: getattr(base, name) + 1})
        if not count(more) > count(base):
            reject(
                f"a larger `{name}` must make a larger model",
                given=f"{base}, and {name} larger by one",
                got="as many parameters, or fewer",
                cause=f"`{name}` is not used",
            )


@criterion(
    "classify.model.raw-logits",
    points=1,
    section=SECTION,
    hint="`forward` in model.py ends with the linear layer: no softmax and no log_softmax after "
    "it. The loss does that.",
    requires=(*FORM, "classify.model.layers"),
)
def test_logits_are_raw(lab):
    """`forward` returns raw logits: not probabilities, not log-probabilities, nothing squashed."""
    few = [Model(lab, scale=3.0, salt=salt) for salt in range(8)]
    logits = torch.cat([model.of(model.rows(*range(1, 9))) for model in few])  # (64, C)
    cause = squashed_cause(logits)
    if cause:
        reject(
            "logits must be the linear layer's output itself",
            given=f"8 models: {few[0].describe()}",
            expected="numbers of any size and sign",
            got=f"logits from {logits.min():.3g} to {logits.max():.3g}",
            cause=cause,
        )


def squashed_cause(logits):
    """What was done to `logits` (rows, C) after the last layer, or "".

    Eight right models with large weights give no number of one sign only, and none that all lie in
    [-1, 1]: each of their 40 biases would have to fall there, which has a chance of 1e-23.
    """
    if (logits >= 0).all() and ((logits.sum(dim=1) - 1).abs() < 1e-3).all():
        return "softmax: every row sums to 1"
    if (logits.logsumexp(dim=1).abs() < 1e-3).all():
        return "log_softmax: the exponentials of every row sum to 1"
    if (logits >= 0).all():
        return "ReLU, sigmoid, or another function that is never negative"
    if (logits.abs() <= 1).all():
        return "tanh, or another function that stays between -1 and 1"
    return ""
