"""The command `autograder`."""

# Before anything else, even what `from __future__` would import: from here on nothing comes from
# the caller's folder.  Earlier is not possible; what Python itself imports is not in our hands.
from autograder.cli import apart  # isort: skip  # noqa: F401

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from autograder import __version__, programs
from autograder.cli import course, doctor, grade, nbgrade, similar
from autograder.errors import DISTRIBUTION, FaultError, UserError, pip_install
from autograder.report import output

ALL_GRADED, USAGE = 0, 2
_AGAIN = "What is graded is kept: the same command goes on from there."


class _Commands(click.Group):
    """Commands, each of which returns its exit status."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        with output.guarded():
            return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> None:
        status = _finished(lambda: int(super(_Commands, self).invoke(ctx)), ctx)
        sys.exit(status)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message=f"{DISTRIBUTION} %(version)s")
def main() -> None:
    """Grades notebooks of a deep-learning course, and makes them."""
    from autograder.report import plain_matplotlib

    # NumPy's own threads: judging is too small for them, and who forks slots should have none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A URL grammar that JSON Schema validation would load at every start; it takes over a second,
    # and nothing here has URLs to validate.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    plain_matplotlib.install()


for _command in (
    grade.grade,
    grade.regrade,
    grade.report,
    similar.similar,
    nbgrade.nbgrade,
    course.release,
    course.check_course,
    course.prepare,
    course.quickstart,
    doctor.doctor,
):
    main.add_command(_command)


def _finished(command: Callable[[], int], context: click.Context) -> int:
    """Return the exit status; errors that a user can fix become one message.

    A full disk or too little memory is the machine's; it is reported in the same way.
    """
    try:
        return command()
    except (UserError, FaultError) as error:
        output.say(f"autograder: {error}", error=True)
        return USAGE
    except KeyboardInterrupt:
        output.say(f"\nStopped. {_AGAIN}", error=True)
        return 130
    except BrokenPipeError:
        _discard_output()
        return ALL_GRADED
    except OSError as error:
        name = f"`{error.filename}`: " if error.filename else ""
        output.say(f"autograder: {name}{error.strerror or error}.", error=True)
        _discard_output()
        return USAGE
    except (MemoryError, ImportError) as error:
        if missing := _of_an_extra(error):
            output.say(
                f"autograder: `autograder {context.invoked_subcommand}` needs `{missing}`, which "
                f"is not installed: `{pip_install('grade')}`.",
                error=True,
            )
            return USAGE
        # What there is no room for can't be loaded either.
        if isinstance(error, ImportError) and "shared object" not in str(error):
            raise
        output.say("autograder: The machine has too little memory.", error=True)
        return USAGE


def _of_an_extra(error: BaseException) -> str | None:
    """Return the package that is missing, if this one imports it itself; a course's may, too."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    importing = [name for name in files if not name.startswith("<")][-1]
    missing = error.name.partition(".")[0]
    ours = Path(importing).is_relative_to(programs.PACKAGE)
    return missing if ours and missing not in {"autograder", *sys.stdlib_module_names} else None


def _discard_output() -> None:
    """What is still to be printed has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
