"""The judge's side of the workers: one parent per interpreter, one fresh process per check."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .launch import Launched, launch
from .outcomes import Crashed, GraderError, TimedOut
from .sandbox import Sandbox
from .transcript import Transcript
from .worker.limits import Limits
from .worker.wire import HEADER, MAX_MESSAGE, WireError, frame, pack, unpack

START_SECONDS = 120.0  # importing torch from a cold disk
ANSWER_SECONDS = 10.0  # the parent answers in milliseconds
NOTEBOOK_SECONDS = 100.0  # unless it runs a notebook first: `HOST_SECONDS`, and a fork


class WorkerParent:
    """Starts the workers' parent and has it fork children; starts it anew if it is killed."""

    def __init__(self, sandbox: Sandbox, submission: Path, hash_seed: int) -> None:
        self.sandbox, self.submission, self.hash_seed = sandbox, submission, hash_seed
        self._running: Launched | None = None
        self._ready = False

    def start(self, launched: Launched | None = None) -> None:
        """Start the process, unless it has been launched already; it imports torch on its own."""
        self._running = launched or launch(self.sandbox, self.submission, self.hash_seed)
        self._ready = False

    def revive(self) -> None:
        """Have a process that has imported torch: this one, or a new one if it is gone or hangs.

        Raises GraderError.
        """
        if self._running is not None and self._running.alive:
            with contextlib.suppress(GraderError):  # whatever a check did to this parent
                return self.await_ready()
        self.stop()
        self.start()
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until torch is imported. Raises GraderError."""
        self._ask({"op": "ping"}, [])

    def fork(self, lab: str, folder: Path, limits: Limits, notebook: str = "") -> Child:
        """A fresh child for the lab in the folder. Raises GraderError if none can be had.

        `notebook` is the module that a notebook stands for: it is run before the first fork, once.
        """
        if self._running is not None and self._running.alive:
            with contextlib.suppress(GraderError):  # whatever an earlier check did to this parent
                return self._fork(lab, folder, limits, notebook)
        self.stop()
        self.start()
        return self._fork(lab, folder, limits, notebook)

    def _fork(self, lab: str, folder: Path, limits: Limits, notebook: str) -> Child:
        ours, theirs = socket.socketpair()
        output, print_end = os.pipe()
        request = {
            "op": "fork",
            "lab": lab,
            "folder": self.sandbox.folder(folder, self.submission),
            "limits": asdict(limits),
            "notebook": notebook,
            "seed": self.hash_seed,
        }
        seconds = ANSWER_SECONDS + (NOTEBOOK_SECONDS if notebook else 0.0)
        try:
            answer = self._ask(request, [theirs.fileno(), print_end], seconds)
        except GraderError:
            ours.close()
            os.close(output)
            raise
        finally:
            theirs.close()
            os.close(print_end)
        return Child(self, ours, output, answer["pid"], answer["scratch"])

    def end(self, pid: int, scratch: str, grace: float) -> dict[str, Any]:
        """End a child and everything it started. Raises GraderError if the parent is gone."""
        answer = self._ask({"op": "end", "pid": pid, "scratch": scratch, "grace": grace}, [])
        return dict(answer)

    def forget(self) -> None:
        """End what was kept running for the submission: the next one must not meet it."""
        if self._running is not None and self._running.alive:
            with contextlib.suppress(GraderError):
                self._ask({"op": "forget"}, [])

    def stop(self) -> None:
        """End the parent and, with it, its descendants."""
        if self._running is not None:
            self._running.stop()
        self._running = None

    def _ask(
        self, request: dict[str, Any], descriptors: list[int], seconds: float = ANSWER_SECONDS
    ) -> Any:
        if self._running is None:
            raise GraderError("the workers' parent is gone")
        running = self._running
        try:
            self._await_ready(running.control)
            message = frame(pack(request))
            if descriptors:
                sent = socket.send_fds(running.control, [message], descriptors)
                message = message[sent:]
            running.control.sendall(message)
            return _receive(running.control, seconds)
        except (OSError, WireError) as error:
            reason = running.last_words() or str(error) or type(error).__name__
            self.stop()
            raise GraderError(f"the workers' parent is gone: {reason}") from error

    def _await_ready(self, control: socket.socket) -> None:
        if not self._ready:
            _receive(control, START_SECONDS)
            self._ready = True


def _receive(control: socket.socket, seconds: float) -> Any:
    """The parent's next message."""
    control.settimeout(seconds)
    data = b""
    size = HEADER.size
    while len(data) < size:
        part = control.recv(size - len(data))
        if not part:
            raise ConnectionError("it closed its socket")
        data += part
        if size == HEADER.size and len(data) == size:
            size += min(HEADER.unpack(data)[0], 1 << 20)
    return unpack(data[HEADER.size :])


