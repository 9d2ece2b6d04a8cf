"""Let a trained model write at several temperatures, side by side.

    python -m tools.sample_lm --student my/solution --checkpoint run/checkpoint.pt --prompt "The "

The text is that of the submission's `sample`, from a checkpoint of tools.train_lm. `--metrics` puts
the metrics of the lab textmetrics below it, the submission's if it has that lab, else the model
answer's: of what was written, the prompt apart.

Exit status 2, and one sentence on stderr, for what cannot be used or a submission that fails. The
submission's code runs in this process, without walls.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from grader.labs import derive_seed
from tools.columns import columns
from tools.submission import REFERENCE, LoadedLab, UsageError, holds, loaded
from tools.text_metrics import LAB as METRICS_LAB
from tools.text_metrics import NAME_WIDTH, row_of, shown
from tools.training import checkpoint, models
from tools.training.config import Config, at_least_one
from tools.training.interrupt import INTERRUPTED
from tools.training.randomness import Stream
from tools.training.session import opened, usable


@dataclass(frozen=True)
class Trained:
    """A model with its weights and the submission's tables for its characters."""

    lab: LoadedLab
    model: nn.Module
    chars: list[str]
    stoi: Any
    itos: Any
    device: str

    def write(
        self, prompt: str, length: int, temperature: float, top_p: float = 1.0, seed: int = 0
    ) -> str:
        """The `length` characters that the submission writes after the prompt.

        Raises UsageError if the prompt has a character that was not in the training text, and if
        `sample` fails.
        """
        unknown = [char for char in prompt if char not in self.chars]
        if not prompt:
            raise UsageError("the prompt is empty: the model needs a character to start from")
        if unknown:
            raise UsageError(
                f"the prompt has the character {unknown[0]!r}, which the training text has not"
            )
        args = self.model, prompt, self.stoi, self.itos, length
        draws = Stream(derive_seed(seed, "sample"))
        with draws.flowing(), redirect_stdout(sys.stderr):  # what `sample` prints is no sample
            text = self.lab.call(
                "sample.sample", *args, temperature=temperature, top_p=top_p, device=self.device
            )
        if not isinstance(text, str):
            raise UsageError(f"{self.lab.name}/sample.py: sample returns no text but {text!r:.60}")
        return text.removeprefix(prompt)


def restored(lab: LoadedLab, saved: dict[str, Any], device: str) -> Trained:
    """The model of a checkpoint. Raises UsageError if it is not the submission's."""
    config, chars = Config(**saved["config"]), saved["vocabulary"]["chars"]
    whose = f"the {'CharLSTM' if config.cell == 'lstm' else 'RNN'} of {lab.folder}"
    with redirect_stdout(sys.stderr):
        model = models.build(lab, config, len(chars))
        models.restore(model, saved["weights"], whose)
        _, stoi, itos = lab.call("data.build_vocab", "".join(chars))
    with lab.blamed(f"{lab.name}/data.py: what build_vocab returns"):
        ids = [int(stoi[char]) for char in chars]
    if ids != saved["vocabulary"]["ids"]:
        raise UsageError("the submission numbers the characters otherwise than the checkpoint")
    return Trained(lab, model.to(device), chars, stoi, itos, device)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        saved = checkpoint.load(options.checkpoint)
        device = usable(options.device)
        with redirect_stdout(sys.stderr), opened(options.student, options.seed) as lab:
            trained = restored(lab, saved, device)
            texts = [
                trained.write(options.prompt, options.length, one, options.top_p, options.seed)
                for one in options.temperatures
            ]
        heads = [f"temperature {one:g}" for one in options.temperatures]
        width = shutil.get_terminal_size().columns
        print(columns(heads, [options.prompt + text for text in texts], width))
        if options.metrics:
            print(f"\n{_metrics(options.student, heads, texts)}")
    except UsageError as error:
        print(f"sample_lm: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _metrics(student: Path, heads: list[str], texts: list[str]) -> str:
    """The metrics of the texts in a table."""
    rows = _measured(student, texts)
    lines = [" " * NAME_WIDTH + "".join(f"{head:>{len(head) + 2}}" for head in heads)]
    for name in rows[0]:
        cells = zip(heads, rows, strict=True)
        numbers = "".join(f"{shown(row[name]):>{len(head) + 2}}" for head, row in cells)
        lines.append(f"{name:<{NAME_WIDTH}}{numbers}")
    return "\n".join(lines)


def _measured(student: Path, texts: list[str]) -> list[dict[str, Any]]:
    """The metrics of each text: the submission's, or the reference's if it has none yet."""

    def of(source: Path) -> list[dict[str, Any]]:
        with redirect_stdout(sys.stderr), loaded(source, METRICS_LAB) as lab:
            return [row_of(lab, text) for text in texts]

    if not holds(student, METRICS_LAB):
        return of(REFERENCE)
    try:
        return of(student)
    except UsageError as error:
        if not isinstance(error.__cause__, NotImplementedError):
            raise
        print(f"{METRICS_LAB} is still to be written: the reference's is used.", file=sys.stderr)
        return of(REFERENCE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.sample_lm", description="Let a trained model write."
    )
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE")
    parser.add_argument("--student", type=Path, default=REFERENCE, help="whose (the reference's)")
    parser.add_argument("--prompt", default="The ", metavar="TEXT", help="how it begins (The )")
    parser.add_argument(
        "--temperatures",
        type=_temperatures,
        default=[0.7, 1.0, 1.3],
        metavar="X,Y,Z",
        help="a column for each (0.7,1.0,1.3)",
    )
    parser.add_argument("--top-p", type=_top_p, default=1.0, metavar="P", help="(1)")
    parser.add_argument("--length", type=at_least_one, default=300, metavar="N", help="(300)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(0)")
    parser.add_argument("--device", default="cpu", help="(cpu)")
    parser.add_argument("--metrics", action="store_true", help="measure the texts as well")
    return parser


def _temperatures(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list such as 0.7,1.0,1.3") from None
    if not all(0 < number < math.inf for number in numbers):
        raise argparse.ArgumentTypeError("temperatures are above 0")
    return numbers


def _top_p(text: str) -> float:
    if not 0 < float(text) <= 1:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1")
    return float(text)


if __name__ == "__main__":
    sys.exit(main())
