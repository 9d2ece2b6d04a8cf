"""Which version of a submission and of its checks a recorded run was made with.

What a run says of a part depends on the part's checks, on what these import, and on the probes they
send: nothing else of `checks/` makes it void. Comments and docstrings are not counted, they decide
nothing.
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tempfile
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.classes.plan import digest_of
from grader.labs import LabSpec
from tests.cases import ROOT, SPECS, Case

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def version(case: Case, part: str) -> str:
    """A digest of the submission, and of the checks of one part."""
    with tempfile.TemporaryDirectory() as folder:
        case.build(Path(folder))
        return of_checks(SPECS[case.lab], part) + digest_of(Path(folder), ["."])


@cache
def of_checks(spec: LabSpec, part: str) -> str:
    """A digest of the checks of a part of a lab, and of the texts that they may read."""
    digest = hashlib.sha256(digest_of(ROOT, ["fixtures/corpora"]).encode())
    for path in sorted(closure(spec, part)):
        text = path.read_text(encoding="utf-8")
        digest.update(path.name.encode())
        digest.update((text if path.suffix == ".toml" else code_of(text)).encode())
    return digest.hexdigest()[:16]


def closure(spec: LabSpec, part: str) -> set[Path]:
    """The files that the checks of a part of a lab consist of."""
    waiting = [spec.folder / "conftest.py", spec.folder / f"test_{part}.py"]
    waiting += spec.folder.glob(f"test_{part}_*.py")
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found and path.is_file():
            found.add(path)
            waiting += _used_by(path.read_text(encoding="utf-8"), spec)
    return found


def _used_by(text: str, spec: LabSpec) -> Iterator[Path]:
    """What a file imports from `checks`, and the probes that it mentions."""
    project = spec.folder.parents[1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("checks"):
            module = project.joinpath(*str(node.module).split("."))
            yield module.with_suffix(".py")
            yield from (module / f"{alias.name}.py" for alias in node.names)
    for name, path in spec.probes.items():
        if re.search(rf"\.{name}\b", text):
            yield path


def code_of(text: str) -> str:
    """Python source without docstrings, comments and empty lines."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = lines[token.start[0] - 1][: token.start[1]]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            documentation = node.body[0]
            for number in range(documentation.lineno, (documentation.end_lineno or 0) + 1):
                lines[number - 1] = ""
    return "\n".join(filter(None, map(str.rstrip, lines)))
