"""The configurations of the recipe, in one place and under one name each.

As in the lab (../config.py) no function reads this file: a script passes the fields on.

Merity, Keskar and Socher's program is at github.com/salesforce/awd-lstm-lm.
"""

from dataclasses import dataclass

from .dropout import Rates

_PENN_RATES = Rates(embed=0.1, input=0.4, hidden=0.25, output=0.4, weight=0.5)
_SMALL_RATES = Rates(embed=0.1, input=0.2, hidden=0.2, output=0.2, weight=0.3)


@dataclass(frozen=True)
class AwdConfig:
    """One run: the model's sizes, what it drops, the batches and the optimisation.

    The defaults are those of the authors' program for the Penn Treebank, a text of 930,000 words
    with V = 10,000, which makes 24,221,600 parameters. `lr` is SGD's step size and `clip` the
    largest norm of the gradient; `alpha` and `beta` are the prices of the activations and of their
    change; `half` and `spread` draw the lengths of the chunks; `patience` is how many evaluations
    the trigger of averaging ignores.
    """

    emb_dim: int = 400  # E
    hid_dim: int = 1150  # H
    num_layers: int = 3  # L
    rates: Rates = _PENN_RATES
    tied: bool = True
    locked: bool = True
    batch_size: int = 20  # B
    seq_len: int = 70  # T
    epochs: int = 500
    lr: float = 30.0
    clip: float = 0.25
    alpha: float = 2.0
    beta: float = 1.0
    half: float = 0.05
    spread: float = 5.0
    patience: int = 5


PENN = AwdConfig()

# For one CPU core and a text of 20,000 words: half a minute. The text gives 60 steps an epoch, and
# so few leave a model with the rates above unfinished: less is dropped here, less is charged, and
# the trigger is quicker.
SMALL = AwdConfig(
    emb_dim=48,
    hid_dim=96,
    num_layers=2,
    rates=_SMALL_RATES,
    batch_size=10,
    seq_len=35,
    epochs=20,
    lr=20.0,
    alpha=1.0,
    beta=0.5,
    patience=2,
)
