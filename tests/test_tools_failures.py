"""What the lab tools say to what cannot be used: one sentence, exit status 2, nothing lost."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from tests.cases import ROOT, accepted
from tests.test_tools_train import OPTIONS, TEXT, Command, loaded, small_training, submission
from tools.submission import UsageError, holds
from tools.submission import loaded as loaded_lab
from tools.training import report, threads
from tools.training.checkpoint import load, write_atomically
from tools.training.config import SCALES, Config, as_options

PLAIN = next(case.base for case in accepted("charlm") if case.name == "plain")
NAN = "def train_epoch(*args, **kwargs): return float('nan')"
BROKEN = {
    "syntax": ("data", "def f(:", "charlm/data.py cannot be imported: SyntaxError"),
    "import": ("model", "import nowhere", "charlm/model.py cannot be imported: ModuleNotFound"),
    "exit": ("model", "raise SystemExit(3)", "charlm/model.py cannot be imported: SystemExit: 3"),
    "loaders": ("data", "def make_loaders(*a, **k): return 1, 2", "make_loaders failed"),
    "arguments": ("data", "def make_loaders(text): pass", "make_loaders failed: TypeError"),
    "batches": (
        "data",
        "def make_loaders(text, **k): v = build_vocab(text); return [('a', 'b')], [], v",
        "the train loader gives batches that are not two LongTensors (B, T)",
    ),
    "no batches": (
        "data",
        "def make_loaders(text, **k): v = build_vocab(text); return [], [], v",
        "the train loader gave no batch",
    ),
    "loader": (
        "data",
        "def make_loaders(text, **k): v = build_vocab(text); return (1 / 0 for _ in 'a'), [], v",
        "the train loader failed in line",
    ),
    "no module": ("model", "def CharLSTM(*a, **k): return 3", "is not a torch.nn.Module"),
    "training": ("train", "def train_epoch(*a, **k): raise KeyError('w')", "KeyError: 'w'"),
    "exits": (
        "train",
        "def train_epoch(*a, **k): raise SystemExit(1)",
        "train_epoch failed in line",
    ),
    "returns": ("train", "def train_epoch(*a, **k): return 'good'", "what is returned failed"),
    "not a number": ("train", NAN, "the loss is nan after 0 batches: a smaller --lr"),
    "evaluation": ("train", "def evaluate(*a, **k): return 1.0", "train.py: what is returned"),
}


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Small trainings without pictures."""
    monkeypatch.setattr(report, "draw", lambda *_: "")
    return small_training(tmp_path)


def one_sentence(captured: str, said: str) -> None:
    """Judge what was printed on stderr: a line that says it, and no traceback."""
    lines = [line for line in captured.splitlines() if line.startswith(("train_lm:", "sample_lm:"))]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in captured


