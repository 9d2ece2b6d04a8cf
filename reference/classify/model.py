"""Many steps in, one answer out: an LSTM reads a sequence, a linear layer says what kind it is.

A language model answers at every step. A classifier answers once, about the whole: is the review
friendly, which language is this name from? So between the LSTM and the linear layer something has
to make one vector of T of them. Three ways, for a row whose real steps are 1 .. n:

    last    z = h_n                       what the LSTM chose to remember
    mean    z = (h_1 + ... + h_n) / n     every step has the same say
    max     z_k = max(h_1k, ..., h_nk)    each unit reports its strongest moment

    ids         embedding          LSTM, L layers        pooling       linear
    (B, T)  ->  (B, T, E)  ->  (B, T, H)           ->    (B, H)   ->   (B, C)  logits

The rows of a batch are not equally long, and a tensor is a rectangle. So shorter rows are filled up
on the right, and the model is told how long each one really is:

    x        5  2  4  1        lengths  4        real   1  1  1  1
             3  1  .  .                 2               1  1  .  .
             4  .  .  .                 1               1  .  .  .

What stands at the dots is arbitrary, and must not matter. One direction makes that easy: the LSTM
reads from left to right, so the states of the real steps were computed before it came to the
padding. It goes on over the padding, and nobody looks at what it says there:

    last    index with n - 1, not with -1: the last column belongs to the longest row only
    mean    a sum over the real steps, divided by n, not by T
    max     minus infinity at the padding: a zero would win over states that are all negative

Padding that leaks is the classic mistake here. It does no harm that a loss would show: the model
learns to live with it, and then gives one answer for a row alone and another for the same row in a
batch with a longer one.

Left out on purpose: packed sequences (`pack_padded_sequence`), which spare the LSTM the padding and
give the same answers; a second direction, which would read the padding first and so could not do
without them; attention pooling, in which the model learns how much say each step has; dropout.

Pooling over time is older than the LSTM's use for it: Collobert and others, "Natural Language
Processing (Almost) from Scratch" (JMLR, 2011), take the maximum. That the mean and the maximum can
serve better than the last state is reported by Conneau and others, "Supervised Learning of
Universal Sentence Representations" (EMNLP 2017).
"""

import torch
from torch import Tensor, nn

POOLINGS = ("last", "mean", "max")


class SequenceClassifier(nn.Module):
    """Reads B rows of different lengths and gives each one logit for each class."""

    def __init__(
        self,
        vocab_size: int,
        num_classes: int,
        embed_dim: int = 32,
        hidden_size: int = 64,
        num_layers: int = 1,
        pooling: str = "last",
    ) -> None:
        """Make the layers, for V = `vocab_size`, C = `num_classes`, E = `embed_dim`, H, L layers.

        `pooling` is "last", "mean" or "max". Raises ValueError if it is anything else.
        """
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, not {pooling!r}")
        self.pooling = pooling
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, num_classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Read the rows and return each one's logits for the classes, `(B, C)`, unnormalised.

        x: LongTensor `(B, T)` of ids, filled up on the right with arbitrary ones. lengths:
        LongTensor `(B,)`, how many steps of each row are real, 1 <= length <= T.
        """
        outputs, _ = self.lstm(self.embedding(x))  # (B, T, H)
        logits: Tensor = self.head(self._pool(outputs, lengths))  # (B, H) -> (B, C)
        return logits

    def _pool(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """One vector for each row, `(B, H)`, of its real steps."""
        B, T, _ = outputs.shape
        if self.pooling == "last":
            return outputs[torch.arange(B, device=outputs.device), lengths - 1]
        steps = torch.arange(T, device=outputs.device)
        padding = (steps >= lengths[:, None])[:, :, None]  # (B, T, 1)
        if self.pooling == "mean":
            return outputs.masked_fill(padding, 0.0).sum(dim=1) / lengths[:, None]
        return outputs.masked_fill(padding, float("-inf")).amax(dim=1)
