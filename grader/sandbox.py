"""The walls around the workers: bubblewrap where it is there.

bubblewrap was chosen because it needs no daemon and no setup, is packaged by every Linux
distribution, and is what Flatpak trusts. Inside: no network, own process ids, a read-only
interpreter, the submission and nothing else of the file system, a scratch folder that vanishes.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from . import gpus, syscalls

ENGINE_INSIDE, SUBMISSION_INSIDE = "/engine", "/submission"
SCRATCH_BYTES = 1 << 30
FORBIDDING = {
    "kernel.unprivileged_userns_clone": "0",  # Debian's own
    "kernel.apparmor_restrict_unprivileged_userns": "1",  # Ubuntu's, since 23.10
    "user.max_user_namespaces": "0",
}


@dataclass(frozen=True)
class Sandbox:
    """How a worker is started: a name for the report, and where it sees the submission."""

    name: str
    gpu: bool = False  # whether the machine's GPUs are inside

    @property
    def isolated(self) -> bool:
        """Whether the file system and the network are walled off."""
        return self.name == "bwrap"

    def folder(self, real: Path, submission: Path) -> str:
        """A folder of the submission as the worker sees it."""
        if not self.isolated:
            return str(real)
        return os.path.normpath(os.path.join(SUBMISSION_INSIDE, real.relative_to(submission)))

    def filters(self) -> AbstractContextManager[list[int]]:
        """Descriptors of the filters for `command`, for as long as they are needed."""
        return syscalls.descriptors() if self.isolated else nullcontext([])

    def command(self, python: list[str], submission: Path, filters: list[int]) -> list[str]:
        """The command line that runs `python` inside; it reads its filters from descriptors."""
        if not self.isolated:
            return python
        shown = gpus.devices() if self.gpu else []
        return [*_bwrap(submission, filters, shown), *python]

    @property
    def engine(self) -> str:
        """The folder that holds the package `grader` in the worker's eyes."""
        return ENGINE_INSIDE if self.isolated else str(Path(__file__).parent.parent)


def choose(wanted: str, gpu: bool = False) -> Sandbox:
    """The sandbox for `--sandbox auto|bwrap|none`. Raises ValueError if bwrap cannot work here."""
    if wanted == "none":
        return Sandbox("none", gpu)
    problem = bwrap_problem()
    if problem is None:
        return Sandbox("bwrap", gpu)
    if wanted == "bwrap":
        raise ValueError(f"--sandbox=bwrap: {problem}")
    return Sandbox("none", gpu)


@lru_cache(maxsize=1)
def bwrap_problem() -> str | None:
    """Why bubblewrap cannot be used here, or None if it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian: apt-get install bubblewrap)"
    with syscalls.descriptors() as filters:
        command = [*_bwrap(Path("/usr"), filters, []), "/usr/bin/env", "true"]
        trial = subprocess.run(
            command, capture_output=True, text=True, timeout=20, pass_fds=filters, check=False
        )
    if trial.returncode == 0:
        return None
    said = (trial.stderr.strip().splitlines() or ["no reason given"])[-1]
    forbidden = "".join(f" ({setting} forbids it)" for setting in forbidding())
    return f"bubblewrap does not work here: {said}{forbidden}"


def forbidding(settings: Path = Path("/proc/sys")) -> list[str]:
    """The kernel's settings that forbid namespaces to users, as sysctl shows them."""
    found = []
    for name, value in FORBIDDING.items():
        path = settings / name.replace(".", "/")
        if path.exists() and path.read_text(encoding="ascii").strip() == value:
            found.append(f"{name} = {value}")
    return found


def _bwrap(submission: Path, filters: list[int], devices: list[Path]) -> list[str]:
    arguments = ["bwrap", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for descriptor in filters:
        arguments += ["--seccomp", str(descriptor)]
    for namespace in ("ipc", "pid", "net", "uts", "cgroup-try"):
        arguments.append(f"--unshare-{namespace}")
    if os.getuid() == 0:  # the worker gives up root itself (`limits.drop_root`)
        arguments += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        arguments.append("--unshare-user")
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    for device in devices:
        arguments += ["--dev-bind", str(device), str(device)]
    for scratch in ("/tmp", "/dev/shm"):  # data loaders' processes share memory through the latter
        arguments += ["--perms", "1777", "--size", str(SCRATCH_BYTES), "--tmpfs", scratch]
    for path in _system():  # after /tmp: the interpreter may live below it
        arguments += _bind(path)
    arguments += _bind(Path(__file__).parent / "worker", f"{ENGINE_INSIDE}/grader/worker")
    arguments += _bind(submission, SUBMISSION_INSIDE)
    return [*arguments, "--chdir", "/tmp"]


def _system() -> list[Path]:
    """What an interpreter with its libraries needs of the file system."""
    paths = [Path(name) for name in ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache")]
    paths += [Path(sys.base_prefix), Path(sys.prefix)]
    paths += [Path(folder) for folder in site.getsitepackages()]
    found: list[Path] = []
    for path in paths:
        covered = any(path.is_relative_to(other) for other in found)
        if path.exists() and not covered:
            found.append(path)
    return found


def _bind(path: Path, inside: str | None = None) -> list[str]:
    if path.is_symlink() and len(path.parts) == 2:  # /bin -> usr/bin on merged systems
        return ["--symlink", os.readlink(path), str(path)]
    target = Path(inside or path)
    arguments = []
    for parent in list(target.parents)[-2::-1]:  # bubblewrap's own would be closed to others
        arguments += ["--perms", "0755", "--dir", str(parent)]
    return [*arguments, "--ro-bind", str(path), str(target)]
