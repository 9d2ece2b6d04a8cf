"""Each format against its description, with texts that break a careless one."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import hypothesis.strategies as st
import pytest
from hypothesis import given

from grader.formats import classroom50, feedback, github, gradebook, gradescope, junit
from grader.formats.__main__ import main as convert
from grader.outcomes import Outcome, Result
from tests.test_wire import QUICK

NASTY = [
    'Lovelace, "Ada"',
    "=HYPERLINK(1)",
    "<script>alert(1)</script> & co",
    "🚀 été",
    "two\nlines ```",
    "| a | b | % :: , \x1b[31m \x00",
]


def document(says: str = "it", outcomes: tuple[Outcome, ...] = tuple(Outcome)) -> dict[str, Any]:
    """A result file with a criterion of every outcome, whose every free text is `says`."""
    results = [
        Result(
            f"toy.part.claim-{number}",
            *("toy", "part", "A title.", "1 Section", 2.0, "look there"),
            outcome=outcome,
            required=says,
            given=says,
            expected=f"expected {says}",
            got=f"got {says}",
            where="model.py:3 in forward" if outcome is Outcome.ERRORED else says,
        ).as_dict()
        for number, outcome in enumerate(outcomes)
    ]
    return {
        "schema": "lstm-lab/result/v1",
        "submission": says,
        "labs": ["toy"],
        "seed": 7,
        "seconds": 3.5,
        "sandbox": "bwrap",
        "environment": {"python": "3.11"},
        "score": 2.0,
        "max_score": 2.0 * (len(outcomes) - 2),
        "criteria": results,
    }


@pytest.fixture(params=NASTY)
def nasty(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ------------------------------------------------------------------ Gradescope

GRADESCOPE = {
    "score": (int, float),
    "execution_time": (int,),
    "output": (str,),
    "output_format": (str,),
    "test_output_format": (str,),
    "test_name_format": (str,),
    "visibility": (str,),
    "stdout_visibility": (str,),
    "extra_data": (dict,),
    "tests": (list,),
    "leaderboard": (list,),
}
GRADESCOPE_TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": (str,),
    "name": (str,),
    "name_format": (str,),
    "number": (str,),
    "output": (str,),
    "output_format": (str,),
    "tags": (list,),
    "visibility": (str,),
    "extra_data": (dict,),
}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}


def assert_described(row: dict[str, Any], description: dict[str, tuple[type, ...]]) -> None:
    for name, value in row.items():
        assert type(value) in description[name], name
        if "visibility" in name:
            assert value in VISIBILITY
        if name.endswith("_format"):
            assert value in FORMATS


def test_gradescope_takes_the_results(nasty: str) -> None:
    found = json.loads(json.dumps(gradescope.results(document(nasty))))
    assert_described(found, GRADESCOPE)
    for test in found["tests"]:
        assert_described(test, GRADESCOPE_TEST)
        assert test["status"] in ("passed", "failed")
    assert sum(test["score"] for test in found["tests"]) == 2.0
    assert sum(test["max_score"] for test in found["tests"]) == 2.0 * (len(Outcome) - 2)
    assert "score" not in found  # which would override the sum


def test_gradescope_fails_nobody_for_what_could_not_be_judged() -> None:
    unjudged = document(outcomes=(Outcome.SKIPPED, Outcome.GRADER_ERROR))
    statuses = {test["status"] for test in gradescope.results(unjudged)["tests"]}
    assert statuses == {"passed"}


# ------------------------------------------------------------------ Classroom 50


def test_classroom50_takes_the_result(nasty: str) -> None:
    identity = {"owner": nasty, "classroom": "c", "commit": "abc"}
    found = json.loads(json.dumps(classroom50.result(document(nasty), identity, "2026-09-01")))
    assert found["schema"] == "classroom50/result/v1"
    assert list(found) == [
        *("schema", "classroom", "assignment", "assignment_type", "owner", "submission"),
        *("commit", "release", "review", "datetime", "score", "max-score", "tests"),
    ]
    assert (type(found["score"]), type(found["max-score"])) == (int, int)
    for test in found["tests"]:
        assert {"test-name", "passed", "score", "max-score"} <= test.keys()
        assert (type(test["score"]), type(test["passed"])) == (int, bool)
    assert sum(test["score"] for test in found["tests"]) == found["score"]
    assert sum(test["max-score"] for test in found["tests"]) == found["max-score"]


# ------------------------------------------------------------------ JUnit


@given(st.text())
@QUICK
def test_junit_is_well_formed_whatever_a_submission_says(says: str) -> None:
    suite = ElementTree.fromstring(junit.junit({says: document(says)})).find("testsuite")
    assert suite is not None
    count = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert count == {"tests": len(Outcome), "failures": 3, "errors": 3, "skipped": 2}
    assert len(suite.findall("testcase")) == len(Outcome)
    texts = [element.text or "" for element in suite.iter("failure")]
    assert all("A title." in text for text in texts)


# ------------------------------------------------------------------ GitHub


def test_github_gets_a_table_and_closed_details(nasty: str) -> None:
    text = github.summary(document(nasty))
    rows = [line for line in text.splitlines() if line.startswith("| toy")]
    assert len(rows) == len(Outcome)
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") == 2 * text.count("<details>")


def test_github_annotates_the_students_line_and_nothing_else(nasty: str) -> None:
    lines = list(github.commands(document(nasty), "labs/ada"))
    assert all("\n" not in line and line.startswith("::error ") for line in lines)
    (placed,) = [line for line in lines if " file=" in line]
    assert placed.startswith("::error file=labs/ada/toy/model.py,line=3,title=toy.part.claim")
    assert len(lines) == 5  # failed, not implemented, errored, timed out, crashed
    many = document(outcomes=(Outcome.FAILED,) * 30)
    assert len(list(github.commands(many))) == github.MAX_ANNOTATIONS


# ------------------------------------------------------------------ gradebooks


def rows(name: str) -> list[gradebook.Row]:
    ada = gradebook.Row(name, "12", "a@example.org", 88.126, 135.0, name, "2026-09-01", name)
    return [ada, gradebook.Row("Grace", "", "", None, None, "nothing to check")]


def parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_canvas_gets_one_column_at_two_decimals(nasty: str) -> None:
    head, possible, ada, grace = parsed(gradebook.canvas(rows(nasty), "LSTM lab (4711)", 135))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "LSTM lab (4711)"]
    assert (possible[0].strip(), possible[-1]) == ("Points Possible", "135.00")
    assert ada[0].removeprefix("'") == nasty
    assert (ada[1], ada[-1], grace[-1]) == ("12", "88.13", "")


def test_moodle_gets_its_worksheet(nasty: str) -> None:
    head, ada, grace = parsed(gradebook.moodle(rows(nasty)))
    assert (head[0], "Grade" in head, "Last modified (grade)" in head) == ("Identifier", True, True)
    one = dict(zip(head, ada, strict=True))
    assert (one["Identifier"], one["Grade"]) == ("Participant 12", "88.13")
    assert one["Feedback comments"].removeprefix("'") == nasty
    assert dict(zip(head, grace, strict=True))["Grade"] == ""


@given(st.text())
@QUICK
def test_no_cell_is_a_formula_and_nothing_is_lost(name: str) -> None:
    for text in (
        gradebook.canvas(rows(name), "t", 1),
        gradebook.moodle(rows(name)),
        gradebook.plain(rows(name)),
    ):
        cells = [cell for row in parsed(text) for cell in row]
        assert not any(cell.startswith(gradebook.FORMULA) for cell in cells)
        clean = re.sub("\r\n?", "\n", name)
        assert any(clean in (cell, cell.removeprefix("'")) for cell in cells)


# ------------------------------------------------------------------ what is told


def test_without_details_no_value_is_told() -> None:
    secret = document("required here\nInput: SECRET")
    for criterion in secret["criteria"]:
        criterion["expected"] = criterion["got"] = "SECRET"
        criterion["where"] = ""
        assert "SECRET" not in feedback.text(criterion, details=False)
    for made in (
        json.dumps(gradescope.results(secret, details=False)),
        json.dumps(classroom50.result(secret, {}, "", details=False)),
        junit.junit({"one": secret}, details=False),
        github.summary(secret, details=False),
        *github.commands(secret, details=False),
    ):
        assert "SECRET" not in made


def test_feedback_says_what_to_do_only_where_something_is_to_be_done() -> None:
    for criterion in document()["criteria"]:
        advised = "What to do" in feedback.text(criterion)
        assert advised is (criterion["outcome"] in feedback.GIVES_ADVICE)


# ------------------------------------------------------------------ the command


@pytest.mark.parametrize("name", ["gradescope", "classroom50", "junit", "github"])
def test_the_command_writes_each_format(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, out = tmp_path / "result.json", tmp_path / "new" / "out"
    result.write_text(json.dumps(document()))
    assert convert([name, str(result)]) == 0
    shown = capsys.readouterr().out
    assert convert([name, str(result), "--out", str(out), "--folder", "ada"]) == 0
    text = out.read_text()
    if name == "classroom50":  # which holds the time
        assert json.loads(text).keys() == json.loads(shown).keys()
    else:
        assert text == shown
    said = capsys.readouterr().out
    assert said.count("::error") == (5 if name == "github" else 0)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema": "else"}'])
def test_a_file_that_is_no_result_is_named_in_one_line(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)
    assert convert(["junit", str(path)]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "result.json" in said
