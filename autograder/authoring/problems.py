"""What is wrong with a unit itself, whatever its programs get."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.authoring.loans import loan_problems
from autograder.authoring.release import Stale, release_unit
from autograder.course.course import Course
from autograder.course.exercise import Alternative, Exercise
from autograder.course.notebook import clear_solutions, solution_lines
from autograder.course.unit import LoadedUnit
from autograder.grading.explain import same_evidence
from autograder.grading.reference_oracle import ReferenceOracle


def problems(course: Course, loaded: LoadedUnit, oracle: ReferenceOracle) -> Iterator[str]:
    """Yield what is wrong with a unit: its known mistakes, its released notebook, its files."""
    yield from _never_counting(loaded)
    yield from _twins(loaded, oracle)
    yield from loan_problems(loaded, oracle)
    yield from _leaks(loaded)
    yield from _stale(course, loaded)


def _never_counting(loaded: LoadedUnit) -> Iterator[str]:
    """Yield the exercises in which no pass shows that something was computed."""
    for exercise in loaded.unit.exercises:
        if not any(check.counts_alone for check in exercise.checks):
            yield (
                f"No check of `{exercise.name}` counts alone, so that it gives no points. One has "
                "to ask for what only an answer has: hidden numbers, or raw values to `measure`."
            )


def _twins(loaded: LoadedUnit, oracle: ReferenceOracle) -> Iterator[str]:
    """Yield pairs of known mistakes that no check tells apart undeclared, or that differ."""
    for exercise in loaded.unit.exercises:
        for index, one in enumerate(exercise.variants):
            for other in exercise.variants[index + 1 :]:
                declared = other.name in one.same_as or one.name in other.same_as
                if _alike(oracle, exercise, one, other) != declared:
                    said = "declared the same, but differ" if declared else "give the same evidence"
                    yield f"`{one.name}` and `{other.name}` of `{exercise.name}` {said}."


def _alike(
    oracle: ReferenceOracle, exercise: Exercise, one: Alternative, other: Alternative
) -> bool:
    for check in exercise.checks:
        if not check.judge.recognises_variants:
            continue
        trial = oracle.trial(exercise, check)
        left = oracle.variant(exercise, one, trial)
        right = oracle.variant(exercise, other, trial)
        if not same_evidence(left, right, check.judge, oracle.wanted(trial)):
            return False
    return True


def _leaks(loaded: LoadedUnit) -> Iterator[str]:
    """Yield the lines of solutions that the students' notebook would show."""
    shown = "\n".join(
        clear_solutions(cell.source) if cell.kind == "code" else cell.source
        for cell in loaded.cells
    )
    lines = {line.strip() for line in shown.splitlines()}
    for line in solution_lines(loaded.cells):
        if line in lines:
            yield f"The release shows a line of the solution: {line!r}."


def _stale(course: Course, loaded: LoadedUnit) -> Iterator[str]:
    """Yield the generated files that are not what their sources give."""
    try:
        release_unit(course, loaded, write=False)
    except Stale as stale:
        yield f"Generated files are {stale}"
