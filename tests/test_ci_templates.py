"""The workflows that courses copy: well formed, and their steps do what they say when run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from grader.formats.autograder import build as autograder
from grader.formats.autograder.settings import Settings
from grader.sandbox import bwrap_problem
from tests.cases import ROOT
from tests.test_autograder import unpack

TEMPLATES = ROOT / "docs" / "ci"
CHOICES = {
    "PYTHON": sys.executable,
    "LAB": "charlm",
    "SANDBOX": "bwrap" if bwrap_problem() is None else "none",
    "CHECK_ARGS": "--criterion charlm.data.round-trip --seed 7",
}
GIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


def load(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((TEMPLATES / name).read_text(encoding="utf-8"))
    return found


GITHUB, GITLAB = load("github-actions.yml"), load("gitlab-ci.yml")
STEPS: list[dict[str, Any]] = GITHUB["jobs"]["check"]["steps"]


@pytest.fixture
def checker(tmp_path: Path) -> Path:
    """The project's files, as a checkout of it would bring them."""
    unpack(autograder.build(ROOT, Settings(labs=("charlm",))), tmp_path / "checker")
    return tmp_path / "checker"


def repository(folder: Path, *, wrong: bool) -> int:
    """A student's repository, without a folder of the lab's name; the line that raises, if any."""
    folder.mkdir()
    for path in (ROOT / "reference" / "charlm").glob("*.py"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    lines = (folder / "data.py").read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines) if text.startswith("def decode")]
    if wrong:
        lines.insert(line, 'def decode(ids, itos):\n    raise KeyError("a, b: 100%")\n\n')
        lines[line + 1] = lines[line + 1].replace("def decode", "def decode_before")
        (folder / "data.py").write_text("\n".join(lines), encoding="utf-8")
    return line + 2


def shell(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run as both platforms run a step: bash that ends with the first command that fails."""
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# ------------------------------------------------------------------ GitHub


def run_step(name: str, workspace: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the workflow with the variables that GitHub sets."""
    (step,) = [step for step in STEPS if step["name"] == name]
    declared = {**GITHUB["env"], **step.get("env", {})}
    plain = {key: re.sub(r"\$\{\{.*?\}\}", "expression", value) for key, value in declared.items()}
    own = {
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(workspace / f"summary-{name}.md"),
    }
    environment = {**plain, **own, **CHOICES, **changed}
    return shell(step["run"], workspace / step["working-directory"], **environment)


def test_the_github_steps_report_a_wrong_submission(tmp_path: Path, checker: Path) -> None:
    line = repository(tmp_path / "submission", wrong=True)
    checked = run_step("Check", tmp_path)
    assert checked.returncode == 1, checked.stderr
    assert "charlm.data.round-trip - errored" in checked.stdout
    reported = run_step("Report", tmp_path)
    assert (reported.returncode, reported.stderr) == (0, "")
    (annotation,) = reported.stdout.splitlines()
    place = f"::error file=data.py,line={line},title=charlm.data.round-trip - errored::"
    assert annotation.startswith(place)
    assert "a, b: 100%25" in annotation
    summary = (tmp_path / "summary-Report.md").read_text()
    assert summary.startswith("## Score 0 of 1")
    assert "| errored |" in summary
    suite = ElementTree.parse(tmp_path / "results" / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.attrib["errors"] == "1"
    classroom = json.loads((tmp_path / "results" / "result.json").read_text())
    assert (classroom["score"], classroom["max-score"]) == (0, 1)
    assert classroom["owner"] == classroom["commit"] == "expression"


def test_the_github_job_says_so_if_the_checker_failed(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    (tmp_path / "checker").mkdir()
    checked = run_step("Check", tmp_path, PYTHON=str(broken))
    assert checked.returncode == 3
    assert checked.stdout.startswith("::error title=The checker failed::")


def test_the_github_workflow_is_what_github_takes() -> None:
    assert GITHUB[True] == ["push", "workflow_dispatch"]  # YAML 1.1 reads `on` as true
    assert GITHUB["permissions"] == {"contents": "read"}
    known = {"name", "uses", "with", "run", "env", "if", "working-directory"}
    for step in STEPS:
        assert step.keys() <= known
        assert ("uses" in step) is not ("run" in step)
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/any@v1"))
        assert "${{" not in step.get("run", "")  # text from outside would become commands
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    (checker,) = [step for step in STEPS if step["name"] == "The checker"]
    assert checker["with"]["ref"] == "${{ vars.CHECKER_REF }}"
    late = [step.get("if", "") for step in STEPS if step["name"] in ("Report", "Files")]
    assert all("!cancelled()" in condition for condition in late)


# ------------------------------------------------------------------ GitLab


def test_the_gitlab_job_passes_a_right_submission(tmp_path: Path, checker: Path) -> None:
    job, project = GITLAB["check"], tmp_path / "project"
    repository(project, wrong=False)
    for folder in (checker, project):
        commit = "git init -q && git add -A && git commit -q -m all && git tag v1"
        assert shell(commit, folder, **GIT).returncode == 0
    (project / "junk.py").write_text("not committed")
    environment = {
        **{key: str(value) for key, value in GITLAB["variables"].items()},
        **CHOICES,
        "CI_PROJECT_DIR": str(project),
        "CHECKER": str(tmp_path / "fetched"),
        "CHECKER_URL": str(checker),
        "CHECKER_REF": "v1",
    }
    fetch = [line for line in job["before_script"] if line.startswith("git ")]
    done = shell("\n".join([*fetch, *job["script"]]), project, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "fetched-submission" / "junk.py").exists()
    after = shell("\n".join(job["after_script"]), project, **environment)
    assert (after.returncode, after.stdout, after.stderr) == (0, "", "")
    report = project / job["artifacts"]["reports"]["junit"]
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "0")
    assert (project / "results" / "summary.md").read_text().startswith("## Score 1 of 1")


def test_the_gitlab_job_is_what_gitlab_takes() -> None:
    job = GITLAB["check"]
    known = {"image", "timeout", "cache", "before_script", "script", "after_script", "artifacts"}
    assert job.keys() <= known
    assert job["artifacts"]["when"] == "always"
    assert set(job["cache"]["paths"]) == {".cache/pip"}
    assert GITLAB["variables"]["PIP_CACHE_DIR"] == "$CI_PROJECT_DIR/.cache/pip"
    for name in ("before_script", "script", "after_script"):
        assert all(type(line) is str for line in job[name])
        script = "\n".join(job[name])
        done = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
        assert done.returncode == 0
