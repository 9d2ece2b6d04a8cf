"""What the instructor chose when the zip was built, and the file in the zip that keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "settings.json"
TIME_LIMIT = 540.0  # Gradescope ends a run after ten minutes unless told otherwise


@dataclass(frozen=True)
class Settings:
    """How every submission is checked. No labs: whatever the submission holds."""

    labs: tuple[str, ...] = ()
    details: bool = True
    seed: int | None = None
    allow_no_sandbox: bool = False
    time_limit: float = TIME_LIMIT
    arguments: tuple[str, ...] = ()

    def as_text(self) -> str:
        """The content of the file."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Settings:
        """Read the file in the folder. Raises OSError, ValueError or TypeError."""
        table = json.loads((folder / FILE).read_text(encoding="utf-8"))
        for name in ("labs", "arguments"):
            table[name] = tuple(table[name])
        return cls(**table)

    def command(self, submission: Path, result: Path) -> list[str]:
        """What follows `python -m` to check the submission."""
        command = ["pytest", "checks", f"--student={submission}", f"--result={result}"]
        command += [f"--lab={lab}" for lab in self.labs]
        command += [f"--sandbox={'auto' if self.allow_no_sandbox else 'bwrap'}"]
        command += [f"--time-limit={self.time_limit:g}"]
        if self.seed is not None:
            command.append(f"--seed={self.seed}")
        return [*command, *self.arguments]
