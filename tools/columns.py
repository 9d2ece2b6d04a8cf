"""Texts side by side on a terminal, in columns of equal width."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

GAP = "   "
NARROWEST = 18


def columns(heads: Sequence[str], texts: Sequence[str], width: int) -> str:
    """The texts beside each other, each below its head; below each other if it gets too narrow.

    `width` is that of the terminal, in characters. No line of the answer is longer.
    """
    each = (width - len(GAP) * (len(texts) - 1)) // len(texts)
    if each < NARROWEST:
        parts = (
            [head, "-" * min(width, len(head)), *folded(text, width)]
            for head, text in zip(heads, texts, strict=True)
        )
        return "\n\n".join("\n".join(lines) for lines in parts)
    blocks = [
        [head, "-" * each, *folded(text, each)] for head, text in zip(heads, texts, strict=True)
    ]
    rows = zip_longest(*blocks, fillvalue="")
    return "\n".join(GAP.join(_padded(cell, each) for cell in row).rstrip() for row in rows)


def folded(text: str, width: int) -> list[str]:
    """The text's lines, cut where they are too wide; at a space if there is one."""
    lines = []
    for line in text.expandtabs(4).split("\n"):
        rest = "".join(char if char.isprintable() else "\ufffd" for char in line)
        while _width(rest) > width:
            end = _fitting(rest, width)
            space = rest.rfind(" ", 1, end + 1)
            end = space if space > 0 else end
            lines.append(rest[:end])
            rest = rest[end:].removeprefix(" ")
        lines.append(rest)
    return lines


def _fitting(text: str, width: int) -> int:
    """How many characters fit."""
    end = 0
    while end < len(text) and _width(text[: end + 1]) <= width:
        end += 1
    return max(end, 1)


def _width(text: str) -> int:
    """Places that a text takes: two for a Chinese character, none for a combining accent."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
