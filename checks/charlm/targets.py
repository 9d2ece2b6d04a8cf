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
from functools import partial
from typing import Any

import torch
from torch import Tensor

from checks.charlm.ngrams import cross_entropies
from checks.support.corpora import load_text, markov_corpus, small_corpus
from checks.support.judge import as_int, as_list, as_pair, as_tensor, assert_shape, reject
from checks.support.oracles import token_losses

Logits = Callable[[Tensor], Tensor]  # of ids (B, T): (B, T, V)

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
    "full": Scale(
        embed_dim=256,
        hidden_size=512,
        num_layers=2,
        dropout=0.1,
        seq_len=128,
        batch_size=64,
        epochs=5,
        lr=3e-3,
        clip=1.0,
        shortest=4_000,
        well_from=1_000_000,
    ),
    "small": Scale(
        embed_dim=16,
        hidden_size=32,
        num_layers=1,
        dropout=0.0,
        seq_len=16,
        batch_size=128,
        epochs=2,
        lr=1e-2,
        clip=1.0,
        shortest=15_000,
        well_from=15_000,
    ),
}
SMALL_TEXT = 20_000  # letters of the random source, a fifth of them the exam


@dataclass(frozen=True)
class Target:
    """A text that is cut, the training's sizes, and the bars in nats per character."""

    text: str
    quiz: str  # "" for a corpus that is shipped
    exam: str
    length: int  # of the whole, in characters
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
    first = int(len(text) * (1 - exam_share - quiz_share))
    second = int(len(text) * (1 - exam_share))
    given = text[:first]
    known = set(given)  # a model cannot know of any other character
    quiz = "".join(c for c in text[first:second] if c in known)
    exam = "".join(c for c in text[second:] if c in known)
    losses = cross_entropies(given + quiz, exam)
    best = min(losses)
    if not losses[1] > 2 * MARGIN:
        raise ValueError(f"{corpus} is too easy: a bigram model has a loss of {abs(losses[1]):.3f}")
    order = losses.index(best) + 1
    return Target(given, quiz, exam, len(text), sizes, losses[1], best, order, not corpus)


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
    moment: int  # the number of batches after which the exam was taken; 0: at the end, or unknown


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

    logits = partial(logits_of, lab, model, vocab_size, device)
    moment = 0
    if aim.quiz:
        quiz = windows(ids_of(lab, stoi, aim.quiz), aim.scale.seq_len)
        moment = best_moment(moments, lambda: mean_loss(logits, *quiz))
    x, y = windows(ids_of(lab, stoi, aim.exam), aim.scale.seq_len)
    return Training(
        aim,
        lab.probes_training.plain_rows(history),
        watched,
        as_pair(measured, "the loss"),
        mean_loss(logits, x, y),
        *movements(logits, x),
        moment,
    )


def best_moment(moments: Any, quiz: Callable[[], float]) -> int:
    """Put the model back to where the quiz goes best; the number of batches that it had seen."""
    losses = []
    for number, batches in enumerate(as_list(moments.batches, "the moments")):
        moments.put_back(number)
        losses.append((quiz(), number, as_int(batches, "the number of batches")))
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


def logits_of(lab: Any, model: Any, V: int, device: str, ids: Tensor) -> Tensor:
    """The model's logits `(B, T, V)`, by value."""
    found = as_tensor(lab.probes_targets.logits_of(model, ids, device), "the logits")
    return assert_shape(found, (*ids.shape, V), "the logits", dims="B, T, V").double()


def mean_loss(logits: Logits, x: Tensor, y: Tensor) -> float:
    """The loss on the windows."""
    batches = zip(x.split(BATCH), y.split(BATCH), strict=True)
    losses = [token_losses(logits(ids), targets).flatten() for ids, targets in batches]
    return float(torch.cat(losses).mean())


def movements(logits: Logits, x: Tensor) -> tuple[float, float]:
    """By how much logits move: of the first batch asked again, of all without their second half."""
    batches, half = x.split(BATCH), x.shape[1] // 2
    unsteady = largest(logits(batches[0]) - logits(batches[0]))
    ahead = max(largest(logits(ids[:, :half]) - logits(ids)[:, :half]) for ids in batches)
    return unsteady, ahead


def largest(differences: Tensor) -> float:
    """The largest of the differences, without their signs."""
    return float(differences.abs().max())
