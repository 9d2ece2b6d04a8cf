"""`python -m tools.ablate`: the table of the lab notes, and that no row is trained twice."""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.cases import ROOT
from tests.test_tools_train import SUBMISSIONS, TEXT, submission
from tools import ablate
from tools.ablation import cluster, rows, table
from tools.submission import UsageError
from tools.training import report
from tools.training.config import SCALES, Config
from tools.training.run import Run

CONFIGS = ("6/8/1/8", "6/10/1/8")
Command = Callable[..., int]

FAILS_WITH_TWO_LAYERS = """
class Choosy(CharLSTM):
    def __init__(self, *args, num_layers=2, **kwargs):
        if num_layers > 1:
            raise ValueError("one layer only")
        super().__init__(*args, num_layers=num_layers, **kwargs)

CharLSTM = Choosy
"""


@pytest.fixture
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`fill(more)`: the table of two small configurations, in the folder `out`; the status."""
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(report, "draw", lambda *_: "")
    monkeypatch.setattr(table, "draw", lambda *_: "")

    def command(
        *more: str,
        student: Path = ROOT / "reference",
        out: str = "out",
        configs: Sequence[str] = CONFIGS,
    ) -> int:
        words = ["--student", str(student), "--corpus", str(tmp_path / "text.txt")]
        words += ["--out", str(tmp_path / out), "--batch-size=32", "--epochs=1", "--threads=1"]
        words += [word for config in configs for word in ("--config", config)]
        return ablate.main([*words, *more])

    return command


def cells(folder: Path) -> list[list[str]]:
    """The cells of `ablation.md`."""
    lines = (folder / "ablation.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_the_table_has_a_row_for_each_configuration(fill: Command, tmp_path: Path) -> None:
    assert fill("--rnn") == 0
    head, _, *rows = cells(tmp_path / "out")
    assert head == ["Config (E/H/L/T)", "Train CE", "Val CE", "Val PPL", "Sample"]
    assert [row[0] for row in rows] == [*CONFIGS, f"{CONFIGS[1]} RNN"]
    for _, train_ce, val_ce, ppl, sample in rows:
        assert 0 < float(train_ce) < math.log(len(set(TEXT))) + 0.5
        assert abs(math.exp(float(val_ce)) - float(ppl)) <= 0.005 + 1e-9
        assert sample.startswith(TEXT[:5])


def test_a_second_run_trains_only_what_is_missing(
    fill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fill() == 0
    before = (tmp_path / "out" / "ablation.md").read_bytes()
    trained: list[str] = []
    train_row = rows.train_row

    def noted(*args: object) -> object:
        trained.append(args[2].name)  # type: ignore[attr-defined]
        return train_row(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(ablate, "train_row", noted)
    assert fill() == 0
    assert trained == []
    assert (tmp_path / "out" / "ablation.md").read_bytes() == before
    assert fill("--config", "6/6/1/8") == 0
    assert fill("--lr", "0.01", "--config", "6/6/1/8") == 0
    assert fill(student=SUBMISSIONS["plain"]) == 0
    assert trained == ["6/6/1/8", *CONFIGS, "6/6/1/8", *CONFIGS]


def test_a_row_that_fails_keeps_no_other_from_its_end(
    fill: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student = submission(tmp_path / "one", model=FAILS_WITH_TWO_LAYERS)
    assert fill(student=student, configs=["6/8/1/8", "6/8/2/8", "6/10/1/8"]) == 2
    assert [row[0] for row in cells(tmp_path / "out")[2:]] == ["6/8/1/8", "6/10/1/8"]
    said = capsys.readouterr().err
    assert "ablate: 6/8/2/8: charlm/model.py: CharLSTM failed" in said
    assert "one layer only" in said


def test_notes_beside_the_code_make_no_new_row(
    fill: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student = submission(tmp_path / "one")
    assert fill(student=student, configs=CONFIGS[:1]) == 0
    shutil.copy(tmp_path / "out" / "ablation.md", student / "charlm" / "experiments.md")
    assert fill(student=student, configs=CONFIGS[:1]) == 0
    assert "1 of 1 rows are there already." in capsys.readouterr().out


def test_an_interrupted_row_goes_on_from_its_checkpoint(
    fill: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fill(out="whole") == 0
    evaluate = Run._evaluate
    monkeypatch.setattr(
        Run, "_evaluate", lambda *args: os.kill(os.getpid(), signal.SIGINT) or evaluate(*args)
    )
    assert fill() == 130
    assert not list((tmp_path / "out" / "rows").glob("*.json"))
    monkeypatch.setattr(Run, "_evaluate", evaluate)
    steps = []
    train_epoch = Run._train_epoch

    def counted(run: Run, loader: object) -> object:
        steps.append(run.config.hidden_size)
        return train_epoch(run, loader)

    monkeypatch.setattr(Run, "_train_epoch", counted)
    assert fill() == 0
    assert set(steps) == {10}  # all steps of the first row had been taken
    assert cells(tmp_path / "out") == cells(tmp_path / "whole")


@pytest.mark.filterwarnings("default")
def test_rows_travel_to_a_cluster_and_are_those_of_here(fill: Command, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    one = CONFIGS[:1]
    quiet = {"dashboard_address": "127.0.0.1:0", "n_workers": 1, "threads_per_worker": 1}
    with distributed.LocalCluster(processes=False, **quiet) as workers:
        assert fill("--scheduler", workers.scheduler_address, out="far", configs=one) == 0
    assert fill(out="near", configs=one) == 0
    assert cells(tmp_path / "far") == cells(tmp_path / "near")


def test_a_cluster_that_is_not_there_and_a_worker_of_another_kind(
    fill: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = cluster.train_parcel(
        cluster.Parcel("", ()), "", rows.Planned(Config()), (), wanted="another"
    )
    assert said == "a worker has another version of this project, or of torch"
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert fill("--scheduler", "tcp://127.0.0.1:9") == 2
    assert "--scheduler needs Dask" in capsys.readouterr().err


def test_plans() -> None:
    for scale, plan in rows.PLANS.items():
        names = [one.name for one in rows.planned(plan, SCALES[scale], rnn=True)]
        assert names == [*plan, f"{plan[1]} RNN"]
    assert [one.name for one in rows.planned(["1/2/3/4/rnn"], Config(), False)] == ["1/2/3/4 RNN"]
    for shape in ("1/2/3", "1/2/3/x", "", "1/2/3/4/gru", "0/2/3/4"):
        with pytest.raises(UsageError, match=r"--config takes|at least 1"):
            rows.planned([shape], Config(), False)


def test_a_sample_is_one_cell() -> None:
    row = {"name": "1/1/1/1", "train_ce": 2.0, "val_ce": 2.3456789, "sample": "a|b\n*c* `d`\x00"}
    line = table.markdown([row]).splitlines()[-1]
    assert line.endswith("| a\\|b↵\\*c\\* \\`d\\`\ufffd |")
    assert "| 2.3457 | 10.44 |" in line
