"""A notebook as a module: its cells run in order, in one namespace, each tried by itself.

What Jupyter does is done here, as far as it matters for what the cells define:

    a cell that fails       is noted, and the next one runs; the last definition of a name counts
    await                   works at the top level of a cell
    %magic, !shell, help?   are skipped, and so are cells in another language (`magics.py`)
    __name__                is "__main__", and the module is `sys.modules["__main__"]`

and two things are done that Jupyter does not do, since the machine is another one: an import at the
top level of a cell that finds no such module does not end its cell, and libraries that only show
things have a stand-in (`showing.py`).

A cell gets `CELL_SECONDS`, all cells together `NOTEBOOK_SECONDS`; what takes longer, a training
loop say, is stopped and noted, and the next cell runs.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import functools
import importlib.abc
import importlib.machinery
import inspect
import json
import linecache
import operator
import os
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from . import showing
from .magics import python_of

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

CELLS = ".cells"  # `model.cells` holds the cells that stand for `model.py`
CELL_SECONDS = 15.0
NOTEBOOK_SECONDS = 45.0
LEAST_SECONDS = 1.0  # for each cell that is left when the time for all is used up

SHOWN_FAILURES = 3


class TookTooLong(BaseException):
    """Raised in a cell whose time is over; no Exception, so that `except Exception` lets it by."""


@dataclass(frozen=True)
class Failure:
    """A cell that did not run to its end: its number, the line in it, the error, its source."""

    cell: int
    line: int
    error: str
    source: str

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.line}: {self.error}"


class Notebook(ModuleType):
    """The namespace of the cells. A name that it lacks is answered with what failed."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        state = self.__dict__.get("__notebook__")
        message = f"the notebook defines no `{name}`" if state is None else state.missing(name)
        raise AttributeError(message, name=name, obj=self)


class Loader(importlib.abc.Loader):
    """Makes a module from the cells that the judge's side wrote beside the notebook.

    `walled`: this process is the submission's own, so that time can be limited, output silenced.
    """

    def __init__(self, path: str, walled: bool) -> None:
        self.path, self.walled = path, walled

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An empty namespace."""
        return Notebook(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run the cells."""
        with open(self.path, encoding="utf-8") as file:
            document = json.load(file)
        run = _Run(module, os.path.dirname(self.path), document["notebook"])
        run.all(document["cells"], self.walled)


def report(module: ModuleType) -> None:
    """Print which cells of the notebook failed, for the student to read beside a failed check."""
    run = module.__dict__.get("__notebook__")
    if isinstance(run, _Run) and run.failures:
        print(f"While {run.name} ran: {_listed(run.failures)}")


class _Run:
    """One run over a notebook's cells, and what failed in it."""

    def __init__(self, module: ModuleType, folder: str, name: str) -> None:
        self.module, self.name = module, name
        self.path = os.path.join(folder, name)
        self.failures: list[Failure] = []
        self.left = NOTEBOOK_SECONDS
        self.future = 0  # flags of `from __future__ import ...`, which hold for later cells too
        self.loop: AbstractEventLoop | None = None

    def all(self, cells: list[str], walled: bool) -> None:
        """Run every cell, and note those that do not run to their end."""
        self._prepare()
        with _silence() if walled else contextlib.nullcontext():
            for number, source in enumerate(cells, start=1):
                limit = self._time_limit() if walled else contextlib.nullcontext()
                with contextlib.suppress(TookTooLong), limit:  # it may come just after the end
                    self._cell(number, source)

    def missing(self, name: str) -> str:
        """What to say to someone who asks for a name that no cell has defined."""
        message = f"{self.name} defines no `{name}`"
        suspects = [failure for failure in self.failures if name in failure.source]
        failures = suspects or self.failures
        return f"{message}; {_listed(failures)}" if failures else message

    def _prepare(self) -> None:
        extras = {"display": showing.Nothing(), "get_ipython": showing.Nothing()}
        self.module.__dict__.update(extras, __name__="__main__", __notebook__=self)
        sys.modules["__main__"] = self.module
        showing.install()

    @contextlib.contextmanager
    def _time_limit(self) -> Iterator[None]:
        seconds = max(min(CELL_SECONDS, self.left), LEAST_SECONDS)
        started = time.monotonic()

        def stop(signum: int, frame: FrameType | None) -> None:
            raise TookTooLong(f"stopped after {seconds:.0f} seconds")

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again, should the cell swallow it
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self.left -= time.monotonic() - started

    def _cell(self, number: int, source: str) -> None:
        filename = f"{self.path}, cell {number}"
        lines = source.splitlines(keepends=True)
        linecache.cache[filename] = (len(source), None, lines, filename)
        try:
            tree = ast.parse(python_of(source), filename)
            for group in _around_imports(tree.body):
                self._execute(group, filename, number, source)
        except BaseException as error:  # sys.exit too: Jupyter goes on after it
            self._note(number, source, error, filename)

    def _execute(self, group: list[ast.stmt], filename: str, number: int, source: str) -> None:
        flags = self.future | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(ast.Module(group, []), filename, "exec", flags, True)
        self.future |= code.co_flags & _FUTURE
        try:
            if code.co_flags & inspect.CO_COROUTINE:
                self._wait_for(eval(code, self.module.__dict__))
            else:
                exec(code, self.module.__dict__)
        except ImportError as error:
            if not _is_import(group[0]):
                raise
            self._note(number, source, error, filename)

    def _wait_for(self, cell: Coroutine[Any, Any, None]) -> None:
        """Run a cell that awaits something, in one event loop for all such cells."""
        import asyncio  # here, since few notebooks need it

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(cell)

    def _note(self, number: int, source: str, error: BaseException, filename: str) -> None:
        kind = "" if isinstance(error, TookTooLong) else f"{type(error).__name__}: "
        try:
            text = kind + str(error.msg if isinstance(error, SyntaxError) else error)
        except Exception:  # a message that cannot be made is no message
            text = kind
        failure = Failure(number, _line(error, filename), text.rstrip(": ")[:300], source)
        self.failures.append(failure)


_FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _around_imports(statements: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The statements in order, each import alone, those between two imports together."""
    group: list[ast.stmt] = []
    for statement in statements:
        if _is_import(statement):
            if group:
                yield group
            yield [statement]
            group = []
        else:
            group.append(statement)
    if group:
        yield group


def _line(error: BaseException, filename: str) -> int:
    """The line of the cell in which the error came up."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno or 1
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _listed(failures: Sequence[Failure]) -> str:
    shown = "; ".join(str(failure) for failure in failures[:SHOWN_FAILURES])
    more = len(failures) - SHOWN_FAILURES
    return f"{shown}; and {more} more" if more > 0 else shown


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What the cells print is their own affair: a check shows what is printed while it asks."""
    _flush()
    null = os.open(os.devnull, os.O_WRONLY)
    saved = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
    for descriptor, _ in saved:
        os.dup2(null, descriptor)
    os.close(null)
    try:
        yield
    finally:
        _flush()
        for descriptor, copy in saved:
            os.dup2(copy, descriptor)
            os.close(copy)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a stream that a cell has closed or replaced
            stream.flush()
