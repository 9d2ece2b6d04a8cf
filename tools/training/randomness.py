"""Random states that can be put on, taken off and saved, so that two streams never mix.

What a submission draws, it may draw from torch, from `random` or from numpy. A `Stream` is a state
of all of them together. It is in force within a block only:

    order      ----make_loaders----next batches----.................----next batches----
    training   ....................................----train_epoch----..................

So the order of the batches can be drawn again from its beginning, although between any two batches
dropout has drawn a million numbers of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

State = dict[str, Any]


class Stream:
    """A random state of its own, for everything that draws without a generator of its own."""

    def __init__(self, seed: int) -> None:
        """Start where `seed` leads to."""
        outside = _state()
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self._state = _state()
        _put(outside)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Within the block all draws come from this stream; after it, from what was there."""
        outside = _state()
        _put(self._state)
        try:
            yield
        finally:
            self._state = _state()
            _put(outside)

    def saved(self) -> State:
        """The state in types that `torch.load(weights_only=True)` reads."""
        version, numbers, gauss = self._state["random"]
        numpy = self._state["numpy"]
        inner = {"key": numpy["state"]["key"].tolist(), "pos": int(numpy["state"]["pos"])}
        return {
            "torch": self._state["torch"],
            "cuda": self._state["cuda"],
            "random": [version, list(numbers), gauss],
            "numpy": {**numpy, "state": inner},
        }

    def put_back(self, saved: State) -> None:
        """Go on from a saved state."""
        version, numbers, gauss = saved["random"]
        inner = dict(saved["numpy"]["state"])
        inner["key"] = np.array(inner["key"], dtype=np.uint32)
        self._state = {
            "torch": saved["torch"].cpu(),
            "cuda": [state.cpu() for state in saved["cuda"]],
            "random": (version, tuple(numbers), gauss),
            "numpy": {**saved["numpy"], "state": inner},
        }


def _state() -> State:
    on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if on_gpu else [],
        "random": random.getstate(),
        "numpy": np.random.get_state(legacy=False),
    }


def _put(state: State) -> None:
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count() and state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    random.setstate(state["random"])
    np.random.set_state(state["numpy"])


@contextmanager
def seeded_generators() -> Iterator[None]:
    """Within the block `numpy.random.default_rng()` without a seed draws one from the stream.

    Else it would ask the operating system for one, and no run could be repeated.
    """
    made = np.random.default_rng

    def default_rng(seed: Any = None) -> np.random.Generator:
        return made(np.random.randint(2**63) if seed is None else seed)

    np.random.default_rng = default_rng
    try:
        yield
    finally:
        np.random.default_rng = made
