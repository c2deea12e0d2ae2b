"""What `check-course` found out about a unit: its programs against its checks, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.table import Table
from rich.text import Text

KINDS = (
    "reference",
    "release",
    "hollow",
    "lookup",
    "forged",
    "guess",
    "shortcut",
    "borrower",
    "equivalent",
    "variant",
)


@dataclass(frozen=True)
class Row:
    """One program against one exercise.

    `deviations` has the worst deviation by check, None if nothing could be compared.  `problem`
    says what is wrong, "" if nothing is.
    """

    kind: str  # one of KINDS
    exercise: str
    name: str
    points: float
    max_points: float
    recognised: tuple[str, ...] = ()
    deviations: dict[str, float | None] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Matrix:
    """Every program of a unit against its checks, and what is wrong with the unit itself."""

    unit: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not any(row.problem for row in self.rows)


def table(matrix: Matrix) -> Table:
    """Return the matrix as a table for a terminal."""
    shown = Table(title=f"{matrix.unit}: {'holds' if matrix.holds else 'DOES NOT HOLD'}")
    for heading in ("program", "points", "deviation", "checks failed, explained by"):
        shown.add_column(heading, overflow="fold")
    for row in matrix.rows:
        told = ", ".join(row.failed)
        if row.recognised:
            told += f" ({', '.join(row.recognised)})"
        style = "red" if row.problem else ""
        name = f"{row.kind} {row.exercise}.{row.name}" if row.name else f"{row.kind} {row.exercise}"
        shown.add_row(
            Text(name, style),
            f"{row.points:g}/{row.max_points:g}",
            _deviation(row),
            Text(f"{row.problem} {told}".strip(), style),
        )
    for problem in matrix.problems:
        shown.add_row(Text("unit", "red"), "", "", Text(problem, "red"))
    return shown


def dumps(matrices: Sequence[Matrix]) -> str:
    """Return the matrices as JSON; an infinite deviation is "inf"."""
    data = [asdict(matrix) | {"holds": matrix.holds} for matrix in matrices]
    return json.dumps(_finite(data), indent=1, sort_keys=True) + "\n"


def merged(rows: Sequence[Row]) -> Iterator[Row]:
    """Return an iterator over one row for each program: the worst of those on several seeds."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.kind, row.exercise, row.name)
        old = found.get(key)
        if old is None or (row.problem and not old.problem):
            found[key] = row
        elif not old.problem:
            worst = {
                name: max((v for v in (value, old.deviations[name]) if v is not None), default=None)
                for name, value in row.deviations.items()
            }
            found[key] = replace(old, deviations=worst)
    return iter(sorted(found.values(), key=lambda row: KINDS.index(row.kind)))


def _deviation(row: Row) -> str:
    known = [value for value in row.deviations.values() if value is not None]
    return f"{max(known):.3g}" if known else ""


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(item) for item in data]
    if isinstance(data, float) and data in (float("inf"), float("-inf")):
        return str(data)
    return data
