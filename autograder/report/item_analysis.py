"""What a teacher wants to know of a class: how points spread, and which checks separate well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from autograder.report.phrases import at_fault
from autograder.results.result import ExerciseResult, Result

BINS = 10
# Below this the difference between two students is mostly chance (Ebel's rule for items).
MIN_DISCRIMINATION = 0.2
ENOUGH = 10  # students, to say anything about how a check separates


@dataclass(frozen=True)
class ExerciseShares:
    """How many students have all, some or none of an exercise's points, or did not answer it."""

    exercise: str
    max_points: float
    full: int
    some: int
    none: int
    open: int
    mean: float


@dataclass(frozen=True)
class CheckFacts:
    """One check over a class.

    `passed` is a share of the students who answered.  `discrimination` is the correlation between
    passing it and the points on everything else, from -1 to 1; None where it can't be told.
    """

    exercise: str
    claim: str
    passed: float
    answered: int
    discrimination: float | None
    seconds: float


def graded(results: Sequence[Result]) -> list[Result]:
    """Return the results that have a grade."""
    return [result for result in results if result.status == "graded"]


def points_histogram(results: Sequence[Result]) -> list[int]:
    """Return how many submissions lie in each tenth of the points, the last tenth with its end."""
    counts = [0] * BINS
    for result in graded(results):
        share = result.points / result.max_points if result.max_points else 0.0
        counts[min(BINS - 1, max(0, int(share * BINS)))] += 1
    return counts


def exercise_shares(results: Sequence[Result]) -> list[ExerciseShares]:
    """Return each exercise's shares, in the order of the notebook."""
    by_name: dict[tuple[str, float], list[ExerciseResult]] = {}
    for result in graded(results):
        for exercise in result.exercises:
            by_name.setdefault((exercise.exercise, exercise.max_points), []).append(exercise)
    return [_shares(name, most, found) for (name, most), found in by_name.items()]


def check_facts(results: Sequence[Result]) -> list[CheckFacts]:
    """Return what each check tells, in the order of the notebook."""
    rows: dict[tuple[str, str], list[tuple[bool, float, float]]] = {}
    for result in graded(results):
        for exercise in result.exercises:
            for finding in exercise.findings:
                if finding.verdict in ("stub", "missing", "fault", "skipped"):
                    continue
                rest = result.points - finding.points
                row = (finding.verdict == "passed", rest, finding.seconds)
                rows.setdefault((exercise.exercise, finding.claim), []).append(row)
    return [_facts(exercise, claim, found) for (exercise, claim), found in rows.items()]


def typical_seconds(results: Sequence[Result]) -> tuple[float, float]:
    """Return the median and the longest time that grading a submission took."""
    seconds = [result.seconds for result in graded(results)] or [0.0]
    return median(seconds), max(seconds)


def _shares(name: str, most: float, found: Sequence[ExerciseResult]) -> ExerciseShares:
    known = [exercise for exercise in found if not at_fault(exercise)]
    untouched = sum(_open(exercise) for exercise in known)
    full = sum(exercise.points >= exercise.max_points for exercise in known)
    none = sum(not exercise.points and not _open(exercise) for exercise in known)
    share = fmean(e.points / e.max_points if e.max_points else 0.0 for e in known) if known else 0.0
    some = len(known) - full - none - untouched
    return ExerciseShares(name, most, full, some, none, untouched, share)


def _open(exercise: ExerciseResult) -> bool:
    return all(finding.verdict in ("stub", "missing") for finding in exercise.findings)


def _facts(exercise: str, claim: str, rows: Sequence[tuple[bool, float, float]]) -> CheckFacts:
    passed = [row[0] for row in rows]
    seconds = median(row[2] for row in rows)
    discrimination = _correlation([float(p) for p in passed], [row[1] for row in rows])
    if len(rows) < ENOUGH:
        discrimination = None
    return CheckFacts(exercise, claim, fmean(passed), len(rows), discrimination, seconds)


def _correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Pearson's correlation, None where one side does not vary."""
    mean_a, mean_b = fmean(a), fmean(b)
    spread_a = sum((x - mean_a) ** 2 for x in a)
    spread_b = sum((y - mean_b) ** 2 for y in b)
    if spread_a <= 1e-12 or spread_b <= 1e-12:
        return None
    together = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return float(together / (spread_a * spread_b) ** 0.5)
