"""What is generated of a unit: nbgrader's source, the students' notebook, cases and data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.authoring.public_cases import make
from autograder.authoring.wheel import this_package
from autograder.course import first_cell, settings
from autograder.course.course import Course
from autograder.course.notebook import author_notebook, dumps, release_notebook
from autograder.course.unit import LoadedUnit
from autograder.files import write_whole
from autograder.student.public_cases import PublicCases, suffix

_OUTDATED = b"outdated"  # in place of public cases that are not made: no file of them is this
DATA = "data"  # the folder of a unit's public data: students get it as it is


class Stale(Exception):  # noqa: N818 - a state of the tree
    """A generated file is not what its sources give."""


def release_unit(course: Course, loaded: LoadedUnit, write: bool = True) -> list[Path]:
    """Write the generated files that differ from what the sources give; return their paths.

    Files of data that the unit no longer has are removed, and are among the paths.

    Raises:
        Stale: Something differs and `write` is False.
    """
    generated = _generated(course, loaded, write)
    stale = {path: content for path, content in generated.items() if not _is_at(path, content)}
    # Data that the unit no longer has.
    left = [path for path in _files(_student(course, loaded) / DATA) if path not in generated]
    if (stale or left) and not write:
        names = ", ".join(str(path.relative_to(course.root)) for path in (*stale, *left))
        raise Stale(f"not current: {names}. Run `autograder release {loaded.name}`.")
    for path, content in stale.items():
        write_whole(path, content)
    for path in left:
        path.unlink()
    return [*stale, *left]


def _is_at(path: Path, content: bytes) -> bool:
    """Return whether a file is there and has this content, line ends aside: Git changes those."""
    if not path.is_file():
        return False
    there = path.read_bytes()
    return there == content or (
        path.suffix == ".ipynb" and there.replace(b"\r\n", b"\n") == content
    )


def _generated(course: Course, loaded: LoadedUnit, cases: bool) -> Mapping[Path, bytes]:
    """Return what the sources give by its path; outdated public cases are made anew if `cases`."""
    student = _student(course, loaded)
    author = dumps(author_notebook(loaded.cells, loaded.unit.exercises, loaded.name))
    return {
        loaded.folder / f"{loaded.name}.ipynb": author.encode(),
        **{student / name: each for name, each in for_students(course, loaded, cases).items()},
    }


def for_students(course: Course, loaded: LoadedUnit, anew: bool) -> dict[str, bytes]:
    """Return what students get of a unit, by its path in their folder.

    Args:
        course: the course.
        loaded: the unit.
        anew: whether to make public cases that are outdated; else something else stands there.
    """
    unit = loaded.name
    cases = _public_cases(_student(course, loaded) / f"{unit}{suffix}", loaded, anew)
    notebook = release_notebook(loaded.cells, loaded.unit.exercises, unit)
    add_first_cell(notebook, course, loaded, cases)
    return {f"{unit}.ipynb": dumps(notebook).encode(), **_beside(loaded, cases)}


def add_first_cell(notebook: Any, course: Course, loaded: LoadedUnit, cases: bytes) -> None:
    """Add the cell that gets what is missing, where the course says where that is published.

    Args:
        notebook: the unit's release, a NotebookNode.
        course: the course.
        loaded: the unit.
        cases: its public cases as students get them.
    """
    if published := where_published(course):
        text = first_cell.source(*published, loaded.name, _beside(loaded, cases))
        first_cell.add(notebook, text)


def where_published(course: Course) -> tuple[str, first_cell.Wheel] | None:
    """Return where a course is published, and its package there; None if it is not.

    Raises:
        SettingsError: the course's settings can't be used.
        UserError: the package can't be published as it is installed.
    """
    url = settings.read(course.root).release_url
    return (url, this_package().wheel) if url else None


def _beside(loaded: LoadedUnit, cases: bytes) -> dict[str, bytes]:
    """Return what students get beside the notebook, by its path there."""
    data = {
        path.relative_to(loaded.folder).as_posix(): path.read_bytes()
        for path in _files(loaded.folder / DATA)
    }
    return {f"{loaded.name}{suffix}": cases, **data}


def _student(course: Course, loaded: LoadedUnit) -> Path:
    """Return the folder that students get."""
    return course.root / "assignments" / loaded.name


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder, in order, without hidden ones (which editors leave)."""
    names = (path.relative_to(folder).parts for path in folder.rglob("*") if path.is_file())
    return sorted(folder.joinpath(*parts) for parts in names if not any(p[0] == "." for p in parts))


def _public_cases(path: Path, loaded: LoadedUnit, anew: bool) -> bytes:
    """Return the public cases: those that are there, if the unit's sources are still the same.

    The reference's numbers differ in their last bits from machine to machine, so making them again
    elsewhere would change the file without a reason.
    """
    if path.is_file():
        content = path.read_bytes()
        kept = PublicCases.read(content)
        if kept is not None and kept.sources == loaded.digest:
            return content
    return make(loaded) if anew else _OUTDATED
