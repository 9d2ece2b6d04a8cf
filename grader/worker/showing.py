"""Stand-ins for libraries that only show things, which a notebook often imports first.

None of them has a part in what a lab asks for, and few are installed beside the checks. Without
them the cell would end at `plt.style.use(...)`, and what it defines below would be missing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

SHOWING = frozenset(["IPython", "ipywidgets", "matplotlib", "seaborn", "tqdm"])
DRAWING = frozenset(["matplotlib", "seaborn"])  # even where they are: a verdict is then the same
# on every machine, and no font cache is built in a scratch folder for each notebook


class Nothing:
    """Stands for a figure, a progress bar, IPython itself: takes everything and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> Nothing:
        return self

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> Nothing:
        return self

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: Any) -> None:
        pass


class _StandIn(ModuleType):
    """Stands for a library of `SHOWING`."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the stand-ins of some libraries."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A stand-in for the library, or for a part of a stand-in."""
        head, _, rest = fullname.partition(".")
        if head not in self._names or (rest and not isinstance(sys.modules[head], _StandIn)):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The stand-in."""
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def install() -> None:
    """Have stand-ins found where the library itself is not, and for what draws in any case."""
    if not any(type(finder) is _Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(DRAWING))
        sys.meta_path.append(_Finder(SHOWING))  # last: an installed library is found before it


def remove() -> None:
    """Undo `install`, and forget the stand-ins."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder) is not _Finder]
    for name, module in list(sys.modules.items()):
        if type(module) is _StandIn:
            del sys.modules[name]
