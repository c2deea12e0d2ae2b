"""`autograder nbgrade`: nbgrader's own autograding of a class, graded ahead on many slots.

One process writes the gradebook, student by student, by nbgrader's own code; what it will need
next is graded meanwhile.  So the gradebook and `autograded/` are those of `nbgrader autograde`.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.apps import AutogradeApp
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from autograder.course.course import Course
from autograder.errors import UserError
from autograder.plugins.nbgrader import exporter, gradebook, preprocessor
from autograder.plugins.nbgrader.guarded import Guarded
from autograder.plugins.nbgrader.lock import turn
from autograder.results.result import Result
from autograder.submissions.identify import printable
from autograder.submissions.preview import need_framework
from autograder.submissions.submission import Submission


class ClassError(UserError):
    """A class can't be graded as asked; says what to do."""


@dataclass
class Told:
    """What is said meanwhile: how many there are, whose turn it is, and what is odd."""

    total: Callable[[int], None]
    turn: Callable[[str], None]
    remark: Callable[[str], None]


@dataclass
class Graded:
    """What became of a class in one run."""

    results: list[Result] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # students who stay ungraded
    kept: int = 0  # were autograded before


def autograde(
    course: Course,
    assignment: str,
    student: str,
    grader: preprocessor.NotebookGrader,
    told: Told,
    force: bool,
) -> Graded:
    """Autogrades the submissions of an assignment, `student` being a pattern as in nbgrader.

    Raises:
        UserError: nothing could be graded; nothing was changed.
    """
    with turn(course), warnings.catch_warnings():  # nbgrader's configuration sets filters
        app = _app(course)
        app.coursedir.assignment_id, app.coursedir.student_id = assignment, student
        remarks = _Remarks(told)
        app.log.handlers[:] = [remarks]
        converter = ClassAutograde(grader, told, remarks, coursedir=app.coursedir, parent=app)
        converter.force = force
        try:
            converter.start()
        except NbGraderException:
            if not converter.began:
                raise ClassError(remarks.held()) from None
        return converter.outcome()


