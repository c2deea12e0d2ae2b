"""The study of number types: on exercises whose checks once disagreed, and on what it counts."""

from __future__ import annotations

import number_types
import pytest
from support.places import ROOT

from autograder.course.course import Course
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import ExerciseResult, Finding
from autograder.sandbox.pool import Pool

ACCEPTED = ["list", "nested tuple", "longdouble", "JAX array", "list of Fraction"]
NAMED = ["masked array", "np.matrix", "float16", "complex"]


@pytest.mark.parametrize(
    ("unit", "exercises"),
    [("01_two_layer_network", ["sigmoid", "forward"]), ("03_optimizers", ["rmsprop_step"])],
)
def test_all_checks_of_an_exercise_agree(unit: str, exercises: list[str]) -> None:
    with Pool() as pool:  # JAX needs the memory that submissions have
        oracle = ReferenceOracle(Course(ROOT).load(unit), "types", pool, EvidenceCache(None))
        found = list(number_types.rows(oracle, ACCEPTED + NAMED, exercises))
        oracle.close()
    assert len(found) == len(exercises) * len(ACCEPTED + NAMED)
    for row in found:
        assert row.agrees, f"{row.exercise}, {row.type_name}: {row}"
        assert str(row) == ("accepted" if row.type_name in ACCEPTED else "named")


def test_a_check_that_differs_is_counted() -> None:
    def finding(check: str, verdict: str, seen: str) -> Finding:
        return Finding(check, "It is right", verdict, 0.0, 1.0, seen)  # type: ignore[arg-type]

    named = finding("a", "failed", "`f(…)` came back as complex.")
    passed, wrong = finding("b", "passed", ""), finding("c", "failed", "`f` is 3.")

    def agrees(*findings: Finding) -> bool:
        result = ExerciseResult("f", 0.0, 2.0, findings)
        return number_types.row("u", "list", result, {"blind"}).agrees

    assert agrees(passed) and agrees(named) and agrees(named, finding("blind", "passed", ""))
    assert not agrees(passed, named) and not agrees(wrong) and not agrees(passed, wrong)
