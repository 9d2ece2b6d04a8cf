"""From the path a user names to the folders that are checked.

A submission is a tree with lab folders, a lab folder itself, a zip of either, or, where the lab
takes one, a notebook. It is copied to a folder of our own first, so that nothing that runs can
change what was handed in.
"""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from .labs import LabSpec
from .notebooks import NotebookError, is_notebook, notebooks_in, write_cells

IGNORED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "env",
        "node_modules",
        "__pycache__",
        "__MACOSX",
        ".ipynb_checkpoints",
        ".idea",
        ".vscode",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".DS_Store",
    ]
)
MAX_FILES = 5000
MAX_FILE = 32 * 2**20  # a larger file (a checkpoint, a corpus) is left out
MAX_TOTAL = 256 * 2**20
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)


class SubmissionError(ValueError):
    """The path cannot be checked; the message is one sentence that names it."""


@dataclass
class Submission:
    """A staged copy: where it is, the folder of each lab in it, and what was left out.

    `notebooks` names, for a lab and one of its modules, the notebook that stands for it; `unread`
    says, a sentence each, which notebook is not read.
    """

    source: Path
    root: Path
    labs: dict[str, Path]
    left_out: list[str] = field(default_factory=list)
    notebooks: dict[str, dict[str, str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Delete the copy."""
        shutil.rmtree(self.root, ignore_errors=True)


def stage(source: Path, labs: dict[str, LabSpec], below: Path | None = None) -> Submission:
    """Copy the submission, into a new folder `below`, and find its labs. Raises SubmissionError."""
    root = Path(tempfile.mkdtemp(prefix="submission-", dir=below)).resolve()
    try:
        root.chmod(0o755)
        if source.is_dir():
            left_out = _copy(source, root)
        elif source.is_file() and zipfile.is_zipfile(source):
            left_out = unpack(source, root)
        elif source.is_file() and is_notebook(source):
            left_out = _copy_notebook(source, root)
        elif source.exists():
            raise SubmissionError(f"{source} is neither a folder nor a zip file nor a notebook")
        else:
            raise SubmissionError(f"{source} does not exist")
        found = _find(root, source, labs)
        if not found:
            names = ", ".join(f"{lab.name}/ ({_wanted(lab)})" for lab in labs.values())
            without = f"; left out as too large: {', '.join(left_out[:3])}" if left_out else ""
            raise SubmissionError(f"{source} holds nothing to check; expected {names}{without}")
        submission = Submission(source, root, found, left_out)
        for name, folder in found.items():
            _take_notebook(submission, folder, labs[name])
    except NotebookError as error:
        shutil.rmtree(root, ignore_errors=True)
        raise SubmissionError(f"{source}: {error}") from error
    except OSError as error:
        shutil.rmtree(root, ignore_errors=True)
        raise SubmissionError(f"{source} cannot be read: {error}") from error
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return submission


def _wanted(lab: LabSpec) -> str:
    return ", ".join(lab.files) + (" or one notebook" if lab.notebook else "")


def _take_notebook(submission: Submission, folder: Path, lab: LabSpec) -> None:
    """Turn the lab's notebook into cells, unless the file that it could stand for is there."""
    notebooks = notebooks_in(folder) if lab.notebook else []
    names = ", ".join(path.name for path in notebooks)
    if not notebooks:
        return
    if (folder / lab.notebook).is_file():
        submission.unread.append(f"{lab.name}: {lab.notebook} is read, {names} is not.")
        return
    if len(notebooks) > 1:
        raise NotebookError(f"there are several notebooks for {lab.name} ({names}); leave one")
    module = lab.notebook.removesuffix(".py")
    write_cells(notebooks[0], module)
    submission.notebooks[lab.name] = {module: notebooks[0].name}


def _copy_notebook(source: Path, root: Path) -> list[str]:
    if _size(source) > MAX_FILE:
        raise SubmissionError(f"{source} is too large: over {MAX_FILE >> 20} MiB")
    target = root / source.name
    shutil.copyfile(source, target)
    target.chmod(0o644)
    return []


def _copy(source: Path, root: Path) -> list[str]:
    left_out: list[str] = []
    files = total = 0
    base = source.resolve()
    for folder, names, entries in os.walk(base):
        names[:] = sorted(name for name in names if name not in IGNORED)
        target = root / Path(folder).relative_to(base)
        target.mkdir(exist_ok=True)
        target.chmod(0o755)
        for name in sorted(entries):
            path = Path(folder) / name
            real = path.resolve()
            if name in IGNORED:
                continue
            if not real.is_file() or not real.is_relative_to(base) or _size(real) > MAX_FILE:
                left_out.append(str(path.relative_to(base)))
                continue
            files, total = files + 1, total + _size(real)
            if files > MAX_FILES or total > MAX_TOTAL:
                raise SubmissionError(
                    f"{source} is too large: over {MAX_FILES} files or {MAX_TOTAL >> 20} MiB"
                )
            shutil.copyfile(real, target / name)
            (target / name).chmod(0o644)
    return left_out


def _size(path: Path) -> int:
    return path.stat().st_size


def unpack(source: Path, root: Path) -> list[str]:
    try:
        with zipfile.ZipFile(source) as archive:
            return _extract(archive, source, root)
    except SubmissionError:
        raise
    except (*_BROKEN_ZIP, RuntimeError, EOFError, OSError, ValueError) as error:
        raise SubmissionError(f"{source} cannot be unpacked: {error}") from error


def _extract(archive: zipfile.ZipFile, source: Path, root: Path) -> list[str]:
    left_out = []
    entries = archive.infolist()
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise SubmissionError(
            f"{source} is too large: over {MAX_FILES} files or {MAX_TOTAL >> 20} MiB"
        )
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise SubmissionError(f"{source} holds a link: {entry.filename}")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise SubmissionError(f"{source} holds a path outside itself: {entry.filename}")
        if entry.is_dir() or any(part in IGNORED for part in parts):
            continue
        if entry.file_size > MAX_FILE:
            left_out.append(entry.filename)
            continue
        target = root.joinpath(*(part for part in parts if part not in ("", ".")))
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed:
            data = packed.read(entry.file_size + 1)
        if len(data) != entry.file_size:
            raise SubmissionError(f"{source} lies about the size of {entry.filename}")
        target.write_bytes(data)
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o755)
    return left_out


def _find(root: Path, source: Path, labs: dict[str, LabSpec]) -> dict[str, Path]:
    """Each lab's folder: below the root, below one wrapping folder, or the root itself.

    A notebook beside lab folders belongs to the lab that takes one and has no folder there.
    """
    bases = (root, *_only_folder(root))
    for base in bases:
        found = {name: base / name for name, lab in labs.items() if _is_lab(base / name, lab)}
        if found:
            return {**_by_notebook(base, labs), **found}
        bare = [lab for lab in labs.values() if _is_lab(base, lab)]
        if any(_count(base, lab) for lab in bare):
            return {_which(base, source, bare).name: base}
    return next(filter(None, (_by_notebook(base, labs) for base in bases)), {})


def _by_notebook(base: Path, labs: dict[str, LabSpec]) -> dict[str, Path]:
    return {name: base for name, lab in labs.items() if lab.notebook and notebooks_in(base)}


def _only_folder(root: Path) -> list[Path]:
    folders = [path for path in root.iterdir() if path.is_dir()]
    return folders if len(folders) == 1 else []


def _is_lab(folder: Path, lab: LabSpec) -> bool:
    return _count(folder, lab) > 0 or bool(lab.notebook and notebooks_in(folder))


def _which(folder: Path, source: Path, bare: list[LabSpec]) -> LabSpec:
    """The lab of a folder that is not below one of its name: several have a `model.py`.

    By the folder's name, by a name that only this lab's contract has, or by the number of files.
    Raises SubmissionError if none of these tells.
    """
    for lab in bare:
        if lab.name == source.resolve().stem:
            return lab
    texts = [path.read_text("utf-8", errors="replace") for path in _sources(folder)]
    marked = [lab for lab in bare if lab.landmark and any(lab.landmark in text for text in texts)]
    if len(marked) == 1:
        return marked[0]
    ranked = sorted(marked or bare, key=lambda lab: _rank(folder, lab))
    if len(ranked) > 1 and _rank(folder, ranked[0]) == _rank(folder, ranked[1]):
        names = " or ".join(
            lab.name for lab in ranked if _rank(folder, lab) == _rank(folder, ranked[0])
        )
        raise SubmissionError(f"{source} could be {names}: say which with --lab")
    return ranked[0]


def _sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".py" or is_notebook(path))


def _rank(folder: Path, lab: LabSpec) -> tuple[int, bool]:
    """The lab with most files comes first; a notebook counts where it stands for one."""
    stands = bool(lab.notebook and notebooks_in(folder)) and not (folder / lab.notebook).is_file()
    return -_count(folder, lab) - stands, not stands


def _count(folder: Path, lab: LabSpec) -> int:
    """How many of the lab's files the folder has."""
    return sum((folder / file).is_file() for file in lab.files)
