"""One way of having windows, in a process of its own, and that process's peak of memory.

`python -m benchmarks.speed_memory baseline|reference|dataloader|materialised` prints bytes. Torch
allocates past Python's allocator, so `tracemalloc` would see nothing.
"""

from __future__ import annotations

import resource
import sys
from itertools import islice
from pathlib import Path

import torch

from .speed_data import Items, T, loaders

BATCHES = 200


def peak() -> int:
    """The most resident memory that this process has had, in bytes.

    Where there is /proc, from there: a child's `ru_maxrss` starts at what its parent had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        rows = dict(row.split(":", 1) for row in status.read_text().splitlines())
        return 1024 * int(rows["VmHWM"].split()[0])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(kind: str) -> None:
    """Do what the kind says, and print the peak."""
    torch.set_num_threads(1)
    ours, others = loaders()
    items = next(other.dataset for other in others.values() if isinstance(other.dataset, Items))
    if kind == "reference":
        for x, y in islice(ours, BATCHES):
            assert x.shape == y.shape
    elif kind == "dataloader":
        for x, y in islice(others["two slices an item"], BATCHES):
            assert x.shape == y.shape
    elif kind == "materialised":
        rows = items.ids.unfold(0, T + 1, 1)  # (N-T, T+1), a view
        x, y = rows[:, :-1].contiguous(), rows[:, 1:].contiguous()
        assert x.shape == y.shape
    elif kind != "baseline":
        raise SystemExit(f"no such kind: {kind}")
    print(peak())


if __name__ == "__main__":
    main(sys.argv[1])
