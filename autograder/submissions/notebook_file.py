"""A notebook file as somebody handed it in: bytes -> a valid notebook.

Reads every format by hand: a notebook is built anew from the few fields that grading needs, so
that whatever else a file holds can neither slow anything down nor break it.  Every step is linear
in the size of the file.  `reader` runs this in a process of its own, within limits.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from typing import Any

from autograder.submissions import content, metadata
from autograder.submissions.content import UnreadableError
from autograder.submissions.metadata import EXPERIMENT

__all__ = ["EXPERIMENT", "UnreadableError", "grade_id_of", "nbgrader_metadata", "read"]

# Each cell costs time to run and space in the report; a long notebook has a hundred.
MAX_CELLS = 5_000
MAX_SOURCE = 4 * 2**20  # characters of all code cells
MAX_LINES = 200_000  # of all cells
_MAX_TEXT = 2**16  # characters of a text cell that grading looks at
_FORMATS = (1, 2, 3, 4)

_SAVE_AGAIN = "Open it in JupyterLab, save it again and hand in that file."
# What ends a line for Python, and so for nbformat, which writes a cell line by line.
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
# Types of cells, of all formats, as format 4 names them.
_TYPES = {"code": "code", "markdown": "markdown", "raw": "raw"}
_OLD_TYPES = _TYPES | {"html": "markdown", "heading": "markdown", "text": "markdown"}
_SOURCES = ("source", "input", "code", "text")  # of which older formats have the last three
_MAX_TOLD = 5  # cells that a note names
_NAMES: dict[type, str] = {
    bool: "a truth value",
    int: "a number",
    float: "a number with a point",
    str: "text",
    list: "a list",
    dict: "an object",
}
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read(data: bytes, whole: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the notebook in a file, as a valid one of format 4 without outputs, and notes.

    Args:
        data: the file's content.
        whole: whether to keep pictures in text cells and metadata that grading doesn't read.

    Raises:
        UnreadableError: the bytes are no notebook.
    """
    found, notes = content.parse(data)
    odd = _Oddities()
    major = _format(found, odd)
    cells = _cells(found, major, whole, odd)
    if major != 4:
        odd.notes.append(
            f"The notebook is in the old format {major}; it was read as format 4. "
            "Saving it in JupyterLab updates it."
        )
    own = metadata.of_notebook(found.get("metadata"), whole)
    notebook = {"cells": cells, "metadata": own, "nbformat": 4, "nbformat_minor": 5}
    return notebook, (*notes, *odd.told())


def nbgrader_metadata(cell: Any) -> dict[str, Any]:
    """What nbgrader noted in a cell, {} if nothing or nonsense."""
    metadata = cell["metadata"].get("nbgrader")
    return metadata if isinstance(metadata, dict) else {}


def grade_id_of(cell: Any) -> str:
    """The grade id of a cell, "" without one."""
    grade_id = nbgrader_metadata(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) else ""


class _Oddities:
    """What is odd about a notebook and costs nothing: one note for each kind, with the cells."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._cells: dict[tuple[str, str], list[int]] = {}

    def cell(self, number: int, one: str, several: str) -> None:
        """Note something of a cell, in words for one such cell and for several."""
        self._cells.setdefault((one, several), []).append(number)

    def told(self) -> list[str]:
        """Return the notes."""
        told = list(self.notes)
        for (one, several), numbers in self._cells.items():
            first = [str(number) for number in numbers[:_MAX_TOLD]]
            more = [f"{len(numbers) - _MAX_TOLD:,} more"] if len(numbers) > _MAX_TOLD else []
            names = [*first, *more]
            if len(names) == 1:
                told.append(f"Cell {names[0]} {one}")
            else:
                told.append(f"Cells {', '.join(names[:-1])} and {names[-1]} {several}")
        return told


def _format(found: dict[str, Any], odd: _Oddities) -> int:
    """Return the number of a notebook's format."""
    said = found.get("nbformat")
    major = int(said) if said in ("1", "2", "3", "4", 1.0, 2.0, 3.0, 4.0) else said
    if type(major) is not int or not isinstance(found.get("cells", found.get("worksheets")), list):
        raise UnreadableError(
            "The file is JSON, but not a notebook: it has no `nbformat` number or no list of "
            f"`cells`. {_SAVE_AGAIN}"
        )
    if major not in _FORMATS:
        raise UnreadableError(
            f"The notebook says that its format is {major}; expected 4. {_SAVE_AGAIN}"
        )
    for name, kind in (("nbformat", int), ("nbformat_minor", int), ("metadata", dict)):
        value = found.get(name, kind())
        if type(value) is not kind:
            odd.notes.append(
                f"The notebook's `{name}` is {_json_type(value)}; expected {_NAMES[kind]}. It "
                "costs nothing, and saving the notebook in JupyterLab corrects it."
            )
    return major


# ------------------------------------------------------------------------------------- cells


