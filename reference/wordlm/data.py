"""From a text to streams of words: tokens, a vocabulary, and B places to read from at once.

A word-level model reads words, not characters. So the text is cut into words, and each *type* of
word gets an id. A model cannot learn a word that it meets once: words rarer than `min_freq` share
one id, `<unk>`, and so does every word that turns up later. A second special, `<eos>`, ends a text.

    The dog saw the cat.   ->   the dog saw the cat   ->   2 0 0 2 0 1       the: 2, <unk>: 0
                                                                             <eos>: 1
A text is one long line, and a batch needs B lines. Cutting it into windows and shuffling them would
throw away what stood before each. Instead it is cut into B long *streams*, once, and all of them
are read from left to right, side by side, T columns at a time:

    ids + <eos>    0 1 2 3 4 5 6 7 8 9 ...  21 22 23             here the id is the place

    batchify, B = 3        column  0  1  2  3  4  5  6  7
                   stream 0        0  1  2  3  4  5  6  7         N = 8 columns; what does not
                   stream 1        8  9 10 11 12 13 14 15         fill a column is dropped
                   stream 2       16 17 18 19 20 21 22 23
                                  \\_____/  \\_____/  \\_/
    get_batch, T = 3               i = 0    i = 3    i = 6        the last chunk has one column:
                                                                  column 7 is a target only
    x at i = 3     3  4  5         y at i = 3     4  5  6         y is x, one column further on
                  11 12 13                       12 13 14
                  19 20 21                       20 21 22

Row b of one chunk goes on where row b of the chunk before it stopped. That is what allows the
model to keep its state from chunk to chunk (train.py).

Left out on purpose: sentence boundaries, punctuation and capitals, which `tokenize` drops; subword
tokens, which have made `<unk>` unnecessary. The vocabulary is that of the training text: building
it from all the text would tell the model which words of the validation text exist.

The layout is that of Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization"
(2014).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

UNK, EOS = "<unk>", "<eos>"

# Letters and digits of any script, and the apostrophe. `\w` alone would take the underscore too.
_WORD = re.compile(r"(?:[^\W_]|')+")


def tokenize(text: str) -> list[str]:
    """Cut a text into its words, in lower case.

    A word is an unbroken run of letters, digits and apostrophes; everything else separates.
    """
    return _WORD.findall(text.lower())


class Vocab:
    """The words that are known, each with an id: the specials first, then the frequent words.

    `vocab[token]` is the id of a token, that of `<unk>` for a rare or new one. `itos[i]` is the
    token with id i, and `len(vocab)` is how many ids there are. `<unk>` is 0, `<eos>` is 1.
    """

    def __init__(self, tokens: Iterable[str], min_freq: int = 3) -> None:
        """Number the tokens that occur at least `min_freq` times.

        Sorted, so that the ids depend on nothing but the tokens. A `set` of strings has another
        order in the next process.
        """
        counts = Counter(tokens)
        frequent = sorted(t for t, count in counts.items() if count >= min_freq)
        self.itos = [UNK, EOS] + [t for t in frequent if t not in (UNK, EOS)]
        self._ids = {token: i for i, token in enumerate(self.itos)}

    def __len__(self) -> int:
        """Return the number of ids, V."""
        return len(self.itos)

    def __getitem__(self, token: str) -> int:
        """Return the id of a token, or that of `<unk>`."""
        return self._ids.get(token, 0)


def batchify(tokens: Sequence[str], vocab: Vocab, batch_size: int) -> Tensor:
    """Lay a text out as B = `batch_size` streams of N ids, one after the other.

    Returns a LongTensor `(B, N)`: the tokens' ids and one `<eos>` at the end, in reading order row
    by row. The up to B-1 ids at the end that fill no column are dropped.

    Raises ValueError if a stream would have fewer than 2 ids: the first prediction takes two.
    """
    ids = [vocab[token] for token in tokens] + [vocab[EOS]]
    columns = len(ids) // batch_size  # N
    if columns < 2:
        raise ValueError(
            f"{len(ids)} ids make no {batch_size} streams of 2 or more: "
            f"take a smaller batch_size, or more text"
        )
    return torch.tensor(ids[: batch_size * columns]).view(batch_size, columns)  # (B, N)


def get_batch(data: Tensor, seq_len: int, i: int) -> tuple[Tensor, Tensor]:
    """Return the chunk of the streams that starts at column i, and its targets.

    data: LongTensor `(B, N)`, as `batchify` returns it. Returns `(x, y)`, two views `(B, T)` of it,
    y one column further than x. T is `seq_len`, or less where the streams end: column N-1 is the
    last target.
    """
    length = min(seq_len, data.shape[1] - 1 - i)
    return data[:, i : i + length], data[:, i + 1 : i + 1 + length]
