"""Nothing outlives its check: no process, no file, no harm to the workers' parent."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import pytest

from grader.outcomes import SubmissionProblem
from tests.conftest import OpenLab
from tests.test_outcomes import source
from tests.toys import ISOLATED, Toy, write

ANSWERS = """\
import ctypes, os, signal, threading, time

first = os.getpid()

def named(name):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME

def daemon(name):
    '''A process that has left the session, its parent and its descriptors.'''
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            named(name)
            for number in range(1, 32):
                if number not in (signal.SIGKILL, signal.SIGSTOP):
                    signal.signal(number, signal.SIG_IGN)
            os.write(write, b'x')
            os.closerange(0, 256)
            time.sleep(600)
        os._exit(0)
    os.read(read, 1)
    return 41

def hopping_daemon(name):
    '''A process that is another one every few milliseconds.'''
    if os.fork() == 0:
        os.setsid()
        named(name)
        while True:
            if os.fork():
                os._exit(0)
            time.sleep(0.01)
    return 41

def thread(name):
    def work():
        named(name)
        while True:
            time.sleep(0.01)
    threading.Thread(target=work, daemon=True).start()
    return 41

def family(name):
    '''Children that have children.'''
    for _ in range(3):
        os.fork()
    named(name)
    if os.getpid() != first:
        time.sleep(600)
    time.sleep(0.1)
    return 41

def daemon_without_parent(name):
    daemon(name)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)

def stops_parent(name):
    os.kill(os.getppid(), signal.SIGSTOP)
    return 41

def sees(path):
    return os.path.exists(path)

def writes(path):
    with open(path, 'w') as file:
        file.write('x')
    return True

def litters():
    os.makedirs('/tmp/litter/deep', exist_ok=True)
    writes('/tmp/litter/deep/file')
    writes('/dev/shm/litter')
    writes('litter')

def litters_for_good():
    litters()
    os.chmod('/tmp/litter', 0)
"""
FILES = {"answers.py": ANSWERS}


def alive(name: str) -> list[int]:
    """Processes and threads of this name, as the machine sees them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/task/[0-9]*/comm"):
        try:
            if path.read_text().strip() == name:
                found.append(int(path.parts[2]))
        except OSError:
            continue
    return found


def found(name: str) -> bool:
    """Whether there is one, soon: it may hide from a single look, or not have its name yet."""
    until = time.monotonic() + 10
    while not (there := bool(alive(name))) and time.monotonic() < until:
        time.sleep(0.01)
    return there


def wait_for_none(name: str) -> list[int]:
    """Those that live on; the kernel may take a moment to bury what was killed with a sandbox."""
    until = time.monotonic() + 10
    while (left := alive(name)) and time.monotonic() < until:
        time.sleep(0.01)
    return left


@pytest.mark.parametrize("kind", ["daemon", "hopping_daemon", "thread", "family"])
def test_nothing_outlives_its_check(open_lab: OpenLab, kind: str) -> None:
    name = f"toy-{secrets.token_hex(4)}"
    lab = open_lab(FILES)
    getattr(lab.answers, kind)(name)
    assert found(name)
    lab.close()
    assert alive(name) == []


@ISOLATED
def test_a_daemon_does_not_outlive_the_parent_that_it_killed(open_lab: OpenLab) -> None:
    name = f"toy-{secrets.token_hex(4)}"
    lab = open_lab(FILES)
    with pytest.raises(SubmissionProblem):
        lab.answers.daemon_without_parent(name)
    lab.close()
    assert wait_for_none(name) == []
    assert open_lab(FILES).answers.sees("/")


def test_a_parent_that_was_stopped_is_replaced(
    open_lab: OpenLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_lab(FILES)
    lab.answers.stops_parent("")
    monkeypatch.setattr("grader.workers.ANSWER_SECONDS", 0.3)
    lab.close()
    monkeypatch.undo()
    assert open_lab(FILES).answers.sees("/")


@ISOLATED
@pytest.mark.parametrize("kind", ["litters", "litters_for_good"])
def test_nothing_is_handed_on_to_the_next_check(open_lab: OpenLab, kind: str) -> None:
    lab = open_lab(FILES)
    getattr(lab.answers, kind)()
    assert lab.answers.sees("/tmp/litter")
    lab.close()
    answers = open_lab(FILES).answers
    for path in ("/tmp/litter", "/dev/shm/litter", "litter"):
        assert not answers.sees(path)


def test_the_working_folder_is_fresh_in_every_check(open_lab: OpenLab) -> None:
    lab = open_lab(FILES)
    lab.answers.writes("litter")
    assert lab.answers.sees("litter")
    lab.close()
    assert not open_lab(FILES).answers.sees("litter")


def test_what_was_handed_in_is_not_touched(toy: Toy) -> None:
    text = (
        "import pathlib\nhere = pathlib.Path(__file__)\n"
        "def right():\n    here.write_text('def right(): return 42')\n    return 41\n"
    )
    student = toy.submission({"answers.py": text})
    assert toy.run(student, "--part=answers").outcomes == {"toy.answers.right": "failed"}
    assert (student / "toy/answers.py").read_text() == text


def test_a_result_file_that_the_submission_wrote_is_replaced(toy: Toy) -> None:
    path, other = toy.new_path(".json"), write(toy.new_path(), {"other.json": "kept"})
    for attack in (
        f"open({str(path)!r}, 'w').write('forged')\nos.chmod({str(path)!r}, 0o444)",
        f"os.symlink({str(other / 'other.json')!r}, {str(path)!r})",
    ):
        text = f"{source([])}\ndef right():\n    " + attack.replace("\n", "\n    ")
        run = toy.run(toy.submission({"answers.py": text}), "--part=answers", f"--result={path}")
        assert run.status == 1
        assert '"outcome": "failed"' in path.read_text()
        assert not path.is_symlink()
        path.unlink()
    assert (other / "other.json").read_text() == "kept"
