"""`make_loaders` in `data.py`: which windows go where, and in which order.

Loaders are only iterated.  Every split the handout allows is accepted: the last part of the text,
the last windows, or windows drawn at random; so are a fixed shuffled order or a new one for each
pass, and `drop_last`.
"""

import collections

import torch

from checks.charlm.loading import OF_WINDOWS, Loaders, Setting, assert_disjoint
from checks.charlm.vocabulary import SECTION
from checks.support.criteria import criterion
from checks.support.inputs import distinct_text
from checks.support.judge import as_int, as_list, as_pair, reject

SHORT = ((16, 16, 4), (9, 16, 4), (18, 4, 4), (26, 16, 4), (100, 16, 4), (60, 4, 64), (200, 4, 256))


@criterion(
    "charlm.data.split-disjoint",
    points=2,
    section=SECTION,
    hint="`make_loaders` in data.py: a window belongs to training or to validation, never to both. "
    "With a split of the text, make the training windows from the first part only.",
    requires=("charlm.data.batch-pieces",),
    explained_by=OF_WINDOWS,
)
def test_no_window_is_in_both_splits(lab):
    """Train and validation share no window."""
    assert_disjoint(Loaders(lab, Setting()))


@criterion(
    "charlm.data.val-fraction",
    points=1,
    section=SECTION,
    hint="`make_loaders` in data.py: val_fraction is the share of the text, or of the windows, "
    "that goes to validation; the rest is for training.",
    requires=("charlm.data.split-disjoint",),
    explained_by=OF_WINDOWS,
)
def test_validation_gets_its_share(lab):
    """The validation share is about `val_fraction`, 0.05 if not given."""
    for fraction in (None, 0.1, 0.3):
        loaders = Loaders(lab, Setting(fraction=fraction))
        N, T, B = loaders.setting.N, loaders.setting.T, loaders.setting.B
        starts = loaders.starts("validation")
        share = 0.05 if fraction is None else fraction
        # A piece of n characters has n - T windows, and a last partial batch may be dropped.
        # The next smaller share in use would be off by 0.05 N = 50.
        slack = T + B
        counted = abs(len(set(starts)) - share * N) <= slack
        spanned = abs(max(starts) + T + 1 - min(starts) - share * N) <= slack  # strided windows
        if not (counted or spanned):
            reject(
                "the validation share must be about val_fraction",
                given=loaders.given,
                expected=f"about {share * N:.0f} of {N} windows",
                got=f"{len(set(starts))} validation windows",
                cause="val_fraction is not used, or is the training share",
            )


@criterion(
    "charlm.data.epoch-covers",
    points=2,
    section=SECTION,
    hint="`make_loaders` in data.py: a pass over the train loader visits each training window "
    "once, and so does the next pass.",
    requires=("charlm.data.split-disjoint", "charlm.data.window-count"),
    explained_by=OF_WINDOWS,
)
def test_an_epoch_visits_every_training_window_once(lab):
    """One pass over the train loader visits every training window once; so does the next."""
    for B in (1, 16):
        loaders = Loaders(lab, Setting(B=B))
        validation = set(loaders.starts("validation"))
        for epoch in ("first", "second"):
            train = loaders.starts("train")
            given = f"{loaders.given}, {epoch} pass over the train loader"
            assert_visited_once(train, given)
            assert_none_missing(set(train), validation, loaders.setting, given)


def assert_visited_once(starts, given):
    """No window may come twice in a pass."""
    start, times = collections.Counter(starts).most_common(1)[0]
    if times > 1:
        reject(
            "a pass must visit a window once",
            given=given,
            expected="every window once",
            got=f"the window at character {start} of the text came {times} times",
            cause="windows are drawn with replacement, or padded to fill the last batch",
        )


def assert_none_missing(train, validation, setting, given):
    """Every window must be visited, but for those that the split itself leaves out.

    A split of the text leaves out the T windows across the border; a last partial batch of each
    loader may be dropped (B - 1 windows, none when B = 1).  What lies within a stretch of the text
    that only validation uses is validation's own affair (its windows may be strided).
    """
    missing = set(range(setting.N - setting.T)) - train - validation
    stretch = range(min(validation), max(validation) + 1)
    if not any(start in stretch for start in train):
        missing -= set(stretch)
    left_out = setting.T + 2 * (setting.B - 1)
    if len(missing) > left_out:
        reject(
            "a pass must visit every training window",
            given=given,
            expected=f"all windows, but for at most {left_out} at the border of the split and in "
            "partial batches",
            got=f"{len(missing)} windows never came, the first at character {min(missing)}",
            cause="windows without overlap, or only some of the batches",
        )


@criterion(
    "charlm.data.shuffled",
    points=1,
    section=SECTION,
    hint="`make_loaders` in data.py: ask the train loader to shuffle its windows; in the order of "
    "the text, neighbouring rows are almost the same window.",
    requires=("charlm.data.epoch-covers",),
    explained_by=OF_WINDOWS,
)
def test_training_windows_are_shuffled(lab):
    """The train loader visits its windows in random order."""
    loaders = Loaders(lab, Setting())
    starts = torch.tensor(loaders.starts("train"))
    steps = starts.diff()
    step, times = steps.unique(return_counts=True)
    most = int(times.argmax())
    # In a random order of n = 900 windows a given step comes about once: k times with probability
    # below 1/k!, over 2n steps.  A quarter of n, k = 225, has probability below 1e-400.
    # In text order, backwards, or shuffled by whole batches, one step comes 15/16 n times or more.
    if int(times[most]) > len(steps) / 4:
        reject(
            "training windows must come in random order",
            given=loaders.given,
            expected="windows from all over the text, in no order",
            got=f"the windows begin at {starts[:10].tolist()}, ...: in {int(times[most])} of "
            f"{len(steps)} cases the next window begins {int(step[most])} further",
            cause="the train loader is not shuffled",
        )


@criterion(
    "charlm.data.short-text",
    points=1,
    section=SECTION,
    hint="`make_loaders` in data.py: where a part of the text is too short for a single window, "
    "raise an exception. An empty loader makes evaluation report a loss of 0.",
    requires=("charlm.data.split-disjoint", "charlm.data.window-too-short"),
    explained_by=OF_WINDOWS,
)
def test_a_text_too_short_raises_and_gives_no_empty_loader(lab):
    """A text too short for one window raises; no loader is empty, none repeats the other."""
    for N, T, B in SHORT:
        setting = Setting(N, T, B)
        evidence = lab.probes.batches_or_error(
            lab.data.make_loaders, distinct_text(N, lab.seed), setting.options
        )
        ran, outcome = as_pair(evidence, "what make_loaders did")
        if ran is not True:
            continue  # raised: allowed wherever one of the splits may have no window
        train, validation = (
            as_int(count, "batches") for count in as_list(outcome, "batches", length=2)
        )
        if N <= T or train < 1 or validation < 1:
            reject(
                "make_loaders must raise" if N <= T else "no loader may be empty",
                given=str(setting),
                expected="an exception" if N <= T else "an exception, or batches from both loaders",
                got=f"{train} train and {validation} validation batches, and no exception",
                cause=f"{N} characters, with a validation share of 0.05 and windows of {T} ids",
            )
        assert_disjoint(Loaders(lab, setting))
