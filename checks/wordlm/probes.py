"""What must run beside the student's code, for the checks of data.py.

A probe hands back evidence (values, tensors, what was raised), never a verdict. Only the standard
library and torch are imported, since this file is loaded from its source.
"""

from __future__ import annotations


def words(tokenize, text):
    """What `tokenize` gives, as a list; a str stays one, since it is no list of words."""
    tokens = tokenize(text)
    return tokens if isinstance(tokens, str) else list(tokens)


def words_of_each(tokenize, texts):
    """What `tokenize` gives for each text."""
    return [words(tokenize, text) for text in texts]


def look_up(table, keys):
    """`table[key]` for each key: `[True, value]`, or `[False, "KeyError: ..."]` where it raises."""
    found = []
    for key in keys:
        try:
            found.append([True, table[key]])
        except NotImplementedError:  # an empty template body: nothing to give evidence of
            raise
        except Exception as error:
            found.append([False, f"{type(error).__name__}: {error}"])
    return found


def length(vocab):
    """`len(vocab)`."""
    return len(vocab)


def twice(batchify, tokens, vocab, batch_size):
    """What two calls with the very same list give."""
    return [batchify(tokens, vocab, batch_size) for _ in range(2)]
