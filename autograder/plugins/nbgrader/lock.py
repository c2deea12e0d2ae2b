"""One run at a time writes a course's gradebook and `autograded/`, whichever command it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from autograder.course.course import Course
from autograder.errors import UserError
from autograder.files import locked

_held: set[Path] = set()  # by this process


class TurnError(UserError):
    """A course can't be autograded now: somebody else does, or it can't be written to."""


@contextmanager
def turn(course: Course) -> Iterator[None]:
    """Keeps other autograding off a course; within a turn of this process it changes nothing.

    Raises:
        TurnError: another one is at work, or that can't be told; nothing was changed.
    """
    path = course.root.resolve() / ".autograder" / "nbgrade.lock"
    if path in _held:
        yield
        return
    course.seed()  # makes the folder
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=False))
        except TimeoutError:
            raise TurnError(
                "Another `nbgrader autograde` or `autograder nbgrade` is at work on this course. "
                "Wait for it, or stop it: what it has graded is kept."
            ) from None
        except OSError as error:
            raise TurnError(
                f"`{path}` can't be written: {error.strerror}. Nothing was changed. Who owns the "
                "folder, and is the disk full?"
            ) from None
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
