"""The pytest plugin's beginning: options, and a submission staged with its workers launched.

What needs torch is imported only after the workers' parent has been launched, so that the two
processes import it side by side.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import gpus
from .labs import LabSpec, derive_seed, discover
from .launch import Launched, launch
from .options import add_options, refuse_nonsense
from .sandbox import Sandbox, choose
from .submission import Submission, SubmissionError, stage

if TYPE_CHECKING:
    from .workers import WorkerParent

SHARED = "shared-workers"  # the name under which `Sharing` brings workers that run already


class Sharing:
    """Hands a WorkerParent that runs already to this plugin; the submission is staged below its."""

    def __init__(self, parent: WorkerParent) -> None:
        self.parent = parent

    def pytest_addoption(self, pluginmanager: pytest.PytestPluginManager) -> None:
        """Register the workers before the command line is read."""
        pluginmanager.register(self.parent, SHARED)


@dataclass(frozen=True)
class Setting:
    """What a run is about: all labs, the submission, its walls, the seed, the first worker."""

    labs: dict[str, LabSpec]
    submission: Submission
    sandbox: Sandbox
    seed: int
    launched: Launched | None

    @property
    def hash_seed(self) -> int:
        """`PYTHONHASHSEED` of the workers."""
        return derive_seed(self.seed, "hash") % 2**32


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the engine's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Where checks are asked for, stage the submission and start the workers at once."""
    config.addinivalue_line(
        "markers", "criterion(id, points, section, hint, requires, seconds): a graded claim"
    )
    config.addinivalue_line("markers", "gpu: needs a GPU")
    checks = config.rootpath / "checks"
    if _asks_for(config, checks) and not config.option.collectonly:
        setting = _set_up(config, discover(checks))
        if config.option.in_process:  # a warning is no error of a submission, as in its own process
            config.addinivalue_line("filterwarnings", "default")
        from .documents import Documents
        from .grading import Grading
        from .terminal import quieten

        quieten(config)
        config.pluginmanager.register(Grading(config, setting), "grading")
        config.pluginmanager.register(Documents(setting.submission), "documents")


def _asks_for(config: pytest.Config, folder: Path) -> bool:
    """Whether every path on the command line lies in the folder of checks."""
    paths = [Path(config.invocation_params.dir, arg.split("::")[0]) for arg in config.args]
    return bool(paths) and all(
        Path(os.path.normpath(path)).is_relative_to(folder) for path in paths
    )


def _walls(option: Any) -> Sandbox:
    gpu = gpus.asked_for(option)
    return Sandbox("none", gpu) if option.in_process else choose(option.sandbox, gpu)


def _set_up(config: pytest.Config, labs: dict[str, LabSpec]) -> Setting:
    """Stage the submission and launch its workers. Raises pytest.UsageError, exit status 4."""
    refuse_nonsense(config)
    option = config.option
    for name in option.lab:
        if name not in labs:
            raise pytest.UsageError(
                f"--lab {name}: there is no such lab; there are {', '.join(labs)}"
            )
    parts = [part for lab in labs.values() for part in lab.parts]
    for part in option.part:
        if part not in parts:
            raise pytest.UsageError(
                f"--part {part}: there is no such part; there are {', '.join(dict.fromkeys(parts))}"
            )
    wanted = {name: lab for name, lab in labs.items() if name in (option.lab or labs)}
    shared: WorkerParent | None = config.pluginmanager.get_plugin(SHARED)
    try:
        sandbox = shared.sandbox if shared is not None else _walls(option)
        path = Path(config.invocation_params.dir, option.student)
        submission = stage(path, wanted, below=shared.submission if shared else None)
    except (SubmissionError, ValueError) as error:
        raise pytest.UsageError(str(error)) from error
    seed = secrets.randbelow(2**40) if option.seed is None else option.seed
    setting = Setting(labs, submission, sandbox, seed, None)
    if option.in_process or shared is not None:
        return setting
    launched = launch(sandbox, submission.root, setting.hash_seed)
    return Setting(labs, submission, sandbox, seed, launched)
