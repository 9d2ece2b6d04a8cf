"""The zip that an instructor uploads to Gradescope, the same bytes for the same files.

It holds the engine, the checks of the labs that were chosen, and the texts that they read. It holds
neither `reference/` nor known submissions: where a sandbox is not to be had, a submission could
read them.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...labs import discover
from .run import NOT_FINISHED, ours
from .settings import FILE, Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEMPLATES = Path(__file__).parents[1] / "templates" / "gradescope"
SCRIPTS = ("setup.sh", "run_autograder")
ALWAYS = ("conftest.py", "pyproject.toml", "constraints.txt", "LICENSE")
FOLDERS = ("grader", "checks", "fixtures/corpora")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell


class BuildError(ValueError):
    """The zip cannot be built; the message is one sentence."""


def build(project: Path, settings: Settings, extra_index_url: str = "") -> bytes:
    """The zip's bytes. Raises BuildError for a lab that does not exist, OSError."""
    labs = discover(project / "checks")
    for name in settings.labs:
        if name not in labs:
            raise BuildError(f"--lab {name}: there is no such lab; there are {', '.join(labs)}")
    left_out = set(labs) - set(settings.labs or labs)
    content = {path: (project / path).read_bytes() for path in _files(project, left_out)}
    content |= {name: (TEMPLATES / name).read_bytes() for name in SCRIPTS}
    content[FILE] = settings.as_text().encode()
    content["requirements.txt"] = _requirements(project).encode()
    content["unfinished.json"] = (json.dumps(ours(NOT_FINISHED), indent=1) + "\n").encode()
    if extra_index_url:
        content["pip.conf"] = f"[global]\nextra-index-url = {extra_index_url}\n".encode()
    return _zip(content)


def _files(project: Path, labs_left_out: Iterable[str]) -> Iterator[str]:
    """The project's own files that are needed, relative to it."""
    yield from ALWAYS
    unwanted = {Path("checks", lab) for lab in labs_left_out}
    for folder in FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            name = path.relative_to(project)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
            if path.is_file() and not hidden and not unwanted & set(name.parents):
                yield name.as_posix()


def _requirements(project: Path) -> str:
    """What checking needs, without the tools for the project's own code."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return "".join(f"{line}\n" for line in table["project"]["dependencies"])


def _zip(content: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, whose modes these are
            entry.external_attr = (0o100755 if name in SCRIPTS else 0o100644) << 16
            archive.writestr(entry, content[name], zipfile.ZIP_DEFLATED)
    return made.getvalue()
