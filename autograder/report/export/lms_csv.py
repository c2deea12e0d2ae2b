"""CSV files that the gradebooks of Canvas, Moodle and Blackboard import.

Each of them finds its people by keys of its own, which a download's names or a roster give
(`Result.person`).  Where nobody has any, the students' names are taken for logins.  Where some
have, those who have none are left out: a name that somebody chose could be another one's login.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from autograder.report.class_table import safe_cell, safe_points
from autograder.report.phrases import by_unit
from autograder.results.result import NOBODY, Person, Result

# The columns that Canvas asks for, in its order.
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
BLACKBOARD = ("Last Name", "First Name", "Username", "Student ID")


@dataclass(frozen=True)
class _Row:
    student: str
    person: Person
    grades: list[object]


@dataclass(frozen=True)
class _Table:
    units: list[str]
    points: list[float]
    rows: list[_Row]


def canvas(results: Iterable[Result]) -> str:
    """Return a gradebook that Canvas imports: one column a unit, one row a student.

    Canvas matches students by `ID`, else `SIS User ID`, else `SIS Login ID`.  The second row says
    how many points there are.  A cell stays empty where there is no grade, which leaves Canvas' own
    as it is.
    """
    table = _table(results, _canvas_key)
    rows: list[list[object]] = [
        [*CANVAS, *map(safe_cell, table.units)],
        ["    Points Possible", "", "", "", "", *map(safe_points, table.points)],
    ]
    for row in table.rows:
        who = row.person
        keys = map(safe_cell, (who.canvas_id, who.number, who.login))
        rows.append([safe_cell(who.name or row.student), *keys, "", *row.grades])
    return _csv(rows)


def moodle(results: Iterable[Result]) -> str:
    """Return a CSV for Moodle: columns to map a student by, and one column a unit.

    Moodle's grade import maps `username`, `ID number` or `Email address`.  A grading worksheet
    goes by `Identifier` and has the column `Grade`; they are there where a download named the
    participants and there is one unit.
    """
    table = _table(results, _moodle_key)
    columns: list[tuple[str, Callable[[_Row], str]]] = [
        ("Identifier", lambda row: _participant(row.person)),
        ("Full name", lambda row: row.person.name),
        ("username", lambda row: row.person.login),
        ("ID number", lambda row: row.person.number),
        ("Email address", lambda row: row.person.email),
    ]
    used = [(name, of) for name, of in columns if any(map(of, table.rows))]
    used = used or [columns[2]]
    worksheet = used[0][0] == "Identifier" and len(table.units) == 1
    heading = [*(name for name, _ in used), *map(safe_cell, table.units)]
    rows: list[list[object]] = [[*heading, *(["Grade"] if worksheet else [])]]
    for row in table.rows:
        keys = [safe_cell(of(row)) for _, of in used]
        rows.append([*keys, *row.grades, *(row.grades if worksheet else [])])
    return _csv(rows)


def blackboard(results: Iterable[Result]) -> str:
    """Return a CSV that Blackboard's Grade Center uploads: one column a unit.

    Blackboard matches students by `Username`.
    """
    table = _table(results, _blackboard_key)
    rows: list[list[object]] = [[*BLACKBOARD, *map(safe_cell, table.units)]]
    for row in table.rows:
        first, _, last = (row.person.name or row.student).rpartition(" ")
        keys = (last, first, row.person.login, row.person.number)
        rows.append([*map(safe_cell, keys), *row.grades])
    return _csv(rows)


def left_out(results: Iterable[Result], name: str) -> list[str]:
    """Return the students of whom the gradebook `name` says nothing, as it could not find them."""
    found = list(results)
    kept = {row.student for row in _table(found, KEYS[name]).rows}
    return sorted({result.student for result in found} - kept)


def _canvas_key(person: Person) -> str:
    return person.canvas_id or person.number or person.login


def _moodle_key(person: Person) -> str:
    return person.number or person.email or person.login or person.moodle_id


def _blackboard_key(person: Person) -> str:
    return person.login


KEYS = {"canvas": _canvas_key, "moodle": _moodle_key, "blackboard": _blackboard_key}


def _participant(person: Person) -> str:
    return f"Participant {person.moodle_id}" if person.moodle_id else ""


def _table(results: Iterable[Result], key: Callable[[Person], str]) -> _Table:
    """Return the grades of each student whom `key` tells apart from all others."""
    found = list(results)
    units = {unit: rows for unit, rows in by_unit(found).items() if unit}
    grade = {
        (row.student, unit): safe_points(row.points)
        for unit, rows in units.items()
        for row in rows
        if row.status == "graded"
    }
    people = _people(found)
    if not any(map(key, people.values())):
        people = {name: replace(person, login=name) for name, person in people.items()}
    times = Counter(map(key, people.values()))
    rows = [
        _Row(student, person, [grade.get((student, unit), "") for unit in units])
        for student, person in sorted(people.items())
        if key(person) and times[key(person)] == 1
    ]
    return _Table(list(units), [max(r.max_points for r in rows) for rows in units.values()], rows)


def _people(results: Sequence[Result]) -> dict[str, Person]:
    """Return who each student is: all that the results say of them."""
    found: dict[str, Person] = {}
    for result in results:
        known = vars(found.get(result.student, NOBODY))
        found[result.student] = Person(
            **{field: known[field] or value for field, value in vars(result.person).items()}
        )
    return found


def _csv(rows: list[list[object]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
