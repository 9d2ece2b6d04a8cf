"""The lab's model with three brakes on learning by heart, of which two are dropout.

In three minutes a GPU reads Tiny Shakespeare some hundred times. A model with more numbers than the
text has characters can then recite it, and its validation loss rises while its training loss falls.

    logits  (B, T, V)      z = W_e d + b            W_e (V, E), the embedding itself
       |    dropout
    outputs (B, T, H)      d = P h                  P (E, H), since H is not E
       |
    LSTM, L layers         dropout between them; their W_hh with dropped weights
       |    dropout
    inputs  (B, T, E)      sqrt(E) W_e[x]

Dropout: in train mode each number on its way up is zero with probability p, the others are divided
by 1 - p; what comes is right on average, and no number can rely on another one's being there.

Dropped weights (DropConnect): the way along, from h_{t-1} to h_t, cannot be treated so, since what
is dropped anew at each of 100 steps is soon forgotten. But *weights* of W_hh can be dropped once
for a whole chunk: every step then goes through the same, thinner, matrix.

    W~ = W * m / (1 - p),  m ~ Bernoulli(1 - p)          dL/dW = dL/dW~ * m / (1 - p)

cuDNN's LSTM wants its weights where they are, in one piece of memory. So W~ is written over W, and
W put back once the gradient is there. That is the same as a new tensor, and works on any device.

Tying: row k of W_e says what character k means as an input. The output's matrix has a row for each
character too, and it is made the same one. Its rows start with a length near 1, so that a new
model's logits are small; times sqrt(E), an input has then the size that it has in the lab. With V =
10,000 words this saves much of a model. With V = 65 characters it saves little, and P costs more.

Left out on purpose: one dropout mask for all steps (Gal and Ghahramani, 2016), which would take
nn.LSTM apart layer by layer; layer normalisation; a forget-gate bias of 1.

Dropout: Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization" (2014). Dropped
weights in LSTMs: Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models"
(ICLR 2018). Tying: Press and Wolf, "Using the Output Embedding to Improve Language Models" (EACL
2017); Inan, Khosravi and Socher, "Tying Word Vectors and Word Classifiers" (ICLR 2017).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..model import Hidden


class BrakedLSTM(nn.Module):
    """A character-level LSTM with dropout on all ways up and, if `tied`, one embedding for both."""

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int = 256,
        hidden_size: int = 512,
        num_layers: int = 2,
        dropout: float = 0.0,
        tied: bool = True,
    ) -> None:
        """Make the layers, for V = `vocab_size`, E = `embed_dim`, H = `hidden_size`, L layers.

        `dropout` is the probability that a number on its way up is set to zero in train mode.
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(
            embed_dim,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(dropout)
        self.down = nn.Linear(hidden_size, embed_dim, bias=False) if tied else nn.Identity()
        self.head = nn.Linear(embed_dim if tied else hidden_size, vocab_size)
        self.scale = math.sqrt(embed_dim) if tied else 1.0
        if tied:
            nn.init.normal_(self.embedding.weight, std=embed_dim**-0.5)
            self.head.weight = self.embedding.weight

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Read B texts and return the logits of every next character, and the state at the end.

        The contract is the lab's: x `(B, T)` ids, hidden and what is returned `(h, c)`, each
        `(L, B, H)`, logits `(B, T, V)`.
        """
        embedded = self.dropout(self.scale * self.embedding(x))  # (B, T) -> (B, T, E)
        outputs, hidden = self.lstm(embedded, hidden)  # (B, T, E) -> (B, T, H)
        return self.head(self.down(self.dropout(outputs))), hidden  # -> (B, T, E) -> (B, T, V)


@contextmanager
def dropped_weights(lstm: nn.LSTM, rate: float) -> Iterator[None]:
    """Drop weights of the way along, W_hh of each layer, for the length of a `with` block.

    Each is zero with probability `rate`, the others are divided by 1 - `rate`. Forward and backward
    pass both belong in the block. After it the weights are exactly what they were, and the
    gradients those with respect to them; so gradients must have been cleared before it.
    """
    dropped: list[tuple[nn.Parameter, Tensor, Tensor]] = []
    with torch.no_grad():
        for name, weight in lstm.named_parameters():
            if rate and name.startswith("weight_hh"):
                mask = (torch.rand_like(weight) >= rate) / (1 - rate)
                dropped.append((weight, weight.clone(), mask))
                weight.mul_(mask)
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, whole, mask in dropped:
                weight.copy_(whole)
                if weight.grad is not None:
                    weight.grad.mul_(mask)
