"""Fill the table of the lab notes: one training for each configuration.

    python -m tools.ablate --student my/solution --out ablation
    python -m tools.ablate --student my/solution --out ablation --scale laptop --rnn

Writes `ablation.md`, a table to be pasted into experiments.md, and `ablation.png` and `.svg`. Each
row is stored when it is done, under the submission's code, the text and the settings, and a row
that was interrupted has its checkpoint: the same command once more does only what is missing.

Exit status 2, and one sentence on stderr, for what cannot be used or a submission that fails; 130
when stopped. The submission's code runs in this process, without walls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from tools.ablation import cluster, table
from tools.ablation.rows import PLANS, SHAPE, Planned, Row, planned, store, stored, train_row
from tools.submission import UsageError
from tools.texts import Corpus, corpus
from tools.train_lm import LOG
from tools.training.config import add_options, add_run_options, from_options
from tools.training.display import Display, prints_in
from tools.training.interrupt import INTERRUPTED, Stop
from tools.training.session import opened, usable


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    options = _parser().parse_args(arguments)
    display = Display(sys.stdout, sys.stderr)
    try:
        missing = _filled(options, display)
    except UsageError as error:
        print(f"ablate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before there was anything to save
        return INTERRUPTED
    if missing:
        display.say(f"{missing} rows are missing; the same command again goes on.")
        return INTERRUPTED
    return 0


def _filled(options: argparse.Namespace, display: Display) -> int:
    """Train what is missing and write the table; returns how many rows were not reached."""
    base = from_options(options)
    plan = planned(options.config or PLANS[options.scale or "spec"], base, options.rnn)
    text, folder, stop = corpus(options.corpus), options.out / "rows", Stop()
    usable(options.device)
    with prints_in(options.out / LOG):
        with opened(options.student, base.seed) as lab:
            keys = {one: one.key(lab.code(), text) for one in plan}
        rows = {one: row for one in plan if (row := stored(folder, keys[one])) is not None}
        todo = [one for one in plan if one not in rows]
        if rows:
            display.say(f"{len(rows)} of {len(plan)} rows are there already.")
        troubles = []
        with stop.listening():
            for one, answer in _answers(options, text, todo, keys, display, stop):
                if isinstance(answer, str):
                    troubles.append(f"{one.name}: {answer}")
                    continue
                store(folder, keys[one], answer)
                rows[one] = answer
                display.say(f"{one.name}: done, validation CE {answer['val_ce']:.3f}")
        in_order = [rows[one] for one in plan if one in rows]
        if said := table.write(options.out, in_order, len(text.text)):
            display.say(said)
    if in_order:
        display.say(f"\n{table.markdown(in_order)}")
    if troubles:
        raise UsageError("; ".join(troubles))
    return len(plan) - len(rows)


def _answers(
    options: argparse.Namespace,
    text: Corpus,
    todo: list[Planned],
    keys: dict[Planned, str],
    display: Display,
    stop: Stop,
) -> Iterator[tuple[Planned, Row | str]]:
    """The rows as they are finished, here one after the other or on a cluster."""
    if options.scheduler and todo:
        more = [f"--device={options.device}"]
        more += [f"--threads={options.threads}"] if options.threads else []
        yield from cluster.train_rows(options.scheduler, options.student, text, todo, more, stop)
        return
    for number, one in enumerate(todo, 1):
        display.say(f"Row {number} of {len(todo)}: {one.name}")
        place = options.out / "rows" / keys[one]
        how = options.device, options.threads
        try:
            row = train_row(options.student, text, one, place, display, stop, *how)
        except UsageError as error:  # the other rows may well come to an end
            yield one, str(error)
            continue
        if row is None:
            return
        yield one, row
        if stop.asked:
            return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.ablate", description="Fill the table of the lab notes."
    )
    add_run_options(parser)
    parser.add_argument(
        "--config", action="append", metavar="E/H/L/T", help="a row; repeatable (those of --scale)"
    )
    parser.add_argument(
        "--rnn", action="store_true", help="a row more: the largest one as a plain RNN"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="train on a Dask cluster")
    add_options(parser, without=(*SHAPE, "cell"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
