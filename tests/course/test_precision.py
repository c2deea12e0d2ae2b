"""Code in the frameworks' own precision is right: what refuses float64 tensors is given float32."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.places import ROOT

from autograder.authoring.rows import assessed, without_training
from autograder.course.course import Course
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

COURSE = Course.find(ROOT)
UNITS = [
    name
    for name in COURSE.unit_names()
    if any(
        "to_tensors" in check.source
        for exercise in COURSE.load(name).unit.exercises
        for check in exercise.checks
    )
]
# It does what `ops.cast(mask, "float32") * x` does where x is float64: TensorFlow raises.
REFUSING = """
def _refusing(function):
    def called(*args, **kwargs):
        given = [leaf for leaf in keras.tree.flatten([args, kwargs]) if keras.ops.is_tensor(leaf)]
        if "float64" in [keras.backend.standardize_dtype(tensor.dtype) for tensor in given]:
            raise TypeError("cannot multiply a float and a double tensor")
        return function(*args, **kwargs)
    return called
{name} = _refusing({name})
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


def test_there_are_such_units() -> None:
    assert {name[:2] for name in UNITS} >= {"09", "11", "12", "13"}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNITS)
def test_what_refuses_float64_keeps_all_points(name: str, pool: Pool) -> None:
    loaded = COURSE.load(name)
    lost = {}
    with closing(ReferenceOracle(loaded, "precision", pool, EvidenceCache(None))) as oracle:
        for exercise in loaded.unit.exercises:
            if not any(re.search("to_tensors", check.source) for check in exercise.checks):
                continue
            cells = loaded.reference.cells
            wrapped = (cells[-1][0] + 1, REFUSING.format(name=exercise.name))
            found = assessed(oracle, without_training(exercise), Program((*cells, wrapped)))
            failed = {f.check: f.seen for f in found.findings if f.verdict != "passed"}
            if failed:
                lost[exercise.name] = failed
    assert lost == {}
