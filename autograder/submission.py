"""What was handed in: paths, folders, zips and nbgrader's tree -> submissions.

Never executes anything and believes nothing that a student can edit: points, grade cells and
their sources are the course's.

A notebook's unit is, first found: the argument, its metadata `autograder.unit`, its file name
(`03_optimizers.ipynb`, `alice_03_optimizers.ipynb`), its folder, its grade ids.  The metadata
goes before names, because renaming a file is easy and usual.

A notebook's student is, first found: nbgrader's folder (`submitted/<student>/<unit>/`), the file
name less the unit where files lie side by side, the folder that holds the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder import archive, ipynb
from autograder.course import LoadedUnit
from autograder.faults import UserError
from autograder.ipynb import EXPERIMENT, program_cells, program_hash
from autograder.notebook import check_id, check_source
from autograder.program import Program, ProgramCell

__all__ = [
    "GradeCell",
    "Problem",
    "ProgramCell",
    "Submission",
    "UnitOutline",
    "UsageError",
    "find",
    "outline",
    "program_cells",
    "program_hash",
]

_MAX_ID = 100
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control and format characters, line ends
# What browsers, JupyterLab and file managers add to the name of a second copy.
_COPY = re.compile(r"([ _]?\(\d+\)|-Copy\d+)$")


class UsageError(UserError):
    """What was asked for does not exist: a path, a unit."""


@dataclass(frozen=True)
class GradeCell:
    """A locked grade cell as the course wrote it."""

    points: float
    source: str


@dataclass(frozen=True)
class UnitOutline:
    """What reading needs to know of a unit; `grade_cells` by grade id, `check_<exercise>`."""

    name: str
    grade_cells: Mapping[str, GradeCell]


@dataclass(frozen=True)
class Submission:
    """One student's notebook for one unit; `hash` is of what runs, whoever wrote it."""

    student: str
    unit: str
    path: str
    cells: tuple[ProgramCell, ...]
    notes: tuple[str, ...]
    hash: str

    @property
    def program(self) -> Program:
        """What runs of it."""
        return Program(tuple((c.number, c.source) for c in self.cells if not c.skip))


@dataclass(frozen=True)
class Problem:
    """Something that can't be graded: what was seen, what was expected, what to do."""

    student: str
    unit: str
    path: str
    message: str


def outline(loaded: LoadedUnit) -> UnitOutline:
    """What reading submissions needs to know of a unit."""
    cells = {
        check_id(exercise.name): GradeCell(
            exercise.points, check_source(exercise.name, exercise.points)
        )
        for exercise in loaded.unit.exercises
    }
    return UnitOutline(loaded.name, cells)


def find(
    paths: Sequence[Path],
    units: Mapping[str, UnitOutline],
    unit: str | None = None,
    student: str | None = None,
) -> tuple[list[Submission], list[Problem]]:
    """Reads everything that was handed in at `paths`; one bad file never stops the others.

    Args:
        paths: notebooks, folders (searched through), zips.
        units: the course's units by name.
        unit: what all of them are for, whatever they say themselves.
        student: who handed in the one notebook that there is, whatever its path says.

    Raises:
        UsageError: a path or the unit doesn't exist, or `student` is to have several notebooks.
    """
    if unit is not None and unit not in units:
        raise UsageError(f"There is no unit `{unit}`. The course has {_listed(units)}.")
    submissions: list[Submission] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for path in paths:
        if not _exists(path):
            raise UsageError(f"There is nothing at `{path}`. Expected a notebook, folder or zip.")
    # Whose a file is can depend on whether it was named itself; the order it is named in must not.
    for path in sorted(paths, key=lambda path: (str(path.absolute()), str(path))):
        for file in archive.files(path):
            if file.key in seen:  # given by itself and by its folder
                continue
            seen.add(file.key)
            result = _submission(file, units, unit)
            if isinstance(result, Submission):
                submissions.append(result)
            else:
                problems.append(result)
    if student is not None:
        return _named_student(submissions, problems, student)
    return _without_doubles(submissions, problems)


