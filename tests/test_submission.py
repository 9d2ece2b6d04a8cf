"""From a path to the folders that are checked, or one sentence that says why not."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from grader import submission
from grader.labs import LabSpec
from grader.submission import Submission, SubmissionError, stage
from tests.test_outcomes import source
from tests.toys import Toy, write

LABS = {
    "toy": LabSpec("toy", "A toy", ("one",), ("one.py", "two.py"), Path("checks/toy")),
    "game": LabSpec("game", "A game", ("three",), ("three.py", "one.py"), Path("checks/game")),
}
FILES = {"one.py": "x = 1\n", "two.py": "x = 2\n", "part/three.txt": "3\n"}


def below(folder: str) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in FILES.items()}


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def found(staged: Submission) -> dict[str, list[str]]:
    """The files of each lab; the copy is deleted."""
    labs = {
        name: sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        for name, folder in staged.labs.items()
    }
    staged.close()
    assert not staged.root.exists()
    return labs


LAYOUTS = {
    "a lab folder": (FILES, "toy"),
    "a lab folder of another name": (FILES, "handed-in"),
    "a tree": (below("toy"), "tree"),
    "a wrapped tree": (below("repo-main/toy"), "tree"),
    "a wrapped lab folder": (below("final-version"), "tree"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_every_layout_is_found(tmp_path: Path, layout: str, kind: str) -> None:
    files, name = LAYOUTS[layout]
    if kind == "zip":
        path = zipped(tmp_path / f"{name}.zip", files)
    else:
        path = write(tmp_path / name, files)
    assert found(stage(path, LABS)) == {"toy": ["one.py", "part/three.txt", "two.py"]}


def test_a_tree_may_hold_some_labs_or_all(tmp_path: Path) -> None:
    both = write(tmp_path, below("toy") | {"game/three.py": ""})
    assert found(stage(both, LABS)) == {
        "toy": ["one.py", "part/three.txt", "two.py"],
        "game": ["three.py"],
    }
    assert found(stage(both, {"game": LABS["game"]})) == {"game": ["three.py"]}


def test_an_unfinished_lab_is_found_by_any_of_its_files(tmp_path: Path) -> None:
    assert found(stage(write(tmp_path, {"toy/two.py": ""}), LABS)) == {"toy": ["two.py"]}


def test_a_bare_folder_is_the_lab_of_its_name_or_the_one_with_most_files(tmp_path: Path) -> None:
    assert list(found(stage(write(tmp_path / "game", {"one.py": ""}), LABS))) == ["game"]
    assert list(found(stage(write(tmp_path / "mine", FILES), LABS))) == ["toy"]


def with_landmarks() -> dict[str, LabSpec]:
    """Two labs whose files have the same names."""
    files, folder = ("model.py", "train.py"), Path("checks")
    return {
        name: LabSpec(name, "", ("one",), files, folder, landmark=landmark)
        for name, landmark in (("chars", "CharNet"), ("words", "WordNet"))
    }


@pytest.mark.parametrize(
    ("files", "lab"),
    [
        ({"model.py": "class WordNet: pass\n"}, "words"),
        ({"model.py": "from net import Net\n", "net.py": "class CharNet: pass\n"}, "chars"),
        ({"model.py": "", "train.py": "model = WordNet()\n"}, "words"),
    ],
)
def test_a_bare_folder_is_known_by_a_name_of_the_contract(
    tmp_path: Path, files: dict[str, str], lab: str
) -> None:
    staged = stage(write(tmp_path / "handed-in", files), with_landmarks())
    assert list(found(staged)) == [lab]


@pytest.mark.parametrize("text", ["", "class CharNet: pass\nclass WordNet: pass\n"])
def test_a_bare_folder_that_could_be_two_labs_is_refused(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path / "handed-in", {"model.py": text})
    with pytest.raises(SubmissionError, match=r"handed-in could be chars or words: .* --lab"):
        stage(folder, with_landmarks())
    only = {"words": with_landmarks()["words"]}
    assert list(found(stage(folder, only))) == ["words"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_leftovers_of_tools_are_not_copied(tmp_path: Path, kind: str) -> None:
    names = [".git/config", "__pycache__/one.pyc", ".venv/lib/one.py", "__MACOSX/toy/one.py"]
    files = below("toy") | dict.fromkeys([*names, "toy/.DS_Store"], "")
    path = write(tmp_path / "x", files) if kind == "folder" else zipped(tmp_path / "x.zip", files)
    staged = stage(path, LABS)
    left = {str(path.relative_to(staged.root)) for path in staged.root.rglob("*")}
    assert found(staged) == {"toy": ["one.py", "part/three.txt", "two.py"]}
    assert left == {"toy", "toy/part", *below("toy")}


def test_the_copy_can_be_read_by_a_worker_of_another_user(tmp_path: Path) -> None:
    path = write(tmp_path / "x", below("toy"))
    (path / "toy/one.py").chmod(0o600)
    (path / "toy/part").chmod(0o700)
    staged = stage(path, LABS)
    for folder, _, names in os.walk(staged.root):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o755
        for name in names:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) & 0o444 == 0o444
    staged.close()


def test_nothing_outside_the_folder_is_copied(tmp_path: Path) -> None:
    secret = write(tmp_path / "other", {"secret.txt": "ours"}) / "secret.txt"
    path = write(tmp_path / "x", below("toy"))
    (path / "toy/leak.txt").symlink_to(secret)
    (path / "toy/lost.txt").symlink_to("nowhere")
    (path / "toy/alias.py").symlink_to("one.py")  # of its own: an ordinary file
    os.mkfifo(path / "toy/pipe")
    staged = stage(path, LABS)
    assert staged.left_out == ["toy/leak.txt", "toy/lost.txt", "toy/pipe"]
    assert "alias.py" in found(staged)["toy"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_large_files_are_left_out(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = below("toy") | {"toy/model.pt": "0" * 1001}
    path = write(tmp_path / "x", files) if kind == "folder" else zipped(tmp_path / "x.zip", files)
    monkeypatch.setattr(submission, "MAX_FILE", 1000)
    staged = stage(path, LABS)
    assert staged.left_out == ["toy/model.pt"]
    assert "model.pt" not in found(staged)["toy"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_TOTAL"])
def test_large_trees_are_refused(
    tmp_path: Path, kind: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = below("toy")
    path = write(tmp_path / "x", files) if kind == "folder" else zipped(tmp_path / "x.zip", files)
    monkeypatch.setattr(submission, limit, 2)
    with pytest.raises(SubmissionError, match="too large"):
        stage(path, LABS)


def test_a_zip_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"toy/one.py": "x = 1\n" * 1000})
    data = path.read_bytes()
    size = (6000).to_bytes(4, "little")
    assert data.count(size) == 2  # in the local header and in the directory
    path.write_bytes(data.replace(size, (60).to_bytes(4, "little")))
    with pytest.raises(SubmissionError):
        stage(path, LABS)


def linked(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("toy/one.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return path


def damaged(path: Path) -> Path:
    data = bytearray(zipped(path, {"toy/one.py": "x = 1\n" * 1000}).read_bytes())
    start = data.index(b"toy/one.py") + len("toy/one.py")
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(bytes(data))
    return path


def encrypted(path: Path) -> Path:
    data = bytearray(zipped(path, {"toy/one.py": "x = 1\n"}).read_bytes())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(bytes(data))
    return path


def mislabelled(path: Path) -> Path:
    data = bytearray(zipped(path, {"toy/one\u00e9.py": "x = 1\n"}).read_bytes())
    path.write_bytes(bytes(data).replace("\u00e9".encode(), b"\xff\xff"))
    return path


def in_the_way(path: Path) -> Path:
    return zipped(path, {"toy/one.py": "", "toy/one.py/two.py": ""})


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


REFUSED = {
    "missing": (lambda place: place / "missing", "does not exist"),
    "name too long": (lambda place: place / ("x" * 300), "cannot be read"),
    "empty folder": (lambda place: write(place / "x", {"y/z": ""}), "holds nothing to check"),
    "text file": (lambda place: written(place / "x.zip", "PK"), "neither a folder nor a zip"),
    "device": (lambda place: Path("/dev/null"), "neither a folder nor a zip"),
    "empty zip": (lambda place: zipped(place / "x.zip", {}), "holds nothing to check"),
    "slip": (lambda place: zipped(place / "x.zip", {"../one.py": ""}), "a path outside itself"),
    "deep slip": (lambda place: zipped(place / "x.zip", {"toy/../../one.py": ""}), "outside"),
    "backslash": (lambda place: zipped(place / "x.zip", {"..\\one.py": ""}), "outside itself"),
    "absolute": (lambda place: zipped(place / "x.zip", {"/tmp/one.py": ""}), "outside itself"),
    "drive": (lambda place: zipped(place / "x.zip", {"C:/one.py": ""}), "outside itself"),
    "link": (lambda place: linked(place / "x.zip"), "holds a link: toy/one.py"),
    "damaged": (lambda place: damaged(place / "x.zip"), "cannot be unpacked"),
    "encrypted": (lambda place: encrypted(place / "x.zip"), "cannot be unpacked"),
    "mislabelled": (lambda place: mislabelled(place / "x.zip"), "cannot be unpacked"),
    "in the way": (lambda place: in_the_way(place / "x.zip"), "cannot be unpacked"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_checked_is_refused_in_a_sentence_with_its_path(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, words = REFUSED[case]
    path = make(tmp_path)
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(copies))
    with pytest.raises(SubmissionError) as caught:
        stage(path, LABS)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(copies.iterdir()) == []  # nothing is left behind
    assert not (tmp_path / "one.py").exists()


@pytest.mark.parametrize("case", ["missing", "empty folder", "text file", "slip", "link"])
def test_a_run_over_what_cannot_be_checked_ends_with_status_4(
    toy: Toy, tmp_path: Path, case: str
) -> None:
    make, words = REFUSED[case]
    path = make(tmp_path)
    run = toy.run(path)
    assert run.status == 4
    assert [line for line in run.text.splitlines() if line.startswith(f"ERROR: {path}")], run.text
    assert words in run.text
    assert run.document == {}


def test_a_run_over_a_zip_checks_what_is_in_it(toy: Toy) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("my-repo/toy/answers.py", source(["right"]))
    path = toy.new_path(".zip")
    path.write_bytes(data.getvalue())
    assert toy.run(path, "--part=answers").outcomes == {"toy.answers.right": "passed"}
