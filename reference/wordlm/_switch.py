"""A switch that is put back to where it was: a module's mode."""

from collections.abc import Iterator
from contextlib import contextmanager

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
