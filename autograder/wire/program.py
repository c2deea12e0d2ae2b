"""Programs: runnable cells, whoever wrote them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from autograder.backends import Backend, mentions_framework
from autograder.wire import codec


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
class Program:
    """The code cells that run, as `(number, source)`; `number` as in `ProgramCell`."""

    cells: tuple[tuple[int, str], ...]

    @cached_property
    def digest(self) -> str:
        """sha256 of what runs."""
        return hashlib.sha256(codec.pack([list(cell) for cell in self.cells])).hexdigest()

    @cached_property
    def mentions_framework(self) -> bool:
        """Whether a cell mentions Keras or TensorFlow."""
        return any(mentions_framework(source) for _, source in self.cells)

    def without(self, numbers: frozenset[int]) -> Program:
        """Return the program less some cells: those that had to be stopped."""
        return Program(tuple(cell for cell in self.cells if cell[0] not in numbers))


def runs_on(program: Program, framework: str, backend: Backend) -> Backend:
    """Return the backend that a program runs on: "numpy" if it needs no Keras.

    Args:
        program: Anyone's.
        framework: The unit's: "numpy" or "keras".
        backend: The one of Keras.
    """
    needs_keras = framework == "keras" or program.mentions_framework
    return backend if needs_keras else "numpy"
