"""Reading lab notes: the rows of their table, and what is written around it.

    | Config (E/H/L/T) | Train CE | Val CE | Val PPL | Sample |
    |---|---|---|---|---|
    | 256/512/2/128 | 1.21 | 1.52 | 4.57 | the king of |

What is understood is more than what is asked for: other words for a loss, bold figures, a comma for
a point, several tables, columns in another order, columns of one's own.

The text is a stranger's: every step takes time in proportion to its length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS = ("Config (E/H/L/T)", "Train CE", "Val CE", "Val PPL", "Sample")
RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")  # below the heads of a table
NUMBER = re.compile(
    r"[-+]?(?:\d{1,3}(?:,\d{3})+\.\d{1,15}|\d{1,9}(?:[.,]\d{1,15})?|\.\d{1,15})(?:[eE][-+]?\d{1,2})?"
)
AROUND = re.compile(r"(?:<\w{1,9}>|[\s*`_~≈=→$])*")  # what may stand before a number
CELL = 300  # characters of a cell that are looked at
TOPICS = {
    "hidden size": r"hidden|(?-i:\bH\b)|units",
    "sequence length": r"sequence|seq|length|context|(?-i:\bT\b)",
    "clipping": r"clip",
}
PLACEHOLDER = re.compile(  # "todo" in small letters is Spanish
    r"\bTODO\b|\bTBD\b|\bFIXME\b|\bXXX\b|(?i:lorem ipsum)"
    r"|(?i:\b(?:write|describe|explain|fill|put|add|insert)\b[^.]{0,20}\bhere\b)"
)
SETTING = re.compile(r"\b\w{1,20}=\d")  # of a line of settings, which is no note if it has three
NOTE = 6  # words that say something


@dataclass(frozen=True)
class Row:
    """A row of the table, its cells as they are written."""

    cells: dict[str, str]

    @property
    def config(self) -> tuple[int, ...] | None:
        """`(E, H, L, T)`, or None if the cell does not hold four numbers."""
        text = self.cells["Config (E/H/L/T)"]
        joined = re.search(r"(\d+)\s*/\s*\D{0,3}(\d+)\s*/\s*\D{0,3}(\d+)\s*/\s*\D{0,3}(\d+)", text)
        if joined:
            return tuple(map(int, joined.groups()))
        for part in (text.rpartition(":")[2], text):  # "Run 1: 256, 256, 1, 128"
            numbers = re.findall(r"\d+", part)[:4]
            if len(numbers) == 4:
                return tuple(map(int, numbers))
        return None

    def number(self, column: str) -> tuple[float, float] | None:
        """The number in a cell and half a unit of its last place, or None if there is none."""
        cell = self.cells[column]
        found = NUMBER.match(cell, AROUND.match(cell).end())
        if not found or cell[found.end() :].lstrip().startswith("%"):
            return None
        text = found.group()
        text = text.replace(",", "" if "." in text else ".")
        mantissa, _, exponent = text.lower().partition("e")
        places = len(mantissa.partition(".")[2]) - int(exponent or 0)
        return float(text), 0.5 * 10.0**-places


def rows_of(text: str) -> list[Row]:
    """The rows of every table that has the columns asked for."""
    return [row for heads, lines in _tables(text) for row in _rows(heads, lines)]


def missing_columns(text: str) -> list[str]:
    """The columns that the table with most of them lacks."""
    lacking = [
        [name for name in COLUMNS if name not in _places(heads)] for heads, _ in _tables(text)
    ]
    return min(lacking, key=len, default=list(COLUMNS))


def exp_fits(ce: tuple[float, float], ppl: tuple[float, float]) -> bool:
    """Whether a perplexity is exp of a loss, both rounded or cut off at their last place."""
    (loss, half), (perplexity, half_ppl) = ce, ppl
    if not abs(loss) < 700:
        return False
    low, high = math.exp(loss - 2 * half), math.exp(loss + 2 * half)
    return low - 2 * half_ppl <= perplexity <= high + 2 * half_ppl


def notes_of(text: str) -> list[str]:
    """The paragraphs and list items outside of tables, headings and code."""
    lines = [
        "" if line.startswith(("#", "|")) or len(_cells(line)) > 2 or RULE.fullmatch(line) else line
        for line in _without_code(_without_comments(text))
    ]
    joined = "\n".join(re.sub(r"^([-*+]|\d{1,3}[.)])\s+", "\n", line) for line in lines)
    return [note.strip() for note in re.split(r"\n\n+", joined) if note.strip()]


def is_note(note: str) -> bool:
    """Whether a paragraph says something: some words, and none that stand for words to come."""
    words, settings = len(re.findall(r"\w+", note)), len(SETTING.findall(note))
    return words >= NOTE and settings < 3 and not PLACEHOLDER.search(note)


def topics_missing(text: str) -> list[str]:
    """The topics that nothing is written on.

    Three notes of some length count as notes on all of them, in whatever words or language.
    """
    notes = [note for note in notes_of(text) if is_note(note)]
    if len(notes) >= len(TOPICS):
        return []
    said = _with_headings(text)
    return [
        topic
        for topic, words in TOPICS.items()
        if not any(re.search(words, note, re.IGNORECASE) and is_note(note) for note in said)
    ]


def _with_headings(text: str) -> list[str]:
    """Each note with the heading above it, which often names the topic."""
    said, heading = [], ""
    prose = "\n".join(_without_code(_without_comments(text)))
    for block in re.split(r"^(#+ .*)$", prose, flags=re.MULTILINE):
        if block.startswith("#"):
            heading = block.lstrip("# ")
        else:
            said += [f"{heading}: {note}" if is_note(note) else note for note in notes_of(block)]
    return said


def _without_comments(text: str) -> str:
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _without_code(text: str) -> Iterator[str]:
    """The lines outside of fences, without the spaces around them."""
    fenced = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield line


def _tables(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """The heads of each table's columns, and the lines below."""
    before, heads, body = "", [""], None
    for quoted in [*text.splitlines(), ""]:
        line = quoted.lstrip("> ")
        if body is not None and "|" in line:
            body.append(line)
        elif body is not None:
            yield heads, body
            body = None
        elif "|" in before and "|" in line and RULE.fullmatch(line.strip()):
            heads, body = _cells(before), []
        before = line


