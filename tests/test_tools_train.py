"""`python -m tools.train_lm`: stopped and continued as if nothing had happened, and its files."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from checks.support.corpora import small_corpus
from grader.labs import derive_seed
from tests.cases import ROOT, accepted
from tools import train_lm
from tools.training import report, session
from tools.training.config import Config
from tools.training.display import NO_TENSORBOARD, Display
from tools.training.randomness import Stream
from tools.training.run import PIECE, Run

TEXT = small_corpus()[:700]
SIZES = Config(
    embed_dim=6, hidden_size=8, num_layers=2, dropout=0.3, seq_len=8, batch_size=32, epochs=2
)
OPTIONS = "--embed-dim 6 --hidden-size 8 --num-layers 2 --dropout 0.3 --seq-len 8 --batch-size 32"
OPTIONS += " --epochs 2 --threads 1"
SUBMISSIONS = {case.name: case.base for case in accepted("charlm")}
UNUSUAL = {
    "reference": "torch's default generator",
    "autograd-by-hand": "a numpy generator without a seed",
    "data-file": "the module random",
    "eager-lists": "lists, shuffled once",
    "functional": "a lazy generator without a length",
    "worker-processes": "processes of the loader's own",
}

Command = Callable[..., int]


def small_training(folder: Path) -> Command:
    """`train(student, out, more)`: a small training in this process; the exit status.

    Its text is `text.txt` in the folder.
    """
    corpus = folder / "text.txt"
    corpus.write_text(TEXT, encoding="utf-8")

    def train(student: Path | str, out: Path, more: str = OPTIONS) -> int:
        where = ["--student", str(student), "--corpus", str(corpus), "--out", str(out)]
        return train_lm.main([*where, *more.split()])

    return train


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Small trainings without pictures, which take longer than they do."""
    monkeypatch.setattr(report, "draw", lambda *_: "")
    return small_training(tmp_path)


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`stop_at(n)`: a real Ctrl-C while the nth piece from now on is shown."""

    def arm(number: int, kind: signal.Signals = signal.SIGINT) -> None:
        left = [number]

        def piece(self: Display, run: Run, loss: float) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), kind)

        monkeypatch.setattr(Display, "piece", piece)

    return arm


def loaded(folder: Path) -> dict[str, Any]:
    """The folder's checkpoint."""
    contents: dict[str, Any] = torch.load(folder / "checkpoint.pt", weights_only=True)
    return contents


def same(one: Any, other: Any) -> bool:
    """Whether two checkpoints are equal, tensors bit for bit, clocks apart."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        keys = one.keys() - {"seconds", "tokens_per_second"}
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in keys)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def submission(folder: Path, **changed: str) -> Path:
    """The plainest submission, with files of other content."""
    shutil.copytree(SUBMISSIONS["plain"], folder)
    for name, source in changed.items():
        path = folder / "charlm" / f"{name}.py"
        path.write_text(path.read_text(encoding="utf-8") + "\n\n" + source, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", UNUSUAL)
def test_stopped_and_continued_it_is_bit_for_bit_the_same(
    name: str, train: Command, stop_at: Callable[..., None], tmp_path: Path
) -> None:
    student = SUBMISSIONS[name]
    assert train(student, tmp_path / "whole") == 0
    stop_at(2)  # in mid-epoch
    assert train(student, tmp_path / "parts") == 130
    place = loaded(tmp_path / "parts")["place"]
    assert (place["epoch"], place["batches"]) == (0, 2 * PIECE)
    stop_at(2)  # now in the second epoch
    assert train(student, tmp_path / "parts", "--resume") == 130
    assert loaded(tmp_path / "parts")["place"]["epoch"] == 1
    assert train(student, tmp_path / "parts", "--resume") == 0
    assert same(loaded(tmp_path / "whole"), loaded(tmp_path / "parts"))


def test_sigterm_is_heard_as_well_and_an_evaluation_is_begun_anew(
    train: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(ROOT / "reference", tmp_path / "whole") == 0
    evaluate = Run._evaluate
    monkeypatch.setattr(
        Run, "_evaluate", lambda *args: os.kill(os.getpid(), signal.SIGTERM) or evaluate(*args)
    )
    assert train(ROOT / "reference", tmp_path / "parts") == 130
    assert loaded(tmp_path / "parts")["place"]["trained"]
    monkeypatch.setattr(Run, "_evaluate", evaluate)
    assert train(ROOT / "reference", tmp_path / "parts", "--resume") == 0
    assert same(loaded(tmp_path / "whole"), loaded(tmp_path / "parts"))


def test_pieces_take_the_steps_of_a_whole_pass(train: Command, tmp_path: Path) -> None:
    more = f"{OPTIONS} --dropout 0 --epochs 1 --lr 0.01"
    assert train(ROOT / "reference", tmp_path / "run", more) == 0
    order, draws = (Stream(derive_seed(0, purpose)) for purpose in ("order", "training"))
    with session.opened(ROOT / "reference", 0) as lab:
        with order.flowing():
            loader, *_ = lab.call("data.make_loaders", TEXT, seq_len=8, batch_size=32)
            batches = list(loader)
        with draws.flowing():
            model = lab.call("model.CharLSTM", len(set(TEXT)), **{**SIZES.sizes, "dropout": 0.0})
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        ce = lab.call("train.train_epoch", model, batches, optimizer)
        torch.set_num_threads(threads)
    saved = loaded(tmp_path / "run")
    assert same(dict(model.state_dict()), dict(saved["weights"]))
    assert saved["history"][0]["train_ce"] == pytest.approx(ce, abs=1e-6)


def test_the_interpreter_is_named_as_one_would_type_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    its_own = tmp_path / ".venv" / "bin" / "python"
    its_own.parent.mkdir(parents=True)
    its_own.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(its_own))
    assert train_lm.interpreter() == str(its_own)
    monkeypatch.chdir(tmp_path)
    assert train_lm.interpreter() == ".venv/bin/python"
    monkeypatch.setenv("PATH", str(its_own.parent))
    assert train_lm.interpreter() == "python"


HANGS = """
def train_epoch(*args, **kwargs):
    import time
    print("hanging", flush=True)
    time.sleep(100)
