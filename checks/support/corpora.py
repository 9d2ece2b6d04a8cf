"""The texts that models are trained on, and one way of reading any other.

Four come with every checkout or every Python, so that nothing has to be downloaded:

    small_corpus()    a tale in plain English, about 22,700 characters, written for this project
    markov_corpus()   100,000 characters from a source whose entropy rate is known exactly
    dialogue_corpus() about 2,400 words of small talk, written by a small grammar
    python_prose()    about 465,000 characters of real prose, from the Python installation itself

How the first three were made, and what their numbers are, is told in fixtures/corpora/README.md.
"""

from pathlib import Path

CORPORA = Path(__file__).parents[2] / "fixtures" / "corpora"

BYTE_ORDER_MARK = "\ufeff"


def load_text(path: Path | str) -> str:
    """Read a text file as UTF-8, the same on every system.

    Every line ends with "\\n", also where the file has "\\r\\n" or "\\r". A byte order mark at the
    beginning is dropped. Every other character stays as it is, be it ASCII or not.

    Raises ValueError, in one sentence that names the file and the offset of the first bad byte, if
    the bytes are not UTF-8, and if nothing is left to read; OSError if the file cannot be opened.
    """
    raw = Path(path).read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text: the byte 0x{raw[error.start]:02x} at offset {error.start} "
            f"cannot be decoded ({error.reason})"
        ) from None
    text = text.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        raise ValueError(f"{path} is empty: there is no character at byte offset {len(raw)}")
    return text


def small_corpus() -> str:
    """Return the tale, about 22,700 characters, 60 different ones."""
    return load_text(CORPORA / "tale.txt")


def markov_corpus() -> str:
    """Return 100,000 letters of a source of order 2, of which a model can learn all there is."""
    return load_text(CORPORA / "markov.txt")


def dialogue_corpus() -> str:
    """Return the dialogues, about 12,200 characters: 2,400 words, 115 different ones."""
    return load_text(CORPORA / "dialogue.txt")


def python_prose() -> str:
    """Return the language reference as `help()` prints it, about 465,000 characters.

    It is `pydoc_data.topics`, a dict of some eighty chapters that every CPython carries for its
    interactive help, joined in the order of their names. So it is real prose, large, and there
    without a network; but it differs a little from one Python version to the next, and no number
    that was measured on it holds to the last digit elsewhere.
    """
    from pydoc_data.topics import topics  # here, since most runs do not need its half megabyte

    return "".join(topics[name] for name in sorted(topics))
