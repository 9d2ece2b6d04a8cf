"""The arithmetic of `benchmarks.speed`: what takes turns, what a unit is, what a row says."""

from __future__ import annotations

import torch

from benchmarks.speed_ratio import Ratio, interleaved, ratio, table
from benchmarks.speed_sample import model_of, write, write_anew
from benchmarks.speed_step import Size, bare, reference

TINY = Size(E=4, H=8, L=2, T=6, B=3)


def test_actions_take_turns_and_are_measured_by_the_unit() -> None:
    now, order = [0.0], []

    def action(name: str, seconds: float, units: int):
        def run() -> int:
            order.append(name)
            now[0] += seconds
            return units

        return run

    actions = {"slow": action("slow", 6.0, 2), "fast": action("fast", 4.0, 4)}
    seconds = interleaved(actions, rounds=3, clock=lambda: now[0])
    assert seconds == {"slow": [3.0] * 3, "fast": [1.0] * 3}
    # The first round is not counted; each starts with another action than the one before.
    assert order == ["fast", "slow", "slow", "fast", "fast", "slow", "slow", "fast"]
    assert ratio(seconds, "slow", "fast").values == [3.0] * 3


def test_a_row_has_median_and_quartiles(capsys) -> None:
    table(("what", "ratio", "middle half"), [("it", Ratio([1.0, 2.0, 3.0, 4.0, 50.0]))])
    assert capsys.readouterr().out.splitlines()[2] == "| it | 3 | 2 to 4 |"
    assert Ratio([2.0]).middle_half == (2.0, 2.0)


def test_both_ways_of_writing_draw_the_same_text() -> None:
    model, x = model_of(TINY), torch.tensor([[1, 2], [3, 4]])
    texts = []
    for way in (write, write_anew):
        torch.manual_seed(0)
        texts.append(way(model, x, 12))
    assert texts[0].shape == (2, 14)
    assert torch.equal(*texts)


def test_the_steps_that_are_compared_are_the_same() -> None:
    for action in (bare(TINY, 3), reference(TINY, 3)):
        assert action() == 3
    batches = TINY.batches(2)
    assert [x.shape for x, _ in batches] == [(3, 6)] * 2
    for x, y in batches:
        assert torch.equal(x[:, 1:], y[:, :-1])
