"""Finding a submission's modules, in every form in which a student may import a sibling.

`import data`, `from .data import x` and `from charlm.data import x` must give one and the same
module, whatever the lab's folder is called on disk, and a file named like a library (`random.py`)
must not hide that library from torch.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from . import notebook, showing


class LabFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves `<lab>` from the lab's folder, and a bare `<name>` as the module `<lab>.<name>`."""

    def __init__(self, lab: str, folder: str, walled: bool = True) -> None:
        self.lab, self.folder, self.walled = lab, folder, walled
        self._main = sys.modules["__main__"]
        self._specs: dict[str, importlib.machinery.ModuleSpec] = {}

    def install(self) -> None:
        """Put the finder first, and the folder and its parent last on `sys.path`."""
        sys.dont_write_bytecode = True
        sys.meta_path.insert(0, self)
        for path in (self.folder, os.path.dirname(self.folder)):
            sys.path.append(path)
            sys.path_importer_cache.pop(path, None)  # what was there when another lab was checked

    def remove(self) -> None:
        """Undo `install` and forget the submission's modules."""
        sys.meta_path.remove(self)
        for path in (self.folder, os.path.dirname(self.folder)):
            sys.path.remove(path)
        for name, module in list(sys.modules.items()):
            source = getattr(module, "__file__", None) or ""
            if name.partition(".")[0] == self.lab or source.startswith(self.folder + os.sep):
                del sys.modules[name]
        sys.modules["__main__"] = self._main
        showing.remove()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for the lab's package and for bare names of its files; None for all else."""
        if fullname == self.lab:
            return self._package()
        head, _, rest = fullname.partition(".")
        if head == self.lab:
            cells = self._cells(rest)
            loader = notebook.Loader(cells, self.walled)
            return importlib.machinery.ModuleSpec(fullname, loader) if cells else None
        if head in sys.stdlib_module_names or not self._has(fullname):
            return None
        if rest and sys.modules[head] is not sys.modules.get(f"{self.lab}.{head}"):
            return None  # `torch.nn` is torch's, though there be a folder `torch` with a `nn.py`
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """A bare name is an alias of the package's module."""
        module = importlib.import_module(f"{self.lab}.{spec.name}")
        assert module.__spec__ is not None
        self._specs[spec.name] = module.__spec__  # the import system is about to overwrite it
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: the package's module has been run under its full name."""
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name)

    def _package(self) -> importlib.machinery.ModuleSpec:
        init = os.path.join(self.folder, "__init__.py")
        if os.path.isfile(init):
            spec = importlib.util.spec_from_file_location(
                self.lab, init, submodule_search_locations=[self.folder]
            )
            assert spec is not None
            return spec
        spec = importlib.machinery.ModuleSpec(self.lab, None, is_package=True)
        spec.submodule_search_locations = [self.folder]
        return spec

    def _has(self, name: str) -> bool:
        path = os.path.join(self.folder, *name.split("."))
        files = (path + ".py", os.path.join(path, "__init__.py"), self._cells(name))
        return any(os.path.isfile(file) for file in files)

    def _cells(self, name: str) -> str:
        """The file with the cells of the notebook that stands for the module, or ""."""
        path = os.path.join(self.folder, name)
        cells = path + notebook.CELLS
        return cells if os.path.isfile(cells) and not os.path.isfile(path + ".py") else ""
