"""The students' template is the reference without its answers, and stays so."""

import dataclasses
import importlib
import inspect
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.template import TemplateError, differences, generate, main, strip_answers

ROOT = Path(__file__).parent.parent
FILES = sorted(generate(ROOT / "reference"))
MODULES = pytest.mark.parametrize("path", FILES, ids=Path.as_posix)


def load(root: str, path: Path) -> types.ModuleType:
    return importlib.import_module(".".join([root, *path.with_suffix("").parts]))


def functions(module: types.ModuleType) -> Iterator[tuple[str, Callable]]:
    """Yield the functions and methods that the module's own source defines, by qualified name."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__ or name.startswith("_"):
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value) and not dataclasses.is_dataclass(value):
            for method in vars(value).values():
                if inspect.isfunction(method):
                    yield method.__qualname__, method


def test_the_committed_template_is_the_generated_one():
    assert list(differences(generate(ROOT / "reference"), ROOT / "student")) == []


@MODULES
def test_every_function_raises_and_names_itself(path):
    for name, function in functions(load("student", path)):
        arguments = [None] * sum(
            p.default is p.empty for p in inspect.signature(function).parameters.values()
        )
        with pytest.raises(NotImplementedError) as caught:
            function(*arguments)
        assert str(caught.value).startswith(f"{path.as_posix()} {name}: not implemented - ")


@MODULES
def test_signatures_and_docstrings_are_those_of_the_reference(path):
    expected = dict(functions(load("reference", path)))
    found = dict(functions(load("student", path)))
    public = [name for name in expected if not re.search(r"\._[^_]", name)]
    assert list(found) == public
    for name, function in found.items():
        # As text: the two files' own classes have one name and are not the same.
        ours = str(inspect.signature(function)).replace("student.", "reference.")
        assert ours == str(inspect.signature(expected[name]))
        assert function.__doc__ == expected[name].__doc__


def test_making_a_model_raises_as_well():
    model = load("student", Path("charlm/model.py"))
    with pytest.raises(NotImplementedError, match=r"charlm/model\.py CharLSTM\.__init__"):
        model.CharLSTM(vocab_size=65)


SOURCE = '''\
"""What a student reads,
over two lines.

The equations, which give it away.
"""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from ._inner import helper

_SECRET = math.pi
PUBLIC = 3  # stays

# Why it is so.
Pair = tuple[Tensor, Tensor]


@torch.no_grad()
def public(x: Tensor, pairs: Iterable[Pair] = ()) -> "Tensor":  # of any shape
    """Say "yes". And more.

    Raises ValueError.
    """
    return helper(x)


def _private():
    return _SECRET


class Thing(nn.Module):
    """A thing."""

    size: int = PUBLIC
    _hidden = 1

    def __len__(self) -> int:
        """Count."""
        return 1

    def _inside(self) -> None:
        pass

    @staticmethod
    def make(n: int) -> "Thing":
        """Make a thing of a size that takes quite a number of words to say, so that lines wrap."""
        return Thing()


if __name__ == "__main__":
    public()
'''

TEMPLATE = '''\
"""What a student reads,
over two lines.
"""

from collections.abc import Iterable

from torch import Tensor, nn

PUBLIC = 3  # stays

# Why it is so.
Pair = tuple[Tensor, Tensor]


def public(x: Tensor, pairs: Iterable[Pair] = ()) -> "Tensor":  # of any shape
    """Say "yes". And more.

    Raises ValueError.
    """
    raise NotImplementedError("lab/a.py public: not implemented - Say \\"yes\\". And more")


class Thing(nn.Module):
    """A thing."""

    size: int = PUBLIC

    def __len__(self) -> int:
        """Count."""
        raise NotImplementedError("lab/a.py Thing.__len__: not implemented - Count")

    @staticmethod
    def make(n: int) -> "Thing":
        """Make a thing of a size that takes quite a number of words to say, so that lines wrap."""
        raise NotImplementedError(
            "lab/a.py Thing.make: not implemented - "
            "Make a thing of a size that takes quite a number of words to say, so that lines wrap"
        )
'''


def test_answers_vanish_and_the_contract_stays():
    assert strip_answers(SOURCE, "lab/a.py") == TEMPLATE


def test_a_public_function_must_say_what_it_does():
    with pytest.raises(TemplateError, match=r"lab/a\.py: f is public and has no docstring"):
        strip_answers("def f():\n    return 1\n", "lab/a.py")


def test_public_code_cannot_lean_on_a_private_name():
    source = '_N = 3\n\n\ndef f(n: int = _N) -> int:\n    """Do."""\n    return n\n'
    with pytest.raises(TemplateError, match=r"public code mentions the private _N"):
        strip_answers(source, "lab/a.py")


@pytest.fixture
def roots(tmp_path):
    """A reference of one public and one private file, and the place for its template."""
    lab = tmp_path / "reference" / "lab"
    lab.mkdir(parents=True)
    (lab / "a.py").write_text('def f():\n    """Do."""\n    return 1\n')
    (lab / "_b.py").write_text("x = 1\n")
    return tmp_path / "reference", tmp_path / "student"


def test_the_command_writes_and_then_agrees(roots, capsys):
    reference, student = map(str, roots)
    assert main([reference, student, "--check"]) == 1
    assert "a.py is missing" in capsys.readouterr().out
    assert main([reference, student]) == 0
    assert main([reference, student, "--check"]) == 0
    assert [path.name for path in roots[1].glob("*/*")] == ["a.py"]
    assert capsys.readouterr().out == ""


def test_the_check_names_the_files_that_differ(roots, capsys):
    reference, student = map(str, roots)
    main([reference, student])
    with (roots[1] / "lab" / "a.py").open("a") as file:
        file.write("x = 1\n")
    (roots[1] / "lab" / "old.py").write_text("")
    assert main([reference, student, "--check"]) == 1
    printed = capsys.readouterr().out
    assert "a.py differs" in printed
    assert "old.py has no counterpart" in printed


def test_a_reference_that_is_not_there_is_an_error_not_an_empty_template(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere"), str(tmp_path), "--check"]) == 2
    assert "holds no lab" in capsys.readouterr().err
