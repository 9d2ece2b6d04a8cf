"""What each piece of the AWD-LSTM recipe does for a small text: `python -m benchmarks.awd`.

Trains the lab's word model, the recipe of `reference/wordlm/awd`, and the recipe without one piece
after the other, from the same seeds on the same words, and prints a Markdown table. The text is the
language reference that every Python carries, or `--corpus`: its first words are trained on, the
next quarter as many are the validation text, and the vocabulary is that of the first.

Seconds are the processor's, with one thread: other work on the machine does not count.

Each model is measured with the weights of its best epoch, chosen on the validation text itself, for
all rows alike. With `--quick` everything runs once through and the figures mean nothing.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from checks.support.corpora import load_text, python_prose

from .speed_ratio import lab

DATA, MODEL, TRAIN = (lab(name, "wordlm") for name in ("data", "model", "train"))
AVERAGING, AWD_CONFIG, AWD_MODEL, AWD_TRAIN = (
    lab(f"awd.{name}", "wordlm") for name in ("averaging", "config", "model", "train")
)

# The plain model gets the recipe's sizes, chunks and epochs, and of the dropouts 0.4 and 0.65 the
# one that suits it better.
PLAIN_DROPOUT, PLAIN_LR = 0.4, 3e-3


@dataclass(frozen=True)
class Text:
    """A text as streams: B rows to train on, B to measure, and V, the number of ids."""

    train: Tensor
    valid: Tensor
    size: int


def streams(text: str, words: int, batch_size: int) -> Text:
    """Cut a text into its first `words` words and the next quarter as many.

    Raises ValueError if it is shorter.
    """
    tokens = DATA.tokenize(text)
    if len(tokens) < words + words // 4:
        raise ValueError(
            f"the text has {len(tokens)} words, and {words} to train on need a quarter as many more"
        )
    vocab = DATA.Vocab(tokens[:words])
    train = DATA.batchify(tokens[:words], vocab, batch_size)
    valid = DATA.batchify(tokens[words : words + words // 4], vocab, batch_size)
    return Text(train, valid, len(vocab))


def by_frequency(text: Text) -> float:
    """The validation perplexity of the words' frequencies alone, one added to each count."""
    counts = torch.bincount(text.train.flatten(), minlength=text.size).double() + 1
    logs = (counts / counts.sum()).log()
    return math.exp(-float(logs[text.valid[:, 1:]].mean()))


# ------------------------------------------------------------------ the rows

Trained = tuple[nn.Module, float]  # a model, and its lowest validation loss
Row = Callable[[Any, Text, int], Trained]  # from a config, a text, a seed


def plain(config: Any, text: Text, seed: int) -> Trained:
    """The lab's model, trained as the lab trains."""
    torch.manual_seed(seed)
    sizes = (config.emb_dim, config.hid_dim, config.num_layers)
    model = MODEL.WordLSTM(text.size, *sizes, PLAIN_DROPOUT)
    return model, _as_in_the_lab(model, config, text)


def with_adam(config: Any, text: Text, seed: int) -> Trained:
    """The recipe's model, trained as the lab trains: Adam, equal chunks, no price."""
    torch.manual_seed(seed)
    model = _model(config, text)
    return model, _as_in_the_lab(model, config, text)


def recipe(config: Any, text: Text, seed: int) -> Trained:
    """The recipe as the configuration says."""
    torch.manual_seed(seed)
    model = _model(config, text)
    optimizer = AVERAGING.NTASGD(model.parameters(), config.lr, config.patience)
    history = AWD_TRAIN.train(
        model,
        text.train,
        text.valid,
        optimizer,
        config.epochs,
        config.seq_len,
        config.clip,
        config.alpha,
        config.beta,
        config.half,
        config.spread,
        torch.Generator().manual_seed(seed),
    )
    return model, min(epoch["val_ce"] for epoch in history)


