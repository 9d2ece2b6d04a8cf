"""`--in-process`: the same checks on plain modules, for `--pdb`. No wall, no deadline."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .handles import ImportFailed, cannot_be_had
from .labs import LabSpec, derive_seed
from .outcomes import Blocked, no_such_name, student_error
from .worker.child import describe, load_source, seed_everything
from .worker.modules import LabFinder
from .worker.notebook import Notebook, report


class PlainLab:
    """Like `handles.Lab`, with the modules themselves in place of handles."""

    output = ""  # pytest captures what is printed

    def __init__(
        self,
        spec: LabSpec,
        folder: Path,
        seed: int,
        broken: dict[str, str],
        notebooks: Mapping[str, str],
    ) -> None:
        self._spec, self._folder, self.seed, self._broken = spec, str(folder), seed, broken
        self._notebooks = notebooks
        self._finder = LabFinder(spec.name, str(folder), walled=False)
        self._finder.install()
        seed_everything(derive_seed(seed, "worker"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._spec.probes:
            module = load_source(name, self._spec.probes[name].read_text(encoding="utf-8"))
        elif name in self._spec.modules:
            module = self._import(name)
        else:
            raise AttributeError(f"the lab {self._spec.name} has no module {name}")
        setattr(self, name, module)
        return module

    def in_fresh_interpreter(self, hash_seed: int) -> PlainLab:
        """There is only one interpreter here."""
        pytest.skip("needs a second interpreter, which --in-process does not start")

    def as_reported(self, error: BaseException) -> BaseException:
        """The error as a worker reports it, where it was the submission's code that raised it."""
        report = describe(error, self._folder)
        if report["frames"] and isinstance(error, (Exception, SystemExit)):
            return student_error(report)
        if isinstance(error, AttributeError) and isinstance(error.obj, Notebook):
            return student_error(report)
        if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
            package, _, name = error.obj.__name__.rpartition(".")
            if package == self._spec.name:
                return no_such_name(report["types"], name, error.name or "")
        return error

    def _import(self, name: str) -> ModuleType:
        if name in self._broken:
            raise Blocked(self._broken[name], cannot_be_had(name, self._notebooks))
        try:
            module = importlib.import_module(f"{self._spec.name}.{name}")
            report(module)
            return module
        except (Exception, SystemExit) as error:
            problem = student_error(describe(error, self._folder))
            raise ImportFailed(name, problem, cannot_be_had(name, self._notebooks)) from error

    def close(self) -> None:
        """Forget the submission's modules."""
        self._finder.remove()
