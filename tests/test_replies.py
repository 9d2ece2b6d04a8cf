"""The judge beside a worker that lies: any reply is an answer or the submission's own problem."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from grader.handles import Handle, ImportFailed, Lab, Session
from grader.outcomes import Crashed, GraderError, Result, StudentError, SubmissionProblem
from grader.report import as_text
from grader.sandbox import Sandbox
from grader.verdict import judge
from grader.worker.wire import HEADER, Ref, frame, pack
from grader.workers import Child, WorkerParent
from tests.test_wire import QUICK, assert_plain, values

NOBODY = WorkerParent(Sandbox("none"), Path("/"), 0)  # never started


class Scripted:
    """A child whose next reply is given."""

    def __init__(self, reply: dict[str, Any]) -> None:
        self.reply = reply

    def ask(self, op: str, arguments: list[Any], drop: list[int]) -> dict[str, Any]:
        return self.reply


def blank() -> Result:
    return Result("toy.part.claim", "toy", "part", "A title.", "1", 1.0, "a hint")


words = st.sampled_from(["value", "raised", "end", "types", "message", "frames", "line", "module"])
reports = st.fixed_dictionaries(
    {},
    optional={
        "types": values | st.lists(st.sampled_from(["NotImplementedError", "MemoryError", ""])),
        "message": values,
        "frames": values | st.lists(st.dictionaries(st.sampled_from(["file", "line"]), values)),
        "module": values,
    },
)


@settings(QUICK, max_examples=100)
@given(st.dictionaries(words, values | reports | st.just(True)), st.sampled_from(["call", "next"]))
def test_any_reply_is_an_answer_or_the_submissions_problem(reply: dict[str, Any], op: str) -> None:
    session = Session(Scripted(reply))  # type: ignore[arg-type]
    try:
        value = session.ask(op, 1)
    except SubmissionProblem as problem:
        result = blank()
        judge(result, problem, "")
        text = as_text(result)
        assert len(text) < 30_000
        assert all(line.isprintable() for line in text.split("\n"))
    except StopIteration:
        assert op == "next"
    else:
        repr(value)


def lying_child(*messages: bytes) -> Child:
    """A child whose process has sent the messages and hung up."""
    ours, theirs = socket.socketpair()
    output, print_end = os.pipe()
    os.close(print_end)
    theirs.sendall(b"".join(messages))
    theirs.shutdown(socket.SHUT_WR)
    child = Child(NOBODY, ours, output, 0, "")
    child.allow(5.0)
    child.theirs = theirs  # type: ignore[attr-defined]  # stays open, or `ours` cannot be written to
    return child


@QUICK
@given(st.one_of(values, st.builds(lambda number: {"id": number, "value": 1}, values)))
def test_any_message_is_a_reply_or_a_crash(message: Any) -> None:
    child = lying_child(frame(pack(message)))
    try:
        reply = child.ask("call", [], [])
    except Crashed:
        pass
    else:
        assert type(reply["id"]) is int
        assert reply["id"] == 1
        assert_plain(reply)
    finally:
        child.close()
        child.theirs.close()  # type: ignore[attr-defined]


@QUICK
@given(st.binary(max_size=40))
def test_any_bytes_on_the_socket_are_a_crash(data: bytes) -> None:
    child = lying_child(data)
    with pytest.raises((Crashed, GraderError)):
        child.ask("call", [], [])
    with pytest.raises((Crashed, GraderError)):  # and it stays so
        child.ask("call", [], [])
    child.close()
    child.theirs.close()  # type: ignore[attr-defined]


def test_a_reply_to_the_question_before_it_is_not_taken_for_the_next() -> None:
    first, late = frame(pack({"id": 1, "value": 1})), frame(pack({"id": 1, "value": 2}))
    child = lying_child(first, late)
    assert child.ask("call", [], [])["value"] == 1
    with pytest.raises(Crashed):
        child.ask("call", [], [])
    child.close()
    child.theirs.close()  # type: ignore[attr-defined]


def test_a_reply_over_the_limit_is_refused_before_it_is_read() -> None:
    child = lying_child(HEADER.pack(2**32 - 1))
    with pytest.raises(Crashed, match="over the limit"):
        child.ask("call", [], [])
    child.close()
    child.theirs.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("reply", [42, None, "text", {"right": 1}, [1], torch.ones(3)])
def test_a_module_that_is_no_module_is_the_submissions_problem(reply: Any) -> None:
    lab = Lab("toy", ("answers",), {"probes": Path(__file__)}, 1, lambda _: _scripted(reply))
    with pytest.raises(ImportFailed):
        _ = lab.answers.right
    with pytest.raises(Crashed):
        _ = lab.probes


def _scripted(reply: Any) -> Any:
    return Scripted({"value": reply})


def test_an_object_that_stays_in_the_worker_gives_away_nothing_by_itself() -> None:
    handle = Session(Scripted({"value": Ref(1, "Model")})).ask("call")  # type: ignore[arg-type]
    assert isinstance(handle, Handle)
    assert repr(handle) == "<Model>"
    assert handle != handle._session.ask("call")
    assert not hasattr(handle, "__float__")
    with pytest.raises(TypeError):
        float(handle)
    with pytest.raises(Crashed):
        len(handle)


def test_a_report_of_an_exception_is_cut_to_size() -> None:
    row = {"file": "a.py", "line": 1, "function": "f", "source": "x" * 10**6}
    reply = {
        "raised": {
            "types": ["A" * 10**6] * 1000, "message": "m" * 10**6, "frames": [row] * 1000
        }
    }  # fmt: skip
    with pytest.raises(StudentError) as caught:
        Session(Scripted(reply)).ask("call")  # type: ignore[arg-type]
    assert len(caught.value.frames) <= 8
    assert len(caught.value.message) <= 4000
    assert len(str(caught.value)) < 5000
