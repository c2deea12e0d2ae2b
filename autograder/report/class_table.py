"""A class as a table: CSV for spreadsheets and gradebooks, a table for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.report.phrases import (
    NOT_ISOLATED,
    at_fault,
    by_unit,
    exercises_of,
    first_to_fix,
    headline,
    in_order,
    number,
    percent,
    problem,
    student_name,
    unit_name,
)
from autograder.report.sanitize import one_line
from autograder.results.result import NOBODY, ExerciseResult, Result

Cell = str | float

# What makes a spreadsheet read a cell as a formula; the wide forms do so in East Asian versions.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001
# What a narrow terminal leaves of a name, and of what to fix first if that is shown at all.
_LEAST_NAME, _LEAST_FIRST = 12, 20
_MOST_LETTERS = 12
_FIRST = "first to fix"
LEGEND = "✓ all points   · not answered yet   ? grader's fault, run again"


def class_csv(results: Iterable[Result]) -> str:
    r"""Return one row for each submission, sorted by unit and student; lines end with `\n`.

    Where the grader failed, points stay empty rather than 0, so that no gradebook takes the
    failure for a grade.  Write it as `utf-8-sig`, so that spreadsheets see the encoding.
    """
    rows = in_order(results)
    exercises = exercises_of(rows)
    file = io.StringIO()
    # Every text is quoted: where a spreadsheet splits at `;`, a name must not become two cells.
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    head = ["student", "unit", "status", "points", "max_points", "percent"]
    # Who they are, where a platform or a roster says more than the name.
    known = any(result.person != NOBODY or result.late for result in rows)
    closing_head = ["problem", "isolation", *(_PERSON if known else ())]
    writer.writerow([*head, *map(safe_cell, exercises.values()), *closing_head])
    for result in rows:
        points = {(e.exercise, e.max_points): _points(e) for e in result.exercises}
        own = [points.get(key, "") for key in exercises]
        closing = [safe_cell(problem(result)), safe_cell(result.isolation)]
        closing += _person(result) if known else []
        writer.writerow([*_identity(result), *own, *closing])
    return file.getvalue()


def class_table(results: Iterable[Result], *, width: int | None = None) -> Group:
    """Return what a terminal shows of a class: one table for each unit, and what its marks mean.

    Args:
        results: of the class.
        width: columns that there are; None where nothing limits them, so that nothing is cut.
    """
    results = list(results)
    shown: list[RenderableType] = []
    for unit, rows in by_unit(results).items():
        table = _unit_table(rows, width)
        shown += [Text(unit_name(unit), style="bold"), table, *_not_shown(rows, table), Text()]
    return Group(*shown, *_legend(results))


def _identity(result: Result) -> list[Cell]:
    start: list[Cell] = [safe_cell(result.student), safe_cell(result.unit), result.status]
    if result.status == "fault":
        return [*start, "", safe_points(result.max_points), ""]
    share = round(percent(result.points, result.max_points), 1)
    return [*start, safe_points(result.points), safe_points(result.max_points), share]


_PERSON = ("name", "login", "number", "email", "canvas_id", "moodle_id", "late")


def _person(result: Result) -> list[str]:
    facts = [safe_cell(getattr(result.person, field)) for field in _PERSON[:-1]]
    return [*facts, "late" if result.late else ""]


def _points(exercise: ExerciseResult) -> Cell:
    return "" if at_fault(exercise) else safe_points(exercise.points)


def safe_points(points: float) -> float:
    """Return points without the noise of adding floats, whole numbers as int: `2`, not `2.0`."""
    value = round(points, 6)
    return int(value) if value == int(value) else value


def safe_cell(text: str) -> str:
    """Return text as a cell that no spreadsheet takes for a formula."""
    line = one_line(text, 1000)
    return "'" + line if (text.startswith(FORMULA_STARTS) or line[:1] in FORMULA_STARTS) else line


@dataclass(frozen=True)
class _Layout:
    """How wide the columns of a table are; None where nothing limits them."""

    gap: int = 2  # between columns
    letters: int | None = None  # of each part of an exercise's name
    name: int | None = None
    first: int | None = None  # of what to fix first; 0: there is no room for it


def _unit_table(rows: list[Result], width: int | None) -> Table:
    exercises = exercises_of(rows)
    cells = [_table_row(result, list(exercises)) for result in rows]
    layout = _Layout() if width is None else _fitted(list(exercises.values()), cells, width)
    # The box itself puts one column between two others.
    padding = (0, layout.gap - 1, 0, 0)
    table = Table(box=SIMPLE_HEAD, padding=padding, pad_edge=False, show_edge=False)
    table.add_column("student", no_wrap=True, overflow="ellipsis", max_width=layout.name)
    table.add_column("points", justify="right", no_wrap=True)
    for heading in exercises.values():
        table.add_column(_heading(heading, layout.letters), justify="right", no_wrap=True)
    if layout.first != 0:
        # The only column that may wrap is the one that Rich narrows; its text is cut all the same.
        table.add_column(_FIRST, max_width=layout.first)
    for row in cells:
        table.add_row(*(row if layout.first != 0 else row[:-1]))
    return table


def _fitted(headings: list[str], cells: list[list[Text]], width: int) -> _Layout:
    """Return the layout that cuts least of what matters most: names, exercises, what to fix."""
    names = max([7, *(row[0].cell_len for row in cells)])
    name = min(names, max(_LEAST_NAME, width // 3))
    for least, fewest in ((_LEAST_FIRST, 4), (0, 3)):
        for letters in range(_MOST_LETTERS, fewest - 1, -1):
            for gap in (2, 1):
                fixed = name + _width_between(headings, cells, letters, gap)
                if fixed + (gap + least if least else 0) <= width:
                    return _Layout(gap, letters, name, width - fixed - gap if least else 0)
    fixed = _width_between(headings, cells, 3, 1)
    return _Layout(1, 3, max(_LEAST_NAME, width - fixed), 0)


def _width_between(headings: list[str], cells: list[list[Text]], letters: int, gap: int) -> int:
    """Return the columns that points and exercises take, with the gaps before them."""
    widths = [max([6, *(row[1].cell_len for row in cells)])]
    for column, heading in enumerate(headings, 2):
        marks = [row[column].cell_len for row in cells]
        lines = _heading(heading, letters).split("\n")
        widths.append(max([*marks, *(line.cell_len for line in lines)]))
    return sum(widths) + gap * len(widths)


def _not_shown(rows: list[Result], table: Table) -> list[Text]:
    """Return who was not graded, where the table has no room to say why."""
    names = [student_name(r) for r in rows if r.status != "graded" and not r.absent]
    if not names or table.columns[-1].header == _FIRST:
        return []
    return [Text(f"Not graded, their pages say why: {', '.join(names)}.", style="red")]


def _legend(results: list[Result]) -> list[Text]:
    legend = [Text(LEGEND, style="dim")]
    if any(result.isolation == "none" for result in results):
        legend.append(Text(NOT_ISOLATED, style="bold red"))
    return legend


def _heading(heading: str, letters: int | None) -> Text:
    """Return an exercise's name over several short lines, since the marks below it are short."""
    parts = heading.replace(" (", "_(").split("_")
    return Text("\n".join(part[:letters] for part in parts if part))


