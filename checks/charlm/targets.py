"""One full training of a submission, on a text whose end it never gets to see.

    text   |---------------------- given to make_loaders --------------|- quiz -|---- exam ----|
             training windows                     its own validation     ours     ours

Both splits that the handout allows are open to a submission, and a random split of windows has
nearly every validation character in some training window as well. So what the bars are held
against is measured here, on the exam; the submission's own figures must be what they say they are.

Five epochs of windows that overlap read each character 5 T times, and a large model then knows a
short text by heart and predicts any other badly, which is the settings' doing and not the
submission's. So on a corpus of one's own the exam is taken by the model as it was at one moment of
its training, after 16, 32, 64 ... batches or at the end: the one at which the quiz goes best. There
is no quiz on the corpora that are shipped, which were chosen so that the end is a good moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from checks.charlm.ngrams import cross_entropies
from checks.support.corpora import load_text, markov_corpus, small_corpus
from checks.support.judge import as_int, as_list, as_pair, as_tensor, assert_shape, reject
from checks.support.oracles import token_losses

BATCH = 64  # windows of the exam in one call

# What a model of the last character only may reach by smoothing better than Witten and Bell do is
# 0.02 nats at most on these texts; a recurrent one that works is below them by 0.5 and more.
MARGIN = 0.1

TRAIN_BAR, VALIDATION_BAR = 2.2, 2.6  # the handout's, in nats per character


@dataclass(frozen=True)
class Scale:
    """The sizes of a training, its settings, and how short a text it can be made on."""

    embed_dim: int
    hidden_size: int
    num_layers: int
    dropout: float
    seq_len: int
    batch_size: int
    epochs: int
    lr: float
    clip: float
    shortest: int  # characters, of which a bigram model's loss is reached
    well_from: int  # characters, from which on the best n-gram model's is

    def __str__(self) -> str:
        return (
            f"E={self.embed_dim} H={self.hidden_size} L={self.num_layers} dropout={self.dropout} "
            f"T={self.seq_len} B={self.batch_size} epochs={self.epochs} AdamW lr={self.lr} "
            f"clip={self.clip}"
        )


SCALES = {
    "full": Scale(256, 512, 2, 0.1, 128, 64, 5, 3e-3, 1.0, shortest=4_000, well_from=1_000_000),
    "small": Scale(16, 32, 1, 0.0, 16, 128, 2, 1e-2, 1.0, shortest=15_000, well_from=15_000),
}
SMALL_TEXT = 20_000  # letters of the random source, a fifth of them the exam


@dataclass(frozen=True)
class Target:
    """A text that is cut, the training's sizes, and the bars in nats per character."""

    text: str
    quiz: str  # "" for a corpus that is shipped
    exam: str
    scale: Scale
    bigram: float
    best_ngram: float
    order: int  # of the best n-gram model
    shipped: bool

    @property
    def train_bar(self) -> float | None:
        """What the training loss must get below; a corpus of one's own sets none."""
        return TRAIN_BAR if self.shipped else None

    @property
    def exam_bar(self) -> float:
        """What the loss on the exam must not exceed."""
        recurrent = self.bigram - MARGIN
        return min(recurrent, VALIDATION_BAR) if self.shipped else recurrent


def target(corpus: str | None, scale: str) -> Target:
    """The text and the bars for a file, or for the corpus that is shipped for the scale.

    Raises ValueError, in one sentence, for a file on which no bar means anything.
    """
    sizes, quiz_share = SCALES[scale], 0.0
    if corpus:
        text, exam_share, quiz_share = load_text(corpus), 0.1, 0.05
        if len(text) < sizes.shortest:
            raise ValueError(
                f"{corpus} has {len(text):,} characters, and a training at the {scale} scale "
                f"takes {sizes.shortest:,}"
            )
    elif scale == "full":
        text, exam_share = small_corpus(), 0.05
    else:
        text, exam_share = markov_corpus()[:SMALL_TEXT], 0.2
    first, second = (int(len(text) * (1 - exam_share - share)) for share in (quiz_share, 0.0))
    known = set(text[:first])  # a model cannot know of any other character
    quiz, exam = (
        "".join(filter(known.__contains__, part)) for part in (text[first:second], text[second:])
    )
    losses = cross_entropies(text[:first] + quiz, exam)
    best = min(losses)
    if not losses[1] > 2 * MARGIN:
        raise ValueError(f"{corpus} is too easy: a bigram model has a loss of {abs(losses[1]):.3f}")
    order = losses.index(best) + 1
    return Target(text[:first], quiz, exam, sizes, losses[1], best, order, not corpus)


