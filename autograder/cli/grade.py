"""`autograder grade`, `regrade` and `report`: results of a class, new, again, or as they are."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli import options
from autograder.cli.options import Settings


@click.command()
@options.paths
@options.unit
@click.option("--student", help="Who handed in all of it, whatever its place says.")
@options.hand_ins
@options.seed
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("grades"),
    help="Folder for results (default: grades).",
)
@click.option("--fresh", is_flag=True, help="Grade again what was graded before.")
@options.formats("json,html,csv")
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
@options.sandbox
@options.device
@options.course
@options.on_linux
@options.gathered
def grade(
    paths: tuple[Path, ...],
    unit: str | None,
    student: str | None,
    layout: str | None,
    roster: Path | None,
    out: Path,
    formats: str,
    threshold: float | None,
    settings: Settings,
) -> int:
    """Grades what was handed in: files, folders, zips, downloads of platforms, or nbgrader's
    submitted/<student>/<unit>/. Every hand-in gets a row (docs/hand-ins.md).

    Exit status: 0 all graded, 1 some not gradable, 2 wrong usage or no hand-in, 3 all graded and
    one of them below the threshold.
    """
    from autograder.submissions.preview import need_framework

    pool = settings.pool()
    if settings.engine is None:
        # The templates import while this process does: most of the time to the first result.
        pool.warm("numpy")  # for the units' own programs
        if need_framework(paths):
            pool.warm(pool.backend)
    from autograder.batch import reports
    from autograder.batch.outbox import Outbox
    from autograder.cli.console import (
        chosen_course,
        consoles,
        line,
        print_table,
        say_kept,
        say_where,
        width_of,
    )
    from autograder.cli.progress import Watch
    from autograder.report.class_table import class_table

    console, notes = consoles()
    chosen = reports.parsed(formats)
    outbox = Outbox(out)
    with pool:
        course = chosen_course(settings.course_dir, notes, paths)
        with settings.grader(course, pool) as grader:
            intake = grader.intake(paths, unit, student, layout, roster, out)
            outbox.open(paths)
            for remark in intake.remarks:
                line(notes, f"autograder: {remark}")
            found = intake.hand_ins
            watch = Watch(notes, len(found))
            results = watch.shown(grader.results(found, outbox, watch=watch.working))
    say_kept(notes, watch.kept, results)
    rows = [*results, *intake.absent_rows(results)]
    reports.write(rows, out, chosen, kept=reports.OUTBOX)
    print_table(console, class_table(rows, width=width_of(console)))
    say_where(console, out, chosen)
    for remark in reports.left_out(rows, chosen):
        line(notes, f"autograder: {remark}")
    if any(result.status != "graded" for result in results):
        return 1
    return 3 if reports.below(threshold, results) else 0


@click.command()
@options.paths
@options.unit
@options.hand_ins
@options.seed
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("grades"),
    help="Folder with the earlier results (default: grades).",
)
@click.option("--apply", is_flag=True, help="Then put the new results in place.")
@options.formats("html,csv")
@options.sandbox
@options.device
@options.course
@options.on_linux
@options.gathered
def regrade(
    paths: tuple[Path, ...],
    unit: str | None,
    layout: str | None,
    roster: Path | None,
    out: Path,
    apply: bool,
    formats: str,
    settings: Settings,
) -> int:
    """Grades again after a change of the course, and tells who gained or lost what, and why.

    Writes `differences.md` and `.csv` beside the earlier results, which stay as they are without
    `--apply`. Only what changed is observed again.
    """
    from autograder.batch import reports
    from autograder.batch.outbox import Outbox
    from autograder.batch.regrade import Earlier, Regraded
    from autograder.cli.console import (
        chosen_course,
        consoles,
        line,
        print_table,
        say_kept,
        say_where,
    )
    from autograder.cli.progress import Watch
    from autograder.report import differences

    console, notes = consoles()
    chosen = reports.parsed(formats)
    with settings.pool() as pool:
        earlier = Earlier(out)
        course = chosen_course(settings.course_dir, notes, paths)
        earlier.again.open(paths)
        with settings.grader(course, pool) as grader:
            for doubt in earlier.doubts(grader):
                line(notes, f"Note: {doubt}")
            found = grader.intake(paths, unit, None, layout, roster, out).hand_ins
            watch = Watch(notes, len(found))
            after = watch.shown(earlier.graded_again(grader, found, watch.working))
    say_kept(notes, watch.kept, after)
    regraded = Regraded(earlier.results, after)
    regraded.write_differences(out)
    if moved := regraded.other_backends:
        line(notes, f"Note: Not on the backend of before: {', '.join(moved)}.")
    print_table(console, differences.terminal(regraded.differences))
    line(console, f"Each with its reason: {out / 'differences.md'}")
    if apply:
        regraded.apply(Outbox(out), chosen)
        say_where(console, out, chosen)
    else:
        line(console, "No result was changed. `--apply` puts the new ones in place.")
    return 0 if all(result.status == "graded" for result in after) else 1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@options.formats("html,csv")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write there instead.")
@click.option("--anonymous", is_flag=True, help="Number the students; write no page of theirs.")
def report(folder: Path, formats: str, out: Path | None, anonymous: bool) -> int:
    """Writes reports on what was graded into FOLDER before; grades nothing."""
    from autograder.batch import reports
    from autograder.cli.console import consoles, line, say_where

    console, notes = consoles()
    chosen = reports.parsed(formats)
    results, problems = reports.read(folder)
    for problem in problems:
        line(notes, f"Left out: {problem}")
    if anonymous:
        if "html" not in chosen or out is None:
            raise reports.FormatError(
                "An anonymous report is a page of its own: `--format html --out DIR`."
            )
        reports.write_anonymous(results, out)
    else:
        reports.write(results, out or folder, chosen)
    say_where(console, out or folder, chosen)
    return 1 if problems else 0
