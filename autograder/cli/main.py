"""The command `autograder`."""

# Before anything else, even what `from __future__` would import: from here on nothing comes from
# the caller's folder.  Earlier is not possible; what Python itself imports is not in our hands.
from autograder.cli import apart  # isort: skip  # noqa: F401

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder import __version__

if TYPE_CHECKING:
    from autograder.sandbox.pool import Pool

ALL_GRADED, USAGE = 0, 2
_AGAIN = "What is graded is kept: the same command goes on from there."


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Grades notebooks of a deep-learning course, and makes them."""
    # NumPy's own threads: judging is too small for them, and who forks slots should have none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _course_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--course",
        "course_dir",
        type=click.Path(path_type=Path),
        help="A folder of the course (default: the one that this folder lies in).",
    )(command)


def _format_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--format",
        "-f",
        "formats",
        default=default,
        show_default=True,
        help="Reports, separated by commas: json, html, csv, markdown, junit, gradescope, canvas, "
        "moodle, github.",
    )


def _device_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option(
            "--device",
            type=click.Choice(["cpu", "gpu", "auto"]),
            default="cpu",
            show_default=True,
            help="Where networks are trained; `auto`: on a GPU if there is one. All other checks "
            "are on the CPU.",
        ),
        click.option(
            "--slots-per-gpu",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Submissions that share a GPU at a time, and its memory (with `--engine` the "
            "workers' `--resources GPU=N` says it).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _grading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option(
            "--jobs",
            "-j",
            type=click.IntRange(1),
            help="Slots (default: CPU cores; on GPUs as many as these have).",
        ),
        click.option(
            "--isolation",
            type=click.Choice(["namespaces", "none"]),
            default="namespaces",
            help="`none` runs student code with your rights; reports then say so.",
        ),
        click.option(
            "--backend",
            type=click.Choice(["tensorflow", "jax", "torch"]),
            help="Backend of Keras (default: $KERAS_BACKEND, else tensorflow).",
        ),
        click.option("--no-cache", is_flag=True, help="Keep no evidence between runs."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit", "-u", help="The unit that all of it is for, whatever the files say.")
@click.option("--student", help="Who handed in all of it, whatever its place says.")
@click.option("--seed", help="Seed of the hidden cases (default: the course's secret one).")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("grades"),
    help="Folder for results (default: grades).",
)
@click.option("--fresh", is_flag=True, help="Grade again what was graded before.")
@_format_option("json,html,csv")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 100),
    help="Percent of the points; exit status 3 where a submission has less.",
)
@click.option(
    "--engine",
    metavar="ADDRESS",
    help="Grade on the workers of this dask scheduler, `tls://host:8786`, instead of here.",
)
@_grading_options
@_device_options
@_course_option
def grade(paths: tuple[Path, ...], **options: Any) -> None:
    """Grades notebooks: files, folders, zips, or nbgrader's submitted/<student>/<unit>/.

    Exit status: 0 all graded, 1 some not gradable, 2 wrong usage, 3 all graded and one of them
    below the threshold.
    """
    from autograder.submissions.preview import need_framework

    def run() -> int:
        if (address := options.pop("engine")) is not None:
            # Which GPUs there are, and what shares of them, is the workers' to say.
            engine = (address, options.pop("device"))
            pool = _pool(options)
            return int(_commands().grade(list(paths), pool=pool, engine=engine, **options))
        pool = _pool(options)
        # The templates import while this process does: most of the time to the first result.
        pool.warm("numpy")  # for the units' own programs
        if need_framework(paths):
            pool.warm(pool.backend)
        return int(_commands().grade(list(paths), pool=pool, **options))

    _finish(run)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit", "-u", help="The unit that all of it is for, whatever the files say.")
@click.option("--seed", help="Seed of the hidden cases (default: the course's secret one).")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("grades"),
    help="Folder with the earlier results (default: grades).",
)
@click.option("--apply", is_flag=True, help="Then put the new results in place.")
@_format_option("html,csv")
@_grading_options
@_device_options
@_course_option
def regrade(paths: tuple[Path, ...], **options: Any) -> None:
    """Grades again after a change of the course, and tells who gained or lost what, and why.

    Writes `differences.md` and `.csv` beside the earlier results, which stay as they are without
    `--apply`. Only what changed is observed again.
    """
    _finish(lambda: _commands().regrade(list(paths), pool=_pool(options), **options))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_format_option("html,csv")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write there instead.")
@click.option("--anonymous", is_flag=True, help="Number the students; write no page of theirs.")
def report(folder: Path, formats: str, out: Path | None, anonymous: bool) -> None:
    """Writes reports on what was graded into FOLDER before; grades nothing."""
    _finish(lambda: _commands().report(folder, formats, out, anonymous))


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unit", "-u", help="The unit that all of it is for, whatever the files say.")
@click.option(
    "--share",
    type=click.FloatRange(1, 100),
    default=70.0,
    show_default=True,
    help="Percent of the smaller notebook's own code, from which a pair is told.",
)
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("similar.html"))
@_course_option
def similar(paths: tuple[Path, ...], **options: Any) -> None:
    """Tells which notebooks are suspiciously alike; what the course handed out doesn't count.

    For a person to look at: no grade depends on it, and it runs nothing.
    """
    _finish(lambda: _commands().similar(list(paths), **options))


@main.command()
@click.argument("unit")
@click.option("--student", default="*", help="Pattern of the students (default: all).")
@click.option("--force", is_flag=True, help="Also those that are autograded already.")
@click.option("--fresh", is_flag=True, help="Run their code again, even where it has not changed.")
@_grading_options
@_device_options
@_course_option
def nbgrade(unit: str, **options: Any) -> None:
    """Does what `nbgrader autograde UNIT` does, for a whole class at once.

    Exit status: 0 all graded, 1 some not, 2 wrong usage.
    """
    _finish(lambda: _commands().nbgrade(unit, pool=_pool(options), **options))


@main.command()
@click.argument("units", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if something is not current.")
@_course_option
def release(units: tuple[str, ...], check: bool, course_dir: Path | None) -> None:
    """Writes the notebooks of UNITS (default: all) from their sources."""
    _finish(lambda: _commands().release(list(units), course_dir, check))


@main.command("check-course")
@click.argument("units", nargs=-1)
@click.option("--seeds", type=click.IntRange(1), default=1, help="Seeds for the equivalents.")
@click.option("--draws", type=click.IntRange(1), default=1, help="Draws of cases for the variants.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the matrix here.")
@_grading_options
@_course_option
def check_course(units: tuple[str, ...], **options: Any) -> None:
    """Proves the checks of UNITS (default: all) on the unit's own programs.

    The reference gets every point, the release none; every variant loses points and is recognised;
    every equivalent passes.  Exit status 0 if all of it holds, else 1.
    """
    _finish(lambda: _commands().check_course(list(units), pool=_pool(options), **options))


@main.command()
@click.argument("course", type=click.Path(path_type=Path))
def quickstart(course: Path) -> None:
    """Makes a working course with one small unit in the new folder COURSE."""
    _finish(lambda: _commands().quickstart(course))


@main.command()
def doctor() -> None:
    """Says what this machine can do to isolate student code, and how to mend what it can't."""
    _finish(lambda: _commands().doctor())


