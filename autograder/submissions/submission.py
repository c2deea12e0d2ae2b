"""What was handed in, read: hand-ins -> submissions and problems.

Never executes anything and believes nothing that a student can edit: points, grade cells and
their sources are the course's.  Whose a notebook is, its place alone says (`identify`); its unit,
the place as well, and only where that says nothing the notebook's metadata `autograder.unit`, then
its grade ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.course.notebook import check_id
from autograder.submissions import places
from autograder.submissions.background import background, last_cells
from autograder.submissions.choose import Candidate, Choice, choices
from autograder.submissions.identify import HandIn, Placed, UsageError, hand_ins
from autograder.submissions.names import code, listed, printable, several
from autograder.submissions.notebook_file import (
    EXPERIMENT,
    UnreadableError,
    grade_id_of,
    nbgrader_metadata,
)
from autograder.submissions.notes import cell_notes
from autograder.submissions.outline import GradeCell, UnitOutline, outline
from autograder.submissions.reader import Allowance, Readers
from autograder.wire.program import Background, Program, ProgramCell

__all__ = [
    "GradeCell",
    "Problem",
    "ProgramCell",
    "Submission",
    "UnitOutline",
    "UsageError",
    "cells_digest",
    "find",
    "outline",
    "program_cells",
    "read",
]


@dataclass(frozen=True)
class Submission:
    """One student's notebook for one unit; `digest` is of what runs.

    `claimed` says that nothing but the hand-in itself names the unit.  `until` is the program's.
    """

    student: str
    unit: str
    path: str
    cells: tuple[ProgramCell, ...]
    notes: tuple[str, ...]
    digest: str
    claimed: bool = False
    until: tuple[tuple[str, int], ...] = ()
    background: Background = field(default_factory=Background)

    @property
    def program(self) -> Program:
        """Return what runs of it."""
        cells = tuple((c.number, c.source) for c in self.cells if not c.skip)
        return Program(cells, self.until)


@dataclass(frozen=True)
class Problem:
    """Something that can't be graded: what was seen, what was expected, what to do."""

    student: str
    unit: str
    path: str
    message: str
    claimed: bool = False


def program_cells(notebook: Any, grade_ids: Collection[str]) -> tuple[ProgramCell, ...]:
    """Return the code cells of a notebook that `notebook_file.read` gave.

    Skipped are cells tagged `experiment` and the unit's own grade cells; a grade cell by another
    name is a student's cell like any other.
    """
    cells = code_cells(notebook, grade_ids)
    return tuple(_program_cell(n, cell, grade_ids) for n, cell in enumerate(cells, 1))


def code_cells(notebook: Any, grade_ids: Collection[str]) -> list[Any]:
    """Return the cells that count as code: also one of the unit's whose type was changed."""
    cells = notebook["cells"]
    code = {grade_id_of(cell) for cell in cells if cell["cell_type"] == "code"}
    return [
        cell
        for cell in cells
        if cell["cell_type"] == "code"
        or (_is_the_units(cell, grade_ids) and grade_id_of(cell) not in code)
    ]


def _is_the_units(cell: Any, grade_ids: Collection[str]) -> bool:
    """Return whether a cell is marked as an answer or a grade cell of the unit."""
    marks, grade_id = nbgrader_metadata(cell), grade_id_of(cell)
    answers = marks.get("solution") is True and check_id(grade_id) in grade_ids
    return answers or (marks.get("grade") is True and grade_id in grade_ids)


def cells_digest(cells: Sequence[ProgramCell]) -> str:
    """sha256 of what runs: sources, and which cells are skipped; not outputs, path or student."""
    content = json.dumps([[cell.grade_id] if cell.skip else cell.source for cell in cells])
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


def find(
    paths: Sequence[Path],
    units: Mapping[str, UnitOutline],
    unit: str | None = None,
    student: str | None = None,
    readers: Readers | None = None,
) -> tuple[list[Submission], list[Problem]]:
    """Find and read all that was handed in at `paths`; see `identify.hand_ins` and `read`."""
    if readers is None:
        with Readers() as readers:
            return find(paths, units, unit, student, readers)
    submissions: list[Submission] = []
    problems: list[Problem] = []
    for hand_in in hand_ins(paths, list(units), unit, student):
        read_now, refused = read(hand_in, units, readers)
        submissions += read_now
        problems += refused
    return submissions, problems


def read(
    hand_in: HandIn, units: Mapping[str, UnitOutline], readers: Readers
) -> tuple[list[Submission], list[Problem]]:
    """Read what one student handed in; whatever it is, within one `Allowance`.

    Args:
        hand_in: one student's files.
        units: the course's units by name.
        readers: the processes that read.

    Raises:
        ReaderError: reading failed through no fault of the student's.
    """
    allowance = Allowance()
    candidates: dict[Candidate, Submission | Problem] = {}
    for number, placed in enumerate(hand_in.files):
        found, marked = _submission(placed, units, readers, allowance)
        candidates[_candidate(number, placed, found, marked)] = found
    submissions: list[Submission] = []
    problems: list[Problem] = []
    for choice in choices(list(candidates)):
        chosen = _one_of(choice, [candidates[one] for one in choice.chosen])
        if isinstance(chosen, Submission):
            notes = (*hand_in.notes, *choice.notes, *chosen.notes)
            submissions.append(replace(chosen, notes=notes))
        else:
            problems.append(chosen)
    return submissions, problems


