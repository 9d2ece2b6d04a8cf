"""`python -m tools.sample_lm`: what a trained model writes, side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases import ROOT
from tests.test_tools_train import OPTIONS, SUBMISSIONS, TEXT, small_training
from tools import sample_lm
from tools.columns import columns, folded
from tools.training import report

PROMPT = TEXT[:3]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the reference."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "draw", lambda *_: "")
        assert small_training(folder)(ROOT / "reference", folder, f"{OPTIONS} --epochs 1") == 0
    return folder / "checkpoint.pt"


def sampled(trained: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """What the command prints."""
    capsys.readouterr()
    assert sample_lm.main(["--checkpoint", str(trained), "--prompt", PROMPT, *more]) == 0
    return capsys.readouterr().out


def test_each_temperature_has_a_column_that_repeats(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = sampled(trained, capsys, "--length", "90", "--top-p", "0.95")
    lines = out.splitlines()
    assert lines[0].split() == ["temperature", "0.7", "temperature", "1", "temperature", "1.3"]
    assert lines[2].count(PROMPT.strip()) >= 3
    assert max(map(len, lines)) <= 80
    assert sampled(trained, capsys, "--length", "90", "--top-p", "0.95") == out
    assert sampled(trained, capsys, "--length", "90", "--seed", "1") != out


def test_metrics_are_the_submissions_or_else_the_references(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "sliding_ttr" in sampled(trained, capsys, "--metrics", "--length", "50")
    (tmp_path / "charlm").symlink_to(ROOT / "reference" / "charlm")
    own = tmp_path / "textmetrics"
    own.mkdir()
    names = [
        line.split()[0]
        for line in sampled(trained, capsys, "--metrics", "--length", "50").splitlines()[-8:]
    ]
    source = f"def evaluate_generation(*a, **k): return dict.fromkeys({names}, 77)"
    (own / "metrics.py").write_text(source)
    assert "77.000" in sampled(
        trained, capsys, "--metrics", "--length", "50", "--student", str(tmp_path)
    )


@pytest.mark.filterwarnings("ignore")  # the submissions' own
def test_any_submission_writes_from_its_own_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "draw", lambda *_: "")
    train = small_training(tmp_path)
    for name in ("gate-linears", "random-windows", "chatty"):  # tables of their own; prints
        out = tmp_path / name
        assert train(SUBMISSIONS[name], out, f"{OPTIONS} --epochs 1") == 0
        more = ["--student", str(SUBMISSIONS[name]), "--temperatures", "0.8", "--length", "20"]
        lines = sampled(out / "checkpoint.pt", capsys, *more).splitlines()
        assert lines[0] == "temperature 0.8"
        assert lines[2].startswith(PROMPT.strip())


def test_metrics_that_are_still_to_be_written_are_the_references(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "charlm").symlink_to(ROOT / "reference" / "charlm")
    (tmp_path / "textmetrics").symlink_to(ROOT / "student" / "textmetrics")
    words = ["--metrics", "--length", "50"]
    expected = sampled(trained, capsys, *words)
    assert sampled(trained, capsys, *words, "--student", str(tmp_path)) == expected


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--prompt", "\u2603"], "has the character '\u2603', which the training text has not"),
        (["--prompt", ""], "the prompt is empty"),
        (["--checkpoint", "missing.pt"], "missing.pt does not exist"),
        (["--student", str(SUBMISSIONS["spanish"])], "does not fit the CharLSTM of"),
    ],
)
def test_samples_that_cannot_be(
    more: list[str],
    said: str,
    trained: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sample_lm.main(["--checkpoint", str(trained), *more]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("sample_lm: ")
    assert len(captured.err.splitlines()) == 1
    assert said in captured.err


@pytest.mark.parametrize("more", [["--temperatures", "0"], ["--top-p", "2"], ["--length", "0"]])
def test_numbers_that_no_sample_can_have(
    more: list[str], trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        sample_lm.main(["--checkpoint", str(trained), *more])
    assert ended.value.code == 2
    assert more[0] in capsys.readouterr().err


def test_columns_keep_to_the_terminal() -> None:
    texts = ["one two three " * 5, "\u6f22" * 40, "a\tb\nc\x07"]
    for width in (120, 80, 30):  # the last one is too narrow for columns
        for line in columns(["x", "y", "z"], texts, width).splitlines():
            wide = sum(char == "\u6f22" for char in line)
            assert len(line) + wide <= width
    assert folded("one two three", 8) == ["one two", "three"]
    assert folded("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert folded("a\tb\x07", 20) == ["a   b\ufffd"]
