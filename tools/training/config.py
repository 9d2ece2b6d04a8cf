"""What a training depends on: its numbers, under one name each, and two sets of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from tools.submission import REFERENCE, UsageError
from tools.texts import PROSE


@dataclass(frozen=True)
class Config:
    """One training. The defaults are the specification's.

    `lr` is AdamW's step size, `clip` the largest norm of the whole gradient, `val_fraction` the
    share that is only validated on. `cell` is "lstm", the submission's model, or "rnn", a plain
    recurrent network of the same size to compare it with. `bf16` computes under autocast.
    """

    embed_dim: int = 256  # E
    hidden_size: int = 512  # H
    num_layers: int = 2  # L
    dropout: float = 0.1
    seq_len: int = 128  # T
    batch_size: int = 64  # B
    epochs: int = 5
    lr: float = 3e-3
    clip: float = 1.0
    val_fraction: float = 0.05
    seed: int = 0
    cell: str = "lstm"
    bf16: bool = False

    @property
    def sizes(self) -> dict[str, Any]:
        """The keyword arguments of `CharLSTM`, the size of the vocabulary apart."""
        names = ("embed_dim", "hidden_size", "num_layers", "dropout")
        return {name: getattr(self, name) for name in names}

    def checked(self) -> Config:
        """The same. Raises UsageError, naming the option, for a number that cannot be."""
        for name in ("embed_dim", "hidden_size", "num_layers", "seq_len", "batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise _refused(name, "at least 1", getattr(self, name))
        for name in ("lr", "clip"):
            if not getattr(self, name) > 0:
                raise _refused(name, "above 0", getattr(self, name))
        if not 0 <= self.dropout < 1:
            raise _refused("dropout", "in [0, 1)", self.dropout)
        if not 0 < self.val_fraction < 1:
            raise _refused("val_fraction", "between 0 and 1", self.val_fraction)
        if self.seed < 0:
            raise _refused("seed", "0 or more", self.seed)
        return self


SCALES = {
    "spec": Config(),
    # For a processor: a small part of the arithmetic, and the same things to be seen.
    "laptop": Config(embed_dim=64, hidden_size=128, num_layers=1, seq_len=64, epochs=1),
}
ASKED_FOR = {"cell": "--rnn", "bf16": "--bf16"}  # options that are no numbers


def _option(name: str) -> str:
    return ASKED_FOR.get(name, f"--{name.replace('_', '-')}")


def _refused(name: str, wanted: str, value: float) -> UsageError:
    return UsageError(f"{_option(name)} must be {wanted}, not {value}")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add what says whose code is trained on what, where, and with what part of the machine."""
    parser.add_argument("--student", type=Path, default=REFERENCE, help="whose (the reference's)")
    parser.add_argument("--corpus", metavar="FILE", help=f"a text, in UTF-8 ({PROSE})")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps ... (cpu)")
    parser.add_argument(
        "--threads", type=at_least_one, metavar="N", help="on a processor (what is fastest)"
    )


def at_least_one(text: str) -> int:
    """The number. Raises argparse.ArgumentTypeError, or ValueError, for what is none."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def add_options(parser: argparse.ArgumentParser, without: Sequence[str] = ()) -> None:
    """Add the options that make up a configuration, but for these."""
    group = parser.add_argument_group("the configuration (defaults: those of --scale)")
    group.add_argument("--scale", choices=SCALES, help="a set of defaults (spec)")
    spec = SCALES["spec"]
    for field in fields(Config):
        if field.name not in (*ASKED_FOR, *without):
            kind = type(getattr(spec, field.name))
            group.add_argument(_option(field.name), type=kind, metavar=kind.__name__[0].upper())
    if "cell" not in without:
        group.add_argument(
            "--rnn", dest="cell", action="store_const", const="rnn", help="a plain RNN as the model"
        )
    group.add_argument(
        "--bf16", action="store_true", default=None, help="compute in bfloat16 where that is safe"
    )


def as_options(config: Config, without: Sequence[str] = ()) -> list[str]:
    """The options that make up this configuration, but for these."""
    values = {name: value for name, value in asdict(config).items() if name not in without}
    words = [] if not values.pop("bf16", False) else ["--bf16"]
    words += ["--rnn"] if values.pop("cell", "lstm") == "rnn" else []
    return [*words, *(f"{_option(name)}={value!r}" for name, value in values.items())]


def from_options(options: argparse.Namespace, saved: Config | None = None) -> Config:
    """The configuration that was asked for, or the saved one with perhaps more epochs.

    Raises UsageError for a number that cannot be, and for one that contradicts the saved one.
    """
    given = {
        field.name: value
        for field in fields(Config)
        if (value := getattr(options, field.name, None)) is not None
    }
    if saved is None:
        return replace(SCALES[options.scale or "spec"], **given).checked()
    if options.scale is not None:
        given = asdict(SCALES[options.scale]) | given
    for name, value in given.items():
        if name != "epochs" and value != getattr(saved, name):
            raise UsageError(
                f"the checkpoint was made with {name}={getattr(saved, name)}, and {name}={value} "
                "is another training: give it another --out"
            )
    return replace(saved, epochs=given.get("epochs", saved.epochs)).checked()
