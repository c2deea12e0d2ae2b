"""`autograder release`, `check-course` and `quickstart`: what authors do with a course."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.cli import options
from autograder.cli.options import Settings

if TYPE_CHECKING:
    from autograder.course.course import Course
    from autograder.grading.cache import EvidenceCache


@click.command()
@click.argument("units", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if something is not current.")
@click.option(
    "--zip",
    "zipped",
    is_flag=True,
    help="Also write what to publish: an archive of each unit, this package, an index.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The folder for `--zip` (default: `handouts` in the course).",
)
@options.course
def release(
    units: tuple[str, ...], check: bool, zipped: bool, out: Path | None, course_dir: Path | None
) -> int:
    """Writes the notebooks of UNITS (default: all) from their sources."""
    from autograder.authoring import handout
    from autograder.authoring.release import Stale, release_unit
    from autograder.cli.console import chosen_course, consoles, line

    if out is not None and not zipped:
        raise click.UsageError("`--out` is the folder for `--zip`, which is not given.")
    console, notes = consoles()
    course = chosen_course(course_dir, notes)
    loaded = [course.load(name) for name in course.named(units)]
    steps: list[tuple[str, Callable[[], list[Path]]]] = [
        (one.name, partial(release_unit, course, one, write=not check)) for one in loaded
    ]
    if zipped:
        folder = out or course.root / handout.FOLDER
        steps.append(
            (str(folder), partial(handout.publish, course, loaded, folder, write=not check))
        )
    status = 0
    for name, step in steps:
        try:
            written = step()
        except Stale as stale:
            line(console, f"{name}: {stale}")
            status = 1
            continue
        said = ", ".join(_shown(path, course.root) for path in written)
        line(console, f"{name}: {said or 'current'}")
    return status


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


@click.command()
@click.argument("units", nargs=-1)
@click.option("--seeds", type=click.IntRange(1), default=1, help="Seeds for the equivalents.")
@click.option("--draws", type=click.IntRange(1), default=1, help="Draws of cases for the variants.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the matrix here.")
@options.sandbox
@options.course
@options.on_linux
@options.gathered
def check_course(
    units: tuple[str, ...], seeds: int, draws: int, json_path: Path | None, settings: Settings
) -> int:
    """Proves the checks of UNITS (default: all) on the unit's own programs.

    The reference gets every point, the release none; every variant loses points and is recognised;
    every equivalent passes.  Exit status 0 if all of it holds, else 1.
    """
    from autograder.authoring import matrix, proof
    from autograder.cli.console import chosen_course, consoles, print_table
    from autograder.cli.progress import Bar
    from autograder.report import output
    from autograder.sandbox.machine import this_machine

    pool = settings.pool()
    console, notes = consoles()
    course = chosen_course(settings.course_dir, notes)
    cache = _kept(course, not settings.no_cache)
    jobs = settings.jobs or this_machine().cores
    matrices = []
    with pool:
        for name in course.named(units):
            with Bar(notes) as progress:
                loaded = course.load(name)
                proved = proof.prove(course, loaded, pool, cache, seeds, jobs, progress, draws)
            print_table(console, matrix.table(proved))
            matrices.append(proved)
    cache.warn_of_refused()
    if json_path is not None:
        output.write(json_path, matrix.dumps(matrices))
    return 0 if all(proved.holds for proved in matrices) else 1


def _kept(course: Course, keep: bool) -> EvidenceCache:
    """Return the cache of a course; one in memory where it can't have a seed, which marks files."""
    from autograder.course.course import CourseError
    from autograder.grading.cache import evidence_cache

    try:
        return evidence_cache(keep, course.secret(None) if keep else "")
    except CourseError:
        return evidence_cache(False, "")


@click.command()
@click.argument("units", nargs=-1)
@options.seed
@options.sandbox
@options.course
@options.on_linux
@options.gathered
def prepare(units: tuple[str, ...], settings: Settings) -> int:
    """Computes beforehand what grading UNITS (default: all) needs of their own programs.

    Machines that start cold (CI, images, cluster workers) then compute the submissions' evidence
    alone.  The files lie beside the seed, in `.autograder/prepared/`, and are as secret.
    """
    import time

    from autograder.authoring.prepare import prepare as prepared_content
    from autograder.authoring.prepare import steps
    from autograder.cli.console import chosen_course, consoles, line
    from autograder.cli.progress import Bar
    from autograder.files import PRIVATE, private_folder, write_whole
    from autograder.grading.cache import evidence_cache
    from autograder.grading.prepared import path_of
    from autograder.sandbox.machine import this_machine

    console, notes = consoles()
    course = chosen_course(settings.course_dir, notes)
    seed = settings.seed or course.seed()
    keep = not settings.no_cache
    cache = evidence_cache(keep, course.secret(settings.seed) if keep else "")
    jobs = settings.jobs or this_machine().cores
    with settings.pool() as pool:
        for name in course.named(units):
            loaded = course.load(name)
            began = time.monotonic()
            with Bar(notes) as progress:
                task = progress.add_task(f"Preparing {name}", total=steps(loaded))
                step = partial(progress.advance, task)
                content = prepared_content(loaded, seed, pool, cache, jobs, step)
            path = path_of(course.root, name)
            private_folder(path.parent)
            write_whole(path, content, mode=PRIVATE)
            taken = f"{len(content) / 2**20:.2f} MiB, {time.monotonic() - began:.0f} s"
            line(console, f"{name}: {_shown(path, course.root)} ({taken})")
    return 0


@click.command()
@click.argument("course", type=click.Path(path_type=Path))
@options.on_linux
def quickstart(course: Path) -> int:
    """Makes a working course with one small unit in the new folder COURSE."""
    from autograder.authoring.quickstart import make_course
    from autograder.cli.console import consoles, line

    paths = make_course(course)
    console, _ = consoles()
    for path in paths:
        if ".autograder" not in path.parts:
            line(console, str(path))
    unit = next(path.parent.name for path in paths if path.name == "exercises.py")
    line(
        console,
        f"\nNext:\n  cd {course}\n  nbgrader generate_assignment {unit}\n"
        f"  nbgrader autograde {unit}        # what is in submitted/<student>/{unit}/\n"
        f"  nbgrader generate_feedback {unit}",
    )
    return 0
