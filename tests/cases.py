"""The known submissions, as `fixtures/` holds them: right ones, right ones with one mistake, and
wrong ones that try to get away with it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.labs import discover

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
KNOWN = ROOT / "fixtures" / "submissions"
SPECS = discover(ROOT / "checks")
LABS = tuple(SPECS)


class CaseError(ValueError):
    """A case that cannot be built: its file is named in the message."""


@dataclass(frozen=True)
class Case:
    """One known submission and what is expected of it.

    `fails` are the ids that must fail; every other criterion must pass, or be blocked by one of
    them. A case of kind `template` must be `not_implemented` throughout, and one of kind `hostile`
    must pass nothing that its `twin`, the same mistake without the trick, does not pass.
    """

    name: str
    lab: str
    kind: str  # accepted, buggy, hostile or template
    about: str
    base: Path
    fails: frozenset[str] = frozenset()
    changes: list[dict[str, str]] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)  # path and text
    twin: Case | None = None

    @property
    def parts(self) -> set[str]:
        """The parts in which the case's mistake shows."""
        named = {id.split(".")[1] for id in self.fails}
        return named | ({self.name.partition("-")[0]} & set(SPECS[self.lab].parts))

    def build(self, folder: Path) -> Path:
        """Write the submission into the folder. Raises CaseError if a change does not apply."""
        target = folder / self.name
        others = [lab for lab in LABS if lab != self.lab]  # the reference holds them all
        if self.name == "reference":  # and chapters beyond what a lab asks for
            others += [path.name for path in (self.base / self.lab).iterdir() if path.is_dir()]
        ignored = shutil.ignore_patterns("__pycache__", "case.toml", *others)
        shutil.copytree(self.base, target, ignore=ignored)
        for change in self.changes:
            self._apply(change, target / change["file"])
        for file in self.files:
            path = target / file["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file["text"], encoding="utf-8")
        return target

    def _apply(self, change: dict[str, str], path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        count = text.count(change["old"])
        if count != 1:
            raise CaseError(
                f"{self.name}: `old` occurs {count} times in {change['file']}, not once"
            )
        path.write_text(text.replace(change["old"], change["new"]), encoding="utf-8")


def accepted(lab: str) -> list[Case]:
    """The reference and every right submission of the lab."""
    cases = [Case("reference", lab, "accepted", "the model answer", ROOT / "reference")]
    for path in sorted((KNOWN / "accepted" / lab).glob("*/case.toml")):
        about = _table(path)["about"]
        cases.append(Case(path.parent.name, lab, "accepted", about, path.parent))
    return cases


def buggy(lab: str) -> list[Case]:
    """Every submission of the lab with one mistake."""
    cases = []
    for path in sorted((KNOWN / "buggy" / lab).glob("*.toml")):
        table = _table(path)
        base = KNOWN / "accepted" / lab / table.get("base", "plain")
        fails, changes = frozenset(table["fails"]), table["change"]
        cases.append(Case(path.stem, lab, "buggy", table["about"], base, fails, changes))
    return cases


def hostile(lab: str) -> list[Case]:
    """Every submission of the lab that tries to get points which it has not earned."""
    twins = {case.name: case for case in buggy(lab)}
    cases = []
    for path in sorted((KNOWN / "hostile" / lab).glob("*.toml")):
        table = _table(path)
        twin = twins[table["twin"]]
        changes = [*twin.changes, *table.get("change", [])]
        files = table.get("file", [])
        about, fails = table["about"], twin.fails
        cases.append(Case(path.stem, lab, "hostile", about, twin.base, fails, changes, files, twin))
    return cases


def template(lab: str) -> Case:
    """What a student starts from."""
    return Case("template", lab, "template", "the empty bodies", ROOT / "student")


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path}: {error}") from error
