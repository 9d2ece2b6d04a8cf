"""What a submission prints: read while the judge waits, so that it never blocks, and bounded."""

from __future__ import annotations

import os
import select
import socket

KEPT = 4096  # bytes kept of the beginning, and of the end


class Transcript:
    """The read end of a child's standard output and error."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor: int | None = descriptor
        self._head, self._tail, self._total = bytearray(), bytearray(), 0

    def wait(
        self, connection: socket.socket, seconds: float, *, sending: bool = False
    ) -> tuple[bool, bool]:
        """Wait for the connection at most so long, reading output; (readable, writable)."""
        reading: list[socket.socket | int] = [] if sending else [connection]
        if self._descriptor is not None:
            reading.append(self._descriptor)
        ready, writable, _ = select.select(reading, [connection] if sending else [], [], seconds)
        if self._descriptor in ready:
            self._read()
        return connection in ready, bool(writable)

    def drain(self) -> None:
        """Read what is there, without waiting."""
        for _ in range(64):  # a flood must not keep the judge here
            if self._descriptor is None or not self._read():
                return

    def text(self) -> str:
        """The first and last few thousand characters, with the number of bytes left out between."""
        self.drain()
        left_out = self._total - len(self._head) - len(self._tail)
        middle = f"\n... {left_out} bytes left out ...\n".encode() if left_out else b""
        return bytes(self._head + middle + self._tail).decode("utf-8", errors="replace").strip()

    def close(self) -> None:
        """Close the pipe."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _read(self) -> bool:
        assert self._descriptor is not None
        try:
            part = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return False
        if not part:
            self.close()
            return False
        self._total += len(part)
        room = KEPT - len(self._head)
        self._head += part[: max(room, 0)]
        self._tail = (self._tail + part[max(room, 0) :])[-KEPT:]
        return True
