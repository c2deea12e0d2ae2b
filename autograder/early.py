"""What can be known of a class before anything slow is imported: which templates to start."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_FRAMEWORK = re.compile(r"\b(?:keras|tensorflow|tf)\b")
MANY = 50  # notebooks that are looked into; the others start what they need when their turn comes
LARGE = 2**22  # bytes; nor are larger ones


def mentions_framework(source: str) -> bool:
    """Whether a cell would import the framework, so that a process that has it should run it."""
    return _FRAMEWORK.search(source) is not None


def need_framework(paths: Iterable[Path]) -> bool:
    """Whether some notebook at `paths` probably needs the framework.  A guess: never fails."""
    return any(
        mentions_framework(source)
        for file in itertools.islice(_notebooks(paths), MANY)
        for source in _sources(file)
    )


def _notebooks(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        for file in path.rglob("*.ipynb") if path.is_dir() else [path]:
            with contextlib.suppress(OSError):
                # What was handed in may be a link to a device, or a pipe that nobody writes to.
                status = file.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_size <= LARGE:
                    yield file


def _sources(file: Path) -> Iterator[str]:
    try:
        cells: Any = json.loads(file.read_bytes())["cells"]
        for cell in cells:
            tags = cell["metadata"].get("tags", [])
            if cell["cell_type"] == "code" and "experiment" not in tags:
                yield "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # reading it properly says what is wrong
