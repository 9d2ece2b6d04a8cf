"""From a text to batches: characters become integer ids, ids become windows, windows batches.

A character-level language model reads a text one character at a time and, after each, predicts
the next. So the targets of a piece of text are the text itself, one place further on:

    text     h   e   l   l   o   _   w   o   r   l   d          N = 11 characters
    ids      3   2   4   4   5   0   7   5   6   4   1          over V = 8 different ones

    window 0     x = h e l l    y = e l l o                     T = 4
    window 1     x =   e l l o      y = l l o _
    ...
    window 6     x =             w o r l        y = o r l d     N - T = 7 windows

Windows overlap: each starts one character after the one before. Copied out they would take
T + 1 times the memory of the text. They are not copied. `ids.unfold(0, T + 1, 1)` is a *view* of
the text's own memory, with as many rows as there are windows, in which going one row down and
going one column right are both a step of one character:

    unfold of [3 2 4 4 5 0 ...]  =  [[3 2 4 4 5],    x = all but a row's last column
                                     [2 4 4 5 0],    y = all but its first
                                     ...         ]

A batch is then B of these rows, fetched by a single indexing operation; and since an operation has
its price, however little it does, the rows of several batches are fetched by one. Collecting the
same batches item by item, as `torch.utils.data.DataLoader` does, takes some fifty times as long.

The last characters of the text are held out for validation, and the cut is made *before* the
windows are taken. Cutting a shuffled list of windows instead would put nearly every validation
character into some training window too, and the validation loss would be too good to be true.

Left out on purpose: subword tokens, Unicode normalisation, a symbol for unknown characters (they
are an error: a model cannot learn about what it has never seen, and a dropped character silently
changes the text), a test split, worker processes (the indexing costs less than the hand-over).

The idea of predicting characters with a recurrent net is that of Sutskever, Martens and Hinton,
"Generating Text with Recurrent Neural Networks" (ICML 2011); the setting follows Karpathy's
char-rnn (2015).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

Vocab = tuple[list[str], dict[str, int], dict[int, str]]  # chars, stoi, itos
Loader = Iterable[tuple[Tensor, Tensor]]  # batches x, y, each (B, T)

_FETCHED = 2**18  # ids at once: 2 MiB, which stay in a cache of the processor until they are used


def build_vocab(text: str) -> Vocab:
    """Number the distinct characters of a text in sorted order.

    Returns `(chars, stoi, itos)`: `chars` is the sorted list of the V distinct characters,
    `stoi[c]` the id of character c, `itos[i]` the character with id i; ids run from 0 to V-1.
    Sorted, because the order of a `set` of strings changes from one Python process to the next,
    and a saved model would then read every id as some other character.
    """
    chars = sorted(set(text))
    stoi = {char: i for i, char in enumerate(chars)}
    itos = dict(enumerate(chars))
    return chars, stoi, itos


def encode(text: str, stoi: Mapping[str, int]) -> Tensor:
    """Turn a text of N characters into a LongTensor of N ids.

    Raises ValueError, naming the character and where it stands, if one is not in `stoi`.
    """
    try:
        ids = [stoi[char] for char in text]
    except KeyError as error:
        char = error.args[0]
        raise ValueError(
            f"character {char!r} at position {text.index(char)} is not in the vocabulary"
        ) from None
    return torch.tensor(ids, dtype=torch.long)  # (N,)


def decode(ids: Tensor | Sequence[int], itos: Mapping[int, str] | Sequence[str]) -> str:
    """Turn ids, a LongTensor `(N,)` or a list of ints, back into a text of N characters.

    Raises KeyError or IndexError, as the table does, if an id is not in `itos`.
    """
    if isinstance(ids, Tensor):
        ids = ids.tolist()
    return "".join(itos[i] for i in ids)


class CharWindows(Dataset[tuple[Tensor, Tensor]]):
    """All N-T windows of T characters of a text, each with its targets: the text one step on.

    Item i is `(ids[i : i+T], ids[i+1 : i+T+1])`, two LongTensors `(T,)`:

        ids          0   1   2   3   4   5   6   7   8      N = 9, T = 4
        item 0   x   0   1   2   3
                 y       1   2   3   4
        item 4   x                   4   5   6   7          the last one: N - T = 5 items
                 y                       5   6   7   8
    """

    def __init__(self, ids: Tensor, seq_len: int) -> None:
        """Lay windows of `seq_len` = T characters over `ids`, a LongTensor `(N,)`.

        Raises ValueError if N <= T, when not one window and its targets fit in, or if T < 1.
        """
        if seq_len < 1:
            raise ValueError(f"seq_len must be at least 1, not {seq_len}")
        if len(ids) <= seq_len:
            raise ValueError(
                f"{len(ids)} characters hold no window of seq_len={seq_len}: "
                f"with the last target it takes {seq_len + 1}"
            )
        self.seq_len = seq_len
        self._rows = ids.unfold(0, seq_len + 1, 1)  # (N,) -> (N-T, T+1), a view

    def __len__(self) -> int:
        """Return the number of windows, N-T."""
        return len(self._rows)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        """Return the window that starts at character i, and its targets, two views `(T,)`.

        Raises IndexError if there is no such window.
        """
        row = self._rows[i]  # (T+1,)
        return row[:-1], row[1:]

    def _at(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the windows that start at M places, a LongTensor `(M,)`, and their targets.

        Both are `(M, T)`, views of one copy of the M rows. `self._rows[starts]` would be the same
        copy, and take twice as long.
        """
        rows = self._rows.index_select(0, starts)  # (M, T+1)
        return rows[:, :-1], rows[:, 1:]


