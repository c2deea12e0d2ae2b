"""What can be known of a class before anything slow is imported: which templates to start."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.backends import mentions_framework

# A guess is worth no more: what isn't looked at starts what it needs when its turn comes.
MANY = 50  # notebooks
LARGE = 2**20  # bytes of each
ALL = 8 * 2**20  # bytes of all of them
SECONDS = 1.0


def need_framework(paths: Iterable[Path]) -> bool:
    """Return whether some notebook at `paths` probably needs the framework.  Never fails."""
    return any(
        mentions_framework(source)
        for file in itertools.islice(_notebooks(paths), MANY)
        for source in _sources(file)
    )


def _notebooks(paths: Iterable[Path]) -> Iterator[Path]:
    until, left = time.monotonic() + SECONDS, ALL
    for path in paths:
        for file in _below(path) if path.is_dir() else [path]:
            if time.monotonic() > until:
                return
            if not file.name.endswith(".ipynb"):
                continue
            with contextlib.suppress(OSError):
                # What was handed in may be a link to a device, or a pipe that nobody writes to.
                status = file.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_size <= min(LARGE, left):
                    left -= status.st_size
                    yield file


def _below(folder: Path) -> Iterator[Path]:
    """Yield all that lies below a folder; `rglob` fails at folders nested a thousand deep."""
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                yield Path(entry.path)


def _sources(file: Path) -> Iterator[str]:
    try:
        cells: Any = json.loads(file.read_bytes())["cells"]
        for cell in cells:
            tags = cell["metadata"].get("tags", [])
            if cell["cell_type"] == "code" and "experiment" not in tags:
                yield "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # reading it properly says what is wrong
