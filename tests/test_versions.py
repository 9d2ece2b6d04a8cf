"""Which changes make a recorded run void."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.labs import LabSpec, discover
from tests.toys import write
from tests.versions import closure, code_of, of_checks

TREE = {
    "checks/toy/lab.toml": 'title = "Toy"\nparts = ["first", "second"]\nfiles = ["toy.py"]\n',
    "checks/toy/test_first.py": "from checks.toy.words import A\nlab.probes.run(A)\n",
    "checks/toy/test_first_more.py": "from checks.support import judge\n",
    "checks/toy/test_second.py": "x = 1\n",
    "checks/toy/words.py": "from checks.toy import deeper\nA = 1\n",
    "checks/toy/deeper.py": "B = 1\n",
    "checks/toy/probes.py": "def run(a): ...\n",
    "checks/toy/probes_other.py": "",
    "checks/support/judge.py": "",
    "checks/support/unused.py": "",
}


@pytest.fixture
def spec(tmp_path: Path) -> LabSpec:
    return discover(write(tmp_path, TREE) / "checks")["toy"]


def names(spec: LabSpec, part: str) -> set[str]:
    return {path.name for path in closure(spec, part)}


def test_checks_depend_on_what_they_import_and_send(spec: LabSpec) -> None:
    files = {"test_first.py", "test_first_more.py", "words.py", "deeper.py", "probes.py"}
    assert names(spec, "first") == files | {"judge.py"}
    assert names(spec, "second") == {"test_second.py"}


@pytest.mark.parametrize(
    ("file", "text", "void"),
    [
        ("toy/words.py", "from checks.toy import deeper\nA = 2\n", True),
        ("toy/deeper.py", "B = 2\n", True),
        ("toy/probes.py", "def run(a): return a\n", True),
        ("toy/test_second.py", "x = 2\n", False),
        ("toy/probes_other.py", "x = 2\n", False),
        ("support/unused.py", "x = 2\n", False),
        ("toy/deeper.py", '"""What it is."""\n\n# why\nB = 1\n', False),
    ],
)
def test_a_run_is_void_if_what_it_depends_on_changes(
    spec: LabSpec, file: str, text: str, void: bool
) -> None:
    before = of_checks(spec, "first")
    write(spec.folder.parent, {file: text})
    of_checks.cache_clear()
    assert (of_checks(spec, "first") != before) is void


def test_a_string_that_is_no_docstring_is_code() -> None:
    source = (
        'def f():\n    """What."""\n    g("""a\n# b""")  # why\n\n    # and how\n    return "c"\n'
    )
    assert code_of(source) == 'def f():\n    g("""a\n# b""")\n    return "c"'
