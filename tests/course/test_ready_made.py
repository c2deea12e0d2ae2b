"""Ready-made ways to answer the exercises that forbid them: each works, and each is noticed.

`tests/data/ready_made/<exercise>/` holds them; most use nothing that a course names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from support.places import ROOT

from autograder.authoring import rows
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import ExerciseResult
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

COURSE = Course.find(ROOT)
WAYS = sorted((ROOT / "tests" / "data" / "ready_made").glob("*/*.py"))
IDS = [f"{path.parent.name}/{path.stem}" for path in WAYS]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ready-made")]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


@cache
def loaded_unit(number: str) -> LoadedUnit:
    return COURSE.load(next(name for name in COURSE.unit_names() if name.startswith(number)))


def answered(path: Path, pool: Pool, *, forbids: bool) -> ExerciseResult:
    """Return how a way does in its exercise, which trains nothing here."""
    number, _, name = path.parent.name.partition("_")
    loaded = loaded_unit(number)
    exercise: Exercise = next(one for one in loaded.unit.exercises if one.name == name)
    assert exercise.forbids
    asked = rows.without_training(exercise)
    asked = asked if forbids else replace(asked, forbids=())
    oracle = ReferenceOracle(loaded, "ready-made", pool, EvidenceCache(None))
    cells = loaded.reference.cells
    program = Program((*cells, (cells[-1][0] + 1, path.read_text(encoding="utf-8"))))
    found = rows.assessed(oracle, asked, program)
    oracle.close()
    return found


def test_there_are_many_ways() -> None:
    assert len(WAYS) >= 40
    assert len({path.parent.name for path in WAYS}) >= 8


@pytest.mark.parametrize("path", WAYS, ids=IDS)
def test_a_ready_made_way_is_noticed_and_earns_nothing_by_it(path: Path, pool: Pool) -> None:
    allowed = answered(path, pool, forbids=False)
    found = answered(path, pool, forbids=True)
    right = {one.check for one in allowed.findings if one.verdict == "passed"}
    noticed = {one.check for one in found.findings if one.verdict == "forbidden"}
    assert right & noticed, [one.seen for one in found.findings]
    assert found.points < allowed.points
