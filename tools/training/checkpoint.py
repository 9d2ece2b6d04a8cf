"""Files that are either there in whole or not at all, and the checkpoint, which is one of them.

A checkpoint holds plain values and tensors only, so that it can be loaded without running anything
that somebody may have put into it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch

from tools.submission import UsageError

NAME = "checkpoint.pt"
FORMAT = 2


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Have `write` fill the file, so that at no time, power cuts included, is there half of it.

    Raises UsageError if the file cannot be written; what was there before stays.
    """
    partial = path.with_name(f"{path.name}.partial")  # on the same disk, or it cannot be moved
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    """Let the new name outlast a power cut; where a folder cannot be opened (Windows), it may."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save(path: Path, contents: dict[str, Any]) -> None:
    """Write a checkpoint. Raises UsageError if that is not possible."""
    write_atomically(path, lambda file: torch.save({"format": FORMAT, **contents}, file))


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a checkpoint of `train_lm`. Raises UsageError if it is none."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    try:
        contents = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch has many ways of saying that a file is none of its own
        raise UsageError(f"{path} is not a checkpoint, or a damaged one") from error
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise UsageError(f"{path} is not a checkpoint that tools.train_lm has written")
    return contents