class _Batches:
    """Pass after pass over the windows, each window once a pass, in batches x, y of `(B, T)`.

    With `shuffle` every pass draws a new order from `generator`, or else from torch's default one.
    The last batch of a pass has fewer rows when B does not divide the number of windows.
    """

    def __init__(
        self,
        windows: CharWindows,
        batch_size: int,
        shuffle: bool,
        generator: torch.Generator | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self.windows, self.batch_size = windows, batch_size
        self.shuffle, self.generator = shuffle, generator
        self._at_once = max(1, _FETCHED // (batch_size * windows.seq_len))  # batches

    def __len__(self) -> int:
        return -(-len(self.windows) // self.batch_size)  # rounded up

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.windows)
        order = torch.randperm(n, generator=self.generator) if self.shuffle else torch.arange(n)
        for starts in torch.split(order, self.batch_size * self._at_once):
            x, y = self.windows._at(starts)  # several batches, (M, T) each
            batches = torch.split(x, self.batch_size), torch.split(y, self.batch_size)
            yield from zip(*batches, strict=True)  # (B, T) each


def make_loaders(
    text: str,
    seq_len: int = 128,
    batch_size: int = 64,
    val_fraction: float = 0.05,
    generator: torch.Generator | None = None,
) -> tuple[Loader, Loader, Vocab]:
    """Split a text and return a training loader, a validation loader and the vocabulary.

    Returns `(train_loader, val_loader, (chars, stoi, itos))`. Iterating over a loader gives pairs
    `(x, y)` of LongTensors `(B, T)`, with y one character ahead of x. One pass over the train
    loader visits every training window once, in random order. The vocabulary is that of the whole
    text; the two loaders share no window, and the validation share is about `val_fraction`.

    `generator`, which the contract does not ask for, makes the order of training repeatable.

    Raises ValueError if either part is too short for a single window: an empty loader would train
    on nothing, or report a perfect loss over nothing. Also for a `val_fraction` outside (0, 1).
    """
    if not 0 < val_fraction < 1:
        raise ValueError(f"val_fraction must lie between 0 and 1, not {val_fraction}")
    vocab = build_vocab(text)
    ids = encode(text, vocab[1])  # (N,)
    cut = len(ids) - round(val_fraction * len(ids))
    for part, length in (("training", cut), ("validation", len(ids) - cut)):
        if length <= seq_len:
            raise ValueError(
                f"the text is too short: its {part} part has {length} of {len(ids)} characters, "
                f"and one window of seq_len={seq_len} takes {seq_len + 1}"
            )
    train_windows, val_windows = CharWindows(ids[:cut], seq_len), CharWindows(ids[cut:], seq_len)
    train_loader = _Batches(train_windows, batch_size, shuffle=True, generator=generator)
    return train_loader, _Batches(val_windows, batch_size, shuffle=False), vocab
