"""Which labs there are: a folder of `checks/` with a `lab.toml` is one."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).parents[1]  # the folder that holds checks/


@dataclass(frozen=True)
class LabSpec:
    """What the engine must know of a lab: its name, title, parts in their order, and files.

    `notebook` is the file in whose place a notebook may be handed in, or "". `landmark` is a name
    that tells the lab's files from those of others that are called the same, or "". The parts
    `on_request` are checked only where they are asked for by name.
    """

    name: str
    title: str
    parts: tuple[str, ...]
    files: tuple[str, ...]
    folder: Path
    notebook: str = ""
    landmark: str = ""
    on_request: tuple[str, ...] = ()

    @property
    def modules(self) -> tuple[str, ...]:
        """The names under which a check reaches the submission's files."""
        return tuple(file.removesuffix(".py") for file in self.files)

    @property
    def probes(self) -> dict[str, Path]:
        """The helpers that run beside the student's code, by name: those of all labs, its own."""
        shared = sorted((self.folder.parent / "support").glob("probes*.py"))
        return {path.stem: path for path in (*shared, *sorted(self.folder.glob("probes*.py")))}


def discover(checks: Path) -> dict[str, LabSpec]:
    """All labs below the folder, by name."""
    labs = {}
    for path in sorted(checks.glob("*/lab.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        labs[path.parent.name] = LabSpec(
            name=path.parent.name,
            title=table["title"],
            parts=tuple(table["parts"]),
            files=tuple(table["files"]),
            folder=path.parent,
            notebook=table.get("notebook", ""),
            landmark=table.get("landmark", ""),
            on_request=tuple(table.get("on_request", ())),
        )
    return labs


def derive_seed(seed: int, purpose: str) -> int:
    """A seed for one purpose, from which neither `seed` nor another purpose's can be found."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
