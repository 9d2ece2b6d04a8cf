"""Grading a class: what counts as a submission, what is stored, and what a second run does."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader.classes.found import HandedIn, RosterError, find, with_roster
from grader.classes.plan import Plan, Task, merged, once_more, pending
from grader.classes.reports import Look
from grader.classes.reports import write as write_reports
from grader.classes.run import Local, grade
from grader.classes.store import Grading, Key, Store, StoreError
from grader.sandbox import Sandbox
from grader.submission import SubmissionError
from tests.test_outcomes import source
from tests.toys import ROOT, Toy, write

RIGHT = source(["right"])
WRONG = "def right(*_): return None\n"
KEY = Key("checks", "environment", "options")


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


# ------------------------------------------------------------------ what was handed in


def test_names_of_downloads_tell_whose_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    lab = {"toy/answers.py": RIGHT}
    write(folder / "Ada Lovelace_12345_assignsubmission_file", {})
    (folder / "Ada Lovelace_12345_assignsubmission_file").mkdir(parents=True)
    zipped(folder / "Ada Lovelace_12345_assignsubmission_file" / "lab.zip", lab)
    zipped(folder / "hoppergrace_LATE_4711_98765_lab3-1.zip", lab)
    zipped(folder / "turingalan_42_98766_lab3.zip", lab)
    write(folder / "plain", lab)
    write(folder, {"notes.txt": "", ".hidden/x": "", "__MACOSX/x": ""})
    found, others = find(folder, tmp_path / "unpacked")
    assert [(one.student, one.student_id, one.path.name) for one in found] == [
        ("Ada Lovelace", "12345", "lab.zip"),
        ("hoppergrace", "4711", "hoppergrace_LATE_4711_98765_lab3-1.zip"),
        ("plain", "", "plain"),
        ("turingalan", "42", "turingalan_42_98766_lab3.zip"),
    ]
    assert others == ["notes.txt"]


def test_a_zip_of_submissions_is_a_class_too(tmp_path: Path) -> None:
    path = zipped(tmp_path / "all.zip", {"a/toy/answers.py": RIGHT, "b/toy/answers.py": WRONG})
    found, _ = find(path, tmp_path / "unpacked")
    assert [one.key for one in found] == ["a", "b"]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_submissions_are_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SubmissionError, match=name):
        find(tmp_path / name, tmp_path / "unpacked")


def test_content_is_names_and_bytes(tmp_path: Path) -> None:
    def content(files: dict[str, str]) -> str:
        folder = tmp_path / "one"
        shutil.rmtree(folder, ignore_errors=True)
        return HandedIn("one", write(folder, files), "one").content()

    first = content({"a.py": "x", "b/c.py": "y"})
    assert content({"a.py": "x", "b/c.py": "y", "__pycache__/a.pyc": "z"}) == first
    others = [{"a.py": "x", "b/d.py": "y"}, {"a.py": "x", "b/c.py": "z"}, {"a.py": "xy"}]
    assert first not in map(content, others)


def test_a_roster_names_students_and_those_who_are_absent(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "\ufeffid,name,email,submission\n"
        '42,"Turing, Alan",alan@example.org,\n'
        "7,=1+1,,odd name.zip\n"
        "8,Nobody,,\n",
        encoding="utf-8",
    )
    folder = write(tmp_path / "class", {"x.txt": ""})
    for name in ("turingalan_42_1_lab.zip", "odd name.zip", "else.zip"):
        zipped(folder / name, {"toy/answers.py": RIGHT})
    found, absent = with_roster(find(folder, tmp_path / "unpacked")[0], roster)
    assert {one.key: (one.student, one.student_id, one.email) for one in found} == {
        "turingalan_42_1_lab.zip": ("Turing, Alan", "42", "alan@example.org"),
        "odd name.zip": ("=1+1", "7", ""),
        "else.zip": ("else", "", ""),
    }
    assert absent == ["Nobody"]


@pytest.mark.parametrize("text", ["name\nAda\n", "id,name\n1,A\n1,B\n"])
def test_a_roster_that_cannot_be_used_is_named(text: str, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(text)
    with pytest.raises(RosterError, match=r"roster\.csv"):
        with_roster([], roster)


# ------------------------------------------------------------------ the database


def grading(submission: str, **changes: object) -> Grading:
    values: dict[str, object] = {"seed": 1, "status": "graded", "said": "", "seconds": 1.0}
    values |= {"finished": "then", "document": {"score": 1.0, "max_score": 2.0}}
    return Grading(submission, "content", KEY, **{**values, **changes})  # type: ignore[arg-type]


def test_gradings_are_kept_in_order_and_nothing_is_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path / "class.sqlite")
    store.register([HandedIn("one", write(tmp_path / "one", {"a": "b"}), "Ada")])
    store.add(grading("one", seed=1))
    store.add(grading("one", seed=2, status="unusable", document=None))
    store.close()
    again = Store(tmp_path / "class.sqlite")
    assert [one.seed for one in again.history("one")] == [1, 2]
    assert again.latest()["one"].status == "unusable"
    assert again.history("one")[0] == grading("one", seed=1, number=1)
    assert (again.setting("seed", "5"), again.setting("seed", "6")) == ("5", "5")


@pytest.mark.parametrize("content", [b"no database at all", None])
def test_a_file_that_is_no_database_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "class.sqlite"
    if content is None:
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version = 99")
    else:
        path.write_bytes(content * 100)
    with pytest.raises(StoreError, match=r"class\.sqlite"):
        Store(path)


# ------------------------------------------------------------------ runs


@pytest.fixture
def a_class(toy: Toy) -> Path:
    """A right submission, a wrong one, one with nothing in it, and a zip that is none."""
    folder = toy.new_path()
    write(folder, {"right/toy/answers.py": RIGHT, "wrong/toy/answers.py": WRONG, "none/x.py": ""})
    (folder / "broken.zip").write_bytes(b"PK")
    return folder


def grade_all(store: Store, project: Path, folder: Path, **changes: object) -> list[Grading]:
    """Grade what is pending; what has been said."""
    values = {"seed": 1, "time_limit": 60.0, "sandbox": Sandbox("none"), **changes}
    plan = Plan(project, **values)  # type: ignore[arg-type]
    store.register(find(folder, folder / "unpacked")[0])
    return carry_out(store, plan, pending(store, plan))


def carry_out(store: Store, plan: Plan, tasks: list[Task]) -> list[Grading]:
    """Grade these; what has been said."""
    said: list[Grading] = []
    runner = Local(plan, jobs=2)
    try:
        grade(store, runner, tasks, said.append)
    finally:
        runner.close()
    return said


def test_a_second_run_grades_only_what_changed(
    project: Path, a_class: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "class.sqlite")
    said = {one.submission: one for one in grade_all(store, project, a_class)}
    assert {name: (one.status, one.score) for name, one in said.items()} == {
        "right": ("graded", 2.0),
        "wrong": ("graded", 0.0),
        "none": ("unusable", None),
        "broken.zip": ("unusable", None),
    }
    assert "none holds nothing to check" in said["none"].said
    assert grade_all(store, project, a_class) == []
    write(a_class, {"wrong/toy/answers.py": RIGHT})
    assert [(one.submission, one.score) for one in grade_all(store, project, a_class)] == [
        ("wrong", 2)
    ]
    assert [one.score for one in store.history("wrong")] == [0.0, 2.0]
    assert len(grade_all(store, project, a_class, time_limit=61.0)) == 4


def test_one_criterion_is_judged_again_with_what_it_blocked(
    project: Path, a_class: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "class.sqlite")
    grade_all(store, project, a_class)
    (before,) = store.history("right")
    rows = [{**row, "seconds": -1.0} for row in before.document["criteria"]]
    store.add(replace(before, document={**before.document, "criteria": rows}))
    first, *others = (row["id"] for row in rows)
    everybody = [one.key for one in store.submissions().values()]
    tasks = once_more(store, everybody, [first])
    assert {task.one.key: task.criteria for task in tasks} == {"right": (first,), "wrong": (first,)}
    plan = Plan(project, Sandbox("none"), seed=1, time_limit=60.0)
    said = {one.submission: one for one in carry_out(store, plan, tasks)}
    assert (said["right"].score, said["wrong"].score) == (2.0, 0.0)
    anew = {row["id"]: row["seconds"] >= 0 for row in said["right"].document["criteria"]}
    assert anew == {first: True, **dict.fromkeys(others, False)}


def row(id: str, outcome: str, points: float = 0.0, where: str = "") -> dict[str, object]:
    return {"id": id, "outcome": outcome, "points": points, "max_points": 2.0, "where": where}


def test_what_a_criterion_blocked_is_judged_with_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "class.sqlite")
    one = HandedIn("one", write(tmp_path / "one", {"a": "b"}), "Ada")
    store.register([one])
    rows = [row("x.a.one", "failed"), row("x.a.two", "blocked", where="x.a.one")]
    rows += [row("x.b.one", "passed", 2.0), row("x.b.two", "blocked", where="x.a.zero")]
    document = {"score": 2.0, "max_score": 8.0, "criteria": rows}
    store.add(replace(grading("one", document=document), content=one.content()))

    def ids(*criteria: str) -> list[tuple[str, ...]]:
        return [task.criteria for task in once_more(store, ["one"], criteria)]

    assert ids("x.a.one") == [("x.a.one", "x.a.two")]
    assert ids("x.b.two") == []  # what blocks it would block it again
    fresh = {"criteria": [row("x.a.one", "passed", 2.0), row("x.a.two", "grader_error")]}
    after = merged(document, fresh)
    assert (after["score"], after["max_score"]) == (4.0, 6.0)
    assert [one["outcome"] for one in after["criteria"]] == [
        *("passed", "grader_error", "passed", "blocked")
    ]
    write(tmp_path / "one", {"a": "c"})
    store.register([one])
    assert ids("x.a.one") == []  # handed in anew: it has no verdict yet


def test_reports_hold_everybody(project: Path, a_class: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "class.sqlite")
    grade_all(store, project, a_class)
    files = write_reports(store, tmp_path, Look("A class", "Lab (1)", details=True))
    assert [path.name for path in files] == [
        *("index.html", "grades.csv", "canvas.csv", "moodle.csv", "junit.xml")
    ]
    for path in files:
        content = path.read_text(encoding="utf-8")
        graded = ("right", "wrong")
        everybody = graded if path.suffix == ".xml" else (*graded, "none", "broken")
        assert all(name in content for name in everybody), path
    assert len(list((tmp_path / "results").iterdir())) == 2


def verdicts(path: Path) -> list[tuple[object, ...]]:
    """What a database says, without what the clock said."""
    with sqlite3.connect(path) as database:
        return sorted(
            database.execute("SELECT submission, content, seed, status, score FROM grading")
        )


def start_grading(folder: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """The command, on charlm, with a seed that makes verdicts comparable."""
    command = [sys.executable, "-m", "grader.classes", str(folder), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--seed=3", "--sandbox=none", "--lab=charlm", *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Killed again and again, in the end the database is that of an undisturbed run."""
    files = {f"s{k}/charlm/data.py": f"broken = {k} /" for k in range(5)}
    folder = write(tmp_path / "class", files)

    def start(out: Path) -> subprocess.Popen[bytes]:
        return start_grading(folder, out, "--jobs=1")

    whole, torn = tmp_path / "whole", tmp_path / "torn"
    assert start(whole).wait(timeout=300) == 0
    for _ in range(20):
        process = start(torn)
        before, until = stored(torn), time.monotonic() + 300
        while process.poll() is None and stored(torn) == before and time.monotonic() < until:
            time.sleep(0.02)
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert verdicts(torn / "class.sqlite") == verdicts(whole / "class.sqlite")
    assert len(verdicts(whole / "class.sqlite")) == 5


def stored(out: Path) -> int:
    """How many gradings the database holds by now."""
    try:
        with sqlite3.connect(f"file:{out / 'class.sqlite'}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM grading").fetchone()[0])
    except sqlite3.Error:
        return 0
