"""A model that looks its answers up is not the network that the task describes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.places import ROOT

from autograder.authoring import rows
from autograder.course.course import Course
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

COURSE = Course.find(ROOT)
MODELS = sorted((ROOT / "tests" / "data" / "own_models").glob("*.py"))
REFUSED = "the task asks for a model of layers from keras.layers"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("own-models")]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_a_model_that_looks_up_does_not_pass_for_one_that_learnt(path: Path, pool: Pool) -> None:
    number, _, name = path.stem.partition("_")
    loaded = COURSE.load(next(unit for unit in COURSE.unit_names() if unit.startswith(number)))
    exercise = next(one for one in loaded.unit.exercises if one.name == name)
    training = [check for check in exercise.checks if check.judge.trains]
    assert training
    cells = loaded.reference.cells
    program = Program((*cells, (cells[-1][0] + 1, path.read_text(encoding="utf-8"))))
    # Without the line that refuses it, it trains, but does not pass.
    allowing = [
        replace(check, source=check.source.replace("probes.only_keras_layers", ""))
        for check in training
    ]
    oracle = ReferenceOracle(loaded, "own models", pool, EvidenceCache(None))
    found = rows.assessed(oracle, replace(exercise, checks=training), program)
    assert [finding.verdict for finding in found.findings] == ["raised"] * len(training)
    assert all(REFUSED in finding.seen for finding in found.findings)
    oracle = ReferenceOracle(loaded, "own models", pool, EvidenceCache(None))
    passed = rows.assessed(oracle, replace(exercise, checks=allowing), program)
    # The digits are drawn: looking up stays below the floor by itself.
    assert passed.points == 0, passed.findings
