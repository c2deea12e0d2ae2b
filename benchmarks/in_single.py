"""The reference computed in float32 where float64 is given: does it keep its points?

NumPy's float32 is judged by its own rounding errors, with a remark.  Here every function of
a unit's reference gets its arrays in float32 and gives float32, and is graded like an answer.

    python benchmarks/in_single.py [UNIT ...] [--seeds 2]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.authoring.rows import assessed, without_training
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

COURSE = Path(__file__).parents[1]
IN_SINGLE = """
import functools as _functools, types as _types, numpy as _numpy

def _single(value):
    if isinstance(value, (_numpy.ndarray, _numpy.generic)) and value.dtype == _numpy.float64:
        return value.astype(_numpy.float32)
    if isinstance(value, dict):
        return {key: _single(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_single(item) for item in value)
    return value

def _in_single(function):
    @_functools.wraps(function)
    def single(*args, **more):
        return _single(function(*_single(args), **_single(more)))
    return single

if isinstance(NAME, _types.FunctionType):
    NAME = _in_single(NAME)
"""


def in_single(loaded: LoadedUnit, name: str) -> Program:
    """The unit's reference with one function in float32."""
    cells = loaded.reference.cells
    last = max(number for number, _ in cells)
    return Program((*cells, (last + 1, IN_SINGLE.replace("NAME", name))))


def lost(oracle: ReferenceOracle, exercise: Exercise) -> list[str]:
    """The checks that it does not pass, and how."""
    result = assessed(oracle, without_training(exercise), in_single(oracle.loaded, exercise.name))
    return [f"`{f.check}` {f.verdict}" for f in result.findings if f.verdict != "passed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*", metavar="UNIT")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    course = Course(COURSE)
    print("| unit | exercise | seeds | loses |\n|---|---|---|---|")
    with Pool() as pool:
        for name in options.units or course.unit_names():
            loaded = course.load(name)
            oracles = [
                ReferenceOracle(loaded, f"single-{seed}", pool, EvidenceCache(None))
                for seed in range(options.seeds)
            ]
            for exercise in loaded.unit.exercises:
                if any(check.judge.compares_float64 for check in exercise.checks):
                    found = dict.fromkeys(
                        said for oracle in oracles for said in lost(oracle, exercise)
                    )
                    row = [name, f"`{exercise.name}`", len(oracles), ", ".join(found) or "nothing"]
                    print("|", " | ".join(map(str, row)), "|", flush=True)
            for oracle in oracles:
                oracle.close()


if __name__ == "__main__":
    main()
