"""The texts are what their descriptions say, and any file is read in one defined way."""

import math
import subprocess
import sys

import pytest

from checks.support.corpora import CORPORA, load_text, markov_corpus, python_prose, small_corpus


@pytest.fixture
def write(tmp_path):
    """Write bytes to a file and return its path."""

    def write(content: bytes):
        path = tmp_path / "corpus.txt"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"one\ntwo\n", "one\ntwo\n"),
        (b"one\r\ntwo\rthree\r\n\r\n", "one\ntwo\nthree\n\n"),
        (b"\xef\xbb\xbfone", "one"),
        (b"\xef\xbb\xbf\xef\xbb\xbfone", "\ufeffone"),
        ("naïve 漢字 🙂 e\u0301\u2028".encode(), "naïve 漢字 🙂 e\u0301\u2028"),
        (b" \x00\t\x0b\x0c ", " \x00\t\x0b\x0c "),
        (b"x", "x"),
    ],
    ids=["plain", "line ends", "bom", "one bom only", "not ascii", "control characters", "single"],
)
def test_a_file_is_read_in_one_defined_way(write, content, text):
    assert load_text(write(content)) == text
    assert load_text(str(write(content))) == text


@pytest.mark.parametrize(
    ("content", "offset"),
    [
        (b"abc\xffdef", 3),
        ("naïve".encode("latin-1"), 2),
        (b"\xef\xbb\xbfabc\x80", 6),
        (b"abc\xe6\xbc", 3),
        ("text".encode("utf-16"), 0),
        (b"", 0),
        (b"\xef\xbb\xbf", 3),
    ],
    ids=["0xff", "latin-1", "after a bom", "cut short", "utf-16", "empty", "only a bom"],
)
def test_what_cannot_be_read_is_refused_by_file_and_offset(write, content, offset):
    path = write(content)
    with pytest.raises(ValueError, match=rf"offset {offset}\b") as caught:
        load_text(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_text(tmp_path / "nowhere.txt")


def test_the_tale_is_plain_english_of_the_size_described():
    text = small_corpus()
    assert 22_000 < len(text) < 23_500
    assert text.isascii()
    assert len(set(text)) == 60
    assert len(set(text.lower().split())) > 1000


def test_the_prose_of_python_is_large():
    text = python_prose()
    assert len(text) > 300_000
    assert text == python_prose()
    assert "statement" in text


def test_the_generated_text_is_what_its_script_makes():
    # Byte for byte, so that a changed script, or a changed file, cannot go unnoticed; and the
    # numbers in the README are those that the script prints.
    script = subprocess.run(
        [sys.executable, str(CORPORA / "make_markov.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert script.returncode == 0, script.stdout + script.stderr
    readme = (CORPORA / "README.md").read_text(encoding="utf-8")
    for line in script.stdout.splitlines():
        assert line in readme


def test_two_letters_of_memory_are_worth_having():
    # What the script prints about the text, counted once more and without it.
    text = markov_corpus()
    assert len(text) == 100_000
    assert sorted(set(text)) == list("abcdefghijkl")

    def given(order: int) -> float:
        grams: dict[str, int] = {}
        contexts: dict[str, int] = {}
        for i in range(len(text) - order):
            gram = text[i : i + order + 1]
            grams[gram] = grams.get(gram, 0) + 1
            contexts[gram[:-1]] = contexts.get(gram[:-1], 0) + 1
        total = len(text) - order
        return -sum(n * math.log(n / contexts[gram[:-1]]) for gram, n in grams.items()) / total

    assert given(0) == pytest.approx(2.474, abs=0.002)
    assert given(1) == pytest.approx(2.363, abs=0.005)
    assert given(2) == pytest.approx(1.571, abs=0.012)  # low by about 12 * 12 * 11 / (2 * 100,000)
