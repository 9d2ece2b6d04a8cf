"""Measuring generated text: is it varied, does it repeat itself, do two samples say the same?"""

from collections.abc import Sequence


def distinctness(text: str) -> float:
    """Return the number of different words divided by the number of words.

    This is the type-token ratio, between 0 and 1; 0.0 for a text without words.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py distinctness: not implemented - "
        "Return the number of different words divided by the number of words"
    )


def repetition_ratio(text: str) -> float:
    """Return the share of pairs of neighbouring words that are equal.

    N words have N - 1 pairs: "the the the and the" has four, two of them equal, so 0.5. Between 0
    and 1; 0.0 for a text of fewer than two words.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py repetition_ratio: not implemented - "
        "Return the share of pairs of neighbouring words that are equal"
    )


def average_word_length(text: str) -> float:
    """Return the mean number of characters of a word, repeated words counted each time.

    What is written without a space belongs to the word: "end." has four characters. 0.0 for a text
    without words.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py average_word_length: not implemented - "
        "Return the mean number of characters of a word, repeated words counted each time"
    )


def vocabulary_size(text: str) -> int:
    """Return the number of different words."""
    raise NotImplementedError(
        "textmetrics/metrics.py vocabulary_size: not implemented - "
        "Return the number of different words"
    )


def word_entropy(text: str) -> float:
    """Return the entropy of the words' distribution in nats, - sum p ln p with p = n_w / N.

    Between 0.0, where all words are equal, and ln V, where each of the V is equally frequent. 0.0
    for a text without words.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py word_entropy: not implemented - "
        "Return the entropy of the words' distribution in nats, - sum p ln p with p = n_w / N"
    )


def sliding_ttr(text: str, window: int = 50) -> float:
    """Return the mean type-token ratio over all windows of `window` words, one for each start.

    N words have N - window + 1 windows. A text shorter than one window counts as a window by
    itself. Raises ValueError if `window` < 1.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py sliding_ttr: not implemented - "
        "Return the mean type-token ratio over all windows of `window` words, one for each start"
    )


def vocabulary_coverage(text: str, reference: str) -> float:
    """Return the share of the reference's different words that occur in the text.

    Between 0 and 1; 0.0 for a reference without words.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py vocabulary_coverage: not implemented - "
        "Return the share of the reference's different words that occur in the text"
    )


# ------------------------------------------------------------------ sentences


def sentence_count(text: str) -> int:
    """Return the number of sentence ends, which are runs of `.`, `!` or `?`.

    "Wait... what?!" has two.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py sentence_count: not implemented - "
        "Return the number of sentence ends, which are runs of `.`, `!` or `?`"
    )


def average_sentence_length(text: str) -> float:
    """Return the number of words divided by the number of sentences.

    Meant for a text that ends with a sentence end. 0.0 for a text without one.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py average_sentence_length: not implemented - "
        "Return the number of words divided by the number of sentences"
    )


# ------------------------------------------------------------------ several texts


def ngram_overlap(texts: Sequence[str], n: int = 1) -> float:
    """Return the mean Jaccard overlap of the sets of n-grams, over all pairs of texts.

    An n-gram is a run of n words; the overlap of sets A and B is |A and B| / |A or B|. Between 0,
    nothing in common, and 1, the same n-grams throughout; 0.0 for fewer than two texts, and for a
    pair that has no n-gram. Raises ValueError if n < 1.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py ngram_overlap: not implemented - "
        "Return the mean Jaccard overlap of the sets of n-grams, over all pairs of texts"
    )


def self_bleu(texts: Sequence[str], max_n: int = 4) -> float:
    """Return the mean BLEU of each text against all the others, over 1- to `max_n`-grams.

    Near 1 where every text repeats the others, near 0 where each has something else to say; 0.0
    for fewer than two texts. Raises ValueError if `max_n` < 1.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py self_bleu: not implemented - "
        "Return the mean BLEU of each text against all the others, over 1- to `max_n`-grams"
    )


# ------------------------------------------------------------------ reports


def perplexity_from_loss(loss: float) -> float:
    """Return exp(loss), for a loss in nats per token; infinity where that is too large a number."""
    raise NotImplementedError(
        "textmetrics/metrics.py perplexity_from_loss: not implemented - "
        "Return exp(loss), for a loss in nats per token; infinity where that is too large a number"
    )


def evaluate_generation(
    text: str,
    prompt: str | None = None,
    reference: str | None = None,
    temperature: float = 1.0,
) -> dict[str, float | str]:
    """Return every measure of one text in a dict, under the name of its function.

    `temperature`, and `prompt` if there is one, are carried along: so a row of a table says where
    the text came from. The text is measured as it stands. With a `reference` there is a
    `vocabulary_coverage` too.
    """
    raise NotImplementedError(
        "textmetrics/metrics.py evaluate_generation: not implemented - "
        "Return every measure of one text in a dict, under the name of its function"
    )
