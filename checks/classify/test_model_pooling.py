"""`SequenceClassifier` in model.py: each pooling is what it is called, whatever the head.

The head may be a linear layer or anything else, so the pooled state cannot be read off the logits.
But each pooling has a law of its own. With small weights an LSTM that is fed the same symbol again
and again comes to rest, whatever it read before. Let a^n stand for n times the same symbol, n
large, and w, u for any beginnings. Then, up to rounding or to terms in 1/n,

    last   w a^n  and  u a^n  give the same, since the beginning is forgotten
    max    w a^n  and  u a^n  do not, since a maximum never forgets; but
           a^n b^n  and  a^n b^3n  give the same, since nothing new comes up
    mean   a^n b^n  and  b^n a^n  give the same, and  a^n  and  a^4n;
           a^n b^n  and  a^n b^3n  do not, since the shares differ

Differences are compared with differences, the largest over `MODELS` models each, since a single
model with random weights may be deaf (all units of a head with ReLU at zero). The figures in the
comments were measured over 600 right models each, with a linear head and with one of two layers.
"""

import torch

from checks.classify.classifier import (
    FORM,
    ROUNDING,
    ROWS,
    SECTION,
    Model,
    Sizes,
    apart,
    spread,
)
from checks.support.criteria import criterion
from checks.support.judge import assert_close, reject
from checks.support.parameters import count_parameters

N = 100  # steps to come to rest: two beginnings are then told apart by less than 1e-6
MODELS = 5
SMALL = 0.2  # standard deviation of the weights
A, B = [0] * N, [1] * N


def models(lab, pooling):
    """The same weights for every pooling."""
    return [Model(lab, pooling, scale=SMALL, salt=salt) for salt in range(MODELS)]


def after_beginnings(model):
    """Logits after six different beginnings and the same long end."""
    return model.of([row + A for row in model.rows(*[6] * 6, salt=2)])


@criterion(
    "classify.model.pooling-last",
    points=2,
    section=SECTION,
    hint='`forward` in model.py with pooling="last": the LSTM\'s output of the last layer at step '
    "`lengths - 1`, or its final hidden state h[-1] of packed sequences.",
    requires=(*FORM, *ROWS, "classify.model.reads-order"),
)
def test_last_is_the_last_real_step(lab):
    """Pooling "last", also the default, takes the state after the row's last real step."""
    for pooling in ("last", None):
        name = "pooling='last'" if pooling else "the default pooling, which is 'last',"
        few = models(lab, pooling)
        V = few[0].sizes.vocab_size
        moved = max(spread(model.of([[*A, k] for k in range(V)])) for model in few)
        if moved < 1e-5:  # right models: 0.012 or more
            reject(
                f"{name} must depend on the last id of a row",
                given=f"{few[0].describe()}, {N} times the id 0 and then another id",
                expected="other logits for another last id",
                got="the same logits",
                cause="a step before the last one is taken: off by one, or the first",
            )
        kept = max(spread(after_beginnings(model)) for model in few)
        if kept > 0.02 * moved:  # right models: 3e-6; a mean 0.05, a sum 1.9 or more
            reject(
                f"{name} must depend on the last state, which has forgotten the beginning",
                given=f"{few[0].describe()}, rows that end in {N} times the id 0",
                expected="the same logits whatever the first six ids are",
                got=f"logits that differ by {kept:.3g}",
                cause="another pooling (mean, max, sum), or a second direction",
            )


