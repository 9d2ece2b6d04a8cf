"""`SequenceClassifier` in model.py: an answer depends on its row's own steps, and nothing else."""

import torch

from checks.classify.classifier import FORM, POOLINGS, ROUNDING, SECTION, Model, Sizes, apart
from checks.support.causality import other_ids
from checks.support.criteria import criterion
from checks.support.judge import assert_close, assert_shape, reject

LENGTHS = (3, 7, 1, 4, 7, 2)
MODELS = 8


@criterion(
    "classify.model.no-leak",
    points=1,
    section=SECTION,
    hint="`forward` in model.py: the LSTM starts from zeros in every call; no state is kept on "
    "`self`.",
    requires=FORM,
)
def test_no_state_is_kept_between_calls(lab):
    """The same call gives the same logits, whatever calls came before."""
    for pooling in POOLINGS:
        model = Model(lab, pooling)
        x, lengths = model.pad(model.rows(*LENGTHS))
        first = model(x, lengths)
        model.of(model.rows(*LENGTHS, salt=1))
        assert_close(
            model(x, lengths),
            first,
            "logits after a call with other rows",
            atol=ROUNDING,
            given=model.describe(x),
            cause="the state of an earlier call is kept and used again, or something is random "
            "in eval mode",
        )


@criterion(
    "classify.model.padding",
    points=3,
    section=SECTION,
    hint="`forward` in model.py: what stands beyond a row's length must not count. Mask it before "
    "pooling (with 0 for a sum, with -inf for a maximum), divide by the length and not by T, take "
    "the last step at `lengths - 1`; or pack the sequences.",
    requires=("classify.model.no-leak",),
)
def test_padding_changes_nothing(lab):
    """Neither what stands beyond the length nor how much of it changes the answer."""
    for pooling in POOLINGS:
        model = Model(lab, pooling, Sizes(num_layers=2))
        rows = model.rows(*LENGTHS)
        base = model.of(rows)
        x, lengths = model.pad(rows)
        beyond = torch.arange(x.shape[1]) >= lengths[:, None]
        changed = torch.where(beyond, other_ids(x, model.sizes.vocab_size), x)
        alone = torch.cat([model.of([row]) for row in rows])
        for what, other, cause in (
            ("other ids beyond the lengths", model(changed, lengths), cause_of(pooling)),
            ("5 columns more of padding", model(*model.pad(rows, beyond=5)), cause_of(pooling)),
            ("each row alone, without padding", alone, cause_of(pooling)),
        ):
            assert_close(
                other,
                base,
                f"logits with {what}",
                atol=ROUNDING,
                given=f"{model.describe(x)}, lengths {list(LENGTHS)}",
                cause=cause,
            )


def cause_of(pooling):
    """The usual way in which padding gets into an answer."""
    return {
        "last": "the last column is taken, or a step beyond the length: index with lengths - 1",
        "mean": "padding is part of the sum, or the sum is divided by T and not by the length",
        "max": "padding takes part in the maximum, or counts as 0: mask it with -inf",
    }[pooling]


@criterion(
    "classify.model.other-rows",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: rows must not be mixed. Pass `batch_first=True` if x is (B, T); "
    "where rows are sorted by length, put the answers back in order.",
    requires=("classify.model.padding",),
)
def test_rows_are_judged_by_themselves(lab):
    """An answer depends neither on the other rows nor on their order."""
    for pooling in POOLINGS:
        model = Model(lab, pooling)
        rows, others = model.rows(*LENGTHS), model.rows(*LENGTHS, salt=1)
        base = model.of(rows)
        order = [3, 0, 5, 1, 4, 2]
        shuffled = model.of([rows[k] for k in order])
        mixed = model.of(
            [
                row if b % 2 else other
                for b, (row, other) in enumerate(zip(rows, others, strict=True))
            ]
        )
        for what, got, wanted in (
            ("the rows in another order", shuffled, base[order]),
            ("every second row replaced", mixed[1::2], base[1::2]),
        ):
            assert_close(
                got,
                wanted,
                f"logits with {what}",
                atol=ROUNDING,
                given=f"{model.describe()}, lengths {list(LENGTHS)}",
                cause="rows are mixed, or answers are not put back into the order of the rows",
            )


@criterion(
    "classify.model.reads-order",
    points=2,
    section=SECTION,
    hint="`forward` in model.py: an LSTM has to read the embeddings, its state going from each "
    "step to the next, and every layer has to be used.",
    requires=("classify.model.other-rows",),
)
def test_the_order_of_the_steps_counts(lab):
    """Two steps that change places change the answer, also where they are not the last ones."""
    rows = [[0, 1, 2, 3], [1, 0, 2, 3], [0, 2, 1, 3], [0, 1, 3, 2]]
    for pooling in POOLINGS:
        few = [Model(lab, pooling, Sizes(hidden_size=16), salt=salt) for salt in range(MODELS)]
        answers = [model.of(rows) for model in few]
        for k, places in enumerate(("0 and 1", "1 and 2", "2 and 3"), start=1):
            # Over 600 right models 0.003 or more in each; one that pools in another way than it
            # says may be deaf in some of them, and is another claim's.
            if max(apart(logits[k], logits[0]) for logits in answers) <= ROUNDING:
                reject(
                    "the order of the steps must count",
                    given=f"{few[0].describe()}, the ids {rows[0]} and the same with the steps "
                    f"{places} exchanged",
                    expected="other logits",
                    got="the same logits",
                    cause="the LSTM is left out, or its state does not go from step to step",
                )


@criterion(
    "classify.model.inputs-kept",
    points=1,
    section=SECTION,
    hint="`forward` in model.py: no operation that ends in `_` and no `-=` on `x` or `lengths`; "
    "`lengths - 1` makes a new tensor.",
    requires=("classify.model.logits-shape",),
)
def test_inputs_are_not_changed(lab):
    """`x` and `lengths` are as they were after the call."""
    for pooling in POOLINGS:
        model = Model(lab, pooling)
        x, lengths = model.pad(model.rows(*LENGTHS))
        after = lab.probes.inputs_after(model.handle, x, lengths)
        for name, got, wanted in zip(("x", "lengths"), after, (x, lengths), strict=True):
            assert_close(
                got,
                wanted,
                f"{name} after the call",
                atol=0.0,
                given=model.describe(x),
                cause=f"forward changes {name} in place",
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
    other = lab.probes_models.reloaded(make, model.options, model.handle)
    assert_close(
        assert_shape(other(x, lengths), (3, model.sizes.num_classes), "logits").double(),
        model(x, lengths),
        "logits of the reloaded model",
        atol=ROUNDING,
        given=model.describe(x),
        cause="a part of the model is not in its state_dict: a list of layers, a plain tensor",
    )
