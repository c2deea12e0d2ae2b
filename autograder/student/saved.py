"""The notebook file that a kernel runs for, where the front end says which it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAX_BYTES = 64 * 2**20  # a notebook with more in it is not read for a hint


@dataclass(frozen=True)
class SavedCell:
    """A code cell of the file; `was_run` is the number beside it, 0 if there is none."""

    cell_id: str
    grade_id: str
    source: str
    was_run: int


@dataclass(frozen=True)
class SavedNotebook:
    """The file's code cells, and which of its states they are (`saved_state`)."""

    path: Path
    state: int
    cells: tuple[SavedCell, ...]


def notebook_path(names: Mapping[str, Any]) -> Path | None:
    """Return the notebook's file, as VS Code or a Jupyter server names it; None if it's not there.

    Args:
        names: what the notebook has defined, where VS Code leaves the path.
    """
    for said in (names.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(said, str) and said.endswith(".ipynb") and "\0" not in said:
            path = Path(said)
            if path.is_absolute() and path.is_file():
                return path
    return None


def saved_state(path: Path | None) -> int:
    """Return a number that is another one after each saving, 0 if there is no file."""
    try:
        return path.stat().st_mtime_ns if path else 0
    except OSError:
        return 0


def read(path: Path) -> SavedNotebook | None:
    """Return the notebook in a file, None where it can't be read: it only serves for hints."""
    try:
        state = saved_state(path)  # before it is read: a state that is too old says less
        if path.stat().st_size > _MAX_BYTES:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = [_cell(cell) for cell in content["cells"] if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return SavedNotebook(path, state, tuple(cells))


def _cell(cell: Any) -> SavedCell:
    source, number = cell["source"], cell.get("execution_count")
    noted = cell.get("metadata", {}).get("nbgrader", {})
    return SavedCell(
        str(cell.get("id", "")),
        str(noted.get("grade_id", "")),
        source if isinstance(source, str) else "".join(source),
        number if isinstance(number, int) else 0,
    )


def cases_folder(notebook: Path | None, pattern: str, here: Path) -> Path:
    """Return the folder whose public cases count: the notebook's if it has any, else `here`.

    Args:
        notebook: the notebook's file, if it is known.
        pattern: of the names of public cases.
        here: the kernel's folder, which a notebook may change.
    """
    if notebook is not None and any(notebook.parent.glob(pattern)):
        return notebook.parent
    return here


def cases_nearby(folders: list[Path], pattern: str) -> list[Path]:
    """Return public cases in the folders above and beside the given ones, and right below them."""
    found: set[Path] = set()
    for folder in folders:
        for near in (folder, folder.parent):
            for path in (*near.glob(pattern), *near.glob(f"*/{pattern}")):
                found.add(path.resolve())
    return sorted(found)
