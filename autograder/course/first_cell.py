"""The first code cell of a released notebook where a course says where it is published.

The cell makes a notebook that stands alone work: it installs this package and fetches the unit's
files.  In the sandbox it does nothing, since the package is there and `prepare` is stubbed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from autograder.course.fast_nbformat import nbformat


@dataclass(frozen=True)
class Wheel:
    """This package as a wheel: its distribution's name, its file name and its bytes' sha256."""

    distribution: str
    name: str
    sha256: str


def source(url: str, wheel: Wheel, unit: str, files: Mapping[str, bytes]) -> str:
    """Return the cell's text.

    Args:
        url: where the unit's archive and the wheel are published; ends in `/`.
        wheel: what the cell installs.
        unit: the unit's name.
        files: what students get beside the notebook, by its path there.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    entries = "".join(f"    {_quoted(n)}: {_quoted(d)},\n" for n, d in digests.items())
    distributions = dict.fromkeys(("autograder", wheel.distribution))
    return _template().substitute(
        url=_quoted(url),
        wheel=_quoted(f"{wheel.name}#sha256={wheel.sha256}"),
        files=f"{{\n{entries}}}",
        distributions=" ".join(distributions),
        archive=_quoted(archive_name(unit)),
    )


def add(notebook: Any, text: str) -> None:
    """Put the cell before the first code cell of a notebook, a NotebookNode."""
    cells = notebook["cells"]
    place = next((n for n, cell in enumerate(cells) if cell["cell_type"] == "code"), len(cells))
    node: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": hashlib.sha256(text.encode("utf-8")).hexdigest()[:12],
        "metadata": {},
        "outputs": [],
        "source": text,
    }
    cells.insert(place, nbformat.from_dict(node))  # type: ignore[no-untyped-call]


def example() -> str:
    """Return a cell of no course, as what students were given."""
    return source("", Wheel("", "", ""), "", {})


def archive_name(unit: str) -> str:
    """Return the file name of a unit's archive, in which all lies in a folder named as the unit."""
    return f"{unit}.zip"


@cache
def _template() -> Template:
    """Return the cell's text with names in place of what differs from course to course."""
    file = resources.files("autograder.course") / "first_cell.txt"
    return Template(file.read_text(encoding="utf-8").rstrip("\n"))


def _quoted(text: str) -> str:
    """Return a string as Python code, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
