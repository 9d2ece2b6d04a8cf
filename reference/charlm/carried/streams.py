r"""The text as B streams that are read side by side, and are never copied.

The windows of the lab come in random order, so each starts from the zero state, and its first
predictions are made from next to nothing. Here nothing is shuffled. The text is cut into B streams
of N characters, one below the other, and read T columns at a time:

    text          t  o  _  b  e  _  o  r  _  n  o  t  _  t         14 characters, 13 predictions

    B = 3, N = 4        x                   y, one character further on in the text
      stream 0          t  o  _  b          o  _  b  e
      stream 1          e  _  o  r          _  o  r  _
      stream 2          _  n  o  t          n  o  t  _
                        \__/  \__/          \__/  \__/
    T = 2              chunk  chunk        chunk  chunk            what fills no column is dropped

Row b of a chunk goes on where row b of the chunk before it stopped, and so the state that the model
has then is the right one to go on with (fit.py). Every prediction is made once a pass, those across
the streams' borders too: y's last column is the next stream's first character.

The ids lie on the device that trains. A stream, a chunk and its targets are views of them: to get
a batch takes no copy, no index and no message from one processor to the other.

A pass starts at a random one of the first T characters: cut at the same places each time, a chunk's
last characters would never send a gradient further than to its first ones.
"""

from collections.abc import Iterator

import torch
from torch import Tensor


def layout(ids: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
    """Return the text as B = `batch_size` streams of inputs, and of targets.

    ids: LongTensor `(M,)`. Returns `(x, y)`, two views of it, each `(B, N)`, N = (M-1) // B:
    `y[b, n]` is the character after `x[b, n]`. The last M-1 - B*N predictions, fewer than B, are
    dropped. Raises ValueError if there is not one for each stream.
    """
    columns = (len(ids) - 1) // batch_size  # N
    if columns < 1:
        raise ValueError(f"{len(ids)} characters make no {batch_size} streams of 1 prediction each")
    used = batch_size * columns
    return ids[:used].view(batch_size, columns), ids[1 : used + 1].view(batch_size, columns)


def chunks(x: Tensor, y: Tensor, seq_len: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield streams `(B, N)` as chunks of T = `seq_len` columns, in order; the last may be short.

    Each is a pair of views `(B, T)`.
    """
    yield from zip(torch.split(x, seq_len, dim=1), torch.split(y, seq_len, dim=1), strict=True)


def passes(
    ids: Tensor, batch_size: int, seq_len: int, generator: torch.Generator | None = None
) -> Iterator[tuple[Tensor, Tensor, bool]]:
    """Yield chunks for ever: pass after pass over the text, each from another first character.

    ids: LongTensor `(M,)`. Yields `(x, y, first)`: views `(B, T)`, and whether a pass starts here,
    where no state goes on. A short chunk at the end of a pass is left out, since a GPU prepares
    anew for each shape. `generator`, a CPU one, draws where passes start.

    Raises ValueError if the text is too short for one chunk from every start.
    """
    if (len(ids) - seq_len) // batch_size < seq_len:
        raise ValueError(
            f"{len(ids)} characters are too few for {batch_size} streams of seq_len={seq_len}: "
            f"it takes {(batch_size + 1) * seq_len}"
        )
    while True:
        start = int(torch.randint(seq_len, (), generator=generator))
        for i, (x, y) in enumerate(chunks(*layout(ids[start:], batch_size), seq_len)):
            if x.shape[1] == seq_len:
                yield x, y, i == 0
