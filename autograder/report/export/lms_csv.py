"""CSV files that the gradebooks of Canvas and Moodle import."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from autograder.report.class_table import safe_cell, safe_points
from autograder.report.phrases import by_unit
from autograder.results.result import Result

# The columns that Canvas asks for, in its order; students are found by their login.
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def canvas(results: Iterable[Result]) -> str:
    """Return a gradebook that Canvas imports: one column a unit, one row a student.

    Students are matched by `SIS Login ID`.  The second row says how many points there are.  A
    cell stays empty where there is no grade, which leaves Canvas' own as it is.
    """
    units = by_unit(results)
    points = {unit: max(row.max_points for row in rows) for unit, rows in units.items()}
    rows: list[list[object]] = [
        [*CANVAS, *map(safe_cell, units)],
        ["    Points Possible", "", "", "", "", *(safe_points(points[unit]) for unit in units)],
    ]
    rows += [
        [safe_cell(student), "", "", safe_cell(student), "", *grades]
        for student, grades in _grades(units)
    ]
    return _csv(rows)


def moodle(results: Iterable[Result]) -> str:
    """Return a CSV that Moodle's grade import maps: `username` and one column a unit."""
    units = by_unit(results)
    rows: list[list[object]] = [["username", *map(safe_cell, units)]]
    rows += [[safe_cell(student), *grades] for student, grades in _grades(units)]
    return _csv(rows)


def _grades(units: dict[str, list[Result]]) -> list[tuple[str, list[object]]]:
    students = sorted({row.student for rows in units.values() for row in rows})
    grade = {
        (row.student, unit): safe_points(row.points)
        for unit, rows in units.items()
        for row in rows
        if row.status == "graded"
    }
    return [(name, [grade.get((name, unit), "") for unit in units]) for name in students]


def _csv(rows: list[list[object]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
