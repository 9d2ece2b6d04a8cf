"""From a text to streams of words: tokens, a vocabulary, and B places to read from at once."""

from collections.abc import Iterable, Sequence

from torch import Tensor

UNK, EOS = "<unk>", "<eos>"


def tokenize(text: str) -> list[str]:
    """Cut a text into its words, in lower case.

    A word is an unbroken run of letters, digits and apostrophes; everything else separates.
    """
    raise NotImplementedError(
        "wordlm/data.py tokenize: not implemented - Cut a text into its words, in lower case"
    )


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
        raise NotImplementedError(
            "wordlm/data.py Vocab.__init__: not implemented - "
            "Number the tokens that occur at least `min_freq` times"
        )

    def __len__(self) -> int:
        """Return the number of ids, V."""
        raise NotImplementedError(
            "wordlm/data.py Vocab.__len__: not implemented - Return the number of ids, V"
        )

    def __getitem__(self, token: str) -> int:
        """Return the id of a token, or that of `<unk>`."""
        raise NotImplementedError(
            "wordlm/data.py Vocab.__getitem__: not implemented - "
            "Return the id of a token, or that of `<unk>`"
        )


def batchify(tokens: Sequence[str], vocab: Vocab, batch_size: int) -> Tensor:
    """Lay a text out as B = `batch_size` streams of N ids, one after the other.

    Returns a LongTensor `(B, N)`: the tokens' ids and one `<eos>` at the end, in reading order row
    by row. The up to B-1 ids at the end that fill no column are dropped.

    Raises ValueError if a stream would have fewer than 2 ids: the first prediction takes two.
    """
    raise NotImplementedError(
        "wordlm/data.py batchify: not implemented - "
        "Lay a text out as B = `batch_size` streams of N ids, one after the other"
    )


def get_batch(data: Tensor, seq_len: int, i: int) -> tuple[Tensor, Tensor]:
    """Return the chunk of the streams that starts at column i, and its targets.

    data: LongTensor `(B, N)`, as `batchify` returns it. Returns `(x, y)`, two views `(B, T)` of it,
    y one column further than x. T is `seq_len`, or less where the streams end: column N-1 is the
    last target.
    """
    raise NotImplementedError(
        "wordlm/data.py get_batch: not implemented - "
        "Return the chunk of the streams that starts at column i, and its targets"
    )
