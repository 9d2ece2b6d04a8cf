"""Texts from files, with one sentence if that is not possible."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from checks.support.corpora import load_text, python_prose
from tools.submission import UsageError

PROSE = "Python's own help, about 465,000 characters"


@dataclass(frozen=True)
class Corpus:
    """A text to train on, and the file that it is from; "" for the one that Python brings."""

    text: str
    source: str

    @property
    def digest(self) -> str:
        """A digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read(path: str) -> str:
    """The text of a file. Raises UsageError if there is none."""
    try:
        return load_text(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error


def corpus(path: str | None) -> Corpus:
    """The text of a file or, for None and "", of Python's help. Raises UsageError."""
    return Corpus(read(path), str(Path(path).resolve())) if path else Corpus(python_prose(), "")
