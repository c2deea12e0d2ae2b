"""A notebook file as somebody handed it in: bytes -> a valid notebook -> the cells that run."""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

from autograder.program import ProgramCell
from autograder.quick_nbformat import nbformat

EXPERIMENT = "experiment"
# Each cell costs time to run and space in the report; a long notebook has a hundred.
MAX_CELLS = 5_000
MAX_SOURCE = 4 * 2**20  # characters of all code cells

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


class UnreadableError(Exception):
    """A file that can't be graded; says what was seen, what was expected and what to do."""


def read(data: bytes) -> tuple[Any, tuple[str, ...]]:
    """The notebook in a file, as a valid NotebookNode of format 4 without outputs, and notes.

    Outputs are dropped first: nothing in them is graded, so nothing in them can be wrong.

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
    if major not in nbformat.versions:
        raise UnreadableError(
            f"The notebook says that its format is {major}; expected 4. {_SAVE_AGAIN}"
        )
    try:
        notebook = _valid(content, major)
    except UnreadableError:
        raise
    # nbformat trusts its input: damaged notebooks make it raise whatever it stumbles over.
    except Exception as error:
        kind = "" if isinstance(error, nbformat.ValidationError) else f"{type(error).__name__}: "
        detail = f"{kind}{error}".split("\n", 1)[0][:200].replace("`", "'")
        raise UnreadableError(
            f"The file is not a valid notebook of format {major}: `{detail}`. {_SAVE_AGAIN}"
        ) from error
    if major == 4:
        return notebook, ()
    return notebook, (
        f"The notebook is in the old format {major}; it was read as format 4. "
        "Saving it in JupyterLab updates it.",
    )


def program_cells(notebook: Any, grade_ids: Collection[str]) -> tuple[ProgramCell, ...]:
    """The code cells of a valid notebook (format 4) as a program.

    Skipped are cells tagged `experiment` and the unit's own grade cells; a grade cell by another
    name is a student's cell like any other.

    Raises:
        UnreadableError: there is more code than anybody writes.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if sum(len(cell["source"]) for cell in cells) > MAX_SOURCE:
        raise UnreadableError(
            f"The notebook's code has more than {MAX_SOURCE // 2**20} million characters. Read "
            "data from files instead of writing it into cells."
        )
    return tuple(_program_cell(n, cell, grade_ids) for n, cell in enumerate(cells, 1))


def program_hash(cells: Sequence[ProgramCell]) -> str:
    """sha256 of what runs: sources, and which cells are skipped; not outputs, path or student."""
    content = json.dumps([None if cell.skip else cell.source for cell in cells])
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def nbgrader_metadata(cell: Any) -> dict[str, Any]:
    """What nbgrader noted in a cell, {} if nothing or nonsense."""
    metadata = cell["metadata"].get("nbgrader")
    return metadata if isinstance(metadata, dict) else {}


def grade_id_of(cell: Any) -> str:
    """The grade id of a cell, "" without one."""
    grade_id = nbgrader_metadata(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) else ""


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
    for start, kind in _OTHER_FILES.items():
        if text.lstrip()[: len(start)].lower() == start.lower():
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


def _valid(content: dict[str, Any], major: int) -> Any:
    content.setdefault("metadata", {})
    content.setdefault("nbformat_minor", 0)
    sheets = [content] if major == 4 else content.get("worksheets", [content])
    if sum(len(sheet["cells"]) for sheet in sheets) > MAX_CELLS:
        raise UnreadableError(
            f"The notebook has more than {MAX_CELLS:,} cells. Merge or delete some."
        )
    for cell in (cell for sheet in sheets for cell in sheet["cells"]):
        _plain(cell, major)
        # Ids are often missing or doubled after merges and old editors; nothing here reads them.
        cell.pop("id", None)
    if major == 4 and (content.get("nbformat_minor") or 0) >= 5:
        for number, cell in enumerate(content["cells"]):
            cell["id"] = str(number)
    notebook = nbformat.versions[major].to_notebook_json(content, minor=None)
    notebook = nbformat.convert(notebook, 4)  # type: ignore[no-untyped-call]
    try:
        nbformat.validate(notebook, relax_add_props=True)
    except nbformat.ValidationError:
        # Broken metadata, say tags that aren't a list, is no reason not to grade.
        notebook = nbformat.validator.normalize(
            notebook, relax_add_props=True, strip_invalid_metadata=True
        )[1]
        nbformat.validate(notebook, relax_add_props=True)
    return notebook


def _plain(cell: dict[str, Any], major: int) -> None:
    """Takes away what a code cell doesn't need to run."""
    if cell.get("cell_type") == "code":
        cell["outputs"] = []
        cell.pop("prompt_number", None)
        if major == 4:
            cell["execution_count"] = None
    cell.setdefault("metadata", {})
    cell.pop("attachments", None)


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
