"""A result file in another format: `python -m grader.formats FORMAT RESULT [--out FILE]`.

gradescope     results.json of a Gradescope autograder
classroom50    result.json of Classroom 50; what the platform knows comes from the environment,
               CLASSROOM50_OWNER and so on
junit          JUnit XML
github         Markdown for the job's summary; with --out, annotations go to standard output
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..outcomes import USAGE_ERROR
from . import classroom50, github, gradescope
from .junit import junit


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit status 0, or 4 for a file that cannot be read or written."""
    parser = argparse.ArgumentParser(
        prog="python -m grader.formats",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("format", choices=("gradescope", "classroom50", "junit", "github"))
    parser.add_argument("result", type=Path, help="a result file (docs/result-file.md)")
    parser.add_argument("--out", type=Path, help="default: standard output")
    parser.add_argument("--hide-details", action="store_true", help="tell no inputs and no values")
    parser.add_argument(
        "--folder", default="", help="where the submission lies in the repository (annotations)"
    )
    parser.add_argument(
        "--repository", type=Path, help="the repository on this machine, to find files in it"
    )
    options = parser.parse_args(arguments)
    try:
        document = _read(options.result)
        text = _convert(options.format, document, details=not options.hide_details)
        if options.out is None:
            sys.stdout.write(text)
            return 0
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"formats: {error}", file=sys.stderr)
        return USAGE_ERROR
    if options.format == "github":
        _annotate(document, options)
    return 0


def _annotate(document: dict[str, Any], options: argparse.Namespace) -> None:
    files = []
    if options.repository is not None:
        paths = options.repository.rglob("*.py")
        files = [path.relative_to(options.repository).as_posix() for path in paths]
    details = not options.hide_details
    for command in github.commands(document, options.folder, files=files, details=details):
        print(command)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no result file: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != "lstm-lab/result/v1":
        raise ValueError(f"{path} is no result file of the schema lstm-lab/result/v1")
    return document


def _convert(name: str, document: dict[str, Any], *, details: bool) -> str:
    if name == "junit":
        return junit({document["submission"]: document}, details=details)
    if name == "github":
        return github.summary(document, details=details)
    if name == "gradescope":
        made = gradescope.results(document, details=details)
    else:
        identity = {
            key: os.environ.get(f"CLASSROOM50_{key.upper()}", "") for key in classroom50.IDENTITY
        }
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        made = classroom50.result(document, identity, now, details=details)
    return json.dumps(made, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
