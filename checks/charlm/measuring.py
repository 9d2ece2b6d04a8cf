"""A model whose loss on given windows is known, for the claims about `evaluate`.

The stub looks its logits up in a table and stretches them by how much it has read since the state
it was given, so that a state carried from batch to batch shows in the value.
"""

import torch

from checks.support.inputs import generator
from checks.support.judge import as_number, as_pair
from checks.support.oracles import token_losses

V, T, ROWS, GROWTH = 9, 5, 23, 0.1


class Case:
    """A table and windows, the last of them hard: a batch of its own makes means of means wrong."""

    def __init__(self, seed, scale=1.0):
        source = generator(seed)
        self.table = scale * torch.randn(V, V, generator=source)
        self.x = torch.randint(V - 1, (ROWS, T), generator=source)
        self.y = torch.randint(V - 1, (ROWS, T), generator=source)
        self.x[-1], self.y[-1] = V - 1, V - 1  # a character of the last row only
        self.table[V - 1, V - 1] = -4.0

    def losses(self, growth):
        """The loss of every token, `(ROWS, T)`, each row read from the zero state."""
        stretch = 1 + growth * torch.arange(T, dtype=torch.float64)
        return token_losses(self.table.double()[self.x] * stretch[:, None], self.y)

    def arrange(self, lab, batch_size=5, times=1, **options):
        """The stub, and a loader of all windows so many times over."""
        x, y = self.x.repeat(times, 1), self.y.repeat(times, 1)
        return (
            lab.probes_training.Table(self.table, **options),
            lab.probes_training.loader(x, y, batch_size=batch_size),
        )


def numbers(pair):
    """`(ce, perplexity)` as floats."""
    ce, perplexity = as_pair(pair, "what `evaluate` returns, (ce, perplexity),")
    return as_number(ce, "ce"), as_number(perplexity, "perplexity")
