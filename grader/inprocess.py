"""`--in-process`: the same checks on plain modules, for `--pdb`. No wall, no deadline."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from .labs import LabSpec, derive_seed
from .worker.child import load_source, seed_everything
from .worker.modules import LabFinder


class PlainLab:
    """Like `handles.Lab`, with the modules themselves in place of handles."""

    output = ""  # pytest captures what is printed

    def __init__(self, spec: LabSpec, folder: Path, seed: int) -> None:
        self._spec, self.seed = spec, seed
        self._finder = LabFinder(spec.name, str(folder))
        self._finder.install()
        seed_everything(derive_seed(seed, "worker"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._spec.probes:
            module = load_source(name, self._spec.probes[name].read_text(encoding="utf-8"))
        else:
            module = importlib.import_module(f"{self._spec.name}.{name}")
        setattr(self, name, module)
        return module

    def in_fresh_interpreter(self, hash_seed: int) -> PlainLab:
        """There is only one interpreter here."""
        pytest.skip("needs a second interpreter, which --in-process does not start")

    def close(self) -> None:
        """Forget the submission's modules."""
        self._finder.remove()
