"""The settings of this chapter: what is trained, on what batches, with which of the pieces.

Each piece can be taken out alone, `dataclasses.replace(recipe, tied=False)`, to see what it was
worth. Which settings were measured, and where, is told in docs/charlm-carried.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One way to train. Rates are probabilities, between 0 and 1, and 0 takes the piece out."""

    embed_dim: int = 256  # E
    hidden_size: int = 512  # H
    num_layers: int = 2  # L
    seq_len: int = 128  # T, how far a gradient goes back
    batch_size: int = 256  # B, how many streams are read at once
    lr: float = 3e-3  # the highest that the schedule reaches
    anneal: bool = True  # let it fall to 0 at the end, or else stay
    warmup: float = 0.03  # share of the budget in which it rises
    weight_decay: float = 0.01
    clip: float = 1.0
    carry: bool = True  # the state, from chunk to chunk
    reset: float = 0.01  # rate at which a row's state is set back to zeros between two chunks
    dropout: float = 0.4  # rate for numbers on the way up
    weight_dropout: float = 0.3  # rate for weights of the way along
    tied: bool = True  # input and output embedding
    decay: float = 0.999  # of the average of the weights, a step
    half: bool = True  # 16-bit arithmetic in training, on a GPU


# "spec" is the lab's model. "small" suits a CPU and a minute or two: it sees each character once or
# twice, and a model that has not read its text yet needs little that keeps it from learning it by
# heart. "wide" is for a GPU that has time left.
SIZES = {
    "small": Recipe(
        embed_dim=64,
        hidden_size=128,
        num_layers=1,
        seq_len=64,
        batch_size=32,
        lr=2e-2,
        dropout=0.1,
        weight_dropout=0.0,
        decay=0.99,
        half=False,
    ),
    "spec": Recipe(),
    "wide": Recipe(hidden_size=1024, lr=2e-3, dropout=0.5, weight_dropout=0.5),
}
