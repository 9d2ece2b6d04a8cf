"""Train a submission's character model, so that it can be stopped and continued at any time.

    python -m tools.train_lm --student my/solution --out run
    python -m tools.train_lm --student my/solution --out run --resume

Calls the contract's functions only: make_loaders, CharLSTM, train_epoch and evaluate. Ctrl-C saves
and ends; `--resume` goes on, on a processor to the very weights that an unstopped run would reach.

In the folder afterwards: checkpoint.pt (for --resume and tools.sample_lm), history.json and
history.csv (a row for each epoch), curve.csv, curve.png and curve.svg (the loss), and
submission.log with what the submission has printed.

Exit status 2, and one sentence on stderr, for what cannot be used or a submission that fails; 130
when stopped. The submission's code runs in this process, without walls.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from shlex import quote

from tools.submission import UsageError
from tools.texts import corpus
from tools.training import checkpoint
from tools.training.config import Config, add_options, add_run_options, from_options
from tools.training.display import Display, prints_in
from tools.training.interrupt import INTERRUPTED, Stop
from tools.training.run import Run
from tools.training.session import opened, train, usable

LOG = "submission.log"


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    options = _parser().parse_args(arguments)
    display = Display(
        sys.stdout, sys.stderr, options.out / "tensorboard" if options.tensorboard else None
    )
    try:
        run, finished = _trained(options, display)
    except UsageError as error:
        print(f"train_lm: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before there was anything to save
        return INTERRUPTED
    if not finished:
        display.say(f"Stopped after {run.step} batches. To go on: {command_to_go_on(options)}")
        return INTERRUPTED
    display.say(f"Trained {run.step} batches; checkpoint, history and loss curve: {options.out}")
    return 0


def command_to_go_on(options: argparse.Namespace) -> str:
    """What is not in the checkpoint is said again: whose code, where, and how it is shown."""
    words = [interpreter(), "-m", "tools.train_lm", "--student", str(options.student)]
    words += ["--out", str(options.out), "--resume"]
    words += ["--device", options.device] if options.device != "cpu" else []
    words += ["--tensorboard"] if options.tensorboard else []
    words += ["--show-prints"] if options.show_prints else []
    return " ".join(map(quote, words))


def interpreter() -> str:
    """The Python that runs this, as one would type it here: `make` has its own in .venv."""
    if shutil.which("python") == sys.executable:
        return "python"
    path = Path(sys.executable)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _trained(options: argparse.Namespace, display: Display) -> tuple[Run, bool]:
    path = options.out / checkpoint.NAME
    if path.exists() and not options.resume:
        raise UsageError(f"{path} is there already: go on with --resume, or name another --out")
    saved = checkpoint.load(path) if options.resume else None
    before = None if saved is None else Config(**saved["config"])
    config = from_options(options, before)
    source = options.corpus or (saved["corpus"]["source"] if saved else None)
    text = corpus(source)
    device = usable(options.device)
    log = None if options.show_prints else options.out / LOG
    with prints_in(log), opened(options.student, config.seed) as lab:
        return train(lab, text, config, options.out, display, Stop(), device, options.threads)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_lm", description="Train a submission's character model."
    )
    add_run_options(parser)
    parser.add_argument("--resume", action="store_true", help="go on from FOLDER's checkpoint")
    parser.add_argument("--tensorboard", action="store_true", help="write event files as well")
    parser.add_argument(
        "--show-prints", action="store_true", help=f"show what the submission prints; else {LOG}"
    )
    add_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
