"""What reading hand-ins needs to know of a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autograder.course.notebook import check_id, check_source
from autograder.course.unit import LoadedUnit


@dataclass(frozen=True)
class GradeCell:
    """A locked grade cell as the course wrote it."""

    points: float
    source: str


@dataclass(frozen=True)
class UnitOutline:
    """What reading needs to know of a unit; `grade_cells` by grade id, `check_<exercise>`."""

    name: str
    grade_cells: Mapping[str, GradeCell]

    @property
    def exercises(self) -> list[str]:
        """Return the names of the exercises."""
        return [grade_id.removeprefix(check_id("")) for grade_id in self.grade_cells]


def outline(loaded: LoadedUnit) -> UnitOutline:
    """Return what reading submissions needs to know of a unit."""
    cells = {
        check_id(exercise.name): GradeCell(
            exercise.points, check_source(exercise.name, exercise.points)
        )
        for exercise in loaded.unit.exercises
    }
    return UnitOutline(loaded.name, cells)
