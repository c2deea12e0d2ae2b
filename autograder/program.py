"""Programs: runnable cells, whoever wrote them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder import evidence
from autograder.early import mentions_framework
from autograder.ipynb import EXPERIMENT, grade_id_of, nbgrader_metadata


@dataclass(frozen=True)
class ProgramCell:
    """One code cell.  `number` counts from 1 as the student sees them; `why` it is skipped."""

    number: int
    source: str
    skip: bool
    why: str = ""
    grade_id: str = ""


@dataclass(frozen=True)
class Program:
    """The code cells that run, as `(number, source)`; `number` counts as the student counts."""

    cells: tuple[tuple[int, str], ...]

    @cached_property
    def hash(self) -> str:
        """sha256 of what runs."""
        return hashlib.sha256(evidence.pack([list(cell) for cell in self.cells])).hexdigest()

    @cached_property
    def mentions_framework(self) -> bool:
        """Whether a cell mentions Keras or TensorFlow."""
        return any(mentions_framework(source) for _, source in self.cells)

    def without(self, numbers: frozenset[int]) -> Program:
        """The program less some cells (those that had to be stopped)."""
        return Program(tuple(cell for cell in self.cells if cell[0] not in numbers))


def program_cells(notebook: Any, grade_ids: Collection[str]) -> tuple[ProgramCell, ...]:
    """Return the code cells of a notebook that `ipynb.read` gave.

    Skipped are cells tagged `experiment` and the unit's own grade cells; a grade cell by another
    name is a student's cell like any other.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return tuple(_program_cell(n, cell, grade_ids) for n, cell in enumerate(cells, 1))


def program_hash(cells: Sequence[ProgramCell]) -> str:
    """sha256 of what runs: sources, and which cells are skipped; not outputs, path or student."""
    content = json.dumps([None if cell.skip else cell.source for cell in cells])
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def _program_cell(number: int, cell: Any, grade_ids: Collection[str]) -> ProgramCell:
    # JSON can hold half a character, which neither Python nor a report can.
    source = cell["source"].encode("utf-8", "replace").decode("utf-8")
    grade_id = grade_id_of(cell)
    why = ""
    if EXPERIMENT in cell["metadata"].get("tags", ()):
        why = "experiment"
    elif grade_id in grade_ids and nbgrader_metadata(cell).get("grade") is True:
        why = "grade cell"
    return ProgramCell(number, source, bool(why), why, grade_id)
