"""What commands print: the course, tables, notes, and where the files are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType

from autograder.cli.progress import is_terminal
from autograder.course.course import Course
from autograder.report.sanitize import inert
from autograder.results.result import Result

_UNLIMITED = 10_000  # columns: more than any table has


class _Console(Console):
    """A console whose reader may go away, as in `autograder … | head`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def consoles() -> tuple[Console, Console]:
    """Return the console for results, and the one for notes, which is stderr."""
    return _Console(), _Console(stderr=True)


def line(console: Console, text: str) -> None:
    """Print text of unknown origin as it stands, however long it is."""
    console.print(inert(text), markup=False, highlight=False, soft_wrap=True)


def width_of(console: Console) -> int | None:
    """Return how many columns there are; None where nothing limits them, as in a pipe or a file."""
    return console.width if is_terminal(console) or os.environ.get("COLUMNS") else None


def print_table(console: Console, table: RenderableType) -> None:
    """Print a table as wide as there is room, and without spaces at the ends of its lines."""
    if width_of(console) is not None:
        console.print(table)
        return
    wide = Console(width=_UNLIMITED)
    with wide.capture() as captured:
        wide.print(table)
    text = "\n".join(row.rstrip() for row in captured.get().splitlines())
    console.out(text, highlight=False)


def chosen_course(named: Path | None, notes: Console, graded: Sequence[Path] = ()) -> Course:
    """Return the course to work with; say which one it is if nobody named it: its code runs here.

    Raises:
        CourseError: there is none, or it lies in what is graded.
    """
    course = Course.chosen(named, graded)
    if named is None or named.resolve() != course.root:
        said = f"autograder: The course is `{course.root}`."
        line(notes, said)
    return course


def say_kept(notes: Console, kept: int, results: Sequence[Result]) -> None:
    """Say how many results were there before, if any."""
    if kept:
        line(
            notes,
            f"{kept} of {len(results)} were graded before, unchanged, and kept as they are "
            "(`--fresh` grades them again).",
        )


def say_where(console: Console, out: Path, formats: Sequence[str]) -> None:
    """Name the files that a person opens."""
    names = {"html": ("Pages", "index.html"), "csv": ("Table", "class.csv")}
    names |= {"markdown": ("Markdown", "index.md"), "junit": ("JUnit", "junit.xml")}
    names |= {"canvas": ("Canvas", "canvas.csv"), "moodle": ("Moodle", "moodle.csv")}
    names |= {"blackboard": ("Blackboard", "blackboard.csv")}
    said = [f"{what}: {out / name}" for what, name in (names[f] for f in formats if f in names)]
    line(console, "   ".join(said) or f"Results: {out}")
