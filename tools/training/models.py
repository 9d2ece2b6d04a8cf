"""The model of a training: the submission's, or a plain recurrent network to compare it with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tools.submission import LoadedLab, UsageError

from .config import Config

Hidden = tuple[Tensor, Tensor]


class CharRNN(nn.Module):
    """`CharLSTM` without gates: h_t = tanh(W x_t + U h_{t-1} + b), under the same contract.

    Elman, "Finding Structure in Time" (Cognitive Science, 1990).
    """

    def __init__(
        self, vocab_size: int, embed_dim: int, hidden_size: int, num_layers: int, dropout: float
    ) -> None:
        """Make the layers; the arguments are those of `CharLSTM`."""
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.rnn = nn.RNN(
            embed_dim,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Logits `(B, T, V)` for x `(B, T)`, and the state; its second half is zeros, for c."""
        outputs, h = self.rnn(self.embedding(x), None if hidden is None else hidden[0])
        return self.head(outputs), (h, torch.zeros_like(h))  # h (L, B, H)


def build(lab: LoadedLab, config: Config, vocab_size: int) -> nn.Module:
    """A fresh model. Raises UsageError if the submission's cannot be made."""
    if config.cell == "rnn":
        return CharRNN(vocab_size, **config.sizes)
    model = lab.call("model.CharLSTM", vocab_size, **config.sizes)
    if not isinstance(model, nn.Module):
        raise UsageError(f"CharLSTM of {lab.name}/model.py is not a torch.nn.Module")
    return model


def restore(model: nn.Module, weights: dict[str, Any], whose: str) -> None:
    """Put saved weights into the model. Raises UsageError if they are another model's."""
    try:
        model.load_state_dict(weights)
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        said = str(error).strip().splitlines()[-1].strip()
        raise UsageError(f"the checkpoint does not fit {whose}: {said:.120}") from error
