"""Whole runs over the labs, as a user starts them: the reference, the template, and junk."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from grader.catalogue import collect
from grader.criteria import in_order, marker_of
from grader.labs import discover
from grader.slot import QUIET, Job, Slot
from tests.cases import LABS, ROOT, accepted, buggy, hostile
from tests.junk import JUNK, write_junk


def check(student: Path, tmp_path: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Exit status, output and result file of `pytest checks --student ...`."""
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "pytest", "checks", "--student", str(student)]
    done = subprocess.run(
        [*command, "--result", str(result), "-p", "no:cacheprovider", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.exists(), done.stdout + done.stderr
    return done.returncode, done.stdout, json.loads(result.read_text())


def check_in(slot: Slot, student: Path, tmp_path: Path, *options: str) -> dict[str, Any]:
    """The result file of a run in the slot."""
    result = tmp_path / "result.json"
    arguments = ["checks", f"--student={student}", f"--result={result}", *QUIET, *options]
    slot.run(Job(ROOT, arguments))
    document: dict[str, Any] = json.loads(result.read_text())
    return document


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    """The outcome of each criterion."""
    return {row["id"]: row["outcome"] for row in document["criteria"]}


def test_the_reference_passes_every_criterion(tmp_path: Path) -> None:
    status, text, document = check(ROOT / "reference", tmp_path)
    assert document["labs"] == sorted(LABS)
    assert set(outcomes(document).values()) == {"passed"}, text
    assert (status, document["score"]) == (0, document["max_score"])
    assert max(map(len, text.splitlines())) <= 80


def test_the_template_is_not_implemented_throughout(tmp_path: Path) -> None:
    started = time.monotonic()
    status, text, document = check(ROOT / "student", tmp_path)
    assert document["labs"] == sorted(LABS)
    assert set(outcomes(document).values()) == {"not_implemented"}, text
    assert (status, document["score"]) == (1, 0)
    assert "Traceback" not in text
    assert time.monotonic() - started < 60  # 10 on a quiet machine: a hang detector here


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_earns_nothing_and_is_nobodys_error(junk: str, slot: Slot, tmp_path: Path) -> None:
    """Whatever comes back, the verdict is on the submission, and never a failure of the grader."""
    write_junk(ROOT / "student", tmp_path / "junk", junk)
    found = outcomes(check_in(slot, tmp_path / "junk", tmp_path))
    assert {id.split(".")[0] for id in found} == set(LABS)
    wrong = {id: outcome for id, outcome in found.items() if outcome in ("grader_error", "passed")}
    assert wrong == {}


def test_every_check_runs_alone(slot: Slot, tmp_path: Path) -> None:
    """A check can be asked for by itself: it does not rely on others having run before it."""
    options = ("--lab=charlm", "--part=sample", "-k", "coherent or rises")
    document = check_in(slot, ROOT / "reference", tmp_path, *options)
    assert set(outcomes(document).values()) == {"passed"}


@pytest.mark.parametrize("lab", LABS)
def test_known_submissions_are_well_formed(lab: str, tmp_path: Path) -> None:
    """Every change applies, every id that is named exists, and names are unique."""
    cases = [*accepted(lab), *buggy(lab), *hostile(lab)]
    catalogue = (ROOT / "docs" / "criteria.md").read_text()
    for number, case in enumerate(cases):
        case.build(tmp_path / str(number))
        assert all(f"`{id}`" in catalogue for id in case.fails), case.name
    assert len({case.name for case in cases}) == len(cases)
    assert all(case.fails for case in buggy(lab))
    assert len(buggy(lab)) >= 12
    assert len(accepted(lab)) >= 5


def test_prerequisites_exist_and_come_first() -> None:
    seen: list[str] = []
    markers = [marker_of(item) for item in in_order(collect(ROOT), discover(ROOT / "checks"))]
    ids = [marker["id"] for marker in markers if marker]
    for marker in filter(None, markers):
        for pattern in (*marker["requires"], *marker["explained_by"]):
            assert any(fnmatchcase(id, pattern) for id in ids), (marker["id"], pattern)
        for pattern in marker["requires"]:
            assert any(fnmatchcase(id, pattern) for id in seen), (marker["id"], pattern)
        seen.append(marker["id"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        ("naïve ".encode("latin-1") * 200, "the byte at offset 2 cannot be decoded"),
        (b"short", "5 characters, and at least 1000 are needed"),
    ],
)
def test_a_corpus_that_no_check_can_use_is_a_usage_error(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    command = [sys.executable, "-m", "pytest", "checks", "--corpus", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert f"--corpus {path}: " in done.stderr
    assert reason in done.stderr


def test_documents_are_up_to_date() -> None:
    command = [sys.executable, "-m", "grader.catalogue", "docs/criteria.md", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
