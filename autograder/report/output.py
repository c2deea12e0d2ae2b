"""The one way out: whatever is printed, logged or written as text leaves through here.

What reports show is cleaned where they are made.  This is the second lock: a text that somebody
forgot to clean changes no terminal, begins no command of a CI system and hides nothing, whichever
command prints it, or library, or traceback.  `tests/unit/test_architecture.py` fails for a module
that prints or writes past it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from autograder.files import PUBLIC, write_output
from autograder.report.sanitize import escaped_json, harmless, inert, one_line

# What CI systems take for a command in what a step prints, up to the character that makes it one:
# GitHub Actions' at the start of a line, its old ones, Azure's and TeamCity's anywhere.
_COMMAND = re.compile(
    r"(?P<begins>(?:^|[\n\r])(?:[^\S\n\r]|\x1b\[[0-9;]*m)*:):|(?P<holds>##(?:vso|teamcity)?)\["
)
# What Rich writes on a terminal: colours, a line that is drawn again, the cursor's visibility.
_OURS = re.compile(r"(\x1b\[[0-9;]*[mKA]|\x1b\[\?25[lh]|\r)")
_REMEMBERED = 200  # characters of a line that is not finished yet


class Guarded:
    """A stream that lets harmless text through, and nothing else.

    It has no `buffer`, by which libraries would write past it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream
        self._line = ""  # the end of what was written since the last line's end

    def write(self, text: str) -> int:
        """Write text; return how much was given, as streams do."""
        coloured = self.unguarded.isatty() or os.environ.get("FORCE_COLOR")  # as Rich decides
        safe = _kept(text) if coloured else inert(text)
        whole = without_commands(self._line + safe)
        new = whole[len(self._line) :]
        self._line = re.split(r"[\n\r]", whole)[-1][-_REMEMBERED:]
        _write(self.unguarded, new)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write texts one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.unguarded, name)


def without_commands(text: str) -> str:
    """Return text of the same length in which a CI system finds no command."""
    return _COMMAND.sub(
        lambda found: f"{found['begins']}·" if found["begins"] else f"{found['holds']}(", text
    )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let everything that this process prints meanwhile through the guard, tracebacks included."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(guard, before)
    sys.excepthook = _print_exception
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def guard(stream: Any) -> Any:
    """Return a stream behind the guard; None, where a process has none, stays."""
    return stream if stream is None or isinstance(stream, Guarded) else Guarded(stream)


def say(text: str, error: bool = False) -> None:
    """Print a line of unknown origin, or several."""
    stream = guard(sys.stderr if error else sys.stdout)
    stream.write(f"{inert(text)}\n")
    stream.flush()


def show(text: str) -> None:
    """Print text on stdout as it is given, line ends included."""
    guard(sys.stdout).write(text)


def command(line: str) -> None:
    """Print a command for GitHub Actions, which is ours: its data were escaped."""
    stream = getattr(sys.stdout, "unguarded", sys.stdout)
    _write(stream, f"{one_line(line, 100_000)}\n")


def write(path: Path, text: str, *, mode: int = PUBLIC, encoding: str = "utf-8") -> None:
    """Write a report that a person asked for, whole or not at all.

    In JSON, characters that can't be seen become numbers, which programs read as the same text.

    Raises:
        OutputError: the disk is full, or the folder can't be written.
    """
    safe = escaped_json(text) if path.suffix == ".json" else harmless(text)
    write_output(path, safe.encode(encoding), mode)


def append(path: Path, text: str) -> None:
    """Add text to a file of another program's, such as a summary that GitHub shows."""
    with path.open("a", encoding="utf-8") as file:
        file.write(harmless(text))


class CleanLog(logging.Filter):
    """Makes what is logged harmless text; for loggers whose handlers are not ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a record; none is left out."""
        record.msg, record.args = without_commands(inert(record.getMessage())), ()
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text = without_commands(inert(trace))
        return True


def clean_log(logger: logging.Logger | logging.LoggerAdapter[Any]) -> None:
    """Have a logger of another package let harmless text through alone."""
    own = logger.logger if isinstance(logger, logging.LoggerAdapter) else logger
    if not any(isinstance(one, CleanLog) for one in own.filters):
        own.addFilter(CleanLog())


def _kept(text: str) -> str:
    """Return what may go to a terminal: Rich's own sequences, and clean text between them."""
    parts = _OURS.split(text)
    return "".join(part if index % 2 else inert(part) for index, part in enumerate(parts))


def _write(stream: TextIO, text: str) -> None:
    """Write text; what the stream's encoding can't say is written as a number."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _print_exception(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    say("".join(traceback.format_exception(kind, error, trace)).rstrip(), error=True)
