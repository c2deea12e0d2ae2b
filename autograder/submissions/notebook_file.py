"""A notebook file as somebody handed it in: bytes -> a valid notebook.

Reads every format by hand: a notebook is built anew from the few fields that grading needs, so
that whatever else a file holds can neither slow anything down nor break it.  Every step is linear
in the size of the file.  `reader` runs this in a process of its own, within limits.
"""

from __future__ import annotations

import codecs
import json
import re
import reprlib
from collections.abc import Collection, Iterator
from typing import Any

EXPERIMENT = "experiment"
# Each cell costs time to run and space in the report; a long notebook has a hundred.
MAX_CELLS = 5_000
MAX_SOURCE = 4 * 2**20  # characters of all code cells
MAX_LINES = 200_000  # of all cells
_MAX_TEXT = 2**16  # characters of a text cell that grading looks at
MAX_METADATA = 16 * 2**10  # characters of a cell's or the notebook's other metadata
MAX_ALL_METADATA = 256 * 2**10  # of all cells together
MAX_PICTURES = 1_000  # in all text cells
_MAX_TAGS = 100  # of a cell
_MAX_WORD = 1_000  # characters of a tag, a grade id or another word that nbgrader notes
_MAX_VALUE = 25  # characters of what it notes that is no word: a number
_FORMATS = (1, 2, 3, 4)

_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16: its first bytes are the same
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# What a file is that was given a notebook's name, by its first characters.
_OTHER_FILES = {
    "PK\x03\x04": "a zip archive. Unpack it and hand in the notebook in it",
    "<!DOCTYPE": "a web page, not the notebook itself. Download the notebook as a file",
    "<html": "a web page, not the notebook itself. Download the notebook as a file",
    "version https://git-lfs": "a Git LFS pointer. Run `git lfs pull` and hand in the notebook",
}
_SAVE_AGAIN = "Open it in JupyterLab, save it again and hand in that file."
# What nbgrader notes in a cell.
_NOTED = (
    *("grade_id", "grade", "solution", "locked", "task", "points"),
    *("checksum", "cell_type", "schema_version"),
)
# What ends a line for Python, and so for nbformat, which writes a cell line by line.
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
# Types of cells, of all formats, as format 4 names them.
_TYPES = {"code": "code", "markdown": "markdown", "raw": "raw"}
_OLD_TYPES = _TYPES | {"html": "markdown", "heading": "markdown", "text": "markdown"}
_SOURCES = ("source", "input", "code", "text")  # of which older formats have the last three
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class UnreadableError(Exception):
    """A file that can't be graded; says what was seen, what was expected and what to do."""


