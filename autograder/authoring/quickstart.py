"""A course to begin with: one small unit, and nbgrader's configuration."""

from __future__ import annotations

import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from autograder.authoring.release import release_unit
from autograder.course.course import Course
from autograder.errors import UserError
from autograder.files import write_whole

# In the package every file of the course ends in this, so that no tool takes it for code of ours.
_SUFFIX = ".txt"
_NAMES = {"gitignore": ".gitignore"}


class QuickstartError(UserError):
    """A course can't be made there."""


def make_course(folder: Path) -> list[Path]:
    """Make a course in an empty or new folder and return its files, in order.

    Raises:
        QuickstartError: Something is there already, or the folder can't be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise QuickstartError(
            f"`{folder}` is not empty, and nothing in it was changed. Name a new folder."
        )
    course_id = re.sub(r"[^A-Za-z0-9_-]", "_", folder.resolve().name)
    try:
        for path, text in _files(resources.files("autograder.authoring") / "starter", folder):
            write_whole(path, text.replace("{course_id}", course_id).encode())
        course = Course(folder.resolve())
        for unit in course.unit_names():
            release_unit(course, course.load(unit))
        course.seed()
    except OSError as error:
        raise QuickstartError(f"`{folder}` can't be written: {error.strerror}.") from None
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _files(source: Traversable, folder: Path) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for item in source.iterdir():
        if item.is_dir():
            found += _files(item, folder / item.name)
        else:
            name = item.name.removesuffix(_SUFFIX)
            found.append((folder / _NAMES.get(name, name), item.read_text(encoding="utf-8")))
    return found
