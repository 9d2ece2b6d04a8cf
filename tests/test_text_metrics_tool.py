"""`python -m tools.text_metrics`: the table, the JSON, and what it says to bad input."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from checks.textmetrics import definitions
from tests.cases import ROOT, accepted
from tools.text_metrics import METRICS, main

DISTINCT = "Colorless green ideas sleep furiously every night."
REPEATED = "the the the and the. Why?! The end."


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two texts, and one in which neither has a word."""
    for name, text in (("a.txt", DISTINCT), ("b.txt", REPEATED), ("c.txt", "漢字\r\n")):
        (tmp_path / name).write_bytes(text.encode())
    return [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.txt")]


def test_every_metric_has_a_row_and_every_file_a_column(files, capsys):
    assert main(files) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:] if line}
    assert set(METRICS) <= set(rows)
    assert rows["distinctness"] == ["1.000", "0.625", "1.000"]
    assert rows["word_entropy"][0] == f"{math.log(7):.3f}"
    assert rows["sentence_count"] == ["1", "3", "0"]
    assert rows["repetition_ratio"] == ["0.000", f"{2 / 7:.3f}", "0.000"]
    assert "all 3 files together" in lines
    assert rows["self_bleu"] == ["0.000"]
    assert all(len(line) == len(lines[0]) for line in lines[1 : len(METRICS) + 1])


def test_one_file_is_compared_with_nothing(files, capsys):
    assert main(files[:1]) == 0
    out = capsys.readouterr().out
    assert "self_bleu" not in out
    assert "vocabulary_coverage" not in out


def test_coverage_is_that_of_the_reference_file(files, capsys):
    assert main([files[1], "--reference", files[1], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["vocabulary_coverage"] == 1.0


def test_json_holds_the_numbers_in_full(files, capsys):
    assert main([*files[:2], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in found["files"]] == files[:2]
    for one, text in zip(found["files"], (DISTINCT, REPEATED), strict=True):
        for name in METRICS:
            assert one[name] == pytest.approx(getattr(definitions, name)(text), abs=1e-12)
    assert found["together"]["ngram_overlap n=1"] == 0.0


def test_the_numbers_are_those_of_the_submission(files, capsys):
    folders = [case.base for case in accepted("textmetrics")]
    assert len(folders) > 3
    for folder in folders:
        assert main([*files, "--student", str(folder)]) == 0
        assert "0.625" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"abc\xff", "offset 3"), (b"", "empty"), (None, "cannot be read: No such file")],
    ids=["not UTF-8", "empty", "missing"],
)
def test_a_file_that_is_no_text_is_refused_in_one_sentence(tmp_path, capsys, content, said):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    assert main([str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert said in captured.err
    assert str(path) in captured.err


def test_a_folder_is_no_file(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "has no textmetrics/metrics.py"),
        ("def f(:\n", "cannot be imported: SyntaxError"),
        ("import nowhere_to_be_found\n", "cannot be imported: ModuleNotFoundError"),
        ("def evaluate_generation(text, reference=None): return {}\n", "KeyError"),
        ("def evaluate_generation(text, reference=None): return None\n", "TypeError"),
    ],
    ids=["missing", "syntax", "import", "no keys", "no dict"],
)
def test_a_submission_that_does_not_measure_is_refused(files, tmp_path, capsys, source, said):
    folder = tmp_path / "mine" / "textmetrics"
    folder.mkdir(parents=True)
    if source is not None:
        (folder / "metrics.py").write_text(source)
    assert main([files[0], "--student", str(folder.parent)]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert len(captured.err.splitlines()) == 1


def test_it_is_a_command(files):
    command = [sys.executable, "-m", "tools.text_metrics"]
    done = subprocess.run(
        [*command, files[0]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "word_entropy" in done.stdout
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "FILE" in done.stderr
