"""Loading a submission's modules for a tool, and one sentence for whatever goes wrong in them.

A tool runs a submission's code in its own process, without walls: it is for one's own work.
"""

from __future__ import annotations

import hashlib
import importlib
import traceback
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.classes.found import files_of
from grader.labs import PROJECT, LabSpec, discover
from grader.submission import SubmissionError, stage
from grader.worker.modules import LabFinder

REFERENCE = PROJECT / "reference"
LONGEST = 300  # characters of what an exception says


class UsageError(ValueError):
    """What was asked for cannot be done; the message is one sentence."""


@dataclass(frozen=True)
class LoadedLab:
    """The modules of one lab of a submission, by the names that the contract gives them."""

    name: str
    folder: Path
    modules: dict[str, ModuleType]

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call `module.function` of the contract.

        Raises UsageError, which names the file, the line and the exception, if it is missing or
        fails.
        """
        module, _, function = name.partition(".")
        with self.blamed(f"{self.name}/{module}.py: {function}"):
            return getattr(self.modules[module], function)(*args, **kwargs)

    @contextmanager
    def blamed(self, what: str) -> Iterator[None]:
        """Turn what the submission raises within the block into a UsageError about `what`."""
        try:
            yield
        except UsageError:
            raise
        except (Exception, SystemExit) as error:
            place = self._place(error)
            raise UsageError(f"{what} failed{place}: {words_of(error)}") from error

    def code(self) -> str:
        """A digest of the lab's Python files and their names: notes beside them are not code."""
        digest = hashlib.sha256()
        for path in files_of(self.folder):
            if path.suffix != ".py":
                continue
            digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _place(self, error: BaseException) -> str:
        """The submission's innermost line on the way to the exception."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(self.folder)]
        return f" in line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""


@contextmanager
def loaded(submission: Path, lab: str) -> Iterator[LoadedLab]:
    """The lab's modules of a submission: a folder that holds the lab's, that folder, or a zip.

    Within the block siblings may be imported in any form. Raises UsageError if a file is missing
    or cannot be imported.
    """
    spec = discover(PROJECT / "checks")[lab]
    with _folder_of(submission, spec) as folder:
        finder = LabFinder(lab, str(folder))
        finder.install()
        try:
            yield LoadedLab(lab, folder, {name: _imported(spec, name) for name in spec.modules})
        finally:
            finder.remove()


def holds(submission: Path, lab: str) -> bool:
    """Whether the submission has a file of the lab below a folder of its name."""
    spec = discover(PROJECT / "checks")[lab]
    if not zipfile.is_zipfile(submission):
        return _has_some(submission / lab, spec)
    with zipfile.ZipFile(submission) as archive:
        names = archive.namelist()
    return any(f"/{name}".endswith(f"/{lab}/{file}") for name in names for file in spec.files)


def words_of(error: BaseException) -> str:
    """The exception in one line, cut where it grows long."""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 4]} ..."


@contextmanager
def _folder_of(submission: Path, spec: LabSpec) -> Iterator[Path]:
    if zipfile.is_zipfile(submission):
        try:
            staged = stage(submission, {spec.name: spec})
        except SubmissionError as error:
            raise UsageError(str(error)) from error
        try:
            yield staged.labs[spec.name]
        finally:
            staged.close()
        return
    places = (submission / spec.name, submission)
    missing = {
        place: [file for file in spec.files if not (place / file).is_file()] for place in places
    }
    folder = min(places, key=lambda place: len(missing[place]))
    if missing[folder]:
        inside = "" if folder is submission and _has_some(folder, spec) else f"{spec.name}/"
        raise UsageError(f"{submission} has no {inside}{missing[folder][0]}")
    yield folder.resolve()


def _has_some(folder: Path, spec: LabSpec) -> bool:
    return any((folder / file).is_file() for file in spec.files)


def _imported(spec: LabSpec, name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{spec.name}.{name}")
    except (Exception, SystemExit) as error:
        said = words_of(error)
        raise UsageError(f"{spec.name}/{name}.py cannot be imported: {said}") from error
