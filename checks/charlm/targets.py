"""One full training of a submission, on a text whose end it never gets to see.

    text   |---------------------- given to make_loaders -----------------------|---- exam ----|
             training windows                              its own validation     ours

Both splits that the handout allows are open to a submission, and a random split of windows has
nearly every validation character in some training window as well. So what the bars are held
against is measured here, on the exam; the submission's own figures must be what they say they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from checks.charlm.ngrams import cross_entropies
from checks.support.corpora import load_text, markov_corpus, small_corpus
from checks.support.judge import as_list, as_pair, as_tensor, assert_shape, reject
from checks.support.oracles import token_losses

BATCH = 64  # windows of the exam in one call

# What a model of the last character only may reach by smoothing better than Witten and Bell do is
# 0.02 nats at most on these texts; a recurrent one that works is below them by 0.5 and more.
MARGIN = 0.1

TRAIN_BAR, VALIDATION_BAR = 2.2, 2.6  # the handout's, in nats per character


@dataclass(frozen=True)
class Scale:
    """The sizes of a training, and its settings."""

    embed_dim: int
    hidden_size: int
    num_layers: int
    dropout: float
    seq_len: int
    batch_size: int
    epochs: int
    lr: float
    clip: float

    def __str__(self) -> str:
        return (
            f"E={self.embed_dim} H={self.hidden_size} L={self.num_layers} dropout={self.dropout} "
            f"T={self.seq_len} B={self.batch_size} epochs={self.epochs} AdamW lr={self.lr} "
            f"clip={self.clip}"
        )


SCALES = {
    "full": Scale(256, 512, 2, 0.1, seq_len=128, batch_size=64, epochs=5, lr=3e-3, clip=1.0),
    "small": Scale(16, 32, 1, 0.0, seq_len=16, batch_size=128, epochs=2, lr=1e-2, clip=1.0),
}
SMALL_TEXT = 20_000  # letters of the random source, a fifth of them the exam


@dataclass(frozen=True)
class Target:
    """A text cut in two, the training's sizes, and the bars in nats per character."""

    text: str
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
    """The text and the bars for a file, or for the corpus that is shipped for the scale."""
    if corpus:
        text, share = load_text(corpus), 0.1
    elif scale == "full":
        text, share = small_corpus(), 0.05
    else:
        text, share = markov_corpus()[:SMALL_TEXT], 0.2
    cut = int(len(text) * (1 - share))
    known, exam = text[:cut], text[cut:]
    exam = "".join(c for c in exam if c in set(known))  # a model cannot know of any other
    losses = cross_entropies(known, exam)
    best = min(losses)
    order = losses.index(best) + 1
    return Target(known, exam, SCALES[scale], losses[1], best, order, not corpus)


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


def train(lab: Any, aim: Target, device: str) -> Training:
    """Have the submission train, then examine the model. Raises Mismatch and what calls raise."""
    vocab_size = len(set(aim.text))
    model, val_loader, stoi, history, watched = as_list(
        lab.probes_targets.train(
            lab.data.make_loaders,
            lab.model.CharLSTM,
            lab.train.train,
            aim.text,
            {**asdict(aim.scale), "vocab_size": vocab_size, "device": device},
        ),
        "the training",
    )
    measured = lab.probes_targets.loss_on(model, val_loader, device)
    x, y = windows(exam_ids(lab, stoi, aim.exam), aim.scale.seq_len)
    found = examine(lab, model, x, y, vocab_size, device)
    rows = lab.probes_training.plain_rows(history)
    return Training(aim, rows, watched, as_pair(measured, "the loss"), *found)


def exam_ids(lab: Any, stoi: Any, exam: str) -> Tensor:
    """The exam in the submission's ids: one id for each character, and a different one."""
    ids = as_tensor(lab.data.encode(exam, stoi), "encode(text, stoi)", dtype=torch.int64, ndim=1)
    assert_shape(ids, (len(exam),), "encode(text, stoi)", dims="N")
    pairs = set(zip(exam, ids.tolist(), strict=True))
    if not len(pairs) == len(set(exam)) == len({number for _, number in pairs}):
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
