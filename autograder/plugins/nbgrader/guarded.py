"""nbgrader's converter with a look at each student's folder before anything in it is touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from nbgrader.converters.base import BaseConverter, NbGraderException

from autograder.errors import UserError
from autograder.plugins.nbgrader import gradebook
from autograder.plugins.nbgrader.folder import Looked, RefusedError, copy, look, require_time
from autograder.submissions.identify import printable


class NotGradedError(UserError):
    """One submission that can't be graded now; it stays ungraded."""


class Guarded(BaseConverter):
    """Takes the place of `BaseConverter` below `Autograde`: looks, then copies without links.

    A folder that is refused is that student's error alone, and the gradebook has it as ungraded.
    """

    left_out: Sequence[str] = ()  # folders that nbgrader must not even meet

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        folder = Path(self._format_source(assignment_id, student_id))
        there = Path(self._format_dest(assignment_id, student_id)).exists()
        if there and not self.force and not self.has_time(folder):
            return False
        return bool(super().init_destination(assignment_id, student_id))

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        folder = Path(self._format_source(assignment_id, student_id))
        destination = Path(self._format_dest(assignment_id, student_id))
        try:
            looked = self.look(folder)
            if looked.too_deep:
                self.log.warning(
                    "Files in %s of `%s` lie too deep to be copied.",
                    *(looked.too_deep, printable(student_id)),
                )
            copy(folder, looked.files, destination, self.log.info)
        except RefusedError as error:
            gradebook.enter_ungraded(
                self.coursedir.db_url, assignment_id, student_id, self.create_student
            )
            stop(student_id, str(error), self.log)

    def convert_notebooks(self) -> None:
        super().convert_notebooks()
        if self.left_out:
            raise NbGraderException(f"Not looked at: {', '.join(self.left_out)}")

    def look(self, folder: Path) -> Looked:
        """Return what lies beside the notebooks of a submission.

        Raises:
            RefusedError: nbgrader must not touch it.
        """
        coursedir = self.coursedir
        names = gradebook.notebooks(coursedir.db_url, coursedir.assignment_id)
        return look(folder, _depth(coursedir.directory_structure), names, coursedir.ignore)

    def has_time(self, folder: Path) -> bool:
        """Return whether it can be told if a submission is newer than its earlier grading."""
        try:
            require_time(folder)
        except RefusedError as error:
            self.log.warning("%s The earlier grading is kept.", error)
            return False
        return True


def guard(converter: Any) -> None:
    """Make a converter that nbgrader has made a guarded one."""
    if not isinstance(converter, Guarded):
        kind = type(converter)
        # Behind the converter's own class, which adds to what this one does.
        converter.__class__ = type(kind.__name__, (kind, Guarded), {})


def not_graded(names: Any, message: str, log: Any) -> NoReturn:
    """Leaves a submission ungraded in the gradebook and stops nbgrader's work on it.

    Raises:
        NotGradedError: always.
    """
    gradebook.leave_ungraded(
        names["db_url"], names["assignment"], names["student"], names["notebook"]
    )
    stop(names["student"], message, log)


def stop(student: str, message: str, log: Any) -> NoReturn:
    """Stop nbgrader's work on a submission, and say why.

    Raises:
        NotGradedError: always.
    """
    message = f"{printable(student)} is not graded. {message}"
    log.error("%s", message)
    raise NotGradedError(message) from None  # its cause is in the message


def _depth(structure: str) -> int:
    """Return how many names of a submission's path are a student's, not the course's."""
    parts = Path(structure).parts
    named = (n for n, part in enumerate(parts) if "{student_id}" in part or "{assign" in part)
    return len(parts) - next(named, 0)
