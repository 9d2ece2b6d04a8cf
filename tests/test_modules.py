"""Every way in which a student may import a sibling gives one and the same module."""

from __future__ import annotations

from typing import Any

import pytest

from grader.handles import ImportFailed
from tests.conftest import OpenLab

DATA = "created = []\nclass Vocabulary:\n    pass\ncreated.append(1)\n"


def answers(open_lab: OpenLab, files: dict[str, str]) -> Any:
    """The value of `answer` in `answers.py`."""
    told = files["answers.py"] + "\ndef told(): return answer\n"
    return open_lab({**files, "answers.py": told}).answers.told()


def test_three_forms_of_import_give_one_module(open_lab: OpenLab) -> None:
    text = (
        "import data\nfrom . import data as second\nimport toy.data as third\n"
        "from data import Vocabulary\nfrom .data import Vocabulary as V2\n"
        "from toy.data import Vocabulary as V3\nimport sys\n"
        "answer = [data is second is third, Vocabulary is V2 is V3, data.created,\n"
        "          data.__name__, data.__spec__.name, sys.modules['data'] is data]\n"
    )
    for order in (text, "from .data import created\n" + text, "import toy.data\n" + text):
        assert answers(open_lab, {"data.py": DATA, "answers.py": order}) == [
            True, True, [1], "toy.data", "toy.data", True
        ]  # fmt: skip


def test_a_package_init_is_run_once_and_may_import_siblings(open_lab: OpenLab) -> None:
    files = {
        "__init__.py": (
            "from .data import Vocabulary\nfrom data import created\ncount = len(created)\n"
        ),
        "data.py": DATA,
        "answers.py": (
            "import toy\nfrom toy import Vocabulary\nanswer = [toy.count, toy.__path__[0]]\n"
        ),
    }
    count, folder = answers(open_lab, files)
    assert count == 1
    assert "/" in folder


def test_a_file_named_like_a_library_hides_nothing(open_lab: OpenLab) -> None:
    files = {
        "random.py": "mine = True\ndef told(): return mine\n",
        "torch.py": "mine = True\ndef told(): return mine\n",
        "numpy/__init__.py": "mine = True\n",
        "numpy/linalg.py": "mine = True\n",
        "types.py": "mine = True\n",
        "grader.py": "mine = True\n",
        "answers.py": (
            "import random, torch, types, numpy.linalg\n"
            "from . import random as own, torch as own_torch\n"
            "from torch.utils.data import DataLoader\nimport torch.nn.functional\n"
            "answer = [hasattr(random, 'gauss'), own.mine, hasattr(torch, 'nn'), own_torch.mine,\n"
            "          hasattr(types, 'ModuleType'), hasattr(numpy.linalg, 'norm')]\n"
        ),
    }
    assert answers(open_lab, files) == [True] * 6
    lab = open_lab(files)
    assert (lab.random.told(), lab.torch.told()) == (True, True)


def test_folders_of_modules_can_be_imported(open_lab: OpenLab) -> None:
    files = {
        "parts/__init__.py": "from . import cell\nfrom .cell import size\n",
        "parts/cell.py": "from ..data import Vocabulary\nsize = 3\n",
        "bare/gate.py": "size = 4\n",
        "data.py": DATA,
        "answers.py": (
            "import parts.cell, data\nfrom .parts import size\n"
            "from toy.bare.gate import size as four\nimport toy.parts.cell as same\n"
            "assert same is parts.cell\n"
            "answer = [size, four, same.Vocabulary is data.Vocabulary]\n"
        ),
    }
    assert answers(open_lab, files) == [3, 4, True]


@pytest.mark.parametrize("form", ["import {0}", "from . import {0}", "import toy.{0} as {0}"])
def test_circular_imports_work_as_in_python(open_lab: OpenLab, form: str) -> None:
    files = {
        "data.py": f"{form.format('answers')}\nsize = 3\ndef back(): return answers.base\n",
        "answers.py": f"base = 2\n{form.format('data')}\nanswer = [data.size, data.back()]\n",
    }
    assert answers(open_lab, files) == [3, 2]


def test_a_module_that_fails_is_not_taken_for_one_that_works(open_lab: OpenLab) -> None:
    files = {
        "data.py": "size = 3\nraise ValueError('half')\n",
        "answers.py": (
            "answer = []\nfor _ in range(2):\n"
            "    try:\n        import data\n    except ValueError as error:\n"
            "        answer.append(str(error))\n"
        ),
    }
    assert answers(open_lab, files) == ["half", "half"]


def test_an_import_that_fails_names_the_students_line(open_lab: OpenLab) -> None:
    lab = open_lab({"answers.py": "import data\n", "data.py": "x = 1\nimport nothing_there\n"})
    with pytest.raises(ImportFailed) as caught:
        _ = lab.answers.answer
    frames = [(frame.file, frame.line) for frame in caught.value.problem.frames]  # type: ignore[attr-defined]
    assert frames[-1] == ("data.py", 2)
    assert ("answers.py", 1) in frames


def test_relative_files_and_resources_are_found(open_lab: OpenLab) -> None:
    files = {
        "words.txt": "hello",
        "answers.py": (
            "from pathlib import Path\nimport sys\n"
            "answer = [Path('words.txt').read_text(),\n"
            "          Path(__file__).with_name('words.txt').read_text(), __name__]\n"
            "Path('scratch.txt').write_text('kept until the check ends')\n"
            "answer.append(Path('scratch.txt').exists())\n"
        ),
    }
    assert answers(open_lab, files) == ["hello", "hello", "toy.answers", True]


def test_main_blocks_do_not_run_and_relative_main_imports_fall_back(open_lab: OpenLab) -> None:
    text = (
        "try:\n    from .data import created\nexcept ImportError:\n    from data import created\n"
        "answer = created\nif __name__ == '__main__':\n    answer = None\n"
    )
    assert answers(open_lab, {"answers.py": text, "data.py": DATA}) == [1]
