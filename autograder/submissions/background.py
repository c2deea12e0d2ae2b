"""What a notebook says beside the cells that run, as far as it explains what is missing there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from autograder.course.notebook import check_id
from autograder.wire.program import Background, ProgramCell, definition_of

_DEFINED = re.compile(r"^[ \t>]*(?:async )?(?:def|class) +(\w+)", re.MULTILINE)
_VERSION = re.compile(r"\A\d{1,3}(?:\.\d{1,4}){1,2}\Z")


def background(
    notebook: Any, code_cells: Sequence[Any], exercises: Collection[str], beside: tuple[str, ...]
) -> Background:
    """Return what is known of a notebook beside the code that runs.

    Args:
        notebook: what `notebook_file.read` gave.
        code_cells: those of its cells that count as code cells.
        exercises: the names that the unit asks for.
        beside: names of files that were handed in beside it.
    """
    info = notebook["metadata"].get("language_info")
    version = info.get("version") if isinstance(info, dict) else None
    version = version if isinstance(version, str) and _VERSION.match(version) else ""
    elsewhere = dict(_in_text_cells(notebook, code_cells, exercises))
    return Background(version, beside, tuple(elsewhere.items()))


def last_cells(
    cells: Sequence[ProgramCell], exercises: Collection[str]
) -> tuple[tuple[str, int], ...]:
    """Return for each exercise the number of the last cell that counts for its name.

    It is that of its check, or an earlier one where the cell after it puts the function's own
    result in the function's place.
    """
    found = []
    for name in exercises:
        checks = [cell.number for cell in cells if cell.skip and cell.grade_id == check_id(name)]
        last = checks[0] if checks else cells[-1].number if cells else 0
        own = re.escape(name)
        calls_itself = re.compile(rf"^{own} *=.*\b{own}\(", re.MULTILINE)
        defines = definition_of(name)
        was_defined = False
        for cell in cells:
            if cell.skip or cell.number > last:
                continue
            if defines.search(cell.source):
                was_defined = True
            elif was_defined and calls_itself.search(cell.source):
                last = cell.number - 1
        found.append((name, last))
    return tuple(found)


def _in_text_cells(
    notebook: Any, code_cells: Sequence[Any], exercises: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield exercises that are defined in text cells, each with where that is."""
    number, code = 0, set(map(id, code_cells))
    for cell in notebook["cells"]:
        if id(cell) in code:
            number += 1
            continue
        kind = "Markdown" if cell["cell_type"] == "markdown" else "raw"
        where = f"a {kind} cell below code cell {number}" if number else f"a {kind} cell at the top"
        for name in _DEFINED.findall(cell["source"]):
            if name in exercises:
                yield name, where
