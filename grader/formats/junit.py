"""JUnit XML: a suite for each submission, a case for each criterion.

Written with the standard library's ElementTree, which escapes whatever a submission says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from .feedback import Document, counts, passed, text, words

# XML 1.0 allows no other control characters, not even escaped ones
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FAILURES = frozenset({"failed", "not_implemented", "blocked"})


def junit(documents: Mapping[str, Document], *, details: bool = True) -> str:
    """The document; the names of the mapping are those of the suites."""
    root = ElementTree.Element("testsuites")
    for name, document in documents.items():
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(name))
        tally = {"failures": 0, "errors": 0, "skipped": 0}
        for criterion in document["criteria"]:
            lab, part, claim = criterion["id"].split(".", 2)
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"{lab}.{part}",
                name=claim,
                time=f"{criterion['seconds']:.3f}",
            )
            if passed(criterion):
                continue
            kind, tag = "errors", "error"
            if not counts(criterion):
                kind, tag = "skipped", "skipped"
            elif criterion["outcome"] in FAILURES:
                kind, tag = "failures", "failure"
            tally[kind] += 1
            element = ElementTree.SubElement(case, tag, message=words(criterion))
            element.text = _clean(text(criterion, details=details))
        suite.attrib |= {kind: str(count) for kind, count in tally.items()}
        suite.attrib |= {"tests": str(len(document["criteria"])), "time": f"{document['seconds']}"}
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _clean(value: str) -> str:
    return _FORBIDDEN.sub("\ufffd", value)
