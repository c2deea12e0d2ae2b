"""`autograder similar`: notebooks that are alike."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli import options


@click.command()
@options.paths
@options.unit
@click.option(
    "--share",
    type=click.FloatRange(1, 100),
    default=70.0,
    show_default=True,
    help="Percent of the smaller notebook's own code, from which a pair is told.",
)
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("similar.html"))
@options.course
@options.on_linux
def similar(
    paths: tuple[Path, ...], unit: str | None, share: float, out: Path, course_dir: Path | None
) -> int:
    """Tells which notebooks are suspiciously alike; what the course handed out doesn't count.

    For a person to look at: no grade depends on it, and it runs nothing.
    """
    from autograder.cli.console import chosen_course, consoles, line
    from autograder.report import output, page
    from autograder.submissions.similarity import compare, segments

    console, notes = consoles()
    course = chosen_course(course_dir, notes, paths)
    found = compare(course, paths, unit, share / 100)
    for problem in found.problems:
        line(notes, f"Left out: {problem.path}: {problem.message}")
    output.write(out, page.similar_page(found.pairs, segments))
    line(
        console,
        f"{len(found.pairs)} pairs of {found.notebooks} notebooks are alike from {share:g} % on. "
        f"Page: {out}",
    )
    return 0
