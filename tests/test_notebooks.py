"""Notebooks: read as data, run once, cell by cell, and graded like the same code in a file."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.handles import ImportFailed, Lab
from grader.labs import LabSpec
from grader.notebooks import code_cells, write_cells
from grader.outcomes import StudentError, SubmissionProblem
from grader.slot import QUIET, Job, Slot
from grader.submission import Submission, SubmissionError, stage
from grader.worker.limits import Limits
from grader.worker.magics import python_of
from grader.workers import Child, WorkerParent
from tests.cases import ROOT, accepted, buggy
from tests.test_submission import zipped
from tests.toys import Toy, value, write

TOY = LabSpec("toy", "A toy", ("answers",), ("answers.py",), Path("toy"), notebook="answers.py")
GAME = LabSpec("game", "A game", ("one",), ("one.py", "two.py"), Path("game"))
LABS = {"game": GAME, "toy": TOY}


def cell(source: str | list[str], kind: str = "code") -> dict[str, Any]:
    outputs = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **outputs}


def notebook(*cells: str | dict[str, Any], minor: int = 5) -> str:
    """The text of a notebook; a plain string is a code cell's source."""
    rows = [cell(one) if isinstance(one, str) else one for one in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": rows})


RIGHT = notebook("def right():\n    return 42")

# ------------------------------------------------------------------ reading


@pytest.mark.parametrize("minor", [0, 1, 2, 4, 5])
def test_the_cells_are_those_with_code_in_them(tmp_path: Path, minor: int) -> None:
    path = tmp_path / "a.ipynb"
    text = notebook(
        cell("# Title", "markdown"),
        "a = 1",
        cell(["b = 2\n", "c = '''\u2028'''"]),
        "",
        " \n\t",
        cell([]),
        cell("raw", "raw"),
        "d = 3\r\ne = 4\r",
        minor=minor,
    )
    path.write_text(text, encoding="utf-8-sig")
    assert code_cells(path) == ["a = 1", "b = 2\nc = '''\u2028'''", "d = 3\ne = 4\n"]


def test_outputs_of_every_kind_do_no_harm(tmp_path: Path) -> None:
    one = cell("x = 1")
    one["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["..."]},
        {
            "output_type": "display_data",
            "data": {"image/png": "iVBO", "application/json": {"a": [1]}},
            "metadata": {},
        },
    ]
    (tmp_path / "a.ipynb").write_text(notebook(one))
    assert code_cells(tmp_path / "a.ipynb") == ["x = 1"]


OLD = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}
REFUSED: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"print('hello')", "does not hold JSON"),
    "empty": (b"", "does not hold JSON"),
    "cut off": (RIGHT.encode()[:-20], "does not hold JSON"),
    "no text": (b"\xff\xfe\x00\x01", "not UTF-8"),
    "a list": (b"[1, 2]", "damaged"),
    "other JSON": (b'{"name": "x"}', "no notebook of format 4"),
    "format 3": (json.dumps(OLD).encode(), "save it anew"),
    "format 5": (b'{"nbformat": 5, "cells": []}', "damaged"),
    "no format": (b'{"nbformat": [4]}', "damaged"),
    "no cells": (b'{"nbformat": 4, "metadata": {}}', "damaged"),
    "cells of another kind": (b'{"nbformat": 4, "metadata": {}, "cells": [3]}', "damaged"),
    "a source that is no text": (notebook(cell([1, 2])).encode(), "damaged"),
    "no source": (notebook({"cell_type": "code", "outputs": [], "metadata": {}}).encode(), "damag"),
    "no code": (notebook(cell("# Title", "markdown"), " ").encode(), "no code"),
    "too many cells": (notebook(*["x"] * 2001).encode(), "more than 2000"),
    "nested without end": (b'{"nbformat": 4, "cells": ' + b"[" * 100_000, "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_notebook_is_refused_in_a_sentence(tmp_path: Path, case: str) -> None:
    data, words = REFUSED[case]
    path = tmp_path / "lab.ipynb"
    path.write_bytes(data)
    with pytest.raises(SubmissionError) as caught:
        stage(path, LABS)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_over_what_is_no_notebook_ends_with_status_4(toy: Toy) -> None:
    path = toy.new_path(".ipynb")
    path.write_text("[]")
    run = toy.run(path)
    assert run.status == 4
    assert f"ERROR: {path}" in run.text
    assert "Traceback" not in run.text


# ------------------------------------------------------------------ finding

LAYOUTS: dict[str, tuple[dict[str, str], set[str]]] = {
    "a folder": ({"Lab 4 (final).ipynb": RIGHT, "data.txt": ""}, {"toy"}),
    "a lab folder": ({"toy/lab.ipynb": RIGHT}, {"toy"}),
    "a wrapped folder": ({"handed-in/lab.IPYNB": RIGHT}, {"toy"}),
    "a wrapped lab folder": ({"repo/toy/lab.ipynb": RIGHT}, {"toy"}),
    "beside another lab's folder": ({"lab.ipynb": RIGHT, "game/one.py": ""}, {"toy", "game"}),
    "beside another lab's folder, wrapped": (
        {"repo/lab.ipynb": RIGHT, "repo/game/one.py": ""},
        {"toy", "game"},
    ),
    "with its autosaved copies": (
        {"lab.ipynb": RIGHT, ".ipynb_checkpoints/lab-checkpoint.ipynb": RIGHT},
        {"toy"},
    ),
    "with a file that another lab has too": ({"lab.ipynb": RIGHT, "one.py": ""}, {"toy"}),
    "in another lab's folder": ({"lab.ipynb": "[]", "one.py": "", "two.py": ""}, {"game"}),
    "above another lab's wrapped folder": (
        {"notes.ipynb": "[]", "repo/game/one.py": "", "repo/game/two.py": ""},
        {"game"},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_notebook_is_found(tmp_path: Path, layout: str, kind: str) -> None:
    files, labs = LAYOUTS[layout]
    path = zipped(tmp_path / "x.zip", files) if kind == "zip" else write(tmp_path / "x", files)
    staged = stage(path, LABS)
    assert set(staged.labs) == labs
    assert set(staged.notebooks) == labs & {"toy"}
    staged.close()


def test_a_notebook_alone_is_a_submission(tmp_path: Path) -> None:
    path = tmp_path / "anything.ipynb"
    path.write_text(RIGHT)
    staged = stage(path, LABS)
    assert staged.notebooks == {"toy": {"answers": "anything.ipynb"}}
    staged.close()
    with pytest.raises(SubmissionError, match="holds nothing to check"):
        stage(path, {"game": GAME})


def test_a_file_comes_before_a_notebook(tmp_path: Path) -> None:
    files = {"toy/answers.py": "", "toy/lab.ipynb": "[]", "toy/old.ipynb": "[]"}
    staged: Submission = stage(write(tmp_path, files), LABS)
    assert staged.unread == ["toy: answers.py is read, lab.ipynb, old.ipynb is not."]
    assert staged.notebooks == {}
    staged.close()


def test_several_notebooks_are_refused_by_name(tmp_path: Path) -> None:
    files = {"toy/a.ipynb": RIGHT, "toy/b.ipynb": RIGHT}
    with pytest.raises(SubmissionError, match=r"several notebooks for toy \(a\.ipynb, b\.ipynb\)"):
        stage(write(tmp_path, files), LABS)


# ------------------------------------------------------------------ what is not Python

MAGICS = {
    "%matplotlib inline\nx = 1": "pass\nx = 1",
    "!pip install \\\n  torch\nx = 1": "pass\n\nx = 1",
    "files = !ls\nt = %timeit -o f()\nx = 1": "pass\npass\nx = 1",
    "if colab:\n    !pip install x\n    %cd y\nx = 1": "if colab:\n    pass\n    pass\nx = 1",
    "?len\nlen?\ntorch.nn??\nx = 1": "pass\npass\npass\nx = 1",
    "pip install torch\nx = 1": "pass\nx = 1",
    "%time x = f()": "pass",
    "%%time\nx = 1": "\nx = 1",
    "\n%%capture out --no-stderr\n%%timeit -n 3\nx = 1": "\n\n\nx = 1",
    "%%time\n%matplotlib inline\nx = 1": "\npass\nx = 1",
    "%%time": "",
    "%%bash\nx = 1": "",
    "%%writefile model.py\nx = 1": "",
    "%%html\n<b>": "",
    "%%javascript\nx()": "",
    "%%unheard of\nx = 1": "",
}
NO_MAGICS = [
    "print('%d'\n      % x)",
    'text = """\n%matplotlib\n!ls\nwhat?\n"""',
    "x = a \\\n    % b",
    "x %= 3\ny = x % 2",
    "x = [\n    1\n    % 2,\n]",
    "f('''\n!no\n''') # %x",
    "a != b",
]


@pytest.mark.parametrize("source", MAGICS)
def test_magics_are_taken_out(source: str) -> None:
    assert python_of(source) == MAGICS[source]


@pytest.mark.parametrize("source", NO_MAGICS)
def test_what_only_looks_like_a_magic_stays(source: str) -> None:
    assert python_of(source) == source
    assert python_of(f"!ls\n{source}") == f"pass\n{source}"


# ------------------------------------------------------------------ running

OpenNotebook = Callable[..., Lab]


@pytest.fixture
def open_notebook(workers: WorkerParent) -> Iterator[OpenNotebook]:
    """`open_notebook(cell, cell, ...)`: a notebook of the lab `toy`, in a process of a check.

    `again=lab` gives another check of the same notebook.
    """
    labs: list[Lab] = []
    folders: dict[int, Path] = {}

    def open_one(*cells: str, again: Lab | None = None, seconds: float = 20.0) -> Lab:
        if again is None:
            folder = workers.submission / f"notebook-{os.urandom(6).hex()}"
            path = write(folder, {"my lab.ipynb": notebook(*cells)}) / "my lab.ipynb"
            folder.chmod(0o755)
            write_cells(path, "answers")
        else:
            folder = folders[id(again)]

        def start(_: int | None) -> Child:
            child = workers.fork("toy", folder, Limits(cpu_seconds=60), notebook="answers")
            child.allow(seconds)
            return child

        names = {"answers": "my lab.ipynb"}
        labs.append(Lab("toy", ("answers",), {}, 1, start, notebooks=names))
        folders[id(labs[-1])] = folder
        return labs[-1]

    yield open_one
    for lab in labs:
        lab.close()


def test_cells_run_in_order_and_the_last_definition_counts(open_notebook: OpenNotebook) -> None:
    lab = open_notebook(
        "class A:\n    x = 1\n    def f(self): return 1",
        "class A:\n    x = 2\n    def f(self): return 2",
        "def f(self): return self.x * 10\nA.f = f",
        "answer = A().f()",
    )
    assert value(lab.answers, "answer") == 20
    assert lab.output == ""


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("x = 1\n1 / 0\nanswer = 1", "cell 2, line 2: ZeroDivisionError: division by zero"),
        ("def f(:\n    pass", "cell 2, line 1: SyntaxError"),
        ("\n\nexit()", "cell 2, line 3: SystemExit"),
        ("raise KeyboardInterrupt", "cell 2, line 1: KeyboardInterrupt"),
        ("class E(Exception):\n    __str__ = None\nraise E", "cell 2, line 3: E"),
        ("x = input()", "cell 2, line 1: EOFError"),
        ("yield thing()", "cell 2, line 1: SyntaxError"),
        ("x = '\0'", "cell 2, line 1: "),
        ("def g(): missing()\ng()", "cell 2, line 1: NameError"),
    ],
)
def test_a_cell_that_fails_is_noted_and_the_next_one_runs(
    open_notebook: OpenNotebook, bad: str, words: str
) -> None:
    lab = open_notebook("answer = 41", bad, "answer += 1")
    assert value(lab.answers, "answer") == 42
    assert lab.output.startswith("While my lab.ipynb ran: cell 2, line ")
    assert words in lab.output


def test_a_name_that_is_missing_is_told_with_the_cell_that_failed(
    open_notebook: OpenNotebook,
) -> None:
    lab = open_notebook("1 / 0", "def answer()\n    return 42", "x = [][0]")
    with pytest.raises(StudentError) as caught:
        _ = lab.answers.answer
    said = caught.value.message
    assert said.startswith("my lab.ipynb defines no `answer`; cell 2, line 1: SyntaxError")
    assert "cell 1" not in said


def test_frames_name_the_cell_and_show_its_line(open_notebook: OpenNotebook) -> None:
    lab = open_notebook("x = 1", "", "def f():\n    # here\n    raise ValueError('no')")
    with pytest.raises(StudentError) as caught:
        lab.answers.f()
    frame = caught.value.frames[-1]
    assert str(frame) == "my lab.ipynb, cell 2, line 3 in f"
    assert frame.source == "raise ValueError('no')"


def test_an_import_that_fails_does_not_end_its_cell(open_notebook: OpenNotebook) -> None:
    lab = open_notebook(
        "import requests_of_old, torch\nfrom nowhere import thing\nimport math\nanswer = math.pi\n"
        "def late():\n    import nowhere_too"
    )
    assert value(lab.answers, "answer") > 3
    assert "cell 1, line 1: ModuleNotFoundError" in lab.output
    assert "cell 1, line 2: ModuleNotFoundError" in lab.output
    with pytest.raises(StudentError, match="nowhere_too"):
        lab.answers.late()


def test_what_only_shows_things_has_a_stand_in(open_notebook: OpenNotebook) -> None:
    lab = open_notebook(
        "import matplotlib.pyplot as plt, seaborn as sns\n"
        "from IPython.display import display as show, HTML\nfrom ipywidgets import interact\n"
        "plt.style.use('x')\nplt.rcParams['a'] = 1\nsns.set()\nanswer = 42",
        "with plt.ioff():\n    plt.figure(figsize=(3, 2)).axes[0].plot([1])\nplt.show()",
        "display(plt)\nshow(HTML('x'))\nget_ipython().run_line_magic('ls', '')",
        "assert 'colab' not in str(get_ipython())",
    )
    assert value(lab.answers, "answer") == 42
    assert lab.output == ""


def test_classes_of_a_cell_are_whole(open_notebook: OpenNotebook) -> None:
    lab = open_notebook(
        "from __future__ import annotations\nimport inspect, pickle, sys\n"
        "from dataclasses import dataclass, field",
        "@dataclass\nclass A:\n    x: list[Unknown] = field(default_factory=list)\n"
        "    def f(self):\n        return 'here'",
        "class B(A):\n    def f(self):\n        return super().f() + '!'",
        "answer = [pickle.loads(pickle.dumps(B([1]))).f(), B([1]) == B([1]), B.__module__,\n"
        "          'super' in inspect.getsource(B.f), sys.modules['__main__'].B is B]",
        "if __name__ == '__main__':\n    answer.append(__name__)",
    )
    assert value(lab.answers, "answer") == ["here!", True, "__main__", True, True, "__main__"]


def test_cells_may_await_as_in_jupyter(open_notebook: OpenNotebook) -> None:
    lab = open_notebook(
        "import asyncio\nevent = asyncio.Event()\nasync def late():\n"
        "    await asyncio.sleep(0)\n    return 42",
        "answer = [await late()]\nasync with asyncio.Lock():\n    answer.append(43)",
        "event.set()\nawait event.wait()\nraise ValueError(await late())",
        "answer += [i async for i in late()]",
        "answer.append(44)",
    )
    assert value(lab.answers, "answer") == [42, 43, 44]


def test_a_notebook_and_files_beside_it_import_each_other(open_notebook: OpenNotebook) -> None:
    lab = open_notebook(
        "import sys\nhere = next(p for p in sys.path if 'notebook-' in p or 'submission' in p)\n"
        "def answer():\n    import answers, toy.answers\n"
        "    return answers is toy.answers is sys.modules['__main__'], answers.answer is answer"
    )
    assert lab.answers.answer() == (True, True)


def test_a_notebook_runs_once_for_all_checks(open_notebook: OpenNotebook) -> None:
    first = open_notebook(
        "import os, random\nwho = os.getpid()\ndrawn = random.random()\nkept = []\n"
        "def now():\n    kept.append(1)\n    return os.getpid(), len(kept), os.getcwd()"
    )
    second = open_notebook(again=first)
    assert value(first.answers, "who") == value(second.answers, "who")
    assert value(first.answers, "drawn") == value(second.answers, "drawn")
    one, other = first.answers.now(), second.answers.now()
    assert one[0] != other[0]  # a process for each check
    assert one[2] != other[2]  # and a folder
    assert one[1] == other[1] == 1  # what one check changes, another does not see


HOSTILE = {
    "exits": ("import os\nos._exit(0)", "exit code 0"),
    "dies": ("import os\nos.kill(os.getpid(), 9)", "signal SIGKILL"),
    "aborts": ("import os\nos.abort()", "signal SIGABRT"),
    "closes every descriptor": ("import os\nos.closerange(0, 100)", "exit"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_cell_that_ends_the_process_is_told(open_notebook: OpenNotebook, name: str) -> None:
    source, words = HOSTILE[name]
    lab = open_notebook("answer = 42", source)
    with pytest.raises(ImportFailed, match=words) as caught:
        _ = lab.answers.answer
    assert caught.value.reason == "my lab.ipynb cannot be run"
    assert value(open_notebook("answer = 42").answers, "answer") == 42  # the next one is not hurt


LIES = {
    "answers in the host's place": "import os\nos.write(3, bytes(4) + b'\\0\\0\\0\\1' * 3)",
    "answers too much": "import os\nos.write(3, b'\\0\\0\\0\\1' * 5)",
    "gives the parent's id for a check's": "import os\n"
    "os.write(3, b'\\0\\0\\0\\1' + os.getppid().to_bytes(4, 'big'))",
    "kills the host later": "import os, threading\nthreading.Timer(0.3, os._exit, [0]).start()",
    "takes its own module away": "import sys\ndel sys.modules['__main__']\n"
    "sys.modules.pop('toy.answers', None)",
    "leaves processes behind": "import os\nif os.fork() == 0:\n    os.setsid()\n"
    "    import time\n    time.sleep(60)\n    os._exit(0)",
    "patches the engine": "import grader.worker.host as host\nhost._fork = None",
}


@pytest.mark.parametrize("name", LIES)
def test_a_host_that_lies_harms_its_own_checks_only(open_notebook: OpenNotebook, name: str) -> None:
    first = open_notebook("def answer():\n    return 42", LIES[name])
    for lab in (first, open_notebook(again=first)):
        # a process of the submission's that does not answer fails its check, and no other
        with contextlib.suppress(SubmissionProblem):
            assert lab.answers.answer() == 42
    after = open_notebook("answer = 43")
    assert value(after.answers, "answer") == 43
    assert value(after.answers, "answer") == 43


LURKER = """\
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
def others():
    found = []
    for entry in filter(str.isdigit, os.listdir('/proc')):
        try:
            status = os.stat(f'/proc/{entry}')
            parent = open(f'/proc/{entry}/stat').read().rpartition(')')[2].split()[1]
        except OSError:
            continue
        found.append([int(entry), int(parent)])
    return os.getppid(), found
"""


@pytest.mark.parametrize("how", ["another submission", "the end of the run"])
def test_a_host_ends_before_another_submission_begins(
    workers: WorkerParent, open_notebook: OpenNotebook, how: str
) -> None:
    first = open_notebook(LURKER, "host = os.getpid()")
    host = value(first.answers, "host")
    parent, found = first.answers.others()
    assert host in {pid for pid, _ in found}
    first.close()
    if how == "the end of the run":
        workers.forget()
    second = open_notebook(LURKER.replace("if os.fork() == 0:", "if False:"), "host = os.getpid()")
    again, found = second.answers.others()
    assert again == parent
    below = {pid for pid, above in found if above in (parent, host)}
    assert host not in below - {value(second.answers, "host")}
    assert len(below) == 2  # the second one's host, and its check


STOPPED = """\
import sys, types
from grader.worker import notebook
notebook.CELL_SECONDS, notebook.NOTEBOOK_SECONDS, notebook.LEAST_SECONDS = 0.5, 0.8, 0.2
module = notebook.Notebook("x")
run = notebook._Run(module, "/nowhere", "x.ipynb")
run.all([
    "answer = 40\\nimport time",
    "while True:\\n    try:\\n        time.sleep(9)\\n    except Exception:\\n        pass",
    "answer += 1",
    "time.sleep(9)",
    "time.sleep(9)",
    "answer += 1",
], walled=True)
print(module.answer)
notebook.report(module)
"""


def test_a_cell_that_takes_too_long_is_stopped_and_the_next_one_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "42", done.stderr
    assert "cell 2, line 3: stopped after" in lines[1]
    assert "cell 4, line 1: stopped after" in lines[1]
    assert "cell 5, line 1: stopped after" in lines[1]


# ------------------------------------------------------------------ whole runs


def test_a_notebook_is_checked_in_every_way(toy: Toy) -> None:
    path = toy.new_path(".ipynb")
    path.write_text(notebook("def right():\n    return 42", "1 / 0", "def wrong():\n    return 3"))
    for options in ([], ["--in-process"]):
        run = toy.run(path, "--part=answers", *options, asks=["answers.right", "answers.wrong"])
        assert run.outcomes == {"toy.answers.right": "passed", "toy.answers.wrong": "failed"}
        asks = ["answers.right", "answers.missing"]
        run = toy.run(path, "--part=answers", *options, asks=asks)
        row = run.row("toy.answers.missing")
        assert row["outcome"] == "errored"
        assert f"{path.name} defines no `missing`; cell 2, line 1: ZeroDivisionError" in row["got"]


def test_the_report_says_that_a_notebook_is_not_read(toy: Toy) -> None:
    files = {"answers.py": "def right():\n    return 42", "notes.ipynb": "[]"}
    run = toy.run(toy.submission(files), "--part=answers")
    assert "toy: answers.py is read, notes.ipynb is not." in run.text
    assert run.outcomes == {"toy.answers.right": "passed"}


@pytest.mark.parametrize(
    "name", ["course-notebook", "notebook-late-method", "notebook-syntax-error"]
)
def test_a_notebook_is_graded_like_the_same_code_in_a_file(
    tmp_path: Path, slot: Slot, name: str
) -> None:
    case = next(case for case in (*accepted("statelm"), *buggy("statelm")) if case.name == name)
    folder = case.build(tmp_path / "as-notebook")
    (path,) = folder.glob("statelm/*.ipynb")
    cells = [source for source in map(python_of, code_cells(path)) if _runs(source)]
    code = "\n".join(line for source in cells for line in source.splitlines() if "plt" not in line)
    as_file = write(tmp_path / "as-file", {"statelm/model.py": code})
    outcomes = []
    for submission in (folder, as_file):
        result = tmp_path / f"{submission.parent.name}.json"
        arguments = ["checks", f"--student={submission}", "--lab=statelm", "--seed=5"]
        slot.run(Job(ROOT, [*arguments, f"--result={result}", *QUIET]))
        rows = json.loads(result.read_text())["criteria"]
        outcomes.append({row["id"]: (row["outcome"], row["expected"]) for row in rows})
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) > 10


def _runs(source: str) -> bool:
    """Whether the cell can be part of a file: in a notebook one that cannot harms no other."""
    try:
        compile(source, "cell", "exec")
    except SyntaxError:
        return False
    return True
