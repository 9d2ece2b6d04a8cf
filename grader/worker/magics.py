"""What a notebook's cell may hold that is not Python: IPython's magics, shell lines, help.

%matplotlib inline    !pip install x    ?len    len?    files = !ls       are skipped
%%time  %%timeit  %%capture  %%prun  %%memit                              their body runs
%%bash  %%writefile  %%html  %%javascript  and all others                 their body does not
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

BODY_RUNS = frozenset(["time", "timeit", "capture", "prun", "memit"])


def python_of(source: str) -> str:
    """The cell without magics, shell lines and requests for help, line for line."""
    lines = source.split("\n")
    first = next(number for number, line in enumerate(lines) if line.strip())
    if magic := re.match(r"%%(\w*)", lines[first]):
        if magic[1] not in BODY_RUNS:
            return ""
        lines[first] = ""
        body = "\n".join(lines)
        return python_of(body) if body.strip() else ""
    try:
        ast.parse(source)
    except SyntaxError:
        return "\n".join(_without_magics(lines))
    return source  # no Python statement begins like a magic


_MAGIC = re.compile(
    r"\s*([%!?]|(pip|conda) +\w)"  # %matplotlib inline, !ls, ?len, and pip without its %
    r"|[\w\s.*%]+\?\??\s*$"  # len?
    r"|[^=#'\"]+=\s*[!%]"  # files = !ls
)
_TOKEN = re.compile(r"""\\.|\"{3}|'{3}|["'#()\[\]{}]""")


def _without_magics(lines: list[str]) -> Iterator[str]:
    """The lines, with `pass` in place of each statement that is none of Python's."""
    quote, depth = "", 0  # of the string and the brackets that the line begins in
    continued = skipping = False
    for line in lines:
        inside = bool(quote or depth or continued)
        continued = line.endswith("\\")
        if skipping or (not inside and _MAGIC.match(line)):
            indent = line[: len(line) - len(line.lstrip())]
            yield "" if skipping else f"{indent}pass"
            skipping, continued = continued, False
            continue
        for token in _TOKEN.findall(line):
            if quote:
                quote = "" if token == quote else quote
            elif token == "#":
                break
            elif token in "()[]{}":
                depth += 1 if token in "([{" else -1
            elif not token.startswith("\\"):
                quote = token
        if len(quote) == 1 and not continued:
            quote = ""  # a string that the line's end ends: Python will say so
        yield line
