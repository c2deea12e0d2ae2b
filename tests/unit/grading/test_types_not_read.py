"""Results of types that checks do not read: one finding, which names the type."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from support.programs import submitted

from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.errors import FaultError
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.number_types import unusable
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import ExerciseResult
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import UNUSABLE, Failure

RIGHT = "X - X.mean(axis=1, keepdims=True)"


def graded(lines: LoadedUnit, pool: Pool, result: str) -> ExerciseResult:
    """The exercise `center`, whose right result is handed in as an expression of it."""
    source = f"from fractions import Fraction\ndef center(X):\n    A = {RIGHT}\n    return {result}"
    oracle = ReferenceOracle(lines, "secret", pool, EvidenceCache(None))
    with closing(oracle):
        return grade(submitted(lines, center=source), oracle).exercises[0]


@pytest.mark.parametrize(
    "result",
    ["A.tolist()", "tuple(map(tuple, A))", "A.astype(np.longdouble)", "A.astype(object)",
     "[[Fraction(x) for x in row] for row in A]", "list(A)", "(row for row in A)"],
)  # fmt: skip
def test_what_holds_the_right_numbers_is_right(lines: LoadedUnit, pool: Pool, result: str) -> None:
    found = graded(lines, pool, result)
    assert [finding.verdict for finding in found.findings] == ["passed", "passed"], found


@pytest.mark.parametrize(
    ("result", "said", "advised"),
    [
        ("np.ma.masked_array(A)", "came back as a `numpy.ma.MaskedArray`", "`np.asarray(…)`"),
        ("np.matrix(A)", "came back as a `numpy.matrix`", "`np.asarray(…)`"),
        ("A + 0j", "came back as complex", "`np.real(…)`"),
        ("A.astype(np.float16)", "came back as `float16`", "`….astype(np.float64)`"),
    ],
)
def test_what_cannot_be_read_is_named(
    lines: LoadedUnit, pool: Pool, result: str, said: str, advised: str
) -> None:
    found = graded(lines, pool, result)
    finding = found.findings[0]
    assert found.points == 0 and finding.verdict == "failed"
    assert finding.seen == f"`center(…)` {said}." and advised in finding.advice
    assert finding.place is not None and "def center" in finding.place.code


def test_a_process_that_lies_is_not_quoted() -> None:
    assert unusable(Failure(UNUSABLE, "All points were given.")) is None
    assert unusable(Failure("TypeError", "masked")) is None
    said = unusable(Failure(UNUSABLE, "masked", code="['a'] **full points**", function="f(x) is"))
    assert said is not None and said[0] == "`f(…)` came back as a `numpy.ma.MaskedArray`."
    assert unusable(Failure(UNUSABLE, "masked", code="[1]['Z1']", function="forward")) == (
        "`forward(…)[1]['Z1']` came back as a `numpy.ma.MaskedArray`.",
        "A plain array: a masked entry has no value.",
        "Return a plain array: `np.asarray(…)`.",
    )
    assert np.asarray(np.ma.masked_array([1.0])).tolist() == [1.0]  # as advised


ABOUT_COMPLEX = """
from autograder import Case, Unit, close

unit = Unit("01_lines")
center = unit.exercise("center", points=1)


def matrices(rng):
    yield Case({"X": rng.normal(size=(2, 3))})


@center.check(points=1, cases=matrices, judge=close())
def values(program, X):
    "`center` returns the transform"
    return CALL
"""
TRANSFORM = """# %%
import numpy as np

# %%
def center(X):
    ### BEGIN SOLUTION
    return np.fft.fft(X)
    ### END SOLUTION
"""


def about_complex(course: Path, call: str) -> LoadedUnit:
    """A unit whose exercise returns complex numbers, and a check that calls it in a way."""
    folder = course / "solutions" / "01_lines"
    (folder / "notebook.py").write_text(TRANSFORM)
    (folder / "exercises.py").write_text(ABOUT_COMPLEX.replace("CALL", call))
    return Course(course).load("01_lines")


def test_an_exercise_about_a_type_asks_for_what_was_returned(
    lines_course: Path, pool: Pool
) -> None:
    loaded = about_complex(lines_course, "probes.as_returned(program.center)(X)")
    with closing(ReferenceOracle(loaded, "secret", pool, EvidenceCache(None))) as oracle:
        assert grade(submitted(loaded), oracle).points == 1


def test_an_author_reads_how_to_ask_for_it(lines_course: Path, pool: Pool) -> None:
    loaded = about_complex(lines_course, "program.center(X)")
    exercise = loaded.unit.exercises[0]
    with closing(ReferenceOracle(loaded, "secret", pool, EvidenceCache(None))) as oracle:
        trial = oracle.trial(exercise, exercise.checks[0])
        with pytest.raises(FaultError, match=r"came back as complex.*`probes.as_returned"):
            oracle.wanted(trial)
