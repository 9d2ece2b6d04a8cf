"""Two switches that are put back to where they were: a module's mode, and oneDNN."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def in_mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put the model in train or eval mode for the length of a `with` block.

    Each submodule gets its own mode back, also after an exception: a layer that its owner had
    frozen in eval mode must not wake up because somebody measured the loss.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in modes:
            module.training = was_training


@contextmanager
def without_onednn() -> Iterator[None]:
    """Keep PyTorch from handing work on the CPU to oneDNN for the length of a `with` block.

    Like `torch.backends.mkldnn.flags(enabled=False)`, which in recent releases also sets, and warns
    about, a precision that only Intel GPUs have.
    """
    mkldnn: Any = torch.backends.mkldnn  # Any: its settings are properties, declared as if not
    before = mkldnn.enabled
    mkldnn.enabled = False
    try:
        yield
    finally:
        mkldnn.enabled = before
