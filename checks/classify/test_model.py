"""`SequenceClassifier` in model.py: what goes in and what comes out."""

from dataclasses import asdict

from checks.classify.classifier import FORM, POOLINGS, ROUNDING, SECTION, Model, Sizes
from checks.support.criteria import criterion
from checks.support.judge import assert_close, assert_shape, reject
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


@criterion(
    "classify.model.raw-logits",
    points=1,
    section=SECTION,
    hint="`forward` in model.py ends with the linear layer: no softmax and no log_softmax after "
    "it. The loss does that.",
    requires=FORM,
)
def test_logits_are_raw(lab):
    """`forward` returns raw logits: not probabilities, not log-probabilities."""
    model = Model(lab)
    rows = model.rows(*range(1, 9))
    logits = model.of(rows)
    cause = ""
    if ((logits.sum(dim=1) - 1).abs() < 1e-3).all() and (logits >= 0).all():
        cause = "softmax: every row sums to 1"
    if (logits.logsumexp(dim=1).abs() < 1e-3).all():
        cause = "log_softmax: the exponentials of every row sum to 1"
    if cause:
        reject(
            "logits must be the linear layer's output itself",
            given=model.describe(),
            expected="numbers of any size and sign",
            got=f"logits from {logits.min():.3g} to {logits.max():.3g}",
            cause=cause,
        )


@criterion(
    "classify.model.state-dict",
    points=1,
    section=SECTION,
    hint="`__init__` in model.py: keep every layer as an attribute of the module, lists of layers "
    "in nn.ModuleList, so that `state_dict` knows them.",
    requires=(*FORM, "classify.model.no-leak"),
)
def test_a_saved_model_can_be_loaded(lab):
    """A new model that loads the `state_dict` of another gives the same logits."""
    model = Model(lab, sizes=Sizes(num_layers=2))
    x, lengths = model.pad(model.rows(3, 6, 1))
    make = lab.model.SequenceClassifier
    other = lab.probes_models.reloaded(make, asdict(model.sizes), model.handle)
    assert_close(
        assert_shape(other(x, lengths), (3, model.sizes.num_classes), "logits").double(),
        model(x, lengths),
        "logits of the reloaded model",
        atol=ROUNDING,
        given=model.describe(x),
        cause="a part of the model is not in its state_dict: a list of layers, a plain tensor",
    )


@criterion(
    "classify.model.layers",
    points=1,
    section=SECTION,
    hint="`__init__` in model.py hands `embed_dim`, `hidden_size` and `num_layers` on to the "
    "embedding and the LSTM.",
    requires=(*FORM, "classify.model.state-dict"),
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
