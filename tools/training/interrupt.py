"""Ctrl-C, and its like from a batch system, as a question that the training asks itself."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 130  # the exit status that shells give to what Ctrl-C has ended
HEARD = b"\nStopping after the batches at hand (once more: at once, back to the last checkpoint).\n"


class Stop:
    """Whether somebody has asked the run to end."""

    def __init__(self) -> None:
        self.asked = False
        self._process = os.getpid()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block the first SIGINT or SIGTERM only asks; the second one ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # there Python knows no signals
            return
        before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        if os.getpid() == self._process:  # a loader's worker processes inherit the handler
            self.asked = True
            os.write(2, HEARD)  # not `print`: it may be what was interrupted