def read(data: bytes, whole: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the notebook in a file, as a valid one of format 4 without outputs, and notes.

    Args:
        data: the file's content.
        whole: whether to keep pictures in text cells and metadata that grading doesn't read.

    Raises:
        UnreadableError: the bytes are no notebook.
    """
    content = _parse(_decode(data))
    major = content.get("nbformat")
    is_notebook = isinstance(content.get("cells", content.get("worksheets")), list)
    if type(major) is not int or not is_notebook:
        raise UnreadableError(
            "The file is JSON, but not a notebook: it has no `nbformat` number or no list of "
            f"`cells`. {_SAVE_AGAIN}"
        )
    if major not in _FORMATS:
        raise UnreadableError(
            f"The notebook says that its format is {major}; expected 4. {_SAVE_AGAIN}"
        )
    if not isinstance(content.get("nbformat_minor", 0), int):
        raise _invalid(major, "`nbformat_minor` is not a number")
    cells, notes = _cells(content, major, whole)
    if major != 4:
        notes.append(
            f"The notebook is in the old format {major}; it was read as format 4. "
            "Saving it in JupyterLab updates it."
        )
    metadata = _notebook_metadata(content.get("metadata"), whole)
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return notebook, tuple(notes)


def nbgrader_metadata(cell: Any) -> dict[str, Any]:
    """What nbgrader noted in a cell, {} if nothing or nonsense."""
    metadata = cell["metadata"].get("nbgrader")
    return metadata if isinstance(metadata, dict) else {}


def grade_id_of(cell: Any) -> str:
    """The grade id of a cell, "" without one."""
    grade_id = nbgrader_metadata(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) else ""


# ------------------------------------------------------------------------------------- text


def _decode(data: bytes) -> str:
    if not data.strip():
        raise UnreadableError(
            "The file is empty. Expected a notebook: save it again and hand in that file."
        )
    encoding = next((name for bom, name in _OTHER_ENCODINGS.items() if data.startswith(bom)), "")
    # JSON begins with ASCII, so a NUL among the first two bytes is half of a wider character.
    if not encoding and b"\0" in data[:2]:
        encoding = "UTF-16"
    if not encoding:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            seen = f"byte `0x{data[error.start]:02x}` in line {line}"
    else:
        seen = f"it is {encoding}"
    raise UnreadableError(f"The file is not text in UTF-8: {seen}. {_SAVE_AGAIN}")


def _parse(text: str) -> dict[str, Any]:
    first = text[:1000].lstrip().lower()
    for start, kind in _OTHER_FILES.items():
        if first.startswith(start.lower()):
            raise UnreadableError(f"The file is {kind}.")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(_broken(text, error)) from None
    except (RecursionError, ValueError) as error:
        raise UnreadableError(
            f"The file is JSON, but not a notebook ({type(error).__name__}). {_SAVE_AGAIN}"
        ) from error
    if not isinstance(content, dict):
        raise UnreadableError(
            f"The file is JSON, but not a notebook: it holds a {type(content).__name__}. "
            f"{_SAVE_AGAIN}"
        )
    return content


def _broken(text: str, error: json.JSONDecodeError) -> str:
    where = f"line {error.lineno}, column {error.colno}"
    if "\n<<<<<<< " in text and "\n>>>>>>> " in text:
        return (
            f"The file holds an unresolved merge conflict of git (its JSON breaks at {where}). "
            "Resolve it and hand in the notebook again."
        )
    ended = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    seen = "ends too early, in" if ended else "is not JSON from"
    return (
        f"The file {seen} {where} ({error.msg}). It was probably cut off while it was saved or "
        "uploaded. Hand in the original again; if that does not open in JupyterLab either, "
        "restore it from the folder `.ipynb_checkpoints` beside it."
    )


# ------------------------------------------------------------------------------------- cells


def _cells(
    content: dict[str, Any], major: int, whole: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the cells, built anew, and notes on those that are odd."""
    found = list(_raw_cells(content, major))
    if len(found) > MAX_CELLS:
        raise UnreadableError(
            f"The notebook has more than {MAX_CELLS:,} cells. Merge or delete some."
        )
    notes: list[str] = []
    cells = [_cell(number, cell, major, whole, notes) for number, cell in enumerate(found, 1)]
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
        _name_cells(cells, [cell.get("id") for cell in found])
        _limit_together(cells)
    else:
        for cell in cells:
            if cell["cell_type"] != "code":
                cell["source"] = cell["source"][:_MAX_TEXT]
    return cells, notes


def _raw_cells(content: dict[str, Any], major: int) -> Iterator[dict[str, Any]]:
    sheets = [content] if "cells" in content else content["worksheets"]
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        if not isinstance(cells, list):
            raise _invalid(major, "a worksheet has no list of cells")
        for number, cell in enumerate(cells, 1):
            if not isinstance(cell, dict):
                raise _invalid(major, f"cell {number} is a {type(cell).__name__}, not an object")
            yield cell


def _cell(
    number: int, cell: dict[str, Any], major: int, whole: bool, notes: list[str]
) -> dict[str, Any]:
    """Return cell `number`, counted over cells of all types, with what grading needs of it."""
    own = cell.get("cell_type")
    types = _TYPES if major == 4 else _OLD_TYPES
    kind = types.get(own) if isinstance(own, str) else None
    if kind is None and major != 4:
        raise _invalid(major, f"cell {number} has the type {reprlib.repr(own)}")
    if kind is None:
        notes.append(
            f"Cell {number} has the type {_shown(own)}, which notebooks don't have; it doesn't run."
        )
        kind = "raw"
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    new: dict[str, Any] = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": _cell_metadata(metadata, whole),
        "source": _source(number, cell, kind, major),
    }
    if kind == "code":
        return new | {"outputs": [], "execution_count": None}
    if own == "heading":
        level = cell.get("level")
        level = min(max(level, 1), 6) if type(level) is int else 1
        new["source"] = f"{'#' * level} {' '.join(new['source'].splitlines())}"
    if whole and (attachments := _attachments(cell.get("attachments"))):
        new["attachments"] = attachments
    return new


