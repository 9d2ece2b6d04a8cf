"""From a text to batches: characters become integer ids, ids become windows, windows batches."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

Vocab = tuple[list[str], dict[str, int], dict[int, str]]  # chars, stoi, itos
Loader = Iterable[tuple[Tensor, Tensor]]  # batches x, y, each (B, T)


def build_vocab(text: str) -> Vocab:
    """Number the distinct characters of a text in sorted order.

    Returns `(chars, stoi, itos)`: `chars` is the sorted list of the V distinct characters,
    `stoi[c]` the id of character c, `itos[i]` the character with id i; ids run from 0 to V-1.
    Sorted, because the order of a `set` of strings changes from one Python process to the next,
    and a saved model would then read every id as some other character.
    """
    raise NotImplementedError(
        "charlm/data.py build_vocab: not implemented - "
        "Number the distinct characters of a text in sorted order"
    )


def encode(text: str, stoi: Mapping[str, int]) -> Tensor:
    """Turn a text of N characters into a LongTensor of N ids.

    Raises ValueError, naming the character and where it stands, if one is not in `stoi`.
    """
    raise NotImplementedError(
        "charlm/data.py encode: not implemented - "
        "Turn a text of N characters into a LongTensor of N ids"
    )


def decode(ids: Tensor | Sequence[int], itos: Mapping[int, str] | Sequence[str]) -> str:
    """Turn ids, a LongTensor `(N,)` or a list of ints, back into a text of N characters.

    Raises KeyError or IndexError, as the table does, if an id is not in `itos`.
    """
    raise NotImplementedError(
        "charlm/data.py decode: not implemented - "
        "Turn ids, a LongTensor `(N,)` or a list of ints, back into a text of N characters"
    )


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
        raise NotImplementedError(
            "charlm/data.py CharWindows.__init__: not implemented - "
            "Lay windows of `seq_len` = T characters over `ids`, a LongTensor `(N,)`"
        )

    def __len__(self) -> int:
        """Return the number of windows, N-T."""
        raise NotImplementedError(
            "charlm/data.py CharWindows.__len__: not implemented - "
            "Return the number of windows, N-T"
        )

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        """Return the window that starts at character i, and its targets, two views `(T,)`.

        Raises IndexError if there is no such window.
        """
        raise NotImplementedError(
            "charlm/data.py CharWindows.__getitem__: not implemented - "
            "Return the window that starts at character i, and its targets, two views `(T,)`"
        )


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
    raise NotImplementedError(
        "charlm/data.py make_loaders: not implemented - "
        "Split a text and return a training loader, a validation loader and the vocabulary"
    )
