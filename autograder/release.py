"""The generated notebooks of a unit: nbgrader's source, the students', and the public cases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autograder.cache import write_whole
from autograder.course import Course, LoadedUnit
from autograder.notebook import author_notebook, dumps, release_notebook
from autograder.public_cases import PublicCases, make, suffix


class Stale(Exception):  # noqa: N818 - a state of the tree
    """A generated file is not what its sources give."""


def release_unit(course: Course, loaded: LoadedUnit, write: bool = True) -> list[Path]:
    """Writes what differs from the sources and returns its paths.

    Raises:
        Stale: something differs and `write` is False.
    """
    stale = {
        path: content
        for path, content in _generated(course, loaded).items()
        if not path.is_file() or path.read_bytes() != content
    }
    if stale and not write:
        names = ", ".join(str(path.relative_to(course.root)) for path in stale)
        raise Stale(f"not current: {names}. Run `autograder release {loaded.name}`.")
    for path, content in stale.items():
        write_whole(path, content)
    return list(stale)


def _generated(course: Course, loaded: LoadedUnit) -> Mapping[Path, bytes]:
    unit, exercises = loaded.name, loaded.unit.exercises
    student = course.root / "assignments" / unit
    return {
        loaded.folder / f"{unit}.ipynb": dumps(
            author_notebook(loaded.cells, exercises, unit)
        ).encode(),
        student / f"{unit}.ipynb": dumps(release_notebook(loaded.cells, exercises, unit)).encode(),
        student / f"{unit}{suffix}": _public_cases(student / f"{unit}{suffix}", loaded),
    }


def _public_cases(path: Path, loaded: LoadedUnit) -> bytes:
    """The public cases; those that are there are kept while the unit's sources are the same.

    The reference's numbers differ in their last bits from machine to machine, so that making them
    again elsewhere would change the file without a reason.
    """
    if path.is_file():
        content = path.read_bytes()
        kept = PublicCases.read(content)
        if kept is not None and kept.sources == loaded.hash:
            return content
    return make(loaded)
