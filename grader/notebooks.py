"""A notebook handed in for one of a lab's files: from Jupyter's format to the cells a worker runs.

nbformat, Jupyter's own library, reads the format, so that what Jupyter opens is read here as well.
The notebook is data on this side: its cells are written out as JSON beside it, in the copy of the
submission, and only ever run in a worker (`grader/worker/notebook.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .worker.notebook import CELLS

MAX_CELLS = 2000


class NotebookError(ValueError):
    """The file is no notebook that can be read; the message is one sentence that names it."""


def notebooks_in(folder: Path) -> list[Path]:
    """The notebooks directly in the folder, by name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_notebook(path) and path.is_file())


def is_notebook(path: Path) -> bool:
    """Whether the file's name says that it is one."""
    return path.suffix.lower() == ".ipynb"


def write_cells(notebook: Path, module: str) -> None:
    """Write the notebook's code cells beside it, to be run as `module`. Raises NotebookError."""
    cells = code_cells(notebook)
    document = {"notebook": notebook.name, "cells": cells}
    target = notebook.with_name(module + CELLS)
    target.write_text(json.dumps(document), encoding="ascii")
    target.chmod(0o644)


def code_cells(notebook: Path) -> list[str]:
    """The source of every code cell that holds anything, in order. Raises NotebookError.

    The n-th of them is the one that Jupyter marks [n] after "restart and run all": that leaves out
    empty cells too.
    """
    document = _read(notebook)
    cells = document.get("cells")
    if document.get("nbformat") != 4 or not isinstance(cells, list):
        version = document.get("nbformat")
        known = "save it anew with a current Jupyter" if version in (1, 2, 3) else "it has no cells"
        raise NotebookError(f"{notebook.name} is no notebook of format 4: {known}")
    sources = [cell.get("source") for cell in cells if cell.get("cell_type") == "code"]
    if not all(isinstance(source, str) for source in sources):
        raise NotebookError(f"{notebook.name} is a damaged notebook: a code cell has no source")
    filled = [_lines(source) for source in sources if source.strip()]
    if not filled:
        raise NotebookError(f"{notebook.name} has no code in it")
    if len(filled) > MAX_CELLS:
        raise NotebookError(f"{notebook.name} has more than {MAX_CELLS} code cells")
    return filled


def _lines(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _read(notebook: Path) -> dict[str, Any]:
    from nbformat import reader  # half a second, which only a notebook has to pay

    try:
        text = notebook.read_text(encoding="utf-8-sig")
        document = reader.reads(text)  # type: ignore[no-untyped-call]
    except reader.NotJSONError:
        raise NotebookError(f"{notebook.name} is no notebook: it does not hold JSON") from None
    except UnicodeDecodeError:
        raise NotebookError(f"{notebook.name} is no notebook: it is not UTF-8 text") from None
    except Exception as error:  # whatever a reader of well-formed notebooks trips over
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        raise NotebookError(f"{notebook.name} is a damaged notebook ({reason})") from None
    if not isinstance(document, dict):
        raise NotebookError(f"{notebook.name} is no notebook: it holds other JSON")
    return document
