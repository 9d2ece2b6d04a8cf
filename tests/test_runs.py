"""Whole runs: exit statuses, choosing checks, and what is written."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree

import pytest

from tests.test_outcomes import source
from tests.toys import Run, Toy

GOOD = {"answers.py": source(["right"])}
NAMES = ["right", "wrong", "number_nan", "nothing", "empty", "raises", "leaves"]
MIXED = {"answers.py": source(NAMES)}
ASKS = [*(f"answers.{name}" for name in [*NAMES, "lost"]), "missing.first", "missing.second"]
ONLY_ANSWERS = "--part=answers"


@pytest.fixture(scope="module")
def mixed(toy: Toy) -> Run:
    """A run over answers of many kinds."""
    return toy.run(toy.submission(MIXED), asks=ASKS)


def test_a_right_submission_passes_with_status_0(toy: Toy) -> None:
    run = toy.start(toy.submission(GOOD), ONLY_ANSWERS).finish()
    assert (run.status, run.outcomes) == (0, {"toy.answers.right": "passed"}), run.text
    row = run.row("toy.answers.right")
    assert (row["message"], row["expected"], row["got"]) == ("", "", "")
    assert (run.document["score"], run.document["max_score"]) == (2, 2)
    assert "Score 2 of 2: 1 passed" in run.text


def test_the_result_file_says_what_was_run_and_with_what(toy: Toy) -> None:
    student = toy.submission(GOOD)
    run = toy.run(student, ONLY_ANSWERS, "--seed=123")
    document = run.document
    assert document["schema"] == "lstm-lab/result/v1"
    assert (document["submission"], document["labs"]) == (str(student), ["toy"])
    assert (document["seed"], document["sandbox"]) == (123, "none")
    assert {"python", "torch", "pytest", "hypothesis"} <= document["environment"].keys()


def test_in_process_gives_the_same_verdicts(toy: Toy, mixed: Run) -> None:
    inside = toy.start(toy.submission(MIXED), "--in-process", asks=ASKS).finish()
    assert inside.outcomes == mixed.outcomes
    assert inside.document["sandbox"] == "in-process"
    for id in ("toy.answers.raises", "toy.answers.lost", "toy.missing.first"):
        for field in ("message", "got", "where"):
            assert inside.row(id)[field] == mixed.row(id)[field], id


@pytest.mark.parametrize("options", [[], ["--in-process"]], ids=["apart", "in-process"])
def test_a_warning_is_no_error_of_a_submission(toy: Toy, options: list[str]) -> None:
    warns = "import warnings\nwarnings.warn('an old name', DeprecationWarning)\n"
    files = {"answers.py": warns + GOOD["answers.py"]}
    run = toy.start(toy.submission(files), ONLY_ANSWERS, *options).finish()
    assert (run.status, run.outcomes) == (0, {"toy.answers.right": "passed"}), run.text


def test_after_x_what_did_not_run_counts_as_crashed(toy: Toy, mixed: Run) -> None:
    run = toy.run(toy.submission(MIXED), "-x", asks=ASKS)
    assert run.status == 1
    assert run.outcomes.keys() == mixed.outcomes.keys()
    assert list(run.outcomes.values())[:2] == ["passed", "failed"]
    assert set(list(run.outcomes.values())[2:]) == {"crashed"}
    assert run.row("toy.basics.gradient")["message"] == (
        "The run ended before this check had a result."
    )
    assert run.document["max_score"] > mixed.document["max_score"]  # nothing is left out


def test_k_chooses_criteria(toy: Toy) -> None:
    run = toy.run(toy.submission(MIXED), "-k", "empty or right", ONLY_ANSWERS, asks=ASKS)
    assert run.outcomes == {
        "toy.answers.right": "passed",
        "toy.answers.empty": "not_implemented",
    }
    assert run.status == 1


def test_lf_runs_what_failed_last_time(toy: Toy) -> None:
    student, cache = toy.submission(MIXED), f"cache_dir={toy.new_path()}"
    toy.run(student, ONLY_ANSWERS, "-o", cache, asks=ASKS[:3])
    again = toy.run(student, ONLY_ANSWERS, "-o", cache, "--lf", asks=ASKS[:3])
    assert again.outcomes == {"toy.answers.wrong": "failed", "toy.answers.number-nan": "failed"}


def test_junitxml_agrees(toy: Toy, mixed: Run) -> None:
    path = toy.new_path(".xml")
    toy.run(toy.submission(MIXED), f"--junitxml={path}", asks=ASKS)
    suite = ElementTree.parse(path).getroot().find("testsuite")  # our own file
    assert suite is not None
    passed = sum(outcome == "passed" for outcome in mixed.outcomes.values())
    assert int(suite.attrib["tests"]) == len(mixed.outcomes)
    assert int(suite.attrib["skipped"]) == 1
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    assert failed == len(mixed.outcomes) - passed - 1
    texts = [element.text or "" for element in suite.iter("failure")]
    assert any("toy.answers.raises - errored" in text for text in texts)
    assert not any("handles.py" in text or "test_answers.py" in text for text in texts)


def test_the_same_seed_gives_the_same_verdicts(toy: Toy, mixed: Run) -> None:
    seed = f"--seed={mixed.document['seed']}"
    assert toy.run(toy.submission(MIXED), seed, asks=ASKS).outcomes == mixed.outcomes


def test_time_limits_can_be_stretched(toy: Toy) -> None:
    slow = {"answers.py": "import time\ndef hang_briefly():\n    time.sleep(1.2)\n    return 42\n"}
    options = (ONLY_ANSWERS, "--time-factor=20")
    run = toy.run(toy.submission(slow), *options, asks=["answers.hang_briefly"])
    assert run.outcomes == {"toy.answers.hang-briefly": "passed"}


def test_one_criterion_can_be_asked_for(toy: Toy, mixed: Run) -> None:
    run = toy.run(toy.submission(MIXED), "--criterion=toy.answers.wrong", asks=ASKS)
    assert run.outcomes == {"toy.answers.wrong": mixed.outcomes["toy.answers.wrong"]}


def test_all_checks_together_have_a_limit_too(toy: Toy) -> None:
    """A submission that hangs everywhere takes no more of a class's time than it is given."""
    hanging = {"answers.py": "import time\ntime.sleep(60)\n"}
    started = time.monotonic()
    run = toy.run(toy.submission(hanging), "--time-limit=2", asks=ASKS)
    assert time.monotonic() - started < 20
    assert set(run.outcomes.values()) == {"timed_out"}
    last = list(run.outcomes)[-1]
    assert "all checks together took longer than 2 seconds" in run.row(last)["message"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lab=lost"], "--lab lost: there is no such lab; there are toy"),
        (["--part=lost"], "--part lost: there is no such part"),
        (["--criterion=toy.a.b"], "--criterion toy.a.b: there is no such criterion"),
        (["--time-factor=0"], "--time-factor must be positive"),
        (["--time-factor=nan"], "--time-factor must be positive"),
        (["--time-limit=0"], "--time-limit must be positive"),
        (["--sandbox=lost"], "--sandbox"),
        (["--result=pytest.ini/result.json"], "pytest.ini/result.json cannot be written"),
        (["--result=checks"], "checks cannot be written"),
    ],
)
def test_a_useless_option_is_refused_in_one_sentence(
    toy: Toy, options: list[str], words: str
) -> None:
    run = toy.run(toy.submission(GOOD), *options)
    errors = [line for line in run.text.splitlines() if words in line]
    assert run.status == 4, run.text
    assert len(errors) == 1
    assert "Traceback" not in run.text
    assert run.document == {}
