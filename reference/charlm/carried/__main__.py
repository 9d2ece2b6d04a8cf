"""Train for a fixed time on a text and print the losses: `python -m reference.charlm.carried`.

    python -m reference.charlm.carried CORPUS --seconds 180 --device cuda
    python -m reference.charlm.carried CORPUS --steps 600 --size small --without tying

The last tenth of the text is held out and read once, at the end. A budget in steps gives the same
figures again on the same machine; one in seconds does not.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import build_vocab, encode
from . import measure
from .average import Average
from .config import SIZES, Recipe
from .fit import Report, fit
from .network import BrakedLSTM
from .schedule import Budget

HELD_OUT = 0.1
WINDOW = 256
PIECES: dict[str, dict[str, Any]] = {
    "carrying": {"carry": False},
    "resets": {"reset": 0.0},
    "schedule": {"anneal": False},
    "dropout": {"dropout": 0.0, "weight_dropout": 0.0},
    "tying": {"tied": False},
    "half": {"half": False},
}


def split(path: Path, device: str) -> tuple[Tensor, Tensor, int]:
    """Read a UTF-8 text; return the ids of its first nine tenths and of the rest, and V.

    Both on the device, LongTensors. The vocabulary is that of the whole text. Raises OSError or
    ValueError if there is no such text, RuntimeError or AssertionError if there is no such device.
    """
    text = path.read_text(encoding="utf-8")
    chars, stoi, _ = build_vocab(text)
    ids = encode(text, stoi).to(device)  # (N,)
    cut = len(ids) - round(HELD_OUT * len(ids))
    return ids[:cut], ids[cut:], len(chars)


def show(report: Report) -> None:
    """Print one line of progress."""
    print(
        f"{report.spent:5.0%}  {report.seconds:6.1f} s  {report.tokens:13,} characters  "
        f"{report.tokens / report.seconds:11,.0f}/s  training CE {report.ce:.4f}",
        flush=True,
    )


def summarise(model: BrakedLSTM, average: Average, ids: Tensor) -> None:
    """Print both measures of the last weights and of their average."""
    print(f"validation CE, {len(ids) - 1:,} predictions     carried  windows of {WINDOW}")
    for name in ("last weights", "average of weights"):
        if name.startswith("average"):
            with average.applied():
                figures = measure.carried(model, ids), measure.windowed(model, ids, WINDOW)
        else:
            figures = measure.carried(model, ids), measure.windowed(model, ids, WINDOW)
        print(f"  {name:<34}{figures[0]:10.4f}{figures[1]:16.4f}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(
        prog="python -m reference.charlm.carried", description="Train for a fixed time."
    )
    parser.add_argument("corpus", type=Path, help="a UTF-8 text")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--seconds", type=float, help="of training (default: 180)")
    budget.add_argument("--steps", type=int, help="instead of seconds")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", choices=SIZES, default="spec")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, help="highest step size (default: the size's)")
    parser.add_argument("--without", action="append", choices=PIECES, default=[])
    options = parser.parse_args(arguments)
    recipe: Recipe = SIZES[options.size]
    recipe = dataclasses.replace(recipe, lr=options.lr or recipe.lr)
    for piece in options.without:
        recipe = dataclasses.replace(recipe, **PIECES[piece])
    torch.manual_seed(options.seed)
    try:
        train_ids, val_ids, V = split(options.corpus, options.device)
    except (OSError, ValueError, RuntimeError, AssertionError) as error:
        parser.error(str(error).partition("\n")[0])
    E, H, L = recipe.embed_dim, recipe.hidden_size, recipe.num_layers
    model = BrakedLSTM(V, E, H, L, recipe.dropout, recipe.tied).to(options.device)
    count = sum(parameter.numel() for parameter in model.parameters())
    less = f", without {', '.join(options.without)}" if options.without else ""
    print(
        f"{options.size}{less}: {count:,} parameters, lr {recipe.lr:g}, seed {options.seed}, "
        f"{options.device}"
    )
    if options.steps is None and options.seconds is None:
        options.seconds = 180.0
    try:
        average = fit(model, train_ids, recipe, Budget(options.seconds, options.steps), show)
    except ValueError as error:  # a text too short for the streams, a budget of nothing
        parser.error(str(error))
    summarise(model, average, val_ids)


if __name__ == "__main__":
    main()
