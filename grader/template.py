"""The template a student starts from: the reference, with the answers taken out.

    python -m grader.template reference student            write student/<lab>/<name>.py
    python -m grader.template reference student --check    exit 1, and name the files that differ

Template and reference say one contract twice, and two copies kept by hand drift apart. So the
template is made from the reference's source, text for text:

    module docstring       its first paragraph; the rest is the chapter, equations and all
    public function        signature and docstring, and a body that raises NotImplementedError
    public class           its head, docstring and fields; its methods like functions
    public constant        as it is, with the comment above it
    import                 those of its names that something above still mentions

Whatever begins with one underscore is the reference's own business and vanishes, a file too, and so
does anything else at the top level. A public function or class without a docstring is an error: the
docstring's first line is what a student is told to do.
"""

import argparse
import ast
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

LINE_LENGTH = 100

# Decorators that say how a thing is called stay. One that is part of the answer, such as
# `@torch.no_grad()`, does not.
CALLING_DECORATORS = ("classmethod", "property", "staticmethod")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class TemplateError(Exception):
    """The reference cannot be made into a template; says where and why."""


def generate(reference: Path) -> dict[Path, str]:
    """Return the template's text for every public file of every lab, by its path below the root.

    `reference` holds one folder per lab. Raises TemplateError if it holds none, or as
    `strip_answers` does.
    """
    texts = {}
    for path in sorted(reference.glob("*/*.py")):
        if not _is_private(path.stem):
            name = path.relative_to(reference)
            texts[name] = strip_answers(path.read_text(encoding="utf-8"), name.as_posix())
    if not texts:
        raise TemplateError(f"{reference} holds no lab: there is no {reference}/<lab>/<name>.py")
    return texts


def strip_answers(source: str, name: str) -> str:
    """Return the template of one module; `name`, such as charlm/data.py, goes into its messages.

    Raises TemplateError if a public function or class has no docstring, or if public code mentions
    a private name, which the template would then lack.
    """
    return _Module(source, name).template()


def differences(texts: dict[Path, str], student: Path) -> Iterator[str]:
    """Yield a line for each file below `student` that is missing, differs, or is not generated."""
    for path, text in texts.items():
        target = student / path
        if not target.is_file():
            yield f"{target} is missing"
        elif target.read_text(encoding="utf-8") != text:
            yield f"{target} differs from what the reference gives"
    for target in sorted(student.glob("*/*.py")):
        if target.relative_to(student) not in texts:
            yield f"{target} has no counterpart in the reference"


