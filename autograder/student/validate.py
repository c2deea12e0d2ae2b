"""`check("…")` under `nbgrader validate`, in a student's own kernel.  Imports nothing of nbgrader.

nbgrader takes a cell for right unless it raises or writes to stderr, and warns of what it shows.
So what is not right yet is raised, what is right shows nothing, and libraries are kept off stderr.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import Protocol

from autograder.results.result import ExerciseResult

_WIDTH = 80  # nbgrader cuts longer lines


class Checked(Protocol):
    """What a check gives."""

    @property
    def result(self) -> ExerciseResult: ...

    def text(self, width: int) -> str: ...


class NotRightYet(Exception):  # noqa: N818 - read by students, as a statement
    """An exercise of which not every check passes; its text are the findings."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return str(self).splitlines()


def asked() -> bool:
    """Whether the kernel runs for `nbgrader validate`."""
    return "NBGRADER_VALIDATING" in os.environ


def validate(check: Callable[[], Checked]) -> None:
    """Runs a check, and says nothing where all of it passes.

    Raises:
        NotRightYet: something doesn't; says what a student needs.
    """
    with _without_stderr():
        checked = check()
    if any(finding.verdict != "passed" for finding in checked.result.findings):
        raise NotRightYet(checked.text(_WIDTH))


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """Swallows Python's stderr and that of libraries, which write to the descriptor."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        with contextlib.suppress(OSError):  # a kernel without a console may have no such descriptor
            kept = os.dup(2)
            stack.callback(os.close, kept)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nowhere)
            os.dup2(nowhere, 2)
            stack.callback(os.dup2, kept, 2)
        yield
