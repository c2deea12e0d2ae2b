"""Whose failure it is: the grader's own, or something that its user can fix."""

from __future__ import annotations

import textwrap
from typing import Final

# By which installers know this package: the package index has an `autograder` by other people.
DISTRIBUTION: Final = "deep-learning-autograder"


class FaultError(Exception):
    """The grader failed; no student is to blame and no point is lost."""


class UserError(Exception):
    """What was asked for can't be done; the message says why, and what to do."""


class CheckError(UserError):
    """The checks can't be run as asked; says what to do."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback, which would be this package's insides."""
        return textwrap.wrap(str(self), 80, break_long_words=False, break_on_hyphens=False)


def pip_install(extra: str) -> str:
    """Return the command that installs this package with one of its extras."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"
