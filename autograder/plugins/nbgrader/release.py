"""What `nbgrader generate_assignment` writes: the bytes of `autograder release`, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import find_all_files

from autograder.authoring.public_cases import make
from autograder.authoring.release import DATA, add_first_cell, where_published
from autograder.course.course import Course
from autograder.course.notebook import EXPERIMENT, RELEASED_EXPERIMENT, author_notebook, dumps
from autograder.course.unit import LoadedUnit, exercise_files
from autograder.errors import UserError
from autograder.plugins.nbgrader import gradebook
from autograder.student.public_cases import PublicCases, suffix


class ReleaseError(UserError):
    """A release would not be what the unit's sources give; says what to do."""


class CheckSource(NbGraderPreprocessor):
    """Refuses, before the earlier release is removed, what would not become the unit's release."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        converter = self.parent.parent if self.parent is not None else None
        try:
            for folder, notebooks in getattr(converter, "assignments", {}).items():
                _check(Path(folder).resolve(), notebooks, converter)
        except UserError as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from None

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        return nb, resources


class FinishRelease(NbGraderPreprocessor):
    """Adds what nbgrader doesn't know of: cases, the first cell, and that experiments may fail."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        # The release is removed before it is made anew, with the cases in it.
        converter = self.parent.parent if self.parent is not None else None
        self._kept = {
            path: path.read_bytes()
            for folder in getattr(converter, "assignments", {})
            for path in _destination(converter, Path(folder).name).glob(f"*{suffix}")
        }

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        folder = Path(resources["metadata"]["path"]).resolve()
        loaded = _loaded(folder)
        if loaded is None:
            return nb, resources
        for cell in nb.cells:
            if EXPERIMENT in cell.metadata.get("tags", ()):
                cell.metadata["tags"] = [*cell.metadata["tags"], *RELEASED_EXPERIMENT]
        path = _destination(self.parent.parent, folder.name) / f"{loaded.name}{suffix}"
        cases = self._cases(path, loaded)
        add_first_cell(nb, Course.find(folder), loaded, cases)
        resources.setdefault("outputs", {})[path.name] = cases
        return nb, resources

    def _cases(self, path: Path, loaded: LoadedUnit) -> bytes:
        content = self._kept.get(path, b"")
        kept = PublicCases.read(content)
        return content if kept is not None and kept.sources == loaded.digest else make(loaded)


def _check(folder: Path, notebooks: list[str], converter: Any) -> None:
    loaded = _loaded(folder)
    if loaded is None:
        return
    path = folder / f"{loaded.name}.ipynb"
    for notebook in notebooks:
        if Path(notebook).name != path.name:
            raise ReleaseError(
                f"`{notebook}` is not the unit's notebook, and students would get it. Expected "
                f"`{path.name}` alone: move the other one away."
            )
    wanted = author_notebook(loaded.cells, loaded.unit.exercises, loaded.name)
    if path.read_bytes() != dumps(wanted).encode():
        raise ReleaseError(
            f"`{path}` is not what its sources give: run `autograder release {loaded.name}`. "
            "(Change `notebook.py`, not the generated notebook.)"
        )
    require_ignored(converter.coursedir, folder)
    where_published(Course.find(folder))  # raises what would stop the release half-way
    if not converter.no_database:
        gradebook.require_same_exercises(converter.coursedir.db_url, loaded.name, loaded.unit)


def _loaded(folder: Path) -> LoadedUnit | None:
    """The unit in a source folder; None where a plain assignment of nbgrader lies."""
    if not exercise_files(folder):
        return None
    return Course.find(folder).load(folder.name)


def _destination(converter: Any, assignment: str) -> Path:
    return Path(converter._format_dest(assignment, converter.coursedir.student_id)).resolve()


def require_ignored(coursedir: Any, folder: Path) -> None:
    """Makes sure that of what lies beside a unit's notebook nbgrader copies `data/` alone.

    Raises:
        ReleaseError: it would; nothing was changed.
    """
    found = find_all_files(str(folder), [*coursedir.ignore, "*.ipynb"])
    copied = sorted(Path(path).relative_to(folder) for path in found)
    copied = [path for path in copied if path.parts[0] != DATA]
    if copied:
        listed = ", ".join(f"`{path}`" for path in copied)
        raise ReleaseError(
            f"nbgrader would copy {listed} from `{folder}` to students and beside what they handed "
            "in. Nothing was changed. Is `CourseDirectory.ignore` set after `configure`?"
        )
