"""`check("backward")` in a student's notebook.  Imports nothing heavy until it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.student.kernel import Checked


class CheckInterrupted(KeyboardInterrupt):
    """The student stopped a check."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback, which would be this package's insides."""
        return [str(self)]


def check(exercise: str, unit: str | None = None) -> Checked | None:
    """Run the public checks of an exercise on what your notebook has defined.

    The grader repeats the same checks with other numbers.

    Args:
        exercise: its name, that of the function or class to be written.
        unit: the notebook's unit; only needed where several units lie in one folder.

    Returns:
        The findings; Jupyter shows them.  Outside IPython they are printed and None is returned.

    Raises:
        CheckError: there are no public cases here, or no such exercise.
        CheckInterrupted: you stopped it; your notebook is as it was before.
    """
    from autograder.student import kernel, validate

    shell = _shell()
    names = vars(sys.modules["__main__"]) if shell is None else shell.user_ns

    def assess(quiet: bool = False) -> Checked:
        return kernel.assess(exercise, unit, names, shell, _folder(), quiet)

    try:
        if validate.asked():
            validate.validate(lambda: assess(quiet=True))
            return None
        checked = assess()
    except KeyboardInterrupt:
        stopped = f"The check of `{exercise}` was stopped. Your notebook is as it was before."
        raise CheckInterrupted(stopped) from None
    if shell is not None:
        return checked
    from autograder.report import output

    output.show(f"{checked!r}\n")
    return None


def _folder() -> Path:
    from autograder.errors import CheckError

    try:
        return Path.cwd()
    except OSError as error:
        raise CheckError(
            f"The folder that this notebook runs in is gone ({error.strerror}). Restart the kernel "
            "in the folder of the notebook and its public cases."
        ) from None


def _shell() -> Any:
    """Return the IPython shell that runs the caller, None in plain Python."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def _watch() -> None:
    """Have IPython say, from the import of `check` on, how each cell ends."""
    shell = _shell()
    if shell is not None:
        from autograder.student import history

        history.watch(shell)


_watch()