def _source(number: int, cell: dict[str, Any], kind: str, major: int) -> str:
    source = next((cell[name] for name in _SOURCES if name in cell), None)
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        # Format 2 left the line ends out.
        joint = "\n" if major < 3 else ""
        return joint.join(source)
    if isinstance(source, str):
        return source
    if kind != "code":
        return ""
    seen = "has no 'source'" if source is None else f"has a {type(source).__name__} as 'source'"
    raise _invalid(major, f"code cell {number} {seen}")


def _line_ends(source: str) -> int:
    return sum(map(source.count, _LINE_ENDS)) - source.count("\r\n")


def _cell_metadata(metadata: dict[str, Any], whole: bool) -> dict[str, Any]:
    new: dict[str, Any] = {}
    tags = metadata.get("tags")
    if isinstance(tags, list):
        # Tags are unique words; nbformat takes quadratic time to find out that they are not.
        words = dict.fromkeys(tag for tag in tags if isinstance(tag, str) and "," not in tag)
        short = [tag for tag in words if len(tag) <= _MAX_WORD and tag != EXPERIMENT]
        new["tags"] = [*[EXPERIMENT][: EXPERIMENT in words], *(short[:_MAX_TAGS] if whole else ())]
    noted = metadata.get("nbgrader")
    if isinstance(noted, dict):
        new["nbgrader"] = {name: _word(noted[name]) for name in _NOTED if name in noted}
    if whole:
        new |= _small(metadata, leave_out=("tags", "nbgrader"))
    return new


def _word(value: Any) -> Any:
    """Return a value that nbgrader noted if it is as simple as nbgrader writes them, else text."""
    if isinstance(value, str):
        return value[:_MAX_WORD]
    if _fits(value) and _size(value) <= _MAX_VALUE:
        return value
    # A list around it, so that nobody takes it for a name.
    return [reprlib.repr(value)]


def _notebook_metadata(metadata: Any, whole: bool) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        return {}
    new = _small(metadata, leave_out=("autograder",)) if whole else {}
    own = metadata.get("autograder")
    unit = own.get("unit") if isinstance(own, dict) else None
    if unit is not None:
        new["autograder"] = {"unit": _word(unit)}
    return new


def _small(metadata: dict[str, Any], leave_out: Collection[str]) -> dict[str, Any]:
    """Return the entries of metadata that are of a size which tools write, alone and together."""
    new: dict[str, Any] = {}
    left = MAX_METADATA
    for name, value in metadata.items():
        if name in leave_out or len(name) > left or not _fits(value):
            continue
        size = _size({name: value})
        if size <= left:
            new[name] = value
            left -= size
    return new


def _size(value: Any) -> int:
    return len(json.dumps(value))


def _fits(value: Any, levels: int = 20) -> bool:
    """Return whether a value is shallow, and its JSON short."""
    if levels == 0:
        return False
    if isinstance(value, dict):
        inner: Collection[Any] = value.values()
        length = sum(map(len, value))
    elif isinstance(value, list):
        inner, length = value, 0
    else:
        return len(value) <= MAX_METADATA if isinstance(value, str) else True
    if len(inner) + length > MAX_METADATA or not all(_fits(one, levels - 1) for one in inner):
        return False
    return levels < 20 or _size(value) <= MAX_METADATA


def _attachments(found: Any) -> dict[str, dict[str, str]]:
    """Return the pictures of a text cell, by name and type, as far as they are valid."""
    if not isinstance(found, dict):
        return {}
    kept = {}
    for name, bundle in found.items():
        if isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values()):
            kept[name] = bundle
    return kept


def _limit_together(cells: list[dict[str, Any]]) -> None:
    """Take metadata and pictures out of the cells after those that have more than any notebook.

    Each is validated many times on its way through nbgrader, which takes longer than reading it.
    """
    characters, pictures = MAX_ALL_METADATA, MAX_PICTURES
    for cell in cells:
        metadata = cell["metadata"]
        kept = {name: metadata[name] for name in ("nbgrader",) if name in metadata}
        characters -= _size(metadata) - _size(kept)
        if characters < 0:
            tags = [tag for tag in metadata.get("tags", ()) if tag == EXPERIMENT]
            cell["metadata"] = kept | ({"tags": tags} if tags else {})
        pictures -= sum(1 + len(bundle) for bundle in cell.get("attachments", {}).values())
        if pictures < 0:
            cell.pop("attachments", None)


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


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else reprlib.repr(value)
    return "`" + "".join(c for c in text[:40] if c.isprintable() and c != "`") + "`"