def _named_student(
    submissions: list[Submission], problems: list[Problem], student: str
) -> tuple[list[Submission], list[Problem]]:
    if len(submissions) + len(problems) > 1:
        found = ", ".join(f"`{path}`" for path in _paths(submissions, problems)[:5])
        raise UsageError(f"`--student` is for one notebook; there are several: {found}.")
    name, notes = _identifier(student)
    return (
        [replace(one, student=name, notes=(*one.notes, *notes)) for one in submissions],
        [replace(one, student=name) for one in problems],
    )


def _paths(submissions: list[Submission], problems: list[Problem]) -> list[str]:
    return [one.path for one in submissions] + [one.path for one in problems]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # it can't be told: reading it says why


def _submission(
    file: archive.File, units: Mapping[str, UnitOutline], unit: str | None
) -> Submission | Problem:
    path = _printable(file.path)
    named = unit or _named_unit(file, units)
    student, notes = _student(file, units)
    if file.problem:
        return Problem(student, named, path, file.problem)
    try:
        notebook, old_format = ipynb.read(file.data)
    except ipynb.UnreadableError as error:
        return Problem(student, named, path, str(error))
    chosen, doubts = _unit(notebook, named, units, unit)
    if not chosen:
        message = (
            "It can't be told which unit this notebook is for: neither its metadata nor its name, "
            f"folder or grade cells say so. The units are {_listed(units)}. Name the file "
            "`<unit>.ipynb`, or give the unit when grading."
        )
        return Problem(student, "", path, message)
    try:
        cells = program_cells(notebook, units[chosen].grade_cells)
    except ipynb.UnreadableError as error:
        return Problem(student, chosen, path, str(error))
    notes = (*notes, *old_format, *doubts, *_cell_notes(notebook, cells, units[chosen]))
    return Submission(student, chosen, path, cells, notes, program_hash(cells))


def _named_unit(file: archive.File, units: Mapping[str, UnitOutline]) -> str:
    """The unit that the file's name or folder names, or ""."""
    stem = _stem(file.name)
    inside = [name for name in units if _without_unit(stem, name) != stem]
    folder = file.folders[0] if file.folders else ""
    by_folder = folder if folder in units else ""
    return stem if stem in units else max(inside, key=len, default=by_folder)


def _unit(
    notebook: Any, named: str, units: Mapping[str, UnitOutline], given: str | None
) -> tuple[str, tuple[str, ...]]:
    """The unit of a notebook ("" if it can't be told) and what is odd about it."""
    metadata = notebook["metadata"].get("autograder")
    own = metadata.get("unit") if isinstance(metadata, dict) else None
    chosen = given or (own if isinstance(own, str) and own in units else named)
    if not chosen:
        ids = {grade_id for grade_id in map(ipynb.grade_id_of, notebook["cells"]) if grade_id}
        known = ids & {grade_id for outline in units.values() for grade_id in outline.grade_cells}
        fits = [
            name for name, outline in units.items() if known and known <= set(outline.grade_cells)
        ]
        return (fits[0] if len(fits) == 1 else ""), ()
    if own is not None and own != chosen:
        return chosen, (
            f"The notebook says that it is for {_code(own)}; it was graded as `{chosen}`.",
        )
    if named and named != chosen:
        return chosen, (
            f"Its file or folder says `{named}`, the notebook itself `{chosen}`; that one counts.",
        )
    return chosen, ()


def _student(file: archive.File, units: Mapping[str, UnitOutline]) -> tuple[str, tuple[str, ...]]:
    """Who handed a file in, and a note if the name had to be changed to serve as an id."""
    if not file.name:
        return "", ()
    stem = _stem(file.name)
    holder = next((folder for folder in file.folders if folder not in units), "")
    in_unit = bool(file.folders) and file.folders[0] in units
    nbgrader = in_unit and file.folders[2:3] == ("submitted",)
    if holder and (nbgrader or stem in units or not (file.flat or in_unit)):
        return _identifier(holder)
    for unit in sorted(units, key=len, reverse=True):
        stem = _without_unit(stem, unit)
    return _identifier(stem)


def _stem(name: str) -> str:
    return _COPY.sub("", re.sub(r"\.(ipynb|zip)(\.\w+)?$", "", name, flags=re.IGNORECASE))


