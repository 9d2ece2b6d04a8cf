"""GitHub Actions: a Markdown summary of the job, and annotations at the student's line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .feedback import Document, counts, passed, readable, text, words

_PLACE = re.compile(r"(?P<file>[^:\n]+\.py):(?P<line>\d+) in ")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~])")
MAX_ANNOTATIONS = 10  # what GitHub shows of a step


def summary(document: Document, *, details: bool = True) -> str:
    """What goes to the file that `$GITHUB_STEP_SUMMARY` names."""
    lines = [f"## Score {document['score']:g} of {document['max_score']:g}", ""]
    lines += ["| criterion | outcome | points |", "|---|---|---:|"]
    for criterion in document["criteria"]:
        points = f"{criterion['points']:g} / {criterion['max_points']:g}"
        lines.append(f"| {escape(criterion['id'])} | {words(criterion)} | {points} |")
    for criterion in document["criteria"]:
        if criterion["outcome"] in ("passed", "blocked", "skipped"):
            continue
        head = f"{criterion['id']} - {words(criterion)}"
        lines += ["", f"<details><summary>{_html(head)}</summary>", "", "```text"]
        lines += text(criterion, details=details).replace("```", "` ` `").splitlines()
        lines += ["```", "", "</details>"]
    lines += ["", f"Seed {document['seed']}, sandbox: {document['sandbox']}.", ""]
    return "\n".join(lines)


def commands(
    document: Document, folder: str = "", *, files: Collection[str] = (), details: bool = True
) -> Iterator[str]:
    """Annotations as workflow commands, one for each lab's and file's first failures.

    `folder` is where the submission lies in the repository. `files` are the repository's own, as
    far as they are known: a place is named as it is found there, since a lab's files may lie in no
    folder of the lab's name.
    """
    criteria = filter(counts, document["criteria"])
    red = [one for one in criteria if not passed(one) and one["outcome"] != "blocked"]
    for criterion in red[:MAX_ANNOTATIONS]:
        place = _PLACE.match(criterion["where"])
        where = ""
        if place:
            path = _path(criterion["lab"], place["file"], folder, files)
            where = f" file={_property(path)},line={place['line']},"
        title = _property(f"{criterion['id']} - {words(criterion)}")
        separator = "" if where else " "
        yield f"::error{where}{separator}title={title}::{_data(text(criterion, details=details))}"


def _path(lab: str, file: str, folder: str, files: Collection[str]) -> str:
    for wanted in (f"{lab}/{file}", file):
        found = [one for one in files if one == wanted or one.endswith(f"/{wanted}")]
        if found:
            return min(found, key=lambda one: (one.count("/"), one))
    return "/".join(filter(None, [folder, lab, file]))


def escape(value: str) -> str:
    """Text without meaning to Markdown."""
    return _SPECIAL.sub(r"\\\1", value.replace("\n", " "))


def _html(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _data(value: str) -> str:
    return readable(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
