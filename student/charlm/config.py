"""The configurations of the character lab, in one place and under one name each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """One run: the model's sizes, the shape of a batch, and the optimisation.

    The defaults are the specification's. `lr` is AdamW's step size, `clip` the largest allowed
    norm of the gradient of all parameters together, `val_fraction` the share of the text, taken
    from its end, that is never trained on.
    """

    embed_dim: int = 256  # E
    hidden_size: int = 512  # H
    num_layers: int = 2  # L
    dropout: float = 0.1
    seq_len: int = 128  # T
    batch_size: int = 64  # B
    epochs: int = 5
    lr: float = 3e-3
    clip: float = 1.0
    val_fraction: float = 0.05


SPEC = Config()

# Small enough for one CPU core, large enough to learn 256 characters by heart in 200 steps: the
# first thing to try on a new model, because a model that cannot overfit cannot learn either.
OVERFIT = Config(embed_dim=64, hidden_size=128, num_layers=1, dropout=0.0, seq_len=64, batch_size=4)