@pytest.mark.parametrize("kind", BROKEN)
def test_a_submission_that_fails_costs_one_sentence(
    kind: str, train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module, source, said = BROKEN[kind]
    student = submission(tmp_path / "one", **{module: source})
    assert train(student, tmp_path / "out") == 2
    one_sentence(capsys.readouterr().err, said)


def test_the_template_and_what_is_no_submission(
    train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for student, said in (
        (ROOT / "student", "NotImplementedError"),
        (tmp_path / "nowhere", "has no charlm/data.py"),
        (tmp_path, "has no charlm/data.py"),
    ):
        assert train(student, tmp_path / "out") == 2
        one_sentence(capsys.readouterr().err, said)
    shutil.copytree(PLAIN / "charlm", tmp_path / "part")
    (tmp_path / "part" / "train.py").unlink()
    assert train(tmp_path / "part", tmp_path / "out") == 2
    one_sentence(capsys.readouterr().err, f"{tmp_path / 'part'} has no train.py")


def test_the_lab_folder_itself_and_a_zip_are_submissions(train: Command, tmp_path: Path) -> None:
    assert train(PLAIN / "charlm", tmp_path / "out", f"{OPTIONS} --epochs 1") == 0
    archive = tmp_path / "handed-in.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (PLAIN / "charlm").glob("*.py"):
            packed.write(path, f"mine/charlm/{path.name}")
    assert train(archive, tmp_path / "zipped", f"{OPTIONS} --epochs 1") == 0
    first, second = (loaded(tmp_path / name)["weights"] for name in ("out", "zipped"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert holds(archive, "charlm")
    assert not holds(archive, "textmetrics")
    with pytest.raises(UsageError, match="holds nothing to check"), loaded_lab(archive, "wordlm"):
        pass


def test_a_checkpoint_is_neither_overwritten_nor_mistaken(
    train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, reference = tmp_path / "out", ROOT / "reference"
    assert train(reference, out, f"{OPTIONS} --epochs 1") == 0
    before = (out / "checkpoint.pt").read_bytes()
    for student, more, said in (
        (reference, OPTIONS, "is there already: go on with --resume"),
        (reference, "--resume --hidden-size 9", "hidden_size=8, and hidden_size=9 is another"),
        (reference, "--resume --scale laptop", "is another training"),
        (PLAIN.parent / "spanish", "--resume", "does not fit the submission's model"),
    ):
        assert train(student, out, more) == 2
        one_sentence(capsys.readouterr().err, said)
    corpus = tmp_path / "text.txt"
    corpus.write_text(f"{TEXT} And more.", encoding="utf-8")
    assert train(reference, out, "--resume") == 2
    one_sentence(capsys.readouterr().err, "another text")
    assert (out / "checkpoint.pt").read_bytes() == before
    assert train(reference, tmp_path / "none", "--resume") == 2
    one_sentence(capsys.readouterr().err, "does not exist")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("--hidden-size 0", "--hidden-size must be at least 1, not 0"),
        ("--val-fraction 2", "--val-fraction must be between 0 and 1, not 2.0"),
        ("--dropout 1", "--dropout must be in [0, 1), not 1.0"),
        ("--lr 0", "--lr must be above 0, not 0.0"),
        ("--device nowhere", "--device nowhere cannot be used"),
        ("--seq-len 5000", "make_loaders failed"),
    ],
)
def test_options_that_cannot_be(
    more: str, said: str, train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(ROOT / "reference", tmp_path / "out", f"{OPTIONS} {more}") == 2
    one_sentence(capsys.readouterr().err, said)


def test_a_file_is_written_in_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, lambda file: file.write(b"first"))

    def fails(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="file cannot be written: No space left on device"):
        write_atomically(path, fails)
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UsageError, match="is not a checkpoint, or a damaged one"):
        load(path)
    torch.save({"weights": 1}, path)
    with pytest.raises(UsageError, match=r"not a checkpoint that tools\.train_lm has written"):
        load(path)
    torch.save({"format": 1, "model": Config}, path)  # loading it would run code
    with pytest.raises(UsageError, match="is not a checkpoint"):
        load(path)


def test_threads_are_measured_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert threads.fastest({1: 1.0, 2: 0.99, 8: 2.0}) == 1  # nearly equal: the smaller number
    assert threads.fastest({1: 1.0, 2: 0.7}) == 2
    monkeypatch.setattr(threads, "candidates", lambda: [1, 2])
    before = torch.get_num_threads()
    small = Config(embed_dim=4, hidden_size=4, num_layers=1, seq_len=4, batch_size=2)
    with loaded_lab(ROOT / "reference", "charlm") as lab:
        seconds = threads.measure(lab, small, vocab_size=5)
    assert list(seconds) == [1, 2]
    assert min(seconds.values()) > 0
    assert torch.get_num_threads() == before


def test_a_configuration_survives_the_command_line() -> None:
    config = Config(lr=1e-7, cell="rnn", bf16=True)
    words = as_options(config)
    assert "--rnn" in words
    assert "--lr=1e-07" in words
    assert "--bf16" not in as_options(SCALES["spec"])
