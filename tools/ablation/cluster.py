"""Rows on the workers of a Dask cluster: the submission and the text travel as bytes.

A worker trains a row in a process of its own, so that rows on one worker do not share random
states, modules or threads. Unlike in grading there are no walls around the submission's code.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from pathlib import Path

import torch

from grader.classes.cluster import DEATHS, ClusterError, Parcel, connect
from grader.labs import PROJECT
from tools.submission import UsageError, words_of
from tools.texts import Corpus
from tools.training.config import as_options
from tools.training.interrupt import Stop

from .rows import RNN, SHAPE, Planned, Row

LOOK_SECONDS = 0.5  # between two looks at whether it is to stop


def version() -> str:
    """What must be the same on all machines, or their rows could not be compared."""
    digest = hashlib.sha256(torch.__version__.partition("+")[0].encode())
    for path in sorted((PROJECT / "tools").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def train_rows(
    address: str,
    student: Path,
    corpus: Corpus,
    rows: Sequence[Planned],
    more: Sequence[str],
    stop: Stop,
) -> Iterator[tuple[Planned, Row | str]]:
    """Give each row when it is done, or a sentence that says why it is not.

    `more` are further options of the command. Ends early when stopped. Raises UsageError if the
    cluster cannot be used.
    """
    try:
        client = connect(address)
    except ClusterError as error:
        raise UsageError(str(error)) from error
    executor = client.get_executor(pure=False, retries=DEATHS)
    try:
        parcel, own = Parcel.of(student), version()
        sent = {
            executor.submit(train_parcel, parcel, corpus.text, one, more, own): one for one in rows
        }
        while sent and not stop.asked:
            for future in wait(sent, LOOK_SECONDS, FIRST_COMPLETED).done:
                yield sent.pop(future), _answer(future)
    finally:
        executor.shutdown(wait=False)
        client.close(timeout=2)


def _answer(future: Future[Row | str]) -> Row | str:
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return "each of the workers that had it died"
    except CancelledError:
        return "the scheduler is gone"
    except Exception as error:
        return f"a worker failed: {words_of(error)}"


def train_parcel(
    parcel: Parcel, text: str, one: Planned, more: Sequence[str], wanted: str
) -> Row | str:
    """A worker's part: train the row in a process of its own."""
    if version() != wanted:
        return "a worker has another version of this project, or of torch"
    with tempfile.TemporaryDirectory(prefix="row-") as name:
        folder = Path(name)
        (folder / "corpus.txt").write_bytes(text.encode())
        (folder / "student").mkdir()
        student = parcel.unpack(folder / "student")
        shape = "/".join(str(getattr(one.config, name)) for name in SHAPE)
        shape += RNN if one.config.cell == "rnn" else ""
        command = [sys.executable, "-m", "tools.ablate", "--student", str(student)]
        command += ["--corpus", str(folder / "corpus.txt"), "--out", str(folder / "out")]
        command += ["--config", shape, *as_options(one.config, without=(*SHAPE, "cell")), *more]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        found = sorted((folder / "out" / "rows").glob("*.json"))
        if done.returncode or not found:
            said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            return said.removeprefix(f"ablate: {one.name}: ")
        row: Row = json.loads(found[0].read_text(encoding="utf-8"))
        return row
