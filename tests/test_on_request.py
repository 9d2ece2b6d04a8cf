"""Parts that are checked where they are asked for, and criteria that need a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from grader import gpus
from grader.sandbox import Sandbox
from tests.test_outcomes import source
from tests.toys import Toy

GOOD = {"answers.py": source(["right"])}
ASKED, MEASURED = "toy.extra.asked", "toy.extra.measured"
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--device=cpu"], set()),
        (["--device=cpu", "--part=extra"], {ASKED, MEASURED}),
        (["--device=cpu", f"--criterion={ASKED}"], {ASKED}),
        (["--device=cpu", "-m", "gpu"], {MEASURED}),
        (["--device=cpu", "-m", "not gpu"], set()),
        (["--device=cpu", "--part=extra", "-m", "not gpu"], {ASKED}),
    ],
)
def test_a_part_on_request_runs_where_it_is_named(
    toy: Toy, options: list[str], ids: set[str]
) -> None:
    run = toy.run(toy.submission(GOOD), *options)
    assert {id for id in run.outcomes if ".extra." in id} == ids
    assert all(run.outcomes[id] == "passed" for id in ids)


def test_what_was_measured_is_shown_though_it_passed(toy: Toy) -> None:
    run = toy.run(toy.submission(GOOD), "--device=cpu", "-m", "gpu")
    assert run.status == 0
    assert run.row(MEASURED)["message"] == "Measured:\nanswer 42"
    assert "measured:     answer 42" in run.text


@without_gpu
def test_without_a_gpu_the_criterion_is_skipped_with_the_reason(toy: Toy) -> None:
    run = toy.run(toy.submission(GOOD), "--part=extra")
    assert run.outcomes == {ASKED: "passed", MEASURED: "skipped"}
    assert (run.document["score"], run.document["max_score"]) == (1, 1)
    assert "1 skipped: needs a GPU, and torch sees none here;" in run.text
    assert run.row(MEASURED)["message"].startswith("needs a GPU")


@pytest.mark.parametrize("device", ["tpu", "cuda:x", ""])
def test_a_device_that_cannot_be_meant_is_refused(toy: Toy, device: str) -> None:
    run = toy.run(toy.submission(GOOD), f"--device={device}")
    assert run.status == 4
    assert f"--device {device}: cuda, cuda:N or cpu" in run.text


def test_walls_open_for_a_gpu_only_where_the_run_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpus, "devices", lambda: [Path("/dev/nvidia0")])
    closed, opened = (
        Sandbox("bwrap", gpu).command(["python"], Path("/nowhere"), []) for gpu in (False, True)
    )
    assert "/dev/nvidia0" not in closed
    place = opened.index("--dev-bind")
    assert opened[place + 1 : place + 3] == ["/dev/nvidia0", "/dev/nvidia0"]
    assert place > opened.index("--dev")  # which would cover it