def _without_unit(stem: str, unit: str) -> str:
    """`03_optimizers_alice` and `alice_03_optimizers` -> `alice`."""
    pattern = rf"^{re.escape(unit)}[-_. ]+(?=.)|(?<=.)[-_. ]+{re.escape(unit)}$"
    return re.sub(pattern, "", stem, count=1)


def _identifier(name: str) -> tuple[str, tuple[str, ...]]:
    # macOS writes accents as characters of their own; the same name must be the same student.
    plain = unicodedata.normalize("NFC", name)
    safe = re.sub(r"^\.+|[/\\]", "_", _printable(plain))[:_MAX_ID].strip() or "unknown"
    if safe == plain:
        return safe, ()
    return safe, (f"The student's name {_code(name)} can't be an id; it became `{safe}`.",)


def _cell_notes(notebook: Any, cells: Sequence[ProgramCell], outline: UnitOutline) -> Iterator[str]:
    """What was done to the cells that students shouldn't change."""
    metadata = [
        ipynb.nbgrader_metadata(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"
    ]
    pairs = list(zip(cells, metadata, strict=True))
    for grade_id, grade_cell in outline.grade_cells.items():
        own = [(cell, data) for cell, data in pairs if cell.grade_id == grade_id]
        if not own:
            yield f"The grade cell `{grade_id}` is missing; its exercise is graded all the same."
        if len(own) > 1:
            numbers = " and ".join(str(cell.number) for cell, _ in own)
            yield f"The grade cell `{grade_id}` is there {len(own)} times: code cells {numbers}."
        for cell, data in own:
            yield from _grade_cell_notes(cell, data, grade_cell)
    for cell, data in pairs:
        exercise = f"check_{cell.grade_id}" in outline.grade_cells
        if data.get("grade") and cell.grade_id not in outline.grade_cells:
            yield (
                f"Code cell {cell.number} is marked as grade cell {_code(cell.grade_id or '?')}, "
                "which the unit doesn't have; it runs like any other cell."
            )
        if exercise and cell.skip:
            yield (
                f"Code cell {cell.number} answers `{cell.grade_id}` and is tagged `{EXPERIMENT}`: "
                "it doesn't run. Remove the tag."
            )


def _grade_cell_notes(cell: ProgramCell, data: dict[str, Any], want: GradeCell) -> Iterator[str]:
    name = f"`{cell.grade_id}` (code cell {cell.number})"
    if not cell.skip:
        yield f"The grade cell {name} is no longer marked as one; it runs like any other cell."
    elif cell.source.strip() != want.source.strip():
        yield f"The grade cell {name} was edited: what you wrote in it isn't graded."
    if data.get("points") != want.points:
        yield (
            f"The grade cell {name} says {_code(data.get('points'))} points; "
            f"the course's {want.points:g} count."
        )


def _without_doubles(
    submissions: list[Submission], problems: list[Problem]
) -> tuple[list[Submission], list[Problem]]:
    """Nobody can tell which of two notebooks is meant, so neither is graded."""
    together: dict[tuple[str, str], list[Submission]] = {}
    for submission in submissions:
        together.setdefault((submission.student, submission.unit), []).append(submission)
    single = []
    for (student, unit), group in together.items():
        if len(group) == 1:
            single += group
            continue
        places = " and ".join(f"`{submission.path}`" for submission in group)
        message = (
            f"`{student}` handed in {len(group)} notebooks for `{unit}`: {places}. Expected one; "
            "none is graded. Keep the right one."
        )
        problems = [*problems, Problem(student, unit, group[0].path, message)]
    return single, problems


def _printable(text: str) -> str:
    """Text of unknown origin as it can be shown: no control characters, no broken ones."""
    return "".join("_" if unicodedata.category(c) in _HIDDEN else c for c in text)


def _code(value: object) -> str:
    """A value of unknown origin as inline code."""
    return f"`{_printable(str(value)).replace('`', '_')[:60]}`"


def _listed(units: Mapping[str, UnitOutline]) -> str:
    return ", ".join(f"`{name}`" for name in units) or "no units"
