"""What the reference's character lab costs against what it replaces: `python -m benchmarks.speed`.

    python -m benchmarks.speed [data|step|sample]... [--quick]

prints Markdown tables for its loader, its training step and its sampling. Every figure is the
median, over several rounds, of a ratio of two things that were done in turn, with the quartiles of
the rounds. What runs on one thread is measured in processor time and not by the clock on the wall.
"""

from __future__ import annotations

import argparse
import os
import platform
import time

import torch

from . import speed_data, speed_sample, speed_step

PARTS = {"data": speed_data.measure, "step": speed_step.measure, "sample": speed_sample.measure}


def main() -> None:
    """Print the tables of the parts asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="*", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and sizes, half a minute"
    )
    options = parser.parse_args()
    for part in options.part:
        if part not in PARTS:
            parser.error(f"there is no part {part!r}, only {', '.join(PARTS)}")
    torch.set_num_threads(1)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores{load}{', --quick' if options.quick else ''}\n"
    )
    for part in options.part or PARTS:
        started = time.perf_counter()
        print(f"## {part}\n", flush=True)
        PARTS[part](options.quick)
        print(f"({part}: {time.perf_counter() - started:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
