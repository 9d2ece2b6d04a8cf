"""The loader: batches per second, and memory, against what one would write first."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from checks.support.corpora import python_prose
from grader.labs import PROJECT

from .speed_ratio import Action, Ratio, interleaved, lab, ratio, table

WINDOWS, T, B = 282_277, 128, 64
HELD_OUT = 14_863  # characters: 5 % of the text that has so many windows in its training part
IDS_MIB = 8 * (WINDOWS + T) / 2**20  # of the training text as a LongTensor
MIB_OF = {
    "reference": "the reference's loader, 200 batches",
    "dataloader": "windows item by item through DataLoader, 200 batches",
    "materialised": "all windows and targets copied out",
}


class Items(Dataset[tuple[Tensor, Tensor]]):
    """Windows as everybody writes them: two slices an item."""

    def __init__(self, ids: Tensor) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return WINDOWS

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.ids[i : i + T], self.ids[i + 1 : i + T + 1]


def loaders() -> tuple[Any, dict[str, Any]]:
    """The reference's loader over 282,277 windows, and DataLoaders over the same windows.

    Raises ValueError if the Python installation's prose is too short.
    """
    text = python_prose()[: WINDOWS + T + HELD_OUT]
    if len(text) < WINDOWS + T + HELD_OUT:
        raise ValueError(f"python_prose() has {len(text)} characters only")
    data = lab("data")
    ours, _, (_, stoi, _) = data.make_loaders(text, T, B)
    ids = data.encode(text[: WINDOWS + T], stoi)
    assert len(ours) == -(-WINDOWS // B)
    return ours, {
        "two slices an item": DataLoader(Items(ids), B, shuffle=True),
        "the reference's CharWindows": DataLoader(data.CharWindows(ids, T), B, shuffle=True),
    }


def a_pass(loader: Any) -> Action:
    """A whole pass, the drawing of its order included."""
    return lambda: sum(1 for _ in loader)


def a_stretch(loader: Any, batches: int) -> Action:
    """The next batches of an endless run, so that nothing is counted but batches."""

    def forever() -> Iterator[Any]:
        while True:
            yield from loader

    endless = forever()
    return lambda: sum(1 for _ in islice(endless, batches))


def measure(quick: bool) -> None:
    """Print both tables, or with `quick` the first."""
    ours, others = loaders()
    actions = {"reference": a_pass(ours)}
    actions |= {name: a_stretch(other, 50) for name, other in others.items()}
    seconds = interleaved(actions, rounds=3 if quick else 15)
    print(f"### Batches per second: {WINDOWS:,} windows, T = {T}, B = {B}, one thread\n")
    rows = [
        (f"DataLoader over {name}", ratio(seconds, name, "reference"), "at least 50")
        for name in others
    ]
    table(("reference against", "times as fast", "middle half", "target"), rows)
    micro = {name: 1e6 * statistics.median(values) for name, values in seconds.items()}
    print("Microseconds a batch: " + ", ".join(f"{n} {v:.0f}" for n, v in micro.items()) + ".\n")
    if not quick:  # each process has torch to import
        memory(rounds=3)


def memory(rounds: int) -> None:
    """Print what each way adds to the peak of a process that has the text and the loader."""
    above: dict[str, list[float]] = {kind: [] for kind in MIB_OF}
    for _ in range(rounds):
        peaks = {kind: _peak(kind) for kind in ("baseline", *MIB_OF)}
        for kind in MIB_OF:
            above[kind].append((peaks[kind] - peaks["baseline"]) / 2**20)
    print(f"### Peak memory above a process that holds the ids ({IDS_MIB:.1f} MiB)\n")
    rows = [
        (MIB_OF[kind], f"{statistics.median(mib):.1f}", Ratio([one / IDS_MIB for one in mib]))
        for kind, mib in above.items()
    ]
    table(("", "MiB", "times the ids", "middle half"), rows)


def _peak(kind: str) -> int:
    """Bytes of the high-water mark of a fresh process."""
    command = [sys.executable, "-m", "benchmarks.speed_memory", kind]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return int(done.stdout)
