"""The configurations of the word lab, in one place and under one name each.

Every function of the lab takes plain arguments, and none reads this file: a script picks a
configuration and passes its fields on, so that what a run depended on can be read off the call.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """One run: the vocabulary's threshold, the model's sizes, the batches and the optimisation.

    The defaults are the specification's. `min_freq` is how often a word must occur to be known,
    `lr` Adam's first step size, `clip` the largest allowed norm of the gradient of all parameters
    together.
    """

    min_freq: int = 3
    emb_dim: int = 512  # E
    hid_dim: int = 512  # H
    num_layers: int = 2  # L
    dropout: float = 0.65
    batch_size: int = 64  # B
    seq_len: int = 50  # T
    epochs: int = 50
    lr: float = 1e-3
    clip: float = 0.25


SPEC = Config()

# For one CPU core and a text of a few thousand words: a minute, and below the unigram entropy.
SMALL = Config(emb_dim=64, hid_dim=64, dropout=0.2, batch_size=8, seq_len=16, lr=3e-3)
