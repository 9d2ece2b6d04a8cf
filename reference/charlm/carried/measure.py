"""Two measures of one model on one text: with all that came before, and with a window's worth.

A prediction is better the more it is made from. Loss figures differ by how much that was, and are
often compared without a word about it. Both measures here count the same M-1 predictions of a text
of M characters, each once, and differ in nothing but what the model has read before:

    carried     ...the whole text up to there: one stream, one state from end to end. That is how
                the model is used when it writes, and the honest figure for a model that can.

    windowed    ...at most T characters: the text is cut into windows side by side, each read from
                the zero state, all its predictions counted, from the first, made from 1 character,
                to the last, made from T. The mean is over contexts of 1 to T characters.

The second is the one to hold against a model with a context of T, such as nanoGPT's (T = 256,
random windows, all predictions counted), and against the lab's `evaluate`. A model that has been
trained with a carried state and hardly ever began from zeros does badly at the windows' beginnings,
which is what resets in training are for (fit.py).

Mean cross-entropies, in nats per character, in single precision and with sums in double.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .._switch import in_mode
from .streams import chunks, layout


def carried(model: nn.Module, ids: Tensor, chunk: int = 1024) -> float:
    """Measure the model on a text that it reads in one go, from the zero state.

    ids: LongTensor `(M,)` on the model's device. All M-1 predictions count. `chunk` is how many are
    made at a time: the state goes on, and so it changes memory and speed and not the result. The
    mode is put back afterwards. Raises ValueError for a text of fewer than 2 characters.
    """
    total, hidden = torch.zeros((), dtype=torch.float64, device=ids.device), None
    with in_mode(model, training=False), torch.no_grad():
        for x, y in chunks(*layout(ids, 1), chunk):  # (1, chunk) each
            logits, hidden = model(x, hidden)  # (1, chunk, V)
            total += _sum(logits, y)
    return float(total) / (len(ids) - 1)


def windowed(model: nn.Module, ids: Tensor, seq_len: int = 256, batch_size: int = 64) -> float:
    """Measure the model on windows side by side of T = `seq_len`, each from the zero state.

    ids: LongTensor `(M,)` on the model's device. All M-1 predictions count, those of a last,
    shorter window too. The mode is put back afterwards. Raises ValueError for a text of fewer than
    2 characters.
    """
    if len(ids) < 2:
        raise ValueError(f"a text of {len(ids)} characters holds no prediction")
    whole = (len(ids) - 1) // seq_len * seq_len  # predictions in windows of full length
    total = torch.zeros((), dtype=torch.float64, device=ids.device)
    with in_mode(model, training=False), torch.no_grad():
        for first, last, T in ((0, whole, seq_len), (whole, len(ids) - 1, len(ids) - 1 - whole)):
            if first == last:
                continue
            x, y = (ids[first + i : last + i].view(-1, T) for i in (0, 1))  # (windows, T)
            for part, targets in zip(
                torch.split(x, batch_size), torch.split(y, batch_size), strict=True
            ):
                total += _sum(model(part)[0], targets)  # (B, T, V) and (B, T)
    return float(total) / (len(ids) - 1)


def _sum(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the sum of the losses of logits `(B, T, V)` at targets `(B, T)`."""
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
