"""Programs of students, and what an observer sees of them."""

from __future__ import annotations

from dataclasses import replace

from autograder.course.notebook import clear_solutions
from autograder.course.unit import LoadedUnit
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire.evidence import Evidence
from autograder.wire.observation import Observation
from autograder.wire.program import Program, ProgramCell


def observer_of(pool: Pool, *cells: str) -> Observer:
    """Return an observer of a program of these cells."""
    return Observer(pool, Program(tuple(enumerate(cells, 1))))


def seen(observer: Observer, expression: str, seconds: float = 1.0) -> Evidence:
    """Return the evidence of an expression over `program`, the names that its cells left behind."""
    source = f"def observation(program):\n    return {expression}"
    return observer.observe(Observation(source, {}, 0), seconds)


def submitted(
    loaded: LoadedUnit, student: str = "ada", *, stubs: bool = False, **answers: str
) -> Submission:
    """Return a submission: the reference's cells, but for the answers given."""
    cells = []
    for number, cell in enumerate((c for c in loaded.cells if c.kind == "code"), 1):
        source = clear_solutions(cell.source) if stubs else cell.source
        name = next((name for name in answers if f"def {name}(" in cell.source), "")
        skip = "experiment" in cell.tags
        cells.append(ProgramCell(number, answers.get(name, source), skip, "an experiment"))
    digest = cells_digest(cells)
    return Submission(student, loaded.name, f"{student}.ipynb", tuple(cells), (), digest)


def hasty(loaded: LoadedUnit, seconds: float) -> LoadedUnit:
    """Return the unit with so many seconds of CPU time for each check."""
    exercises = [
        replace(exercise, checks=[replace(check, seconds=seconds) for check in exercise.checks])
        for exercise in loaded.unit.exercises
    ]
    return replace(loaded, unit=replace(loaded.unit, exercises=exercises))
