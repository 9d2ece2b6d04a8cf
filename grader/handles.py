"""What a check holds: the lab, its modules, and handles of objects that live in the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from .labs import derive_seed
from .outcomes import (
    Blocked,
    Crashed,
    GraderError,
    StudentError,
    SubmissionProblem,
    no_such_function,
    no_such_name,
    student_error,
)
from .worker.wire import Ref
from .workers import Child

Starter = Callable[[int | None], Child]


class Session:
    """The conversation with one worker process."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._dropped: list[int] = []

    def ask(self, op: str, *arguments: Any) -> Any:
        """The answer: plain data, with a `Handle` for every object that stays in the worker.

        Raises StudentError, TimedOut, Crashed (the submission's doing), StopIteration at the end
        of an iterator, GraderError.
        """
        dropped, self._dropped = self._dropped, []
        reply = self.child.ask(op, [_lower(argument) for argument in arguments], dropped)
        if "raised" in reply:
            raise student_error(reply["raised"])
        if reply.get("end") is True:
            if op != "next":
                raise Crashed("the process answered with the end of something that is no iterator")
            raise StopIteration
        return self._lift(reply.get("value"))

    def drop(self, number: int) -> None:
        """Remember to tell the worker that an object is no longer held."""
        self._dropped.append(number)

    def _lift(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return Handle(self, value)
        if type(value) in (list, tuple):
            return type(value)(self._lift(item) for item in value)
        if type(value) is dict:
            return {self._lift(key): self._lift(item) for key, item in value.items()}
        return value


class Handle:
    """An object in the worker. It can be called, read, indexed, iterated; it equals only itself."""

    __slots__ = ("__weakref__", "_ref", "_session")

    def __init__(self, session: Session, ref: Ref) -> None:
        self._session, self._ref = session, ref

    def __del__(self) -> None:
        self._session.drop(self._ref.number)

    def __repr__(self) -> str:
        return f"<{self._ref.kind}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._session.ask("getattr", self, name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._session.ask("call", self, list(arguments), keywords)

    def __getitem__(self, key: Any) -> Any:
        return self._session.ask("getitem", self, key)

    def __contains__(self, item: Any) -> bool:
        return self._session.ask("contains", self, item) is True

    def __len__(self) -> int:
        length = self._session.ask("len", self)
        if type(length) is not int or length < 0:
            raise Crashed("the process answered a question for a length with something else")
        return length

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._session.ask("iter", self)
        while True:
            try:
                item = self._session.ask("next", iterator)
            except StopIteration:
                return
            yield item


class Lab:
    """The submission's modules as attributes, the probes, and the seed of the check.

    `notebooks` names the notebook that stands for a module, where one does.
    """

    def __init__(
        self,
        name: str,
        modules: tuple[str, ...],
        probes: dict[str, Path],
        seed: int,
        start: Starter,
        broken: dict[str, str] | None = None,
        notebooks: Mapping[str, str] | None = None,
    ) -> None:
        self._name, self._modules, self._probes = name, modules, probes
        self.seed, self._start = seed, start
        self._broken = {} if broken is None else broken
        self._notebooks = notebooks or {}
        self._session: Session | None = None
        self._loaded: dict[str, Any] = {}
        self._others: list[Lab] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def in_fresh_interpreter(self, hash_seed: int) -> Lab:
        """The same lab in an interpreter of its own, with this `PYTHONHASHSEED`."""

        def start(_: int | None) -> Child:
            return self._start(hash_seed)

        other = Lab(
            self._name,
            self._modules,
            self._probes,
            self.seed,
            start,
            self._broken,
            self._notebooks,
        )
        self._others.append(other)
        return other

    @property
    def output(self) -> str:
        """What the submission printed."""
        texts = [lab.output for lab in self._others]
        if self._session is not None:
            texts.insert(0, self._session.child.output)
        return "\n".join(text for text in texts if text)

    def close(self) -> None:
        """End the worker processes."""
        for lab in self._others:
            lab.close()
        if self._session is not None:
            self._session.child.close()

    def _load(self, name: str) -> Any:
        if name in self._probes:
            source = self._probes[name].read_text(encoding="utf-8")
            return _handle(self._ask("probe", name, source), f"the probes {name}")
        if name not in self._modules:
            raise AttributeError(f"the lab {self._name} has no module {name}")
        if name in self._broken:
            raise Blocked(self._broken[name], cannot_be_had(name, self._notebooks))
        return Module(self._ask, f"{self._name}.{name}", name, self._notebooks)

    def _ask(self, op: str, *arguments: Any) -> Any:
        if self._session is None:
            self._session = Session(self._start(None))
            self._session.ask("seed", derive_seed(self.seed, "worker"))
        return self._session.ask(op, *arguments)


class Module:
    """One of the submission's files, imported when a check first asks for something in it."""

    def __init__(
        self, ask: Callable[..., Any], qualified: str, name: str, notebooks: Mapping[str, str]
    ) -> None:
        self._ask, self._qualified, self._name = ask, qualified, name
        self._notebooks = notebooks
        self._handle: Any = None

    def __repr__(self) -> str:
        return f"<{self._name}.py>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._handle is None:
            self._handle = self._import()
        try:
            value = getattr(self._handle, name)
        except StudentError as error:
            if "AttributeError" not in error.type_names or error.frames:
                raise
            if self._name in self._notebooks:
                raise  # with what a notebook says of the cells that failed
            raise no_such_name(error.type_names, self._name, name) from None
        if not isinstance(value, Handle):  # a contract names functions and classes
            kind = "None" if value is None else f"a value of type {type(value).__name__}"
            raise no_such_function(self._name, name, kind)
        return value

    def _import(self) -> Any:
        try:
            return _handle(self._ask("module", self._qualified), "a module")
        except SubmissionProblem as problem:
            reason = cannot_be_had(self._name, self._notebooks)
            raise ImportFailed(self._name, problem, reason) from problem


class ImportFailed(SubmissionProblem):
    """A module could not be imported; wraps what went wrong, and says it in a few words."""

    def __init__(self, module: str, problem: SubmissionProblem, reason: str) -> None:
        super().__init__(str(problem))
        self.module, self.problem, self.reason = module, problem, reason


def cannot_be_had(module: str, notebooks: Mapping[str, str]) -> str:
    """A module that cannot be imported, in the words of the file that it is made from."""
    if module in notebooks:
        return f"{notebooks[module]} cannot be run"
    return f"{module}.py cannot be imported"


def _handle(value: Any, what: str) -> Handle:
    """The reply as a handle: code may put anything in `sys.modules` in a module's place."""
    if not isinstance(value, Handle):
        raise Crashed(f"the process gave a {type(value).__name__} for {what}")
    return value


def _lower(value: Any) -> Any:
    """An argument as it crosses the wire."""
    if isinstance(value, Handle):
        return value._ref
    if isinstance(value, Module):
        raise GraderError("a module is no argument")
    if type(value) in (list, tuple):
        return type(value)(_lower(item) for item in value)
    if type(value) is dict:
        return {key: _lower(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        return value.detach()
    return value
