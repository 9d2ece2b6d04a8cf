"""The autograder zip for Gradescope (docs/gradescope.md).

Options for pytest go after `--`, as in `-- --part data --part model`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ...labs import PROJECT
from ...outcomes import USAGE_ERROR
from .build import BuildError, build
from .settings import TIME_LIMIT, Settings


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit status 0, or 4 for what cannot be built."""
    given = sys.argv[1:] if arguments is None else arguments
    own, for_pytest = given, list[str]()
    if "--" in given:
        own, for_pytest = given[: given.index("--")], given[given.index("--") + 1 :]
    options = _parser().parse_args(own)
    settings = Settings(
        labs=tuple(options.lab),
        details=not options.hide_details,
        seed=options.seed,
        allow_no_sandbox=options.allow_no_sandbox,
        time_limit=options.time_limit,
        arguments=tuple(for_pytest),
    )
    try:
        made = build(PROJECT, settings, options.extra_index_url)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(made)
    except (BuildError, OSError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return USAGE_ERROR
    print(f"{options.out} is ready ({len(made) / 1e6:.1f} MB): docs/gradescope.md says what to do.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader.formats.autograder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--lab", action="append", default=[], metavar="NAME", help="only this lab (repeatable)")
    add("--out", type=Path, default=Path("gradescope.zip"), metavar="FILE")
    add("--hide-details", action="store_true", help="tell students no inputs and no values")
    add("--seed", type=int, metavar="N", help="the same for everyone (default: each run a new one)")
    add(
        "--allow-no-sandbox",
        action="store_true",
        help="check also where bubblewrap does not work (docs/threat-model.md)",
    )
    add(
        "--time-limit",
        type=float,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help="for all checks of a submission, below Gradescope's own limit (default: %(default)g)",
    )
    add(
        "--extra-index-url",
        default="",
        metavar="URL",
        help="the package index that has torch's CPU build; it is written into the zip",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
