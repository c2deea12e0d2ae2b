"""Reports as files: what `--format` names, rendered from results and written into a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from autograder.errors import UserError
from autograder.files import PRIVATE, PUBLIC
from autograder.report import class_table, markdown, output, page
from autograder.report.export import github, gradescope, lms_csv
from autograder.report.phrases import percent
from autograder.results import record
from autograder.results.result import Result
from autograder.submissions.names import several

Files = Iterator[tuple[str, str, str]]  # name, text, encoding
# The formats whose files of students an `Outbox` has written as soon as they were there.
OUTBOX = ("json", "html")


class FormatError(UserError):
    """There is no such format."""


class NoResultsError(UserError):
    """A folder holds no results that can be read."""


def parsed(text: str) -> tuple[str, ...]:
    """The formats that an option names, separated by commas.

    Raises:
        FormatError: one of them does not exist.
    """
    names = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        listed = ", ".join(f"`{name}`" for name in FORMATS)
        raise FormatError(f"There is no format `{unknown[0]}`. The formats are {listed}.")
    return names


def write(
    results: Sequence[Result], folder: Path, formats: Sequence[str], kept: Sequence[str] = ()
) -> None:
    """Writes reports on a class.

    Args:
        results: of any number of units.
        folder: where the files go.
        formats: names of `FORMATS`.
        kept: formats whose files of students lie there already.

    Raises:
        OutputError: the folder can't be written.
    """
    for name in formats:
        if name in STUDENT and name not in kept:
            suffix, render = STUDENT[name]
            for result in results:
                path = folder / page.page_path(result, suffix)
                mode = PRIVATE if render is record.dumps else PUBLIC  # it names the seed
                output.write(path, render(result), mode=mode)
        if name in CLASS:
            for file_name, text, encoding in CLASS[name](results):
                output.write(folder / file_name, text, encoding=encoding)


def write_anonymous(results: Sequence[Result], folder: Path) -> None:
    """Writes the page on a class that names nobody.

    Raises:
        OutputError: the folder can't be written.
    """
    output.write(folder / "index.html", page.class_page(results, anonymous=True))


def read(folder: Path) -> tuple[list[Result], list[str]]:
    """The results that grading wrote into a folder, and why some of them can't be read.

    Raises:
        NoResultsError: there is none.
    """
    results: list[Result] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*/*.json")):
        if path.name.endswith(GRADESCOPE):
            continue
        try:
            results.append(record.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, record.RecordError) as error:
            problems.append(f"`{path}`: {error}")
    if not results:
        said = f" {problems[0]}" if problems else ""
        raise NoResultsError(
            f"`{folder}` holds no results of `autograder grade` that can be read.{said} Name the "
            "folder that `--out` wrote."
        )
    return results, problems


def doubts(results: Sequence[Result], units: Sequence[str], seed: str) -> Iterator[str]:
    """What makes results differ from those of this course, less its checks and the submissions."""
    strangers = sorted({result.unit for result in results} - {"", *units})
    if strangers:
        listed = ", ".join(f"`{unit}`" for unit in strangers)
        yield f"This course has no {listed}: results of another course stay as they are."
    if any(result.seed not in ("", seed) for result in results):
        yield "Earlier results come from another seed: their cases were others."


def below(threshold: float | None, results: Sequence[Result]) -> bool:
    """Return whether a result has fewer percent of its points than a threshold, if there is one."""
    return threshold is not None and any(
        percent(result.points, result.max_points) < threshold for result in results
    )


def left_out(results: Sequence[Result], formats: Sequence[str]) -> Iterator[str]:
    """Yield who is in none of the gradebooks for platforms, as these could not find them."""
    for name in formats:
        if name in lms_csv.KEYS and (students := lms_csv.left_out(results, name)):
            yield f"Left out of {name}.csv, for want of an id: {several(students, 20)}."


GRADESCOPE = ".gradescope.json"
UTF_8, EXCEL = "utf-8", "utf-8-sig"  # by whose mark a spreadsheet sees the encoding


def _csv(results: Sequence[Result]) -> Files:
    yield "class.csv", class_table.class_csv(results), EXCEL


def _html(results: Sequence[Result]) -> Files:
    yield "index.html", page.class_page(results), UTF_8


def _markdown(results: Sequence[Result]) -> Files:
    yield "index.md", markdown.class_summary(results), UTF_8


def _junit(results: Sequence[Result]) -> Files:
    from autograder.report.export import junit

    yield "junit.xml", junit.render(results), UTF_8


def _canvas(results: Sequence[Result]) -> Files:
    yield "canvas.csv", lms_csv.canvas(results), EXCEL


def _moodle(results: Sequence[Result]) -> Files:
    yield "moodle.csv", lms_csv.moodle(results), UTF_8


def _blackboard(results: Sequence[Result]) -> Files:
    yield "blackboard.csv", lms_csv.blackboard(results), EXCEL


def _github(results: Sequence[Result]) -> Files:
    """Tells GitHub Actions; writes into the files that it names, and none of the folder's."""
    for result in results:
        path = Path(result.path)
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        for line in github.marks(result, result.path, text):
            output.command(line)
    summary = "\n".join(markdown.student(result) for result in results)
    for variable, content in (
        ("GITHUB_STEP_SUMMARY", summary if len(results) == 1 else markdown.class_summary(results)),
        ("GITHUB_OUTPUT", github.outputs(results)),
    ):
        if target := os.environ.get(variable):
            output.append(Path(target), content)
    yield from ()


# By name: how the file of each student ends, and what is in it.
STUDENT: dict[str, tuple[str, Callable[[Result], str]]] = {
    "json": (".json", record.dumps),
    "html": (".html", page.student_page),
    "markdown": (".md", markdown.student),
    "gradescope": (GRADESCOPE, gradescope.render),
}
# By name: the files on the whole class.
CLASS: dict[str, Callable[[Sequence[Result]], Files]] = {
    "html": _html,
    "csv": _csv,
    "markdown": _markdown,
    "junit": _junit,
    "canvas": _canvas,
    "moodle": _moodle,
    "blackboard": _blackboard,
    "github": _github,
}
FORMATS = tuple(dict.fromkeys([*STUDENT, *CLASS]))
