"""What a submission's process can see and reach, in each sandbox."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from grader import syscalls
from grader.handles import Lab
from grader.outcomes import SubmissionProblem
from grader.sandbox import Sandbox, bwrap_problem, forbidding
from grader.worker.limits import Limits
from grader.workers import WorkerParent
from tests.conftest import OpenLab
from tests.toys import ISOLATED, write

ROOT = Path(__file__).parent.parent

ANSWERS = """\
import gc, os, socket, sys, threading

def thread_bomb():
    '''How many threads there can be; the limit is on processes and threads together.'''
    count, end = 0, threading.Event()
    try:
        while count < 1000:
            threading.Thread(target=end.wait, daemon=True).start()
            count += 1
    except RuntimeError:
        pass
    end.set()
    return count

def environment():
    return dict(os.environ), list(sys.argv), open('/proc/self/environ').read()

def everything_in_memory():
    seen = [repr(row.f_locals) for row in sys._current_frames().values()]
    row = sys._getframe()
    while row is not None:
        seen.append(repr(row.f_locals))
        row = row.f_back
    for thing in gc.get_objects():
        if type(thing) in (dict, list, tuple) and len(thing) < 10_000:
            values = thing.values() if type(thing) is dict else thing
            seen += [str(value) for value in values if type(value) in (int, str, bytes)]
    return '\\n'.join(seen)

def connects(port):
    try:
        socket.create_connection(('127.0.0.1', port), timeout=5).close()
    except OSError as error:
        return str(error)
    return 'connected'

def calls(number, *arguments):
    import ctypes
    result = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    return result, ctypes.get_errno() if result < 0 else 0

def spoils_the_parent():
    import resource
    parent = os.getppid()
    before = os.getpriority(os.PRIO_PROCESS, parent)
    for setting in (
        lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (24, 24)),
        lambda: os.sched_setaffinity(parent, {min(os.sched_getaffinity(0))}),
    ):
        try:
            setting()
            return 'done'
        except PermissionError:
            pass
    os.setpriority(os.PRIO_PROCESS, parent, 19)
    os.nice(5)
    return os.getpriority(os.PRIO_PROCESS, parent) != before

def own_settings():
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

def user():
    return os.getuid()

def sees(path):
    return os.path.exists(path)

def lists(path):
    return sorted(os.listdir(path))

def reads(path):
    with open(path, 'rb') as file:
        return file.read(10)

def reads_parent(what):
    return reads(f'/proc/{os.getppid()}/{what}')

def writes(path):
    with open(path, 'w') as file:
        file.write('x')
    return True

def writes_much():
    with open('large', 'wb') as file:
        os.ftruncate(file.fileno(), 2**30)