def _cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    line = line[:-1] if line.endswith("|") and not line.endswith("\\|") else line
    cells = re.split(r"(?<!\\)\|", line)
    return [cell.replace("\\|", "|").strip()[:CELL] for cell in cells]


def _names(head: str) -> str | None:
    """Which column a head names, if any: "Val CE", "validation loss", "CE (val)"."""
    words = re.findall(r"[a-z]+", head.lower())

    def some(*beginnings: str) -> bool:
        return any(word.startswith(beginnings) for word in words)

    if some("config") or words == ["e", "h", "l", "t"]:
        return "Config (E/H/L/T)"
    if some("ppl", "perplex"):
        return None if some("train") else "Val PPL"
    if "ce" in words or some("loss", "cross", "nats"):
        if some("train") or "tr" in words:
            return "Train CE"
        return "Val CE" if some("val") or "va" in words else None
    return "Sample" if some("sample") else None


def _places(heads: list[str]) -> dict[str, int]:
    """Where each column asked for is; of several the one with the shortest head."""
    places: dict[str, int] = {}
    for place, head in enumerate(heads):
        name = _names(head)
        if name and (name not in places or len(head) < len(heads[places[name]])):
            places[name] = place
    return places


def _rows(heads: list[str], lines: list[str]) -> Iterator[Row]:
    places = _places(heads)
    if len(places) == len(COLUMNS):
        for line in lines:
            cells = _cells(line)
            if any(cells):
                padded = [*cells, *[""] * len(heads)]
                yield Row({name: padded[place] for name, place in places.items()})