class Child:
    """One check's process, seen from the judge: ask it something, within a deadline."""

    def __init__(
        self, parent: WorkerParent, connection: socket.socket, output: int, pid: int, scratch: str
    ) -> None:
        self._parent, self._connection = parent, connection
        self._pid, self._scratch = pid, scratch
        self._transcript = Transcript(output)
        self._buffer = bytearray()
        self._number = 0
        self._failure: Exception | None = None
        self.deadline = time.monotonic() + 3600.0
        self.seconds = 3600.0

    def allow(self, seconds: float) -> None:
        """Give the child this long, in seconds of wall time, for all that is asked of it."""
        self.seconds, self.deadline = seconds, time.monotonic() + seconds

    @property
    def output(self) -> str:
        """What the submission printed, bounded."""
        return self._transcript.text()

    def ask(self, op: str, arguments: list[Any], drop: list[int]) -> dict[str, Any]:
        """The child's reply. Raises TimedOut, Crashed or GraderError; then for good."""
        if self._failure is not None:
            raise self._failure
        self._number += 1
        request = {"id": self._number, "op": op, "arguments": arguments, "drop": drop}
        try:
            self._send(frame(pack(request)))
            return self._reply()
        except (TimedOut, Crashed, GraderError) as failure:
            self._failure = failure
            raise

    def close(self) -> None:
        """End the process and everything it started."""
        self._connection.close()
        try:
            if self._pid:
                self._parent.end(self._pid, self._scratch, grace=0.0)
        except GraderError:
            pass  # the next fork starts a new parent
        finally:
            self._pid = 0
            self._transcript.close()

    def _send(self, message: bytes) -> None:
        self._connection.setblocking(False)
        view = memoryview(message)
        while view:
            _, writable = self._transcript.wait(self._connection, self._left(), sending=True)
            if writable:
                try:
                    view = view[self._connection.send(view) :]
                except (BrokenPipeError, ConnectionResetError):
                    raise self._died() from None

    def _reply(self) -> dict[str, Any]:
        reply = self._message()
        try:
            value = unpack(reply)
        except WireError as error:
            raise Crashed(f"the process sent a malformed reply: {error}") from None
        if isinstance(value, dict):
            number = value.get("id")  # anything, perhaps a tensor, which has no `!=`
            if type(number) is int and number == self._number:
                return value
        raise Crashed("the process sent a reply to no question")

    def _message(self) -> bytes:
        size = HEADER.size
        header = True
        while len(self._buffer) < size:
            readable, _ = self._transcript.wait(self._connection, self._left())
            if readable:
                self._receive_some()
            if header and len(self._buffer) >= HEADER.size:
                header = False
                (length,) = HEADER.unpack(self._buffer[: HEADER.size])
                if length > MAX_MESSAGE:
                    raise Crashed(f"the process sent a reply of {length} bytes, over the limit")
                size += length
        message = bytes(self._buffer[HEADER.size : size])
        del self._buffer[:size]
        return message

    def _receive_some(self) -> None:
        try:
            part = self._connection.recv(1 << 20)
        except ConnectionResetError:
            part = b""
        if not part:
            raise self._died()
        self._buffer += part

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"no answer within {self.seconds:.0f} seconds")
        return left

    def _died(self) -> Exception:
        """What to say of a child that hung up."""
        pid, self._pid = self._pid, 0
        try:
            end = self._parent.end(pid, self._scratch, grace=1.0)
        except GraderError:
            return Crashed("the process ended its own parent")
        self._transcript.drain()
        if end.get("signal") == signal.SIGXCPU:
            return TimedOut("the process used up its processor time")
        if isinstance(end.get("signal"), int):
            return Crashed(f"the process died of signal {_signal_name(end['signal'])}")
        if isinstance(end.get("exit"), int):
            return Crashed(f"the process ended itself with exit code {end['exit']}")
        return Crashed("the process closed its connection")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
