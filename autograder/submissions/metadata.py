"""What is kept of a notebook's and its cells' metadata: little, and only what is valid."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Collection
from typing import Any

EXPERIMENT = "experiment"
MAX_METADATA = 16 * 2**10  # characters of a cell's or the notebook's other metadata
MAX_ALL_METADATA = 256 * 2**10  # of all cells together
MAX_PICTURES = 1_000  # in all text cells
_MAX_TAGS = 100  # of a cell
_MAX_WORD = 1_000  # characters of a tag, a grade id or another word that nbgrader notes
_MAX_VALUE = 25  # characters of what it notes that is no word: a number
# What nbgrader notes in a cell.
_NOTED = (
    *("grade_id", "grade", "solution", "locked", "task", "points"),
    *("checksum", "cell_type", "schema_version"),
)


def of_cell(metadata: dict[str, Any], whole: bool) -> dict[str, Any]:
    """Return what is kept of a cell's metadata; `whole`: also what grading doesn't read."""
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


def of_notebook(metadata: Any, whole: bool) -> dict[str, Any]:
    """Return what is kept of a notebook's metadata; `whole`: also what grading doesn't read."""
    if not isinstance(metadata, dict):
        return {}
    new = _small(metadata, leave_out=("autograder",)) if whole else {}
    info = metadata.get("language_info")
    if not whole and isinstance(info, dict) and isinstance(info.get("version"), str):
        new["language_info"] = {"version": _word(info["version"])}
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


def attachments(found: Any) -> dict[str, dict[str, str]]:
    """Return the pictures of a text cell, by name and type, as far as they are valid."""
    if not isinstance(found, dict):
        return {}
    kept = {}
    for name, bundle in found.items():
        if isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values()):
            kept[name] = bundle
    return kept


def limit_together(cells: list[dict[str, Any]]) -> None:
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
