"""The autograder zip, unpacked and run as Gradescope does it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.formats.autograder import build as autograder
from grader.formats.autograder.__main__ import main as build_command
from grader.formats.autograder.run import NOT_FINISHED, RERUN, ours, results
from grader.formats.autograder.settings import Settings
from grader.outcomes import Outcome
from grader.sandbox import bwrap_problem
from grader.terminal import WALLS
from tests.cases import ROOT, buggy
from tests.test_formats import GRADESCOPE, GRADESCOPE_TEST, assert_described, document

SANDBOX = "bwrap" if bwrap_problem() is None else "none"
CRITERION = "charlm.data.round-trip"
QUICK = Settings(
    labs=("charlm",),
    seed=7,
    allow_no_sandbox=SANDBOX == "none",
    arguments=(f"--criterion={CRITERION}",),
)


class Machine:
    """Gradescope's machine: its folders below a root of our own, and what it runs."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        for name in ("source", "submission"):
            (root / name).mkdir()
        unpack(autograder.build(ROOT, settings), root / "source")
        shutil.copy(root / "source" / "run_autograder", root)

    def hand_in(self, folder: Path) -> None:
        """Put the files of the folder where Gradescope puts those that a student uploads."""
        shutil.copytree(folder, self.root / "submission", dirs_exist_ok=True)

    def run(self, **environment: str) -> dict[str, Any]:
        """Run the autograder; what stands in results.json, which is well formed."""
        settings = {"PYTHON": sys.executable, "AUTOGRADER_ROOT": str(self.root), **environment}
        done = subprocess.run(
            [self.root / "run_autograder"],
            cwd=self.root,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0
        self.said = done.stdout + done.stderr
        found: dict[str, Any] = json.loads((self.root / "results" / "results.json").read_text())
        assert_gradescope_takes(found)
        return found


def unpack(zipped: bytes, folder: Path) -> None:
    """Unpack as Info-ZIP does, with the modes."""
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        for entry in archive.infolist():
            archive.extract(entry, folder)
            (folder / entry.filename).chmod(entry.external_attr >> 16 & 0o777)


def assert_gradescope_takes(found: dict[str, Any]) -> None:
    """A total or tests with points, everything of the type and name that it knows."""
    assert_described(found, GRADESCOPE)
    assert "score" in found or found["tests"]
    for test in found["tests"]:
        assert_described(test, GRADESCOPE_TEST)
        assert {"name", "score", "max_score", "status", "output"} <= test.keys()
        assert 0 <= test["score"] <= test["max_score"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, QUICK)


@pytest.fixture
def reference() -> Path:
    return ROOT / "reference" / "charlm"


def wrong(folder: Path) -> Path:
    """A submission that fails the criterion."""
    (case,) = [one for one in buggy("charlm") if one.name == "data-decode-collapses-space"]
    assert CRITERION in case.fails
    return case.build(folder) / "charlm"


# ------------------------------------------------------------------ verdicts


def test_a_right_submission_gets_its_points(machine: Machine, reference: Path) -> None:
    machine.hand_in(reference)
    found = machine.run()
    (test,) = found["tests"]
    assert (test["status"], test["score"], test["name"].split(":")[0]) == ("passed", 1, CRITERION)
    assert "seed 7" in found["output"]
    assert WALLS[SANDBOX] in found["output"]
    assert "Score 1 of 1: 1 passed" in machine.said  # the report, for the instructor


def test_a_wrong_submission_is_told_what_is_wrong(machine: Machine, tmp_path: Path) -> None:
    machine.hand_in(wrong(tmp_path / "built"))
    (test,) = machine.run()["tests"]
    assert (test["status"], test["score"]) == ("failed", 0)
    assert "What to do:" in test["output"]
    assert "Expected:" in test["output"]


# ------------------------------------------------------------------ nothing to check


@pytest.mark.parametrize("content", [{}, {"notes.txt": "late"}, {"charlm.py": "x = 1"}])
def test_an_upload_without_the_files_is_told_which_are_expected(
    content: dict[str, str], machine: Machine
) -> None:
    for name, text in content.items():
        (machine.root / "submission" / name).write_text(text)
    found = machine.run()
    assert found["score"] == 0
    assert found["output"] == (
        "Your upload holds nothing to check; expected charlm/ "
        "(data.py, model.py, train.py, sample.py). Nothing was checked."
    )


# ------------------------------------------------------------------ failures of ours


def tools_without_bwrap(folder: Path) -> str:
    """A PATH with what the script needs, and no bubblewrap."""
    folder.mkdir()
    for name in ("bash", "cp", "env", "mkdir"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return str(folder)


def test_without_a_sandbox_nothing_is_checked(tmp_path: Path, reference: Path) -> None:
    machine = Machine(tmp_path, replace(QUICK, allow_no_sandbox=False))
    machine.hand_in(reference)
    found = machine.run(PATH=tools_without_bwrap(tmp_path / "tools"))
    assert found == ours("The sandbox does not work on this machine.")
    assert "--allow-no-sandbox" in machine.said


def test_what_the_zip_allows_and_hides(tmp_path: Path) -> None:
    machine = Machine(tmp_path, replace(QUICK, allow_no_sandbox=True, details=False))
    machine.hand_in(wrong(tmp_path / "built"))
    found = machine.run(PATH=tools_without_bwrap(tmp_path / "tools"))
    (test,) = found["tests"]
    assert test["status"] == "failed"
    assert "Expected:" not in test["output"]
    assert WALLS["none"] in found["output"]


@pytest.mark.parametrize("broken", ["interpreter", "settings.json", "checks", "option", "time"])
def test_a_failure_of_ours_is_not_the_students(
    broken: str, machine: Machine, reference: Path
) -> None:
    machine.hand_in(reference)
    source, environment = machine.root / "source", {}
    if broken == "interpreter":
        environment["PYTHON"] = str(source / ".venv" / "bin" / "python")
    elif broken == "settings.json":
        (source / broken).write_text("{")
    elif broken == "checks":
        (source / "checks" / "charlm" / "test_data.py").write_text("import nothing_like_it")
        shutil.rmtree(source / "checks" / "support")
    elif broken == "option":
        settings = replace(QUICK, arguments=("--part=sonnets",))
        (source / "settings.json").write_text(settings.as_text())
    else:
        (source / "settings.json").write_text(replace(QUICK, time_limit=-29.99).as_text())
    found = machine.run(**environment)
    assert found["score"] == 0
    assert RERUN in found["output"]
    assert found["tests"] == []


def test_criteria_that_the_grader_failed_on_are_named_as_ours() -> None:
    some = results(document(outcomes=(Outcome.PASSED, Outcome.GRADER_ERROR)), details=True)
    assert "1 criteria were not judged" in some["output"]
    assert RERUN in some["output"]
    every = results(document(outcomes=(Outcome.GRADER_ERROR,)), details=True)
    assert every == ours("The grader itself failed.")


# ------------------------------------------------------------------ the zip


def entries(settings: Settings, url: str = "") -> dict[str, zipfile.ZipInfo]:
    zipped = zipfile.ZipFile(io.BytesIO(autograder.build(ROOT, settings, url)))
    return {entry.filename: entry for entry in zipped.infolist()}


def test_the_same_files_make_the_same_zip() -> None:
    assert autograder.build(ROOT, QUICK) == autograder.build(ROOT, QUICK)
    found = entries(QUICK)
    assert list(found) == sorted(found)
    assert {entry.date_time for entry in found.values()} == {autograder.EPOCH}


def test_the_zip_holds_what_is_needed_and_no_answers() -> None:
    found = entries(QUICK)
    executable = {name for name, entry in found.items() if entry.external_attr >> 16 & 0o111}
    assert executable == {"setup.sh", "run_autograder"}
    assert {"checks/charlm/lab.toml", "conftest.py", "constraints.txt"} <= found.keys()
    assert not any(name.startswith(("tests/", "reference/", "student/")) for name in found)
    assert not any("submissions" in name or "__pycache__" in name for name in found)
    assert not any(name.startswith("checks/wordlm/") for name in found)
    assert any(name.startswith("checks/wordlm/") for name in entries(Settings()))


def test_every_requirement_is_pinned(tmp_path: Path) -> None:
    unpack(autograder.build(ROOT, QUICK), tmp_path)
    pinned = {
        line.split("==")[0].lower() for line in (tmp_path / "constraints.txt").read_text().split()
    }
    wanted = (tmp_path / "requirements.txt").read_text().splitlines()
    assert {line.split(">=")[0].lower() for line in wanted} <= pinned
    assert not any(line.startswith(("ruff", "nltk", "selenium")) for line in wanted)


def test_an_index_is_written_only_if_one_was_named(tmp_path: Path) -> None:
    assert "pip.conf" not in entries(QUICK)
    unpack(autograder.build(ROOT, QUICK, "file:///wheels"), tmp_path)
    assert (tmp_path / "pip.conf").read_text() == "[global]\nextra-index-url = file:///wheels\n"


@pytest.mark.parametrize("name", autograder.SCRIPTS)
def test_bash_can_read_the_script(name: str) -> None:
    script = autograder.TEMPLATES / name
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert script.read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in script.read_bytes()


def test_the_command_keeps_what_was_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "autograder.zip"
    options = ["--lab", "charlm", "--seed", "3", "--hide-details", "--allow-no-sandbox"]
    assert build_command([*options, "--out", str(out), "--", "--part", "data"]) == 0
    assert str(out) in capsys.readouterr().out
    unpack(out.read_bytes(), tmp_path)
    chosen = Settings(("charlm",), False, 3, True, arguments=("--part", "data"))
    assert Settings.read(tmp_path) == chosen


def test_a_lab_that_does_not_exist_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build_command(["--lab", "sonnets", "--out", str(tmp_path / "a.zip")]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "sonnets" in said
    assert NOT_FINISHED not in said
