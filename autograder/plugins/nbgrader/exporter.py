"""What `nbgrader autograde` reads: its preconditions, and notebooks in any state."""

from __future__ import annotations

import re
from contextlib import ExitStack
from glob import glob
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import rmtree
from traitlets import default

from autograder.course.course import Course
from autograder.errors import UserError
from autograder.plugins.nbgrader import gradebook, outputs
from autograder.plugins.nbgrader.guarded import guard, not_graded
from autograder.plugins.nbgrader.lock import turn
from autograder.plugins.nbgrader.release import require_ignored
from autograder.report.output import clean_log
from autograder.submissions import notebook_file, places
from autograder.submissions.identify import printable
from autograder.submissions.reader import READ_SECONDS, Allowance, Readers

_MAX_OTHERS = 5  # notebooks by other names that are told one by one


class ClassReaders(Readers):
    """Readers for a class that nbgrader converts: it reads each hand-in several times."""

    def read(
        self, data: bytes, whole: bool = False, allowance: Allowance | None = None
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return what `Readers.read` gives, each time within a part of what a hand-in may take."""
        return super().read(data, whole, Allowance(READ_SECONDS / 2))


class SubmissionExporter(NotebookExporter):
    """Reads submissions for nbgrader's `Autograde`, after a look at everything they need."""

    readers: Readers

    def __init__(self, readers: Readers | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        # One for all who read, so that what reached a limit does so once.
        self.readers = readers or getattr(self.parent, "readers", None) or ClassReaders()
        clean_log(self.log)
        if self.parent is not None:
            try:
                with ExitStack() as until_the_end:
                    until_the_end.callback(self.readers.close)
                    until_the_end.enter_context(turn(Course(_root(self.parent))))
                    prepare(self.parent)
                    guard(self.parent)
                    _close_after_converting(self.parent, until_the_end.pop_all())
            except UserError as error:
                self.log.error("%s", error)
                raise NbGraderException(str(error)) from None

    @default("optimistic_validation")
    def _validated_once(self) -> bool:
        # What is read is valid, and a long notebook takes longer to validate than to read.
        return True

    def from_file(
        self, file_stream: Any, resources: Any = None, **arguments: Any
    ) -> tuple[Any, Any]:
        """Reads a file as whatever it is, where nbformat would stop at the first oddity."""
        path = Path(file_stream.name)
        try:
            notebook = read(path, self.readers)
        except notebook_file.UnreadableError as error:
            names = resources["nbgrader"]
            not_graded(names, f"`{printable(str(path))}`: {error}", self.log)
        return self.from_notebook_node(notebook, resources=resources, **arguments)  # type: ignore[no-any-return]


def prepare(converter: Any) -> None:
    """Looks at gradebook, course and earlier results before anything is written.

    Raises:
        UserError: something is not as it must be; nothing was changed.
    """
    coursedir = converter.coursedir
    assignment = coursedir.assignment_id
    gradebook.require(coursedir.db_url, assignment)
    course = Course(_root(converter))
    units = units_of(course)
    names = gradebook.notebooks(coursedir.db_url, assignment)
    for name in names:
        unit = gradebook.unit_of(assignment, name, units)
        if unit:
            loaded = course.load(unit)
            source = coursedir.format_path(coursedir.source_directory, ".", assignment)
            require_ignored(coursedir, Path(source))
            gradebook.require_points(coursedir.db_url, assignment, name, loaded.unit)
        elif not converter.config.GradeInSandbox.get("plain_assignments", False):
            raise gradebook.no_unit(assignment, name, units)
    converter.assignments = _own_notebooks(converter)
    converter.left_out = _leave_out(converter)
    for folder, notebooks in converter.assignments.items():
        _report_other_names(Path(folder), notebooks, names, converter.log)
        student = student_of(converter, folder)
        _remove_unfinished(Path(converter._format_dest(assignment, student)), names, converter.log)


def _root(converter: Any) -> Path:
    return Path(converter.coursedir.root).resolve()


def _close_after_converting(converter: Any, stack: ExitStack) -> None:
    """Closes a stack when a converter is through; nbgrader calls its exporter at the start only."""
    convert = converter.convert_notebooks

    def convert_and_close() -> None:
        del converter.convert_notebooks  # the class's own again
        with stack:
            convert()

    converter.convert_notebooks = convert_and_close


def units_of(course: Course) -> list[str]:
    """The names of a course's units; a folder of plain assignments alone has none."""
    return course.unit_names() if (course.root / "solutions").is_dir() else []


def read(path: Path, readers: Readers) -> Any:
    """The notebook in a file, in format 4, with its pictures and what else is valid.

    Raises:
        UnreadableError: it is no notebook, or not one that lies there.
        ReaderError: the reader failed.
    """
    notebook, _ = readers.read(places.read_file(path), whole=True)
    return nbformat.from_dict(_mended(notebook))


def _mended(value: Any) -> Any:
    """Return a value without the half characters that JSON can hold and files can't."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_mended(name): _mended(one) for name, one in value.items()}
    return [_mended(one) for one in value] if isinstance(value, list) else value


def student_of(converter: Any, folder: str) -> str:
    """Whose submission a folder is, as nbgrader tells it."""
    pattern = converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
    match = re.match(pattern, folder)
    return match["student"] if match else ""


def _own_notebooks(converter: Any) -> dict[str, list[str]]:
    """Return the notebooks of each folder; nbgrader takes a folder `[b]o` for a pattern of `bo`."""
    coursedir = converter.coursedir
    pattern = converter._format_source(coursedir.assignment_id, coursedir.student_id)
    found = {
        folder: [
            f"{folder}/{path.name}"
            for path in Path(folder).glob(f"{coursedir.notebook_id}.ipynb")
            if not path.name.startswith(".")
        ]
        for folder in glob(pattern)  # noqa: PTH207 - a path with patterns, as nbgrader takes it
    }
    return {folder: notebooks for folder, notebooks in found.items() if notebooks}


def _leave_out(converter: Any) -> list[str]:
    """Take the folders away at whose names nbgrader or its gradebook would stop the class."""
    found = [
        folder for folder in converter.assignments if not _is_name(student_of(converter, folder))
    ]
    for folder in found:
        del converter.assignments[folder]
        converter.log.error(
            "`%s` is not looked at: its name has line breaks or broken characters. Rename it.",
            printable(folder),
        )
    return [printable(folder) for folder in found]


def _is_name(student: str) -> bool:
    try:
        return bool(student.encode())
    except UnicodeEncodeError:
        return False


def _report_other_names(folder: Path, notebooks: list[str], names: list[str], log: Any) -> None:
    others = [notebook for notebook in notebooks if Path(notebook).stem not in names]
    expected = " or ".join(f"`{name}.ipynb`" for name in names)
    for notebook in others[:_MAX_OTHERS]:
        log.error(
            "`%s` is not looked at: nbgrader goes by names, and expects %s in `%s`. If this is "
            "the submission, rename it.",
            *(printable(notebook), expected, printable(str(folder))),
        )
    if len(others) > _MAX_OTHERS:
        log.error(
            "%d more notebooks in `%s` are not looked at.",
            *(len(others) - _MAX_OTHERS, printable(str(folder))),
        )


def _remove_unfinished(folder: Path, names: list[str], log: Any) -> None:
    """Removes what a run that was killed left behind, which nbgrader would take for graded."""
    paths = [path for name in names if (path := folder / f"{name}.ipynb").is_file()]
    if folder.is_dir() and not all(outputs.finished(path) for path in paths):
        log.warning("`%s` was left half done; it is graded again.", printable(str(folder)))
        rmtree(str(folder))
