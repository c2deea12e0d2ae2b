"""Notes on cells that students shouldn't change: what was done to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograder.submissions.identify import code
from autograder.submissions.notebook_file import EXPERIMENT, nbgrader_metadata
from autograder.submissions.outline import GradeCell, UnitOutline
from autograder.wire.program import ProgramCell


def cell_notes(
    marked: Sequence[Any], cells: Sequence[ProgramCell], outline: UnitOutline
) -> Iterator[str]:
    """Yield what was done to the cells that students shouldn't change."""
    pairs = list(zip(cells, map(nbgrader_metadata, marked), strict=True))
    for cell, own in zip(cells, marked, strict=True):
        if own["cell_type"] != "code":
            kind = "Markdown" if own["cell_type"] == "markdown" else "raw"
            yield (
                f"The cell of `{cell.grade_id}` is a {kind} cell; it counts as code cell "
                f"{cell.number}, which it was. Make it a code cell again."
            )
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
                f"Code cell {cell.number} is marked as grade cell {code(cell.grade_id or '?')}, "
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
    elif _lines(cell.source) != _lines(want.source):
        yield f"The grade cell {name} was edited: what you wrote in it isn't graded."
    if data.get("points") != want.points:
        yield (
            f"The grade cell {name} says {code(data.get('points'))} points; "
            f"the course's {want.points:g} count."
        )


def _lines(source: str) -> list[str]:
    """Return what counts of a cell's text; editors change the white space where lines end."""
    return [line.rstrip() for line in source.strip().splitlines()]
