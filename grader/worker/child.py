"""One check's process: it answers the judge's requests with the submission's code.

A request is a dict with `op` and a number `id`, which the reply repeats. A reply holds `value`,
or `raised` (what the student's code raised), or `end` (an iterator is exhausted).
"""

from __future__ import annotations

import importlib
import linecache
import os
import random
import socket
import sys
import traceback
from types import ModuleType
from typing import Any

import torch

from . import notebook
from .modules import LabFinder
from .plain import Objects, kind_of
from .wire import HEADER, frame, pack, unpack

MAX_TEXT = 4000


class Server:
    """Serves one judge over one socket until it hangs up."""

    def __init__(self, connection: socket.socket, lab: str, folder: str) -> None:
        self.connection, self.folder = connection, folder
        self.finder = LabFinder(lab, folder)
        self.objects = Objects()

    def run(self) -> None:
        """Answer requests until the judge closes the socket."""
        self.finder.install()
        while (body := self._receive()) is not None:
            self.connection.sendall(frame(self._answer(unpack(body))))

    def _receive(self) -> bytes | None:
        header = self._read(HEADER.size)
        return None if header is None else self._read(HEADER.unpack(header)[0])

    def _read(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                return None
            data += part
        return bytes(data)

    def _answer(self, request: dict[str, Any]) -> bytes:
        self.objects.drop(request.get("drop", []))
        try:
            operation = getattr(self, "_" + request["op"])
            arguments = self.objects.restore(request["arguments"])
            reply = {"value": self.objects.export(operation(*arguments))}
            return pack({"id": request["id"], **_flushed(reply)})
        except StopIteration:
            reply = {"end": True}
        except BaseException as error:  # the student's code may raise anything, sys.exit included
            reply = {"raised": describe(error, self.folder)}
        return pack({"id": request["id"], **_flushed(reply)})

    # The operations. A StopIteration can only mean the end in `next`; see `_call`.

    def _seed(self, seed: int) -> None:
        seed_everything(seed)

    def _module(self, name: str) -> ModuleType:
        module = importlib.import_module(name)
        if type(module) is notebook.Notebook:
            notebook.report(module)
        return module

    def _probe(self, name: str, source: str) -> ModuleType:
        return load_source(name, source)

    def _getattr(self, owner: Any, name: str) -> Any:
        return getattr(owner, name)

    def _call(self, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        try:
            return function(*arguments, **keywords)
        except StopIteration as error:
            raise RuntimeError("the code raised StopIteration") from error

    def _getitem(self, owner: Any, key: Any) -> Any:
        return owner[key]

    def _contains(self, owner: Any, item: Any) -> bool:
        return item in owner

    def _len(self, owner: Any) -> int:
        return len(owner)

    def _iter(self, owner: Any) -> Any:
        return _Iterator(iter(owner))

    def _next(self, iterator: _Iterator) -> Any:
        return next(iterator.inner)


class _Iterator:
    """Keeps an iterator in the worker even where it would cross by value."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


def seed_everything(seed: int) -> None:
    """Seed every generator that a submission draws from without asking."""
    random.seed(seed)
    torch.manual_seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)


def load_source(name: str, source: str) -> ModuleType:
    """A module made from source text: the probes travel with the question."""
    module = ModuleType(name)
    filename = f"<{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    sys.modules[name] = module
    exec(compile(source, filename, "exec"), module.__dict__)
    return module


def describe(error: BaseException, folder: str) -> dict[str, Any]:
    """What was raised: its types by name, its message, and the student's own frames."""
    return {
        "types": [str(type.__getattribute__(kind, "__name__")) for kind in type(error).__mro__],
        "message": _text_of(error)[:MAX_TEXT],
        "frames": _frames(error, folder)[-8:],
        "module": error.name if isinstance(error, ImportError) else None,
    }


def _text_of(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except BaseException:  # a message that cannot be made is no message
        return f"({kind_of(error)} whose message cannot be read)"


def _frames(error: BaseException, folder: str) -> list[dict[str, Any]]:
    inside = folder + os.sep
    rows = [
        (entry.filename, entry.lineno or 0, entry.name, entry.line or "")
        for entry in traceback.extract_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        rows.append((error.filename, error.lineno or 0, "<module>", (error.text or "").strip()))
    return [
        {
            "file": os.path.relpath(filename, folder),
            "line": line,
            "function": function[:120],
            "source": source[:200],
        }
        for filename, line, function, source in rows
        if filename.startswith(inside)
    ]


def _flushed(reply: dict[str, Any]) -> dict[str, Any]:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a stream that the student's code closed or replaced
            continue
    return reply
