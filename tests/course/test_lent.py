"""What is lent for a wrong function: enough for right answers, nothing to answer with.

That the units' shortcuts get nothing, and their right answers everything, `check-course` proves.
Here is that the shortcuts would answer if they were lent without bounds, and that right answers
which no unit declares, and whose calls no one has counted, lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.places import ROOT

from autograder.authoring import rows
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.lending import Loan
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

COURSE = Course.find(ROOT)
UNITS = (
    "01_two_layer_network",
    "04_regularization",
    "05_batch_normalization",
    "09_yolo",
    "10_rcnn_family",
    "14_ctc",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


def exercise_of(loaded: LoadedUnit, name: str) -> Exercise:
    return next(exercise for exercise in loaded.unit.exercises if exercise.name == name)


@pytest.mark.parametrize("name", UNITS)
def test_shortcuts_answer_where_lending_has_no_bounds(
    name: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Loan, "answer", lambda *_: None)
    loaded = COURSE.load(name)
    oracle = ReferenceOracle(loaded, "lent without bounds", pool, EvidenceCache(None))
    tried = [(one, each) for one in loaded.unit.exercises for each in one.shortcuts]
    assert tried
    for exercise, shortcut in tried:
        row = rows.shortcut(oracle, exercise, shortcut)
        assert row.points > 0, (exercise.name, shortcut.name, row.failed)
    oracle.close()


# ------------------------------------------------------------------------- right in another way


BLIND = sorted((ROOT / "tests" / "data" / "blind_answers").glob("*.py"))


@pytest.mark.parametrize("path", BLIND, ids=[path.stem for path in BLIND])
def test_right_answers_that_nobody_counted_lose_nothing(path: Path, pool: Pool) -> None:
    """Each is called as its unit and exercise."""
    number, _, name = path.stem.partition("_")
    loaded = COURSE.load(next(unit for unit in COURSE.unit_names() if unit.startswith(number)))
    exercise = exercise_of(loaded, name)
    source = path.read_text(encoding="utf-8")
    assert [one for one in exercise.borrows if f"{one}(" in source]
    oracle = ReferenceOracle(loaded, "blind", pool, EvidenceCache(None))
    cells = oracle.loaded.reference.cells
    program = rows.beside_nothing(oracle, exercise, Program((*cells, (cells[-1][0] + 1, source))))
    asked = rows.without_training(exercise)
    found = rows.assessed(oracle, asked, program, lent=exercise.borrows)
    oracle.close()
    told = [item.seen for item in found.findings if item.verdict != "passed"]
    assert told == []
