"""The command line that the engine adds to pytest."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pytest

SHORTEST_CORPUS = 1000  # characters of a text that a check draws passages from


def add_options(parser: pytest.Parser) -> None:
    """Declare `--student` and what goes with it."""
    group = parser.getgroup("checks", "checking a submission")
    group.addoption(
        "--student",
        metavar="PATH",
        default="reference",
        help="the submission: a folder with lab folders, a lab folder, a zip of either, a notebook "
        "(default: the reference)",
    )
    group.addoption(
        "--lab",
        action="append",
        metavar="NAME",
        default=[],
        help="check only this lab (repeatable)",
    )
    group.addoption(
        "--part",
        action="append",
        metavar="NAME",
        default=[],
        help="check only this part, such as data or model (repeatable)",
    )
    group.addoption(
        "--criterion",
        action="append",
        metavar="ID",
        default=[],
        help="check only this criterion (repeatable); what it builds on is not looked at",
    )
    group.addoption(
        "--seed",
        type=int,
        metavar="N",
        help="repeat a run: the seed that it printed (default: a new one each time)",
    )
    group.addoption(
        "--in-process",
        action="store_true",
        help="run the submission's code in this process, for --pdb; no wall, no time limits",
    )
    group.addoption(
        "--sandbox",
        choices=("auto", "bwrap", "none"),
        default="auto",
        help="walls around the submission: bubblewrap where it works (auto), required, or none",
    )
    group.addoption(
        "--result", metavar="FILE", help="write the verdicts to FILE as JSON (docs/result-file.md)"
    )
    group.addoption(
        "--corpus",
        metavar="FILE",
        help="the text for criteria that learn one (default: one that comes with the project)",
    )
    group.addoption(
        "--device",
        metavar="NAME",
        default="cuda",
        help="where criteria marked `gpu` run: cuda (default), cuda:N or cpu",
    )
    group.addoption(
        "--scale",
        choices=("full", "small"),
        default="full",
        help="how much the criteria marked `gpu` train: what the handout says, or some seconds",
    )
    group.addoption(
        "--time-factor",
        type=float,
        default=1.0,
        metavar="X",
        help="multiply every time limit by X, on a slow or busy machine",
    )
    group.addoption(
        "--time-limit",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="time for all checks together; what has not run by then has timed out",
    )


def refuse_nonsense(config: pytest.Config) -> None:
    """Raises pytest.UsageError for options that would only fail once the checks have run."""
    factor = config.option.time_factor
    if not (factor > 0 and math.isfinite(factor)):
        raise pytest.UsageError(f"--time-factor must be positive, not {factor:g}")
    if not config.option.time_limit > 0:
        raise pytest.UsageError(f"--time-limit must be positive, not {config.option.time_limit:g}")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", config.option.device):
        raise pytest.UsageError(f"--device {config.option.device}: cuda, cuda:N or cpu")
    if config.option.corpus:
        _refuse_corpus(config.option.corpus)
    if not config.option.result:
        return
    path = Path(config.invocation_params.dir, config.option.result)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--result {path} cannot be written: {error}") from error
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"--result {path} cannot be written")


def _refuse_corpus(name: str) -> None:
    """Raises pytest.UsageError for a corpus that no check could learn."""
    try:
        length = len(Path(name).read_bytes().decode("utf-8"))
    except OSError as error:
        raise pytest.UsageError(f"--corpus {name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise pytest.UsageError(
            f"--corpus {name}: not UTF-8 text, the byte at offset {error.start} cannot be decoded"
        ) from error
    if length < SHORTEST_CORPUS:
        raise pytest.UsageError(
            f"--corpus {name}: {length} characters, and at least {SHORTEST_CORPUS} are needed"
        )