"""
FILES = {"answers.py": ANSWERS}


@ISOLATED  # outside, the kernel does not limit root's processes
def test_processes_are_limited(open_lab: OpenLab) -> None:
    assert open_lab(FILES).answers.thread_bomb() <= 128


def test_nothing_of_ours_is_in_the_environment(open_lab: OpenLab) -> None:
    inside, arguments, raw = open_lab(FILES).answers.environment()
    assert arguments == ["check"]
    for text in (raw, "\n".join(inside)):
        assert "SECRET" not in text
        assert "PYTEST" not in text
    assert set(inside) <= {
        "PATH", "LANG", "LC_CTYPE", "HOME", "TMPDIR", "PWD", "PYTHONHASHSEED", "OMP_NUM_THREADS",
        "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "TORCHINDUCTOR_CACHE_DIR",
    }  # fmt: skip
    assert inside["HOME"] == inside["TMPDIR"]


def test_the_checks_seed_stays_with_the_judge(open_lab: OpenLab) -> None:
    lab = open_lab(FILES, seed=123_456_789_012_345)
    seen = lab.answers.everything_in_memory()
    assert "everything_in_memory" in seen
    assert "123456789012345" not in seen


def test_the_network_is_walled_off(open_lab: OpenLab, workers: WorkerParent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = open_lab(FILES).answers.connects(server.getsockname()[1])
    assert (said != "connected") == workers.sandbox.isolated


@ISOLATED
def test_only_the_submission_the_interpreter_and_scratch_are_seen(
    open_lab: OpenLab, tmp_path: Path
) -> None:
    secret = tmp_path / "result.json"
    secret.write_text("ours")
    answers = open_lab(FILES).answers
    for path in (secret, ROOT / "checks", ROOT / "reference", ROOT / "tests", ROOT / "grader"):
        assert path.exists()
        assert not answers.sees(str(path)), path
    for name in ("/etc/passwd", "/etc/shadow", "/var", "/run", "/srv", "/sys"):
        assert not answers.sees(name), name
    needed = [Path(os.path.realpath(path)) for path in (sys.prefix, sys.base_prefix)]
    for folder in {parent for path in needed for parent in path.parents}:
        ways = {path.relative_to(folder).parts[0] for path in needed if folder in path.parents}
        scratch = folder in (Path("/"), Path("/tmp"))
        if not scratch and not folder.is_relative_to("/usr"):
            assert set(answers.lists(str(folder))) <= ways, folder
    assert answers.lists("/engine/grader") == ["worker"]


@ISOLATED
def test_only_scratch_can_be_written_to(open_lab: OpenLab, workers: WorkerParent) -> None:
    answers = open_lab(FILES).answers
    folder = Path(answers.lists("/submission")[0])
    for path in (
        "/submission/x", f"/submission/{folder}/answers.py", "/engine/grader/worker/wire.py",
        "/usr/x", "/x", "/dev/x", "/proc/sys/kernel/hostname", os.__file__,
    ):  # fmt: skip
        with pytest.raises(SubmissionProblem, match=r"OSError|PermissionError"):
            answers.writes(path)
    assert answers.writes("x")
    assert answers.writes("/tmp/x")


@ISOLATED
@pytest.mark.parametrize("what", ["mem", "environ", "fd/0", "maps"])
def test_the_workers_parent_cannot_be_looked_into(open_lab: OpenLab, what: str) -> None:
    with pytest.raises(SubmissionProblem, match="PermissionError"):
        open_lab(FILES).answers.reads_parent(what)


def test_large_files_are_refused(open_lab: OpenLab) -> None:
    with pytest.raises(SubmissionProblem, match="File too large"):
        open_lab(FILES).answers.writes_much()


def test_what_is_printed_is_kept_in_part(open_lab: OpenLab) -> None:
    text = (
        "import os, sys\ndef shout():\n    for n in range(3000): print(n)\n"
        "    sys.stdout.flush()\n    os.write(2, b'end')\n"
    )
    lab: Any = open_lab({"answers.py": text})
    lab.answers.shout()
    assert lab.output.startswith("0\n1\n")
    assert lab.output.endswith("2999\nend")
    assert "bytes left out" in lab.output
    assert len(lab.output) < 10_000


@ISOLATED
@pytest.mark.skipif(not syscalls.program(platform.machine()), reason="no filter for this machine")
def test_a_filter_keeps_the_submission_from_what_outlives_it(open_lab: OpenLab) -> None:
    lab = open_lab({"answers.py": ANSWERS})
    column, _ = syscalls.ARCHITECTURES[platform.machine()]
    for name, numbers in syscalls.DENIED.items():
        assert lab.answers.calls(numbers[column], 0, 0, 0) == (-1, errno.EPERM), name
    for name, numbers in syscalls.PRETENDED.items():
        assert lab.answers.calls(numbers[column], 0, 0, 0) == (0, 0), name
    assert lab.answers.own_settings() == 100


@ISOLATED
@pytest.mark.skipif(not syscalls.program(platform.machine()), reason="no filter for this machine")
def test_the_workers_parent_keeps_its_settings(open_lab: OpenLab) -> None:
    assert open_lab({"answers.py": ANSWERS}).answers.spoils_the_parent() is False


@pytest.mark.skipif(os.getuid() != 0 or bwrap_problem() is not None, reason="for root, and bwrap")
def test_each_parent_is_a_user_of_its_own() -> None:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    write(folder, {"answers.py": ANSWERS})

    def user() -> int:
        parent = WorkerParent(Sandbox("bwrap"), folder, hash_seed=0)
        lab = Lab("toy", ("answers",), {}, 1, lambda _: parent.fork("toy", folder, Limits()))
        number = int(lab.answers.user())
        lab.close()
        parent.stop()
        return number

    users = {user(), user()}
    shutil.rmtree(folder)
    assert len(users) == 2
    assert 0 not in users


def test_the_submission_goes_first_where_memory_runs_out(open_lab: OpenLab) -> None:
    lab = open_lab({"answers.py": ANSWERS})
    assert lab.answers.reads("/proc/self/oom_score_adj") == b"1000\n"
    assert Path("/proc/self/oom_score_adj").read_text() != "1000\n"


def test_the_setting_that_forbids_namespaces_is_named(tmp_path: Path) -> None:
    assert forbidding(tmp_path) == []
    files = {"kernel/unprivileged_userns_clone": "1\n", "user/max_user_namespaces": "0\n"}
    write(tmp_path, {**files, "kernel/apparmor_restrict_unprivileged_userns": "1\n"})
    assert forbidding(tmp_path) == [
        "kernel.apparmor_restrict_unprivileged_userns = 1",
        "user.max_user_namespaces = 0",
    ]