def _candidate(number: int, placed: Placed, found: Submission | Problem, marked: bool) -> Candidate:
    name = placed.name or Path(found.path).name
    if isinstance(found, Submission):
        return Candidate(number, placed.hand_in, name, found.unit, found.digest, marked)
    return Candidate(number, placed.hand_in, name, found.unit, marked=marked, problem=found.message)


def _one_of(choice: Choice, chosen: Sequence[Submission | Problem]) -> Submission | Problem:
    """Return what counts; nobody can tell which of two notebooks is meant, so neither is graded."""
    first = chosen[0]
    if len(chosen) == 1:
        if isinstance(first, Submission) or not choice.beside:
            return first
        others = several([one.name for one in choice.beside])
        return replace(first, message=f"{first.message} (Beside it, not graded: {others}.)")
    places = " and ".join(f"`{one.path}`" for one in chosen[:5])
    message = (
        f"`{first.student}` handed in {len(chosen)} notebooks for `{first.unit}`: {places}. "
        "Expected one; none is graded. Keep the right one. (If the name is that of a folder with a "
        "whole class, give that folder itself.)"
    )
    claimed = all(one.claimed for one in chosen)
    return Problem(first.student, first.unit, first.path, message, claimed)


def _submission(
    placed: Placed, units: Mapping[str, UnitOutline], readers: Readers, allowance: Allowance
) -> tuple[Submission | Problem, bool]:
    """Return what a file is, and whether it says itself which unit it is for."""
    path = printable(placed.file.path)
    problem = Problem(placed.student, placed.unit, path, "", not placed.decided)
    try:
        notebook, notes = readers.read(
            places.read(placed.file, readers.archives), allowance=allowance
        )
    except UnreadableError as error:
        return replace(problem, message=str(error)), False
    chosen, doubts = _unit(notebook, placed, units)
    if not chosen:
        message = (
            "It can't be told which unit this notebook is for: neither its name, its folder, its "
            f"metadata nor its grade cells say so. The units are {listed(units)}. Name the file "
            "`<unit>.ipynb`, or give the unit when grading."
        )
        return replace(problem, unit="", message=message), False
    found = _of_unit(notebook, placed, units[chosen], (*notes, *doubts), readers)
    return found, _is_marked(notebook, chosen, units)


def _of_unit(
    notebook: Any, placed: Placed, unit: UnitOutline, notes: tuple[str, ...], readers: Readers
) -> Submission:
    cells = program_cells(notebook, unit.grade_cells)
    marked = code_cells(notebook, unit.grade_cells)
    beside = places.beside(placed.file, readers.archives)
    return Submission(
        placed.student,
        unit.name,
        printable(placed.file.path),
        cells,
        (*notes, *cell_notes(marked, cells, unit)),
        cells_digest(cells),
        claimed=not placed.decided,
        until=last_cells(cells, unit.exercises),
        background=background(notebook, marked, unit.exercises, beside),
    )


def _is_marked(notebook: Any, unit: str, units: Mapping[str, UnitOutline]) -> bool:
    """Return whether a notebook says itself that it is for a unit."""
    ids = {grade_id_of(cell) for cell in notebook["cells"]}
    return _own_unit(notebook) == unit or not ids.isdisjoint(units[unit].grade_cells)


def _own_unit(notebook: Any) -> Any:
    metadata = notebook["metadata"].get("autograder")
    return metadata.get("unit") if isinstance(metadata, dict) else None


def _unit(
    notebook: Any, placed: Placed, units: Mapping[str, UnitOutline]
) -> tuple[str, tuple[str, ...]]:
    """Return the unit of a notebook ("" if it can't be told) and what is odd about it."""
    own = _own_unit(notebook)
    chosen = placed.unit or (own if isinstance(own, str) and own in units else "")
    if chosen and own is not None and own != chosen:
        said = f"The notebook says that it is for {code(own)}; it was graded as `{chosen}`."
        return chosen, (said,)
    return chosen or _unit_by_ids(notebook, units), ()


def _unit_by_ids(notebook: Any, units: Mapping[str, UnitOutline]) -> str:
    """Return the one unit that has all known grade ids of a notebook, or ""."""
    ids = {grade_id for grade_id in map(grade_id_of, notebook["cells"]) if grade_id}
    known = ids & {grade_id for outline in units.values() for grade_id in outline.grade_cells}
    fits = [name for name, outline in units.items() if known and known <= set(outline.grade_cells)]
    return fits[0] if len(fits) == 1 else ""