def _table_row(result: Result, exercises: list[tuple[str, float]]) -> list[Text]:
    marks = {(e.exercise, e.max_points): _mark(e) for e in result.exercises}
    return [
        Text(student_name(result) + (" (late)" if result.late else "")),
        _total(result),
        *(marks.get(key, Text("")) for key in exercises),
        _first(result),
    ]


def _total(result: Result) -> Text:
    if result.absent:
        return Text("-", style="dim")
    if result.status == "fault":
        return Text("?", style="magenta")
    return Text(f"{number(result.points)}/{number(result.max_points)}")


def _mark(exercise: ExerciseResult) -> Text:
    verdicts = {finding.verdict for finding in exercise.findings}
    if "fault" in verdicts:
        return Text("?", style="magenta")
    if verdicts == {"stub"}:
        return Text("·", style="dim")
    if exercise.points >= exercise.max_points:
        return Text("✓", style="green")
    return Text(number(exercise.points), style="yellow" if exercise.points else "red")


def _first(result: Result) -> Text:
    text, style = "", ""
    if result.status == "ungradable":
        text, style = problem(result), "dim" if result.absent else "red"
    elif result.status == "fault":
        text, style = problem(result), "magenta"
    elif first := first_to_fix(result):
        text = f"{first.exercise.exercise}: {headline(first.finding)}"
    return Text(one_line(text), style=style, no_wrap=True, overflow="ellipsis")
