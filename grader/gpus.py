"""Criteria that need a GPU: whether there is one, and how a worker gets to see it.

Only a run that asks for them, by `-m gpu`, opens the walls this far: a GPU's driver is a large
surface, and its memory is shared by all who use it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

MARK = "gpu"
SETTINGS = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")  # which GPU, and where its driver is


def asked_for(option: Any) -> bool:
    """Whether a run means to use a GPU."""
    return MARK in option.markexpr and option.device != "cpu"


def needed_by(item: pytest.Item, option: Any) -> bool:
    """Whether a criterion of this run is to run on a GPU."""
    return item.get_closest_marker(MARK) is not None and option.device != "cpu"


def lack() -> str:
    """Why no GPU can be used here; empty if one can."""
    import torch

    if torch.cuda.is_available():
        return ""
    return (
        "needs a GPU, and torch sees none here; --device cpu runs it on the processor, "
        "and --scale small in seconds"
    )


def devices() -> list[Path]:
    """The files through which a process reaches NVIDIA's GPUs."""
    return sorted(Path("/dev").glob("nvidia*"))


def environment() -> dict[str, str]:
    """What CUDA must be told of the judge's own environment."""
    return {name: os.environ[name] for name in SETTINGS if name in os.environ}
