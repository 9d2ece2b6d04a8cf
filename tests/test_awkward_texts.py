"""Names and feedback with commas, quotes, formulas, HTML, emoji, line ends: all arrive whole."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from grader.formats import classroom50, feedback, github, gradebook, gradescope, junit
from grader.formats.__main__ import main as convert
from grader.formats.page import Entry, class_page
from tests.test_formats import NASTY, document

NO_TEXT = "caf\udce9.zip"  # how Python names a file whose name is no UTF-8
AWKWARD = [*NASTY, NO_TEXT, "-1+1", "@SUM(A1)", "'quoted'", "a\r\nb", "&lt;b&gt; ]]>"]


@pytest.fixture(params=AWKWARD, ids=ascii)
def awkward(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_gradescope_shows_the_text_as_text(awkward: str) -> None:
    found = gradescope.results(document(awkward))
    assert {found[name] for name in found if name.endswith("_format")} == {"text"}
    said = [test["output"] for test in found["tests"] if test["extra_data"]["outcome"] == "failed"]
    assert feedback.readable(f"got {awkward}") in said[0]
    json.dumps(found, ensure_ascii=False).encode()


def test_classroom50_keeps_the_text(awkward: str) -> None:
    found = classroom50.result(document(awkward), {}, "2026-09-01")
    said = [test["feedback"] for test in found["tests"] if test["outcome"] == "failed"]
    assert feedback.readable(f"got {awkward}") in said[0]
    json.dumps(found, ensure_ascii=False).encode()


def test_junit_keeps_names_and_text(awkward: str) -> None:
    made = junit.junit({awkward: document(awkward)})
    suite = ElementTree.fromstring(made.encode()).find("testsuite")
    assert suite is not None
    kept = re.sub("[\x00\x1b\udce9]", "\ufffd", awkward)
    assert suite.attrib["name"] == kept
    (failure, *_) = suite.iter("failure")
    assert f"Got: got {kept}".replace("\r\n", "\n") in (failure.text or "")


def test_github_annotations_decode_to_the_text(awkward: str) -> None:
    files = [f"{awkward}/toy/model.py"]
    criteria = {row["id"]: row for row in document(awkward)["criteria"]}
    for line in github.commands(document(awkward), files=files):
        command, properties, data = re.fullmatch("::(error) (.*?)::(.*)", line).groups()  # type: ignore[union-attr]
        fields = dict(pair.split("=", 1) for pair in properties.split(","))
        id, _, _ = unquote(fields["title"]).partition(" - ")
        assert unquote(data) == feedback.text(criteria[id])
        if "file" in fields:
            assert unquote(fields["file"]) == feedback.readable(files[0])
        assert command == "error"


def test_a_github_summary_shows_the_text_only_in_code(awkward: str) -> None:
    parts = github.summary(document(awkward)).split("```")
    outside = "".join(parts[::2])
    assert "got" not in outside
    assert set(re.findall("</?[a-z]+", outside)) <= {
        *("<details", "</details", "<summary", "</summary")
    }
    shown = awkward.replace("```", "` ` `")
    lines = feedback.readable(f"Got: got {shown}").splitlines()
    assert any("\n".join(lines) in part for part in parts[1::2])


def test_every_gradebook_is_a_table_of_whole_texts(awkward: str) -> None:
    one = gradebook.Row(awkward, awkward, awkward, 1.0, 2.0, awkward, awkward, awkward)
    for made in (
        gradebook.canvas([one, one], awkward, 2.0),
        gradebook.moodle([one, one]),
        gradebook.plain([one, one]),
    ):
        rows = list(csv.reader(io.StringIO(made, newline=""), strict=True))
        assert {len(row) for row in rows} == {len(rows[0])}
        cells = rows[-1]
        kept = feedback.readable(awkward).replace("\r\n", "\n")
        assert any(cell in (kept, f"'{kept}", f"Participant {kept}") for cell in cells)
        assert not any(cell.startswith(gradebook.FORMULA) for row in rows for cell in row)
        made.encode()


def test_the_page_can_be_written(awkward: str, tmp_path: Path) -> None:
    made = class_page(awkward, [Entry(awkward, awkward, document(awkward))], [], details=True)
    (tmp_path / "index.html").write_text(made, encoding="utf-8")


@pytest.mark.parametrize("name", ["gradescope", "classroom50", "junit", "github"])
def test_the_command_writes_it_as_utf8(
    name: str, awkward: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, out = tmp_path / "result.json", tmp_path / "out"
    result.write_text(json.dumps(document(awkward)))
    assert convert([name, str(result), "--out", str(out)]) == 0
    out.read_bytes().decode()
    capsys.readouterr().out.encode()


def test_a_place_is_named_as_it_lies_in_the_repository() -> None:
    def place(*files: str) -> str:
        lines = [line for line in github.commands(document(), "ada", files=files)]
        (placed,) = [line for line in lines if " file=" in line]
        return placed.removeprefix("::error file=").split(",")[0]

    assert place() == "ada/toy/model.py"
    assert place("model.py") == "model.py"
    assert place("old/toy/model.py", "toy/model.py", "model.py") == "toy/model.py"
    assert place("final/model.py", "my_model.py") == "final/model.py"