@criterion(
    "classify.model.pooling-mean",
    points=2,
    section=SECTION,
    hint='`forward` in model.py with pooling="mean": the sum of the outputs at the real steps, '
    "divided by the row's length.",
    requires=(*FORM, *ROWS, "classify.model.reads-order"),
)
def test_mean_is_the_mean_over_the_real_steps(lab):
    """Pooling "mean" is the sum of the states at the real steps, divided by their number."""
    few = models(lab, "mean")
    V = few[0].sizes.vocab_size
    answers = [
        model.of([[k] * N for k in range(V)] + [[k] * 4 * N for k in range(V)]) for model in few
    ]
    blocks = [model.of([A + B, B + A, A + B * 3]) for model in few]
    longer = max(apart(logits[:V], logits[V:]) for logits in answers)
    scale = max(spread(logits[V:]) for logits in answers)
    two = max(apart(logits[V], logits[V + 1]) for logits in answers)
    swapped = max(apart(logits[0], logits[1]) for logits in blocks)
    shares = max(apart(logits[0], logits[2]) for logits in blocks)
    given = f"{few[0].describe()}, rows of {N} or more times the ids 0 and 1"
    for wrong, what, got, cause in (
        (
            longer > 0.25 * scale,  # right models: 0.07; a sum 0.6 or more
            "must be about the same for a row that goes on as before, four times as long",
            f"logits that differ by {longer:.3g}",
            "a sum that is not divided by the length",
        ),
        (
            swapped > 0.15 * two,  # right models: 0.022; the last state 1
            f"must be about the same for {N} times 0, {N} times 1 in either order",
            f"logits that differ by {swapped:.3g}",
            "the last state, or the maximum, is taken",
        ),
        (
            shares < 0.08 * two,  # right models: 0.16 or more; the maximum 0
            "must depend on the shares of the steps, not only on which steps there are",
            "about the same logits for equal parts of 0 and 1 as for one part and three",
            "the maximum, or the last or first state, is taken",
        ),
    ):
        if wrong:
            reject(f"logits with pooling='mean' {what}", given=given, got=got, cause=cause)


@criterion(
    "classify.model.pooling-max",
    points=2,
    section=SECTION,
    hint='`forward` in model.py with pooling="max": the largest value of each unit over the real '
    "steps; what is beyond the length is masked with -inf.",
    requires=(*FORM, *ROWS, "classify.model.reads-order"),
)
def test_max_is_the_maximum_over_the_real_steps(lab):
    """Pooling "max" is the largest value of each unit over the row's real steps."""
    few = models(lab, "max")
    given = f"{few[0].describe()}, rows that end in {N} or more times the same id"
    kept = max(spread(after_beginnings(model)) for model in few)
    if kept < 1e-4:  # right models: 0.0078 or more; the last state 1e-7
        reject(
            "logits with pooling='max' must not forget the beginning of a row",
            given=given,
            expected="other logits for other beginnings",
            got="the same logits",
            cause="the last state is taken",
        )
    tails = [model.of([A + B, A + B * 3]) for model in few]
    changed = max(apart(once, thrice) for once, thrice in tails)
    if changed > 0.02 * kept:  # right models: 0; a mean or a sum 50 or more
        reject(
            "logits with pooling='max' must not change where a row goes on without anything new",
            given=given,
            expected=f"the same logits for {N} times the id 1 at the end as for {3 * N}",
            got=f"they differ by {changed:.3g}",
            cause="a mean or a sum is taken",
        )


@criterion(
    "classify.model.pooling-one-step",
    points=1,
    section=SECTION,
    hint="`forward` in model.py: the last, the mean and the maximum of a single state are that "
    "state. Look for what else is done to it: an absolute value, a division, a ReLU.",
    requires=("classify.model.pooling-last", "classify.model.pooling-mean"),
    explained_by=("classify.model.state-dict",),
)
def test_poolings_agree_on_rows_of_one_step(lab):
    """With the same weights, all poolings give the same for rows with a single step."""
    last, *others = with_the_same_weights(lab, Sizes(num_layers=2))
    rows = [[k] for k in range(last.sizes.vocab_size)]
    for model in others:
        assert_close(
            model.of(rows),
            last.of(rows),
            "logits of rows with one step, against those with pooling='last',",
            atol=ROUNDING,
            given=model.describe(),
            cause="the pooled state of a single step is not that state",
        )


def with_the_same_weights(lab, sizes=None, salt=0):
    """Models with pooling "last", "mean" and "max" and the same weights.

    Only the first where they have layers of different shapes, so that this cannot be had.
    """
    few = [Model(lab, pooling, sizes, salt=salt) for pooling in ("last", "mean", "max")]
    shapes = [lab.probes_models.parameter_shapes(model.handle) for model in few]
    return [model for model, one in zip(few, shapes, strict=True) if one == shapes[0]]


