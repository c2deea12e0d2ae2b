"""Proof that a unit's checks do their work, on the unit's own programs: `check-course`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from rich.progress import Progress

from autograder.authoring import rows
from autograder.authoring.forger import forged
from autograder.authoring.guessed import guessed
from autograder.authoring.hollow import HOLLOW
from autograder.authoring.matrix import Matrix, Row, merged
from autograder.authoring.problems import problems
from autograder.authoring.rows import SEED
from autograder.course.cases import PUBLIC_SEED
from autograder.course.course import Course
from autograder.course.exercise import Alternative, Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool

Job = Callable[[], list[Row]]


def prove(
    course: Course,
    loaded: LoadedUnit,
    pool: Pool,
    cache: EvidenceCache,
    seeds: int,
    slots: int,
    progress: Progress,
    draws: int = 1,
) -> Matrix:
    """Run every program of a unit and return what came out.

    Args:
        course: The unit's.
        loaded: The unit.
        pool: Of the processes that the programs run in.
        cache: Of evidence.
        seeds: How many draws of the cases the other right solutions run on.
        slots: How many programs run at once.
        progress: Shows how far it is.
        draws: How many draws the known mistakes run on: one that the cases of one draw tell from
            the reference may get past those of another.

    Raises:
        FaultError: The reference can't be observed.
    """
    first = ReferenceOracle(loaded, f"{SEED}-0", pool, cache)
    public = ReferenceOracle(loaded, PUBLIC_SEED, pool, cache)
    jobs = [*_jobs(loaded, first, public)]
    jobs += [
        partial(equivalents, loaded, f"{SEED}-{index}", pool, cache) for index in range(1, seeds)
    ]
    jobs += [partial(unseen, loaded, f"{SEED}-{index}", pool, cache) for index in range(1, draws)]
    found: list[Row] = []
    task = progress.add_task(loaded.name, total=len(jobs))
    try:
        with ThreadPoolExecutor(slots) as executor:
            for some in executor.map(lambda job: job(), jobs):
                found += some
                progress.advance(task)
        wrong = tuple(problems(course, loaded, first))
    finally:
        public.close()
        first.close()
    return Matrix(loaded.name, tuple(merged(found)), wrong)


def _jobs(loaded: LoadedUnit, first: ReferenceOracle, public: ReferenceOracle) -> Iterator[Job]:
    yield lambda: rows.whole("reference", loaded, first)
    yield lambda: rows.whole("release", loaded, first)
    for exercise in loaded.unit.exercises:
        for name in HOLLOW:
            yield _job("hollow", rows.hollow, first, exercise, Alternative(name, "", {}))
        nothing = Alternative("", "", {})
        yield _job("lookup", partial(rows.lookup, public), first, exercise, nothing)
        yield _job("forged", partial(forged, public), first, exercise, nothing)
        yield _job("guess", partial(guessed, public), first, exercise, nothing)
        if exercise.borrows:
            # How often others call is allowed for by counting them; what they call with is not.
            # Where only training counts alone, it asks for so much that once has to do.
            trains = rows.without_training(exercise) is exercise and _trains(exercise)
            others = exercise.equivalents if exercise.checked_with and not trains else ()
            for right in (Alternative("reference", "", {}), *others):
                yield _job("borrower", rows.borrower, first, exercise, right)
        for shortcut in exercise.shortcuts:
            yield _job("shortcut", rows.shortcut, first, exercise, shortcut)
        for equivalent in exercise.equivalents:
            yield _job("equivalent", rows.equivalent, first, exercise, equivalent)
        for variant in exercise.variants:
            yield _job("variant", rows.variant, first, exercise, variant)


def _trains(exercise: Exercise) -> bool:
    return any(check.judge.trains for check in exercise.checks)


def equivalents(loaded: LoadedUnit, seed: str, pool: Pool, cache: EvidenceCache) -> list[Row]:
    """Return the rows of all equivalents on one more seed, whose reference has its own process."""
    with closing(ReferenceOracle(loaded, seed, pool, cache)) as oracle:
        return [
            row
            for exercise in loaded.unit.exercises
            for equivalent in exercise.equivalents
            for row in _job("equivalent", rows.equivalent, oracle, exercise, equivalent)()
        ]


def unseen(loaded: LoadedUnit, seed: str, pool: Pool, cache: EvidenceCache) -> list[Row]:
    """Return the rows of the variants that lose nothing on one more draw of the cases."""
    with closing(ReferenceOracle(loaded, seed, pool, cache)) as oracle:
        return [
            row
            for exercise in loaded.unit.exercises
            for variant in exercise.variants
            for row in _job("variant", rows.losing, oracle, exercise, variant)()
            if row.problem
        ]


def _job(
    kind: str,
    row_of: Callable[[ReferenceOracle, Exercise, Alternative], Row],
    oracle: ReferenceOracle,
    exercise: Exercise,
    alternative: Alternative,
) -> Job:
    """Return what makes one row, even if it fails: that must not hide the others."""

    def job() -> list[Row]:
        try:
            return [row_of(oracle, exercise, alternative)]
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            return [Row(kind, exercise.name, alternative.name, 0.0, exercise.points, problem=said)]

    return job