def _model(config: Any, text: Text) -> nn.Module:
    sizes = (config.emb_dim, config.hid_dim, config.num_layers)
    model: nn.Module = AWD_MODEL.AwdLSTM(
        text.size, *sizes, config.rates, config.tied, config.locked
    )
    return model


def _as_in_the_lab(model: nn.Module, config: Any, text: Text) -> float:
    settings = (config.epochs, config.seq_len, PLAIN_LR, config.clip)
    history = TRAIN.train(model, text.train, text.valid, *settings)
    return min(epoch["val_ce"] for epoch in history)


def rows(config: Any) -> dict[str, tuple[Row, Any]]:
    """Each row's name, how it is trained, and with what."""

    def without(**changes: Any) -> tuple[Row, Any]:
        return recipe, replace(config, **changes)

    rates = config.rates
    return {
        "the lab's model, Adam": (plain, config),
        "**the recipe**": (recipe, config),
        "without weight drop": without(rates=replace(rates, weight=0.0)),
        "without locked masks (a new one each step)": without(locked=False),
        "without word dropout": without(rates=replace(rates, embed=0.0)),
        "without tied weights": without(tied=False),
        "without AR and TAR": without(alpha=0.0, beta=0.0),
        "without averaging (plain SGD)": without(patience=config.epochs),
        "without chunks of varying length": without(half=0.0, spread=0.0),
        "the recipe's model, Adam as in the lab": (with_adam, config),
    }


# ------------------------------------------------------------------ the table


def measure(name: str, how: Row, config: Any, text: Text, seeds: int) -> str:
    """One row of the table: trained once a seed."""
    found, durations, parameters = [], [], 0
    for seed in range(seeds):
        started = time.process_time()
        model, loss = how(config, text, seed)
        durations.append(time.process_time() - started)
        found.append(math.exp(loss))
        parameters = sum(parameter.numel() for parameter in model.parameters())
        print(
            f"{name}, seed {seed}: {found[-1]:.1f}, {durations[-1]:.0f} s of CPU", file=sys.stderr
        )
    mean, seconds = sum(found) / seeds, sum(durations) / seeds
    spread = f"{min(found):.1f} to {max(found):.1f}"
    return f"| {name} | {mean:.1f} | {spread} | {parameters:,} | {seconds:.0f} |"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.awd", description=__doc__)
    parser.add_argument("--corpus", metavar="FILE", help="another text (default: Python's own)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--words", type=int, default=20_000, help="to train on")
    parser.add_argument("--epochs", type=int, help="default: 20")
    parser.add_argument("--row", metavar="TEXT", default="", help="only rows with this in the name")
    parser.add_argument("--quick", action="store_true", help="run everything through, in a minute")
    return parser


def main() -> None:
    """Print the table."""
    parser = _parser()
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the figures are the same wherever torch is
    config = AWD_CONFIG.SMALL
    if options.epochs:
        config = replace(config, epochs=options.epochs)
    if options.quick:
        options.words, options.seeds = min(options.words, 1500), 1
        config = replace(config, emb_dim=16, hid_dim=24, epochs=2)
    try:
        raw = load_text(options.corpus) if options.corpus else python_prose()
        text = streams(raw, options.words, config.batch_size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"Python {platform.python_version()}, torch {torch.__version__}, one thread")
    print(
        f"{options.words} words to train on, {options.words // 4} to measure, V = {text.size}; "
        f"E = {config.emb_dim}, H = {config.hid_dim}, L = {config.num_layers}, "
        f"{config.epochs} epochs, {options.seeds} seed(s)"
    )
    print(f"validation perplexity of the words' frequencies alone: {by_frequency(text):.1f}\n")
    print("| | validation perplexity | least to most | parameters | CPU seconds |")
    print("|---|---:|---:|---:|---:|", flush=True)
    for name, (how, its_own) in rows(config).items():
        if options.row in name:
            print(measure(name, how, its_own, text, options.seeds), flush=True)


if __name__ == "__main__":
    main()
