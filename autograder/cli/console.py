"""What commands print: the course, progress, notes, and where the files are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.course.course import Course
from autograder.results.result import Result


class _Console(Console):
    """A console whose reader may go away, as in `autograder … | head`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def consoles() -> tuple[Console, Console]:
    """Return the console for results, and the one for notes, which is stderr."""
    return _Console(), _Console(stderr=True)


def line(console: Console, text: str) -> None:
    """Print text of unknown origin as it stands, however long it is."""
    console.print(text, markup=False, soft_wrap=True)


def chosen_course(named: Path | None, notes: Console, graded: Sequence[Path] = ()) -> Course:
    """Return the course to work with; say which one it is if nobody named it: its code runs here.

    Raises:
        CourseError: there is none, or it lies in what is graded.
    """
    course = Course.chosen(named, graded)
    if named is None or named.resolve() != course.root:
        said = f"autograder: The course is `{course.root}`."
        notes.print(said, markup=False, highlight=False, soft_wrap=True)
    return course


def shown(graded: Iterator[tuple[Result, bool]], total: int, notes: Console) -> list[Result]:
    """Return the results, and show meanwhile how many of the hand-ins are done."""
    results: list[Result] = []
    kept = 0
    with progress_bar(notes) as progress:  # which has a thread
        task = progress.add_task("Grading", total=total)
        for result, earlier in graded:
            results.append(result)
            kept += earlier
            progress.update(task, advance=1, description=f"Grading {result.student[:30]}")
    if kept:
        line(
            notes,
            f"{kept} of {len(results)} were graded before, unchanged, and kept as they are "
            "(`--fresh` grades them again).",
        )
    return results


def progress_bar(console: Console) -> Progress:
    """Return a bar on a terminal, nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def say_where(console: Console, out: Path, formats: Sequence[str]) -> None:
    """Name the files that a person opens."""
    names = {"html": ("Pages", "index.html"), "csv": ("Table", "class.csv")}
    names |= {"markdown": ("Markdown", "index.md"), "junit": ("JUnit", "junit.xml")}
    names |= {"canvas": ("Canvas", "canvas.csv"), "moodle": ("Moodle", "moodle.csv")}
    names |= {"blackboard": ("Blackboard", "blackboard.csv")}
    said = [f"{what}: {out / name}" for what, name in (names[f] for f in formats if f in names)]
    console.print("   ".join(said) or f"Results: {out}", soft_wrap=True)
