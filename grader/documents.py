"""Text that is handed in beside the code: it is read here, and no code of the submission runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .criteria import marker_of
from .submission import Submission

MAX_BYTES = 2**18


class Documents:
    """Gives checks the documents of one submission."""

    def __init__(self, submission: Submission) -> None:
        self._submission = submission

    @pytest.fixture
    def document(self, request: pytest.FixtureRequest) -> Callable[[str], str | None]:
        """A function from a file's name to its text.

        The file is looked for in the lab's folder and then at the top of the submission, whatever
        the case of its letters; None stands for one that is not there. At most `MAX_BYTES` are
        read, as UTF-8, and what is not becomes U+FFFD.
        """
        marker = marker_of(request.node)
        lab = marker["id"].split(".")[0] if marker else ""
        folders = (self._submission.labs[lab], self._submission.root)

        def text_of(name: str) -> str | None:
            for path in (path for folder in folders for path in sorted(folder.iterdir())):
                if path.name.lower() == name.lower() and path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        return file.read(MAX_BYTES).decode("utf-8-sig", errors="replace")
            return None

        return text_of
