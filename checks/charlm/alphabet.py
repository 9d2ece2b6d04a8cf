"""Characters, their ids, and the call of a student's `sample`."""

from __future__ import annotations

from typing import Any

from checks.support.judge import as_text, reject

# `sample` may call data.py: what fails because of a mistake there is that mistake's red line.
OF_DATA = (
    "charlm.data.vocab-*",
    "charlm.data.encode-ids",
    "charlm.data.decode-forms",
    "charlm.data.round-trip",
    "charlm.data.unknown-character",
)
BASICS = ("charlm.sample.prompt-kept", "charlm.sample.known-characters", "charlm.sample.length")


class Alphabet:
    """The characters of a text in the order of their ids, with `stoi` and `itos`.

    The tables are the student's own, since only `[]` may be asked of them and `sample` may count on
    more.  Where data.py gives no usable ones they are plain dicts, so that a mistake there is not
    counted against sample.py.  So they are where the student's have another order than the `order`
    in which a model has been trained.
    """

    def __init__(self, lab: Any, text: str, order: str = "") -> None:
        self.order = order or "".join(sorted(set(text)))
        self.stoi: Any = {c: i for i, c in enumerate(self.order)}
        self.itos: Any = dict(enumerate(self.order))
        self.lab = lab
        own = self._own_tables(text)
        if own is not None and order in ("", own[0]):
            self.order, self.stoi, self.itos = own

    def _own_tables(self, text: str) -> tuple[str, Any, Any] | None:
        try:
            build_vocab = self.lab.data.build_vocab
        except Exception:  # data.py cannot be imported or defines none: not sample.py's fault
            return None
        own = self.lab.probes_sampling.tables(build_vocab, text)
        if not isinstance(own, (list, tuple)) or len(own) != 3:
            return None
        order, stoi, itos = own
        usable = isinstance(order, str) and sorted(order) == sorted(set(text))
        return (order, stoi, itos) if usable else None

    def __len__(self) -> int:
        return len(self.order)

    def ids(self, text: str) -> list[int]:
        """The id of each character."""
        return [self.order.index(c) for c in text]

    def text(self, ids: list[int]) -> str:
        """The characters with these ids."""
        return "".join(self.order[i] for i in ids)

    def sample(self, model: Any, prompt: str, length: int, **options: Any) -> str:
        """What `sample` returns, prompt included."""
        __tracebackhide__ = True
        text = self.lab.sample.sample(model, prompt, self.stoi, self.itos, length=length, **options)
        return as_text(text, "what `sample` returns", given=call(prompt, length, options))

    def continuation(self, model: Any, prompt: str, length: int, **options: Any) -> str:
        """The new characters that `sample` adds to the prompt."""
        __tracebackhide__ = True
        text = self.sample(model, prompt, length, **options)
        new = text[len(prompt) :]
        if not text.startswith(prompt) or len(new) != length or not set(new) <= set(self.order):
            reject(
                "`sample` must return the prompt followed by `length` known characters",
                given=call(prompt, length, options),
                got=repr(text if len(text) < 200 else text[:200] + "..."),
            )
        return new


def call(prompt: str, length: int, options: dict[str, Any]) -> str:
    """The call in words, for a message."""
    shown = prompt if len(prompt) <= 40 else prompt[:37] + "..."
    settings = "".join(f", {name}={value}" for name, value in options.items())
    return f"sample(model, {shown!r}, stoi, itos, length={length}{settings})"