def _pool(options: dict[str, Any]) -> "Pool":
    """The pool that options ask for, which are taken out."""
    from autograder.backends import asked_for
    from autograder.sandbox import gpu
    from autograder.sandbox.pool import Pool

    device, slots = options.pop("device", "cpu"), options.pop("slots_per_gpu", 1)
    return Pool(
        options.pop("isolation"),
        backend=asked_for(options.pop("backend")),
        gpus=gpu.asked_for(device, slots),
    )


def _commands() -> Any:
    """What the commands do; importing it takes longest of all."""
    # A URL grammar that JSON Schema validation would load at every start; it takes over a second,
    # and nothing here has URLs to validate.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from autograder.cli import commands
    from autograder.report import plain_matplotlib

    plain_matplotlib.install()

    return commands


def _finish(command: Callable[[], int]) -> None:
    """Runs a command; errors that a user can mend become one message and exit status 2.

    A full disk or too little memory is the machine's; it is told in the same way.
    """
    from autograder.errors import FaultError, UserError

    try:
        status = command()
    except (UserError, FaultError) as error:
        click.echo(f"autograder: {error}", err=True)
        status = USAGE
    except KeyboardInterrupt:
        click.echo(f"\nStopped. {_AGAIN}", err=True)
        status = 130
    except BrokenPipeError:
        _discard_output()
        status = ALL_GRADED
    except OSError as error:
        name = f"`{error.filename}`: " if error.filename else ""
        click.echo(f"autograder: {name}{error.strerror or error}.", err=True)
        _discard_output()
        status = USAGE
    except (MemoryError, ImportError) as error:
        # What there is no room for can't be loaded either.
        if isinstance(error, ImportError) and "shared object" not in str(error):
            raise
        click.echo("autograder: The machine has too little memory.", err=True)
        status = USAGE
    sys.exit(status)


def _discard_output() -> None:
    """What is still to be printed has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