class _Module:
    """One module of the reference, as lines of text and as a syntax tree that points into them."""

    def __init__(self, source: str, name: str) -> None:
        self.name = name
        self.lines = source.splitlines()
        self.tree = ast.parse(source, filename=name)

    def template(self) -> str:
        # Twice, because which imports are needed is only known once the bodies are gone.
        text = self._text(needed=None)
        mentioned = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        for node in self.tree.body:
            for name in _names(node) or []:
                if _is_private(name) and name in mentioned:
                    raise TemplateError(f"{self.name}: public code mentions the private {name}")
        return self._text(needed=mentioned)

    def _text(self, needed: set[str] | None) -> str:
        lines: list[str] = []
        gap: list[str] = []  # the blank line above a dropped import, for the next one
        for node, leading in self._with_leading(self.tree.body, 0):
            if isinstance(node, ast.Import | ast.ImportFrom):
                text = self._import(node, needed)
            elif node is self.tree.body[0] and ast.get_docstring(self.tree) is not None:
                text = self._first_paragraph(node)
            else:
                text = self._statement(node, "")
            if not text:
                gap = gap or [line for line in leading if not line]
                continue
            lines += (leading if leading[:1] == [""] else gap + leading) + text
            gap = []
        return "\n".join(lines).strip("\n") + "\n"

    def _with_leading(
        self, nodes: Iterable[ast.stmt], start: int
    ) -> Iterator[tuple[ast.stmt, list[str]]]:
        """Pair each public statement after line `start` with the blanks and comments above it."""
        for node in nodes:
            first = _first_line(node)
            names = _names(node)
            if names is not None and not any(map(_is_private, names)):
                yield node, self.lines[start : first - 1]
            start = node.end_lineno or first

    def _statement(self, node: ast.stmt, owner: str) -> list[str]:
        """Return the lines that stand for one public statement; `owner` is its class, or ""."""
        if isinstance(node, Function):
            return self._function(node, owner)
        if isinstance(node, ast.ClassDef):
            return self._class(node)
        return self.lines[node.lineno - 1 : node.end_lineno]

    def _class(self, node: ast.ClassDef) -> list[str]:
        docstring = self._docstring(node, node.name)
        end = docstring.end_lineno or docstring.lineno
        lines = self.lines[_first_line(node) - 1 : end]
        for child, leading in self._with_leading(node.body[1:], end):
            lines += leading + self._statement(child, node.name)
        return lines

    def _function(self, node: Function, owner: str) -> list[str]:
        name = f"{owner}.{node.name}" if owner else node.name
        docstring = self._docstring(node, name)
        lines: list[str] = []
        for decorator in node.decorator_list:
            if ast.unparse(decorator) in CALLING_DECORATORS:
                lines += self.lines[decorator.lineno - 1 : decorator.end_lineno]
        lines += self.lines[node.lineno - 1 : docstring.end_lineno]
        task = (ast.get_docstring(node) or "").splitlines()[0].rstrip(".")
        return lines + _raise(
            f"{self.name} {name}: not implemented - ", task, " " * docstring.col_offset
        )

    def _docstring(self, node: Function | ast.ClassDef, name: str) -> ast.stmt:
        if not ast.get_docstring(node):
            raise TemplateError(f"{self.name}: {name} is public and has no docstring")
        return node.body[0]

    def _first_paragraph(self, docstring: ast.stmt) -> list[str]:
        lines = self.lines[docstring.lineno - 1 : docstring.end_lineno]
        if "" not in lines:
            return lines
        paragraph = lines[: lines.index("")]
        return [paragraph[0] + '"""'] if len(paragraph) == 1 else [*paragraph, '"""']

    def _import(self, node: ast.Import | ast.ImportFrom, needed: set[str] | None) -> list[str]:
        """Return the import without the names that are not needed; None stands for all."""
        kept = [
            alias
            for alias in node.names
            if needed is None or (alias.asname or alias.name).split(".")[0] in needed
        ]
        if len(kept) == len(node.names) or getattr(node, "module", None) == "__future__":
            return self.lines[node.lineno - 1 : node.end_lineno]
        if not kept:
            return []
        if isinstance(node, ast.Import):
            return [ast.unparse(ast.Import(kept))]
        return [ast.unparse(ast.ImportFrom(node.module, kept, node.level))]


def _names(node: ast.stmt) -> list[str] | None:
    """Return the names a statement binds; of an import or docstring none; None: it is to vanish."""
    if isinstance(node, Function | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return []
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return [] if is_docstring else None


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _raise(prefix: str, task: str, indent: str) -> list[str]:
    """Return `raise NotImplementedError(...)` the way the formatter lays it out."""
    message = _quoted(prefix + task)
    line = f"{indent}raise NotImplementedError({message})"
    if len(line) <= LINE_LENGTH:
        return [line]
    inner = indent + "    "
    whole = len(inner + message) <= LINE_LENGTH
    parts = [message] if whole else [_quoted(prefix), _quoted(task)]
    return [f"{indent}raise NotImplementedError(", *(inner + p for p in parts), f"{indent})"]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main(arguments: list[str] | None = None) -> int:
    """Write the template, or compare it; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m grader.template", description="Make the students' template."
    )
    parser.add_argument("reference", type=Path, help="the model answers, one folder per lab")
    parser.add_argument("student", type=Path, help="the template, likewise")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    try:
        texts = generate(options.reference)
    except (TemplateError, SyntaxError) as error:
        print(f"template: {error}", file=sys.stderr)
        return 2
    if not options.check:
        for path, text in texts.items():
            target = options.student / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    found = list(differences(texts, options.student))
    for line in found:
        print(line)
    if found and options.check:
        print(f"to make it anew: python -m grader.template {options.reference} {options.student}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
