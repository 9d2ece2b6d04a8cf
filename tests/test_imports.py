"""Who may import whom, read from the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STANDARD = set(sys.stdlib_module_names)
PROBES = sorted((ROOT / "checks").glob("*/probes*.py"))
LIBRARIES = {"pytest", "torch", "hypothesis"}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Full names of what a file imports, relative imports resolved."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert PROBES
    assert len(sources("grader", "checks")) > 30
    assert "checks.support.judge.reject" in set(
        imported(ROOT / "tests/toy/checks/toy/test_basics.py")
    )


@pytest.mark.parametrize("path", sources("checks"), ids=relative)
def test_checks_import_their_support_and_libraries_only(path: Path) -> None:
    assert roots(path) - STANDARD <= LIBRARIES | {"checks"}
    if path.name.startswith("probes"):
        return
    lab = f"checks.{path.relative_to(ROOT / 'checks').parts[0]}."
    for name in imported(path):
        if name.startswith("checks."):
            assert name.startswith(("checks.support.", lab)), name
            assert ".probes" not in name, f"{name}: probes run beside the student's code"


@pytest.mark.parametrize("path", PROBES, ids=relative)
def test_probes_import_nothing_but_torch_and_the_standard_library(path: Path) -> None:
    assert roots(path) - STANDARD <= {"torch"}


@pytest.mark.parametrize("path", sources("grader"), ids=relative)
def test_the_engine_knows_neither_checks_nor_answers(path: Path) -> None:
    assert not roots(path) & {"checks", "reference", "student", "tests"}


@pytest.mark.parametrize("path", sources("grader/worker"), ids=relative)
def test_the_engines_half_beside_the_student_needs_nothing_of_the_judges(path: Path) -> None:
    assert roots(path) - STANDARD <= {"torch", "msgpack", "grader"}
    for name in imported(path):
        assert not name.startswith("grader") or name.startswith("grader.worker"), name


@pytest.mark.parametrize("path", sources("grader", "checks", "benchmarks"), ids=relative)
def test_nothing_imports_the_answers_or_the_template(path: Path) -> None:
    assert not roots(path) & {"reference", "student"}


@pytest.mark.parametrize("path", sources("reference", "student"), ids=relative)
def test_labs_import_torch_and_themselves(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    assert roots(path) - STANDARD <= {"torch", own}


def at_the_top(path: Path) -> set[str]:
    """The engine's modules that a module imports when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    package = path.relative_to(ROOT).parent.parts
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(package[: len(package) - node.level + 1])
            module = f"{base}.{node.module}" if node.module else base
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def test_the_engine_has_no_circular_imports() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): at_the_top(path)
        for path in sources("grader")
        if path.name != "__init__.py"
    }
    left = {name: needs & modules.keys() for name, needs in modules.items()}
    while ready := [name for name, needs in left.items() if not needs]:
        for name in ready:
            del left[name]
        for needs in left.values():
            needs.difference_update(ready)
    assert left == {}