"""


def test_one_ctrl_c_says_how_to_go_on_and_two_of_them_end_at_once(
    train: Command,
    stop_at: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    student, out = submission(tmp_path / "one"), tmp_path / "out"
    stop_at(2)
    assert train(student, out) == 130
    again = f"{train_lm.interpreter()} -m tools.train_lm --student {student} --out {out} --resume"
    assert f"Stopped after {2 * PIECE} batches. To go on: {again}\n" in capsys.readouterr().out
    before = (out / "checkpoint.pt").read_bytes()
    with (student / "charlm" / "train.py").open("a", encoding="utf-8") as file:
        file.write(HANGS)
    command = [sys.executable, *again.split()[1:], "--show-prints"]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, text=True, **streams) as running:
        assert running.stdout is not None
        said: list[str] = []
        for awaited in ("hanging", "Stopping after"):
            while awaited not in (line := running.stdout.readline()):
                assert line, f"it ended by itself: {said}"
                said.append(line)
            running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == -signal.SIGINT
    assert (out / "checkpoint.pt").read_bytes() == before


def test_a_loader_that_never_repeats_costs_nothing_but_the_order(
    train: Command, stop_at: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shuffled = """
import secrets
_make_loaders = make_loaders
def make_loaders(*args, **kwargs):
    train, val, vocab = _make_loaders(*args, **kwargs)
    batches = list(train)
    return sorted(batches, key=lambda _: secrets.randbits(64)), val, vocab
"""
    student = submission(tmp_path / "one", data=shuffled)
    stop_at(2)
    assert train(student, tmp_path / "out") == 130
    assert session.OTHER_ORDER not in capsys.readouterr().out
    assert train(student, tmp_path / "out", "--resume") == 0
    assert session.OTHER_ORDER in capsys.readouterr().out
    assert len(loaded(tmp_path / "out")["history"]) == 2


def test_it_says_so_if_the_code_has_changed_and_not_if_something_beside_it_has(
    train: Command, stop_at: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student, out = submission(tmp_path / "one"), tmp_path / "out"
    stop_at(1)
    assert train(student, out, f"{OPTIONS} --device=cpu:0 --show-prints") == 130
    assert capsys.readouterr().out.endswith(" --resume --device cpu:0 --show-prints\n")
    (student / "charlm" / "experiments.md").write_text("notes")
    stop_at(1)
    assert train(student, out, "--resume") == 130
    assert session.OTHER_CODE not in capsys.readouterr().out
    with (student / "charlm" / "model.py").open("a", encoding="utf-8") as file:
        file.write("\n# another thought\n")
    assert train(student, out, "--resume") == 0
    assert session.OTHER_CODE in capsys.readouterr().out


def test_figures_and_curves_are_in_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    assert small_training(tmp_path)(ROOT / "reference", out) == 0
    epochs = json.loads((out / "history.json").read_text())["epochs"]
    with (out / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_ce"]) for row in rows] == [row["val_ce"] for row in epochs]
    for row in epochs:
        assert row["val_ppl"] == pytest.approx(math.exp(row["val_ce"]))
        assert row["tokens_per_second"] > 0
    with (out / "curve.csv").open(encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    assert int(points[-1]["batches"]) == epochs[-1]["batches"]
    assert float(points[-1]["train_ce"]) < float(points[0]["train_ce"])
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "nats per character" in (out / "curve.svg").read_text()
    assert not list(out.glob("*.partial"))


def test_without_matplotlib_the_curve_is_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert small_training(tmp_path)(ROOT / "reference", tmp_path / "out") == 0
    assert capsys.readouterr().out.splitlines().count(report.NO_MATPLOTLIB) == 1
    assert (tmp_path / "out" / "curve.csv").is_file()
    assert not (tmp_path / "out" / "curve.svg").exists()


def test_without_tensorboard_there_are_no_event_files(
    train: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert train(ROOT / "reference", tmp_path / "out", f"{OPTIONS} --tensorboard") == 0
    assert NO_TENSORBOARD in capsys.readouterr().out


@pytest.mark.filterwarnings("default")
def test_event_files(train: Command, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert train(ROOT / "reference", tmp_path / "out", f"{OPTIONS} --tensorboard") == 0
    events = EventAccumulator(str(tmp_path / "out" / "tensorboard")).Reload()
    assert len(events.Scalars("train/ce")) == len(loaded(tmp_path / "out")["curve"])
    assert len(events.Scalars("epoch/val_ce")) == 2


@pytest.mark.filterwarnings("ignore")  # the submission's own
def test_what_a_submission_prints_does_not_get_into_the_bar(
    train: Command, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(SUBMISSIONS["chatty"], tmp_path / "out") == 0
    captured = capfd.readouterr()
    assert "|g|" not in captured.out + captured.err
    assert "|g|" in (tmp_path / "out" / "submission.log").read_text()


def test_more_epochs_and_a_plain_rnn_and_bfloat16(train: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert train(ROOT / "reference", out, f"{OPTIONS} --rnn --bf16 --epochs 1") == 0
    assert "rnn.weight_hh_l0" in loaded(out)["weights"]
    assert train(ROOT / "reference", out, "--resume --epochs 2") == 0
    assert [row["epoch"] for row in loaded(out)["history"]] == [1, 2]
