"""`check("backward")` in a student's notebook.  Imports nothing heavy until it is called."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.student.kernel import Checked


def check(exercise: str, unit: str | None = None) -> Checked | None:
    """Runs the public checks of an exercise on what your notebook has defined.

    The grader repeats the same checks with other numbers.

    Args:
        exercise: its name, that of the function or class to be written.
        unit: the notebook's unit; only needed where several units lie in one folder.

    Returns:
        The findings; Jupyter shows them.  Outside IPython they are printed and None is returned.

    Raises:
        CheckError: there are no public cases here, or no such exercise.
    """
    from autograder.student import kernel, validate

    frame = inspect.currentframe()
    names = frame.f_back.f_globals if frame and frame.f_back else {}
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None

    def assess() -> Checked:
        return kernel.assess(exercise, unit, names, shell, _folder())

    if validate.asked():
        validate.validate(assess)
        return None
    checked = assess()
    if shell is not None:
        return checked
    _print(f"{checked!r}\n")
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


def _print(text: str) -> None:
    """Print text; where a terminal has no such character (`×` on some of Windows), a `?`."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
