"""What right and wrong models reach on the tasks of seq2seq: `python -m benchmarks.margins`.

The bar of the checks lies between: above what a model reaches that sees the source as a bag of ids,
and below what any right one does. Each model is trained as the checks train it, once a seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from checks.seq2seq import tasks
from grader.worker.child import load_source

PROBES = Path(tasks.__file__).with_name("probes.py")


class Translator(nn.Module):
    """Encoder and decoder of one kind of layer; with `bag`, the encoder adds up its embeddings."""

    def __init__(
        self,
        sizes: dict[str, int],
        kind: type[nn.RNNBase] = nn.LSTM,
        layers: int = 1,
        dropout: float = 0.0,
        scale: float | None = None,
        bag: bool = False,
    ) -> None:
        super().__init__()
        E, H = 32, sizes["hidden_size"]
        self.source = nn.Embedding(sizes["src_vocab"], E)
        self.target = nn.Embedding(sizes["tgt_vocab"], E)
        self.encoder = kind(E, H, layers, batch_first=True)
        self.decoder = kind(E, H, layers, batch_first=True)
        self.summary = nn.Linear(E, H) if bag else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(H, sizes["tgt_vocab"])
        if scale is not None:
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -scale, scale)

    def forward(self, src: Tensor, tgt_in: Tensor) -> Tensor:
        """Logits (B, T, V) for source ids (B, S) and target ids (B, T)."""
        read = self.dropout(self.source(src))  # (B, S, E)
        if self.summary is None:
            _, state = self.encoder(read)
        else:
            h = torch.tanh(self.summary(read.sum(1)))[None]  # (1, B, H)
            state = (h, torch.zeros_like(h))
        output, _ = self.decoder(self.dropout(self.target(tgt_in)), state)
        logits: Tensor = self.head(self.dropout(output))
        return logits


MODELS: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "GRU": {"kind": nn.GRU},
    "plain RNN": {"kind": nn.RNN},
    "LSTM, weights in (-0.08, 0.08)": {"scale": 0.08},
    "two layers, dropout 0.3": {"layers": 2, "dropout": 0.3},
    "the source as a bag of ids": {"bag": True},
}


def shares(task: Callable[[int], tasks.Task], options: dict[str, Any], seeds: int) -> list[float]:
    """What share of the held-out sources is answered without a mistake, one for each seed."""
    probes = load_source("probes", PROBES.read_text(encoding="utf-8"))
    model = SimpleNamespace(Seq2Seq=lambda **sizes: Translator(sizes, **options))
    labs = [SimpleNamespace(seed=seed, probes=probes, model=model) for seed in range(seeds)]
    return [tasks.learn(lab, task(lab.seed)).share for lab in labs]


def main() -> None:
    """Print least, mean and greatest share for each model and task."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.margins", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for task in (tasks.reversals, tasks.dates):
        print(f"{task.__name__:<34}least   mean  greatest ({options.seeds} seeds)", flush=True)
        for name, model in MODELS.items():
            found = shares(task, model, options.seeds)
            mean = sum(found) / len(found)
            print(f"  {name:<32}{min(found):>5.2f}  {mean:>5.2f}  {max(found):>5.2f}", flush=True)


if __name__ == "__main__":
    main()
