"""On Gradescope's machine: check what was handed in, and leave a results.json whatever happens.

    ROOT/source                  the unpacked zip, in which this runs
    ROOT/submission              what the student handed in
    ROOT/results/results.json    what Gradescope reads

Three ends, and each says which it is: a verdict; an upload in which there is nothing to check; a
failure of ours, which is not the student's fault. Standard output is for the instructor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ...labs import discover
from ...outcomes import GRADER_FAILED, Outcome
from ...sandbox import choose
from ...submission import SubmissionError, stage
from ...terminal import WALLS
from .. import gradescope
from ..feedback import Document
from .settings import Settings

NOT_FINISHED = "The check did not run to its end."
RERUN = "This is not your fault, and the instructor can rerun the autograder."
BACKSTOP = 30.0  # seconds for the start and the report, beside those for the checks
JUDGED = (0, 1, GRADER_FAILED)


class Infrastructure(Exception):
    """A failure of ours; the message is one sentence, the log has more."""


def main(arguments: list[str] | None = None) -> int:
    """The command, `python -m grader.formats.autograder.run ROOT`. Exit status 0, or 3 if ours."""
    (root,) = sys.argv[1:] if arguments is None else arguments
    source, submission = Path(root, "source"), Path(root, "submission")
    try:
        settings = Settings.read(source)
        refused = _refused(submission, source, settings)
        found = nothing_to_check(refused) if refused else _verdict(source, submission, settings)
        status = 0
    except Exception as error:
        print(f"autograder: {type(error).__name__}: {error}", flush=True)
        said = str(error) if isinstance(error, Infrastructure) else NOT_FINISHED
        found, status = ours(said), GRADER_FAILED
    _write(Path(root, "results", "results.json"), found)
    return status


def ours(said: str) -> dict[str, Any]:
    """The results for a failure of ours."""
    return _without_tests(f"{said} {RERUN}")


def nothing_to_check(said: str) -> dict[str, Any]:
    """The results for an upload that cannot be checked."""
    return _without_tests(f"{said}. Nothing was checked.")


def _without_tests(said: str) -> dict[str, Any]:
    return {
        "score": 0,
        "output": said,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
    }


def _refused(submission: Path, source: Path, settings: Settings) -> str:
    """Why the upload cannot be checked, or nothing."""
    labs = discover(source / "checks")
    wanted = {name: lab for name, lab in labs.items() if name in (settings.labs or labs)}
    try:
        stage(submission, wanted).close()
    except SubmissionError as error:
        return str(error).replace(str(submission), "Your upload")
    return ""


def _verdict(source: Path, submission: Path, settings: Settings) -> dict[str, Any]:
    try:
        choose("auto" if settings.allow_no_sandbox else "bwrap")
    except ValueError as error:
        print(f"{error}. --allow-no-sandbox checks without it (docs/gradescope.md).", flush=True)
        raise Infrastructure("The sandbox does not work on this machine.") from None
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-m", *settings.command(submission, result)]
        limit = settings.time_limit + BACKSTOP
        status = subprocess.run(command, cwd=source, timeout=limit, check=False).returncode
        if status not in JUDGED or not result.is_file():
            raise Infrastructure(NOT_FINISHED)
        return results(json.loads(result.read_text()), details=settings.details)


def results(document: Document, *, details: bool) -> dict[str, Any]:
    """The results for a verdict: Gradescope's, and in words how the submission was checked."""
    criteria = document["criteria"]
    unjudged = sum(one["outcome"] == Outcome.GRADER_ERROR.value for one in criteria)
    if unjudged == len(criteria):
        return ours("The grader itself failed.")
    found = gradescope.results(document, details=details)
    found["output"] += "\n" + WALLS[document["sandbox"]]
    if unjudged:
        found["output"] += (
            f"\n{unjudged} criteria were not judged: the grader failed there. {RERUN}"
        )
    return found


def _write(path: Path, found: dict[str, Any]) -> None:
    """Write it beside its place first: a reader finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, path)


if __name__ == "__main__":
    sys.exit(main())
