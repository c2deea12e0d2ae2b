"""Hand-ins that cost a reader far more than their size: one of each kind that was found, or tried.

`python tests/support/slow_hand_ins.py FOLDER` writes them, to be tried by hand.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

MIB = 2**20


def code_cell(source: str = "1", **metadata: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": metadata, "source": source}
    return cell | {"outputs": [], "execution_count": None}


def notebook_of(cells: Iterable[dict[str, Any]], **metadata: Any) -> bytes:
    content = {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)}
    return json.dumps(content).encode()


def tags_that_are_dicts() -> bytes:
    """Whether tags are unique takes quadratic time to find out."""
    return notebook_of([code_cell(tags=[{"a": number} for number in range(20_000)])])


def heading_of_a_high_level() -> bytes:
    """298 bytes that become 300 MB of `#`."""
    heading = {"cell_type": "heading", "level": 300_000_000, "metadata": {}, "source": "x"}
    sheet = {"metadata": {}, "cells": [heading]}
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet]}
    ).encode()


def newlines() -> bytes:
    return notebook_of([code_cell("\n" * 4_000_000)])


def newlines_in_text() -> bytes:
    return notebook_of([{"cell_type": "markdown", "metadata": {}, "source": "\n" * 4_000_000}])


def empty_lists() -> bytes:
    """16 million objects in 48 MB."""
    return b'{"nbformat":4,"nbformat_minor":4,"metadata":{},"cells":[],"x":[' + (
        b"[]," * (48 * MIB // 3) + b"[]]}"
    )


def many_keys() -> bytes:
    keys = b",".join(b'"%d":0' % number for number in range(4_000_000))
    return b'{"nbformat":4,"nbformat_minor":4,"cells":[],"metadata":{' + keys + b"}}"


def deep_metadata() -> bytes:
    return notebook_of([code_cell(deep="@")]).replace(b'"@"', b"[" * 900 + b"]" * 900)


def long_grade_ids() -> bytes:
    metadata = {"nbgrader": {"grade_id": "x" * 9_000, "grade": True}}
    cell = {"cell_type": "markdown", "metadata": metadata, "source": "x"}
    return notebook_of([cell] * 5_000)


def large_outputs() -> bytes:
    """As large as a notebook may be; nothing is wrong with it."""
    output = {"output_type": "stream", "name": "stdout", "text": ["0.123456\n"] * 3_000_000}
    return notebook_of([code_cell() | {"outputs": [output]}])


KINDS: tuple[Callable[[], bytes], ...] = (
    tags_that_are_dicts,
    heading_of_a_high_level,
    newlines,
    newlines_in_text,
    empty_lists,
    many_keys,
    deep_metadata,
    long_grade_ids,
    large_outputs,
)


def many_notebooks(folder: Path, count: int = 20_000) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"student{number}.ipynb").write_bytes(b"{}")


def deep_folders(folder: Path, count: int = 1_500) -> None:
    """Folders in folders, deeper than a path may be long."""
    folder.mkdir(parents=True)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(count):
        os.mkdir("a", dir_fd=here)
        inner = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def write_all(folder: Path, unit: str) -> list[str]:
    """Write a hand-in of each kind, each a student's folder; gives the students."""
    for kind in KINDS:
        place = folder / kind.__name__
        place.mkdir(parents=True)
        (place / f"{unit}.ipynb").write_bytes(kind())
    many_notebooks(folder / "many_notebooks")
    deep_folders(folder / "deep_folders")
    return [*(kind.__name__ for kind in KINDS), "many_notebooks", "deep_folders"]


if __name__ == "__main__":
    write_all(Path(sys.argv[1]), "03_optimizers")