def _cells(found: dict[str, Any], major: int, whole: bool, odd: _Oddities) -> list[dict[str, Any]]:
    """Return the cells, built anew."""
    raw = list(_raw_cells(found, major, odd))
    if len(raw) > MAX_CELLS:
        raise UnreadableError(
            f"The notebook has more than {MAX_CELLS:,} cells. Merge or delete some."
        )
    cells = [_cell(number, cell, major, whole, odd) for number, cell in raw]
    if sum(len(cell["source"]) for cell in cells if cell["cell_type"] == "code") > MAX_SOURCE:
        raise UnreadableError(
            f"The notebook's code has more than {MAX_SOURCE // 2**20} million characters. Read "
            "data from files instead of writing it into cells."
        )
    if sum(_line_ends(cell["source"]) for cell in cells) > MAX_LINES:
        raise UnreadableError(
            f"The notebook's cells have more than {MAX_LINES:,} lines. Delete what is empty, and "
            "read data from files instead of writing it into cells."
        )
    if whole:
        _name_cells(cells, [cell.get("id") for _, cell in raw])
        metadata.limit_together(cells)
    else:
        for cell in cells:
            if cell["cell_type"] != "code":
                cell["source"] = cell["source"][:_MAX_TEXT]
    return cells


def _raw_cells(
    found: dict[str, Any], major: int, odd: _Oddities
) -> Iterator[tuple[int, dict[str, Any]]]:
    sheets = [found] if "cells" in found else found["worksheets"]
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        if not isinstance(cells, list):
            raise _invalid(major, "a worksheet has no list of cells")
        for number, cell in enumerate(cells, 1):
            if isinstance(cell, dict):
                yield number, cell
            else:
                what = f"{_json_type(cell)} and no cell"
                odd.cell(number, f"is {what}; it was left out.", f"are {what}; they were left out.")


def _cell(
    number: int, cell: dict[str, Any], major: int, whole: bool, odd: _Oddities
) -> dict[str, Any]:
    """Return cell `number`, counted over cells of all types, with what grading needs of it."""
    own = cell.get("cell_type")
    own = own.strip().lower() if isinstance(own, str) else own
    types = _TYPES if major == 4 else _OLD_TYPES
    kind = types.get(own) if isinstance(own, str) else None
    if kind is None:
        what = f"the type {_shown(own)}, which notebooks don't have"
        odd.cell(number, f"has {what}; it doesn't run.", f"have {what}; they don't run.")
        kind = "raw"
    noted = cell.get("metadata", {})
    if not isinstance(noted, dict):
        _read_as_empty(number, "metadata", noted, odd)
        noted = {}
    new: dict[str, Any] = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": metadata.of_cell(noted, whole),
        "source": _source(number, cell, major, odd),
    }
    if kind == "code":
        if major == 4 and not isinstance(outputs := cell.get("outputs"), list):
            _read_as_empty(number, "outputs", outputs, odd)
        return new | {"outputs": [], "execution_count": None}
    if own == "heading":
        level = cell.get("level")
        level = min(max(level, 1), 6) if type(level) is int else 1
        new["source"] = f"{'#' * level} {' '.join(new['source'].splitlines())}"
    if whole and (pictures := metadata.attachments(cell.get("attachments"))):
        new["attachments"] = pictures
    return new


def _source(number: int, cell: dict[str, Any], major: int, odd: _Oddities) -> str:
    """Return a cell's text; its lines end as Python writes them, whichever editor saved it."""
    source = next((cell[name] for name in _SOURCES if name in cell), None)
    if isinstance(source, list):
        lines = [line for line in source if isinstance(line, str)]
        if len(lines) < len(source):
            what = "entries in `source` that are no text; they were left out."
            odd.cell(number, f"has {what}", f"have {what}")
        # Format 2 left the line ends out.
        source = ("\n" if major < 3 else "").join(lines)
    if not isinstance(source, str):
        _read_as_empty(number, "source", source, odd)
        return ""
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _read_as_empty(number: int, name: str, value: Any, odd: _Oddities) -> None:
    what = f"no `{name}`" if value is None else f"{_json_type(value)} as `{name}`"
    odd.cell(number, f"has {what}; it counts as empty.", f"have {what}; it counts as empty.")


def _line_ends(source: str) -> int:
    return sum(map(source.count, _LINE_ENDS)) - source.count("\r\n")


def _name_cells(cells: list[dict[str, Any]], ids: list[Any]) -> None:
    """Give cells their own ids, if all of them have one; else numbers, the same at each reading."""
    valid = all(isinstance(one, str) and _CELL_ID.fullmatch(one) for one in ids)
    if valid and len(set(ids)) == len(ids):
        for cell, own in zip(cells, ids, strict=True):
            cell["id"] = own


def _invalid(major: int, seen: str) -> UnreadableError:
    return UnreadableError(
        f"The file is not a valid notebook of format {major}: `{seen.replace('`', '')}`. "
        f"{_SAVE_AGAIN}"
    )


def _json_type(value: Any) -> str:
    return "null" if value is None else _NAMES[type(value)]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else reprlib.repr(value)
    return "`" + "".join(c for c in text[:40] if c.isprintable() and c != "`") + "`"
