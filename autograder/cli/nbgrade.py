"""`autograder nbgrade`: a class in nbgrader's gradebook, autograded at once."""

from __future__ import annotations

import contextlib

import click

from autograder.cli import options
from autograder.cli.options import Settings


@click.command()
@click.argument("unit")
@click.option("--student", default="*", help="Pattern of the students (default: all).")
@click.option("--force", is_flag=True, help="Also those that are autograded already.")
@click.option("--fresh", is_flag=True, help="Run their code again, even where it has not changed.")
@options.sandbox
@options.device
@options.course
@options.on_linux
@options.gathered
def nbgrade(unit: str, student: str, force: bool, settings: Settings) -> int:
    """Does what `nbgrader autograde UNIT` does, for a whole class at once.

    Exit status: 0 all graded, 1 some not, 2 wrong usage.
    """
    from autograder.cli.console import chosen_course, consoles, line, print_table, width_of
    from autograder.cli.progress import Bar
    from autograder.plugins.nbgrader.autograde import Told, autograde
    from autograder.plugins.nbgrader.preprocessor import NotebookGrader
    from autograder.report.class_table import class_table
    from autograder.report.sanitize import one_line

    pool = settings.pool()
    console, notes = consoles()
    course = chosen_course(settings.course_dir, notes)
    opened = NotebookGrader(
        course,
        pool=pool,
        jobs=settings.jobs,
        keep_evidence=not settings.no_cache,
        fresh=settings.fresh,
    )
    with contextlib.closing(opened) as grader, Bar(notes) as progress:
        task = progress.add_task("Autograding", total=None)
        at = progress.tasks[0]

        def turn(name: str) -> None:
            shown = one_line(name, 30)
            progress.update(task, advance=1, description=f"Autograding {shown}")
            if progress.disable:  # no terminal: a line says how far it is
                count, total = (int(n or 0) for n in (at.completed, at.total))
                line(notes, f"{count:{len(str(total))}} of {total}  {shown}")

        told = Told(
            total=lambda count: progress.update(task, total=count),
            turn=turn,
            remark=lambda text: line(notes, text),
        )
        graded = autograde(course, unit, student, grader, told, force)
    if graded.results:
        print_table(console, class_table(graded.results, width=width_of(console)))
    if graded.kept:
        line(notes, f"Autograded before, and kept: {graded.kept} (`--force` grades them again).")
    if graded.failed:
        line(notes, f"Not graded: {', '.join(graded.failed)}.")
    return 1 if graded.failed else 0
