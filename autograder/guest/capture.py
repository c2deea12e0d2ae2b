"""Catching what a program prints, up to a limit."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from autograder.wire.evidence import MAX_TEXT

_CUT = "\n… (cut here)"


class _Bounded(io.TextIOBase):
    """A text stream that keeps the first `MAX_TEXT` characters."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = MAX_TEXT - len(_CUT)
        self._cut = False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._room > 0:
            self._parts.append(text[: self._room])
        self._cut = self._cut or len(text) > self._room
        self._room -= len(text)
        return len(text)

    def text(self) -> str:
        return "".join(self._parts) + (_CUT if self._cut else "")


@contextmanager
def captured() -> Iterator[_Bounded]:
    """Catch both streams; give the text with `text()`."""
    stream = _Bounded()
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream
    try:
        yield stream
    finally:
        sys.stdout, sys.stderr = before
