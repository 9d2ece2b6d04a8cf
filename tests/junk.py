"""Submissions that answer every call with the same junk, made from the template."""

from __future__ import annotations

import ast
from pathlib import Path

JUNK = {
    "none": "None",
    "a number": "3",
    "a string": "'x'",
    "a pair": "(1, 2)",
    "an empty list": "[]",
    "an object": "object()",
    "a dict": "{'a': 1}",
    "a tensor": "__import__('torch').zeros(2, 3, 4)",
    "tensors": "(__import__('torch').zeros(2, 3, 4), (__import__('torch').zeros(1), None))",
    "not a number": "float('nan')",
}


def write_junk(template: Path, target: Path, junk: str) -> None:
    """Write every lab of the template below `target`, with `junk` as the answer to every call.

    A model stays a module that has parameters; any other class becomes a function.
    """
    for path in sorted(template.glob("*/*.py")):
        place = target / path.relative_to(template)
        place.parent.mkdir(parents=True, exist_ok=True)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [_definition(node, junk) for node in tree.body]
        place.write_text("\n".join(["from torch import nn", *filter(None, texts)]) + "\n")


def _definition(node: ast.stmt, junk: str) -> str:
    if isinstance(node, ast.ClassDef) and any("Module" in ast.unparse(one) for one in node.bases):
        methods = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
        answers = [
            f"    def {name}(self, *args, **kwargs): return {junk}"
            for name in methods
            if name != "__init__"
        ]
        start = "    def __init__(self, *args, **kwargs):\n        super().__init__()"
        head = f"class {node.name}(nn.Module):\n{start}\n        self.weight = nn.Linear(2, 2)"
        return "\n".join([head, *answers])
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return f"def {node.name}(*args, **kwargs): return {junk}"
    return ""