@criterion(
    "classify.model.pooling-two-steps",
    points=1,
    section=SECTION,
    hint="`forward` in model.py: every real step counts, the first and the last one included; the "
    "maximum is taken for each unit by itself.",
    requires=("classify.model.pooling-one-step",),
)
def test_poolings_differ_on_rows_of_two_steps(lab):
    """With the same weights, the mean and the maximum of two steps are neither of the two."""
    seen: dict[str, list[float]] = {}
    for salt in range(MODELS):
        last, *others = with_the_same_weights(lab, salt=salt)
        rows = last.rows(*[2] * 12, salt=4)
        second, first = last.of(rows), last.of([row[:1] for row in rows])
        for model in others:
            logits = model.of(rows)
            for place, state in (("first", first), ("second", second)):
                far = (logits - state).abs().amax(dim=1)  # (rows,)
                seen.setdefault(f"{model.pooling}, {place}", []).append(far)
            near = torch.minimum(
                *(seen[f"{model.pooling}, {place}"][-1] for place in ("first", "second"))
            )
            seen.setdefault(f"{model.pooling}, one or the other", []).append(near)
    for name, distances in seen.items():
        if torch.cat(distances).max() <= ROUNDING:  # right models: 0.1 or more
            pooling, which = name.split(", ")
            reject(
                f"logits with pooling={pooling!r} must not be those of a single step",
                given="rows of two steps, the same weights with pooling='last'",
                got=f"the logits of the {which} step, for every row",
                cause="a step is left out, or one step is chosen for all units",
            )


@criterion(
    "classify.model.mean-of-steps",
    points=1,
    section=SECTION,
    hint='`forward` in model.py with pooling="mean": all real steps are in the sum, and it is '
    "divided by their number.",
    requires=("classify.model.pooling-mean", "classify.model.pooling-one-step"),
)
def test_a_linear_head_gives_the_mean_of_the_steps(lab):
    """With a linear head, the logits of the mean are the mean of the steps' logits."""
    bend, two, error, scale = [], [], [], []
    for salt in range(MODELS):
        last, *others = (
            Model(lab, pooling, scale=SMALL, salt=salt) for pooling in ("last", "mean")
        )
        mean = others[0]
        shapes = [lab.probes_models.parameter_shapes(model.handle) for model in (last, mean)]
        if shapes[0] != shapes[1]:
            return  # the same weights cannot be given to both
        half, zero, one = mean.of([A * 2 + B * 2, A * 4, B * 4])
        bend.append(apart(half, (zero + one) / 2))
        two.append(apart(zero, one))
        rows = last.rows(*[2] * 6, salt=4)
        first, second = last.of([row[:1] for row in rows]), last.of(rows)
        error.append(apart(mean.of(rows), (first + second) / 2))
        scale.append(apart(first, second))
    # Half and half of two states at rest: a linear head gives the mean of both, up to terms in 1/n.
    if max(bend) > 0.02 * max(two):
        return  # not a linear head: nothing can be told
    # Right models: 1e-6, with a head of tanh or ReLU units that hardly bends 0.2; a step left out
    # 0.5 or more.
    if max(error) > 0.3 * max(scale):
        reject(
            "with a linear head, the logits of the mean must be the mean of the steps' logits",
            given=f"{mean.describe()}, rows of two steps, the same weights with pooling='last'",
            got=f"logits that are off by {max(error):.3g}, where those of the steps differ by "
            f"{max(scale):.3g}",
            cause="a step is left out of the sum, or the sum is divided by another number",
        )


@criterion(
    "classify.model.one-direction",
    points=1,
    section=SECTION,
    hint="`__init__` in model.py: no `bidirectional=True`. The state at a step has read what is "
    "before it, and nothing after.",
    requires=(*FORM, "classify.model.layers"),
)
def test_there_is_one_direction(lab):
    """There is one LSTM that reads forwards, and none that reads backwards."""
    count = {}
    for E in (4, 5):
        options = {"vocab_size": 6, "num_classes": 3, "embed_dim": E, "hidden_size": 8}
        model = lab.model.SequenceClassifier(**options)
        count[E], _ = count_parameters(lab, model, f"SequenceClassifier with {options}")
    # A number more for each id, and one more into each unit of the four gates; the head, whatever
    # it is, does not know E.
    if count[5] - count[4] == 6 + 2 * 4 * 8:
        reject(
            "a larger embedding must add V + 4H parameters",
            given="V=6, H=8, one layer, E=4 and E=5",
            expected="38 more",
            got="70 more, V + 8H",
            cause="the LSTM is bidirectional",
        )