class ClassAutograde(Autograde, Guarded):
    """nbgrader's converter, which waits for a student's results just before it needs them."""

    def __init__(
        self, grader: preprocessor.NotebookGrader, told: Told, remarks: _Remarks, **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.began = False
        self._remarks = remarks
        self._grader = grader
        self.readers = grader.readers
        self._told = told
        self._due: dict[str, str] = {}  # folders by student
        self._read: set[str] = set()  # students whose notebooks wait for a slot, or are graded
        self._waiting: Counter[str] = Counter()  # notebooks of a student that are not graded yet
        self._results: Iterator[Result] = iter(())
        preprocessor.lend(self, grader)

    def convert_notebooks(self) -> None:
        self.began = True
        self._remarks.tell()
        folders = sorted(self.assignments)
        self._due = {exporter.student_of(self, one): one for one in folders if self._is_due(one)}
        self._told.total(len(self._due))
        if self._due:
            pool = self._grader.pool
            pool.warm("numpy")  # for the units' own programs
            notebooks = (one for folder in self._due.values() for one in self.assignments[folder])
            if need_framework(map(Path, notebooks)):
                pool.warm(pool.backend)
        results = self._grader.graded(self._submissions())
        with contextlib.closing(results) as self._results:
            super().convert_notebooks()

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        begins = bool(super().init_destination(assignment_id, student_id))
        if begins:
            self._told.turn(printable(student_id))
            self._remarks.student = student_id
            self._wait_for(student_id)
        return begins

    def outcome(self) -> Graded:
        """What became of the class."""
        known = self._grader.known
        results = [result for (name, _), result in known.items() if name in self._due]
        path = self.coursedir.assignment_id
        failed = [name for name in self._due if not Path(self._format_dest(path, name)).exists()]
        failed = [*map(printable, failed), *self.left_out]
        return Graded(results, failed, len(self.assignments) - len(self._due))

    def _wait_for(self, student: str) -> None:
        while student not in self._read or self._waiting[student]:
            result = next(self._results, None)
            if result is None:
                return
            self._waiting[result.student] -= 1
            self._grader.known[result.student, result.unit] = result

    def _is_due(self, folder: str) -> bool:
        """Whether nbgrader will grade a submission; asking it would remove the earlier grading."""
        student = exporter.student_of(self, folder)
        if student in self.coursedir.student_id_exclude.split(","):
            return False
        destination = self._format_dest(self.coursedir.assignment_id, student)
        if self.force or not Path(destination).exists():
            return True
        if not self.has_time(Path(folder)):
            return False
        handed_in = self.coursedir.get_existing_timestamp(folder)
        graded = self.coursedir.get_existing_timestamp(destination)
        return handed_in is not None and graded is not None and handed_in > graded

    def _submissions(self) -> Iterator[Submission]:
        """What will be graded, its cells restored as nbgrader is about to restore them."""
        ahead = exporter.SubmissionExporter(self._grader.readers, config=self.config)
        ahead._preprocessors = []
        for each in self.sanitize_preprocessors:
            ahead.register_preprocessor(each)
        for student, folder in self._due.items():
            for filename in self._to_read(folder):
                with contextlib.suppress(Exception):  # nbgrader meets it again, and tells it
                    resources = self.init_single_notebook_resources(filename)
                    text, _ = ahead.from_filename(filename, resources=resources)
                    notebook = nbformat.reads(text, as_version=4)
                    names = resources["nbgrader"]
                    submission = self._grader.submission(notebook, names, Path(filename))
                    self._waiting[student] += 1
                    yield submission
            self._read.add(student)

    def _to_read(self, folder: str) -> list[str]:
        """The notebooks of a submission that nbgrader will grade; none where it is refused."""
        try:
            self.look(Path(folder))
        except Exception:
            return []  # told when it is this student's turn
        known = gradebook.notebooks(self.coursedir.db_url, self.coursedir.assignment_id)
        return [one for one in sorted(self.assignments[folder]) if Path(one).stem in known]


class _Remarks(logging.Handler):
    """nbgrader's warnings and errors as remarks of one line, each told once."""

    _NOISE = (
        "There was an error processing",
        "Please see the",
        "Removing ",
        "Updating existing",
    )

    def __init__(self, told: Told) -> None:
        super().__init__(logging.WARNING)
        self._told = told
        self.student = ""  # whose turn it is; nbgrader doesn't say it
        self._last = "\n"
        self._held: list[str] | None = []  # until it is known whether anything is done at all

    def held(self) -> str:
        """What was said before anything was done: why nothing is."""
        return "\n".join(self._held or ["nbgrader stopped without a word."])

    def tell(self) -> None:
        """Tells what was held back, and from now on each remark at once."""
        for message in self._held or ():
            self._told.remark(message)
        self._held = None

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().strip()
        if message.startswith("Traceback"):
            message = message.splitlines()[-1].strip()
            if message.endswith(self._last):
                return  # told when it was raised
        if message.startswith(self._NOISE):
            return
        self._last = message
        if self._held is not None:
            self._held.append(message)
        else:
            student = printable(self.student)
            self._told.remark(message if message.startswith(student) else f"{student}: {message}")


def _app(course: Course) -> Any:
    """nbgrader's own application, configured as its commands are."""
    with contextlib.chdir(course.root):
        app = AutogradeApp()
        app.initialize([])
    if preprocessor.GradeInSandbox not in app.config.Autograde.get("autograde_preprocessors", []):
        raise ClassError(
            f"`{course.root / 'nbgrader_config.py'}` does not hand grading to autograder. It needs "
            "these lines: `from autograder.plugins.nbgrader import configure` and "
            "`configure(get_config(), __file__)`."
        )
    return app