@dataclass(frozen=True)
class Training:
    """What a training left: the history, what was watched, and the loss on the exam."""

    target: Target
    history: Any  # as the submission gave it, plain
    watched: dict[str, Any]
    own_validation: tuple[Any, Any]  # the loss that its validation loader gives, and on how many
    exam_ce: float
    unsteady: float  # by how much logits changed when the same windows were given again
    sees_ahead: float  # by how much they changed when later characters were cut off
    moment: int | None  # the number of batches after which the exam was taken; None at the end


def train(lab: Any, aim: Target, device: str) -> Training:
    """Have the submission train, then examine the model. Raises Mismatch and what calls raise."""
    vocab_size = len(set(aim.text))
    model, val_loader, stoi, history, watched, moments = as_list(
        lab.probes_targets.train(
            lab.data.make_loaders,
            lab.model.CharLSTM,
            lab.train.train,
            aim.text,
            {**asdict(aim.scale), "vocab_size": vocab_size, "device": device},
            bool(aim.quiz),
        ),
        "the training",
    )
    measured = lab.probes_targets.loss_on(model, val_loader, device)

    def ask(text: str) -> tuple[float, float, float]:
        x, y = windows(ids_of(lab, stoi, text), aim.scale.seq_len)
        return examine(lab, model, x, y, vocab_size, device)

    moment = best_moment(moments, ask, aim.quiz) if aim.quiz else None
    rows = lab.probes_training.plain_rows(history)
    return Training(aim, rows, watched, as_pair(measured, "the loss"), *ask(aim.exam), moment)


def best_moment(moments: Any, ask: Callable[[str], tuple[float, float, float]], quiz: str) -> int:
    """Put the model back to where the quiz goes best; the number of batches that it had seen."""
    losses = []
    for number, batches in enumerate(as_list(moments.batches, "the moments")):
        moments.put_back(number)
        losses.append((ask(quiz)[0], number, as_int(batches, "the number of batches")))
    _, number, batches = min(losses)
    moments.put_back(number)
    return batches


def ids_of(lab: Any, stoi: Any, text: str) -> Tensor:
    """A text in the submission's ids: one id for each character, and a different one."""
    ids = as_tensor(lab.data.encode(text, stoi), "encode(text, stoi)", dtype=torch.int64, ndim=1)
    assert_shape(ids, (len(text),), "encode(text, stoi)", dims="N")
    pairs = set(zip(text, ids.tolist(), strict=True))
    if not len(pairs) == len(set(text)) == len({number for _, number in pairs}):
        reject("`encode` must give each character an id of its own")
    return ids


def windows(ids: Tensor, T: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets `(N, T)` that cover the ids, the last window ending where they end."""
    last = len(ids) - T - 1
    starts = torch.tensor([*range(0, last, T), last])
    places = starts[:, None] + torch.arange(T)
    return ids[places], ids[places + 1]


def examine(
    lab: Any, model: Any, x: Tensor, y: Tensor, V: int, device: str
) -> tuple[float, float, float]:
    """The loss on the windows, from logits that came by value, how unsteady, how far ahead.

    How unsteady the logits are is asked of the first batch of windows.
    """

    def logits(ids: Tensor) -> Tensor:
        found = as_tensor(lab.probes_targets.logits_of(model, ids, device), "the logits")
        return assert_shape(found, (*ids.shape, V), "the logits", dims="B, T, V").double()

    half, losses, unsteady, ahead = x.shape[1] // 2, [], None, 0.0
    for batch, targets in zip(x.split(BATCH), y.split(BATCH), strict=True):
        whole = logits(batch)
        if unsteady is None:
            unsteady = largest(logits(batch) - whole)
        losses.append(token_losses(whole, targets).flatten())
        ahead = max(ahead, largest(logits(batch[:, :half]) - whole[:, :half]))
    return float(torch.cat(losses).mean()), unsteady or 0.0, ahead


def largest(differences: Tensor) -> float:
    """The largest of the differences, without their signs."""
    return float(differences.abs().max())
