"""Programs: runnable cells, a student's or an author's."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.backends import Backend, mentions_framework
from autograder.wire import codec


def definition_of(name: str) -> re.Pattern[str]:
    """Return what matches the start of a definition of `name` at the top level of a cell."""
    return re.compile(rf"^(?:async )?(?:def|class) {re.escape(name)}\b", re.MULTILINE)


@dataclass(frozen=True)
class ProgramCell:
    """One code cell.

    `number` counts the code cells from 1, as the student sees them.  `why` says why it is skipped.
    """

    number: int
    source: str
    skip: bool
    why: str = ""
    grade_id: str = ""


@dataclass(frozen=True)
class Background:
    """What is known of a notebook beside the code that runs; it explains, and decides no point.

    `python` is the version that saved it, "" if unknown; `beside` are the names of files that were
    handed in with it; `elsewhere` says of exercises in which cell that never runs they stand.
    """

    python: str = ""
    beside: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Program:
    """The code cells that run, as `(number, source)`; `number` as in `ProgramCell`.

    `until` has the number of the last cell that counts for a name, since later ones may give the
    name to something else; without it the last value counts.
    """

    cells: tuple[tuple[int, str], ...]
    until: tuple[tuple[str, int], ...] = ()

    @cached_property
    def digest(self) -> str:
        """sha256 of what runs, and of what is graded of it."""
        parts: list[Any] = [list(cell) for cell in self.cells]
        parts += [dict(self.until)] if self.until else []
        return hashlib.sha256(codec.pack(parts)).hexdigest()

    @cached_property
    def mentions_framework(self) -> bool:
        """Whether a cell mentions Keras or TensorFlow."""
        return any(mentions_framework(source) for _, source in self.cells)


def runs_on(program: Program, framework: str, backend: Backend) -> Backend:
    """Return the backend that a program runs on: "numpy" if it needs no Keras.

    Args:
        program: Anyone's.
        framework: The unit's: "numpy" or "keras".
        backend: The one of Keras.
    """
    needs_keras = framework == "keras" or program.mentions_framework
    return backend if needs_keras else "numpy"
