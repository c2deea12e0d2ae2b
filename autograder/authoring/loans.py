"""What is wrong with what a unit's exercises lend: found by asking for more than they may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from autograder.course.exercise import Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.lending import Calls, Loan, Recorder
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.same_call import distance

STEPS = (1e-2, 1e-4, 1e-6, 1e-8)  # of differences, central and to one side
COMPLEX_STEP = 1e-20j
DIRECTIONS = 1  # random ones
MOST = 3  # calls of an observation that are tried


def loan_problems(loaded: LoadedUnit, oracle: ReferenceOracle) -> Iterator[str]:
    """Yield what is wrong with `uses` and `checked_with` of a unit's exercises."""
    for exercise in loaded.unit.exercises:
        if exercise.borrows:
            with ExitStack() as observers:
                yield from _problems(exercise, oracle, Recorder(oracle, observers))


def _problems(exercise: Exercise, oracle: ReferenceOracle, recorder: Recorder) -> Iterator[str]:
    checks = [check for check in exercise.checks if not check.judge.trains]
    trials = {trial.key: trial for trial in (oracle.trial(exercise, check) for check in checks)}
    observations = [each for trial in trials.values() for each in trial.observations]
    called: set[str] = set()
    for observation in observations:
        reference = recorder.reference(exercise, observation)
        called |= _called([reference])
        if not exercise.checked_with:
            continue
        others = recorder.others(exercise, observation)
        called |= _called(others)
        for name in exercise.checked_with:
            if _gives_differences(name, exercise, [reference, *others]):
                yield f"Differences of `{name}` are lent to `{exercise.name}`."
    if checks == exercise.checks:  # what trains was not looked at
        missing = [name for name in exercise.uses if name not in called]
        for observation in observations if missing else ():
            called |= _called(recorder.others(exercise, observation))
        for name in missing:
            if name not in called:
                yield (
                    f"`{exercise.name}` uses `{name}`, but no right answer calls it: declare it as "
                    "`checked_with`, or leave it out."
                )


def _called(recorded: Sequence[Calls]) -> set[str]:
    """Return the functions that the exercise's own code called."""
    return {name for calls in recorded for name, one in calls.items() if one["own"]}


def _gives_differences(name: str, exercise: Exercise, recorded: Sequence[Calls]) -> bool:
    """Return whether values beside a recorded call get another answer than the call itself."""
    rng = np.random.default_rng(0)
    loan = Loan(exercise, (name,), recorded[0], lambda: recorded[1:])
    known = [value for calls in recorded for _, _, value in calls[name]["asked"]]
    asked = recorded[0][name]["asked"]
    for args, kwargs, value in asked[:: len(asked) // MOST + 1]:
        for moved in _moved([args, kwargs], rng):
            call = {"args": moved[0], "kwargs": moved[1], "cotangents": None}
            answer = loan.answer(name, call)
            if answer is None:  # the reference computes it
                return True
            if "value" not in answer or distance(answer["value"], value) == 0:
                continue
            # A check that measures differences itself has made such a call.
            if not any(distance(answer["value"], other) == 0 for other in known):
                return True
    return False


def _moved(call: Any, rng: np.random.Generator) -> Iterator[Any]:
    """Yield a call with its numbers moved as who differentiates would."""
    for path, array in _arrays(call):
        index = tuple(int(rng.integers(size)) for size in array.shape)
        unit = np.zeros_like(array)
        unit[index] = 1.0
        directions = [unit, *(rng.normal(size=array.shape) for _ in range(DIRECTIONS))]
        for direction in directions:
            for step in STEPS:
                yield _with(call, path, array + step * direction)
                yield _with(call, path, array - step * direction)
            yield _with(call, path, array + COMPLEX_STEP * direction)
        if array.ndim:  # many moved copies in one call
            for axis in range(array.ndim):
                yield _with(call, path, np.concatenate([array, array + 1e-4 * unit], axis=axis))


def _arrays(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the path and value of each array or number of float in a tree."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from _arrays(item, (*path, key))
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _arrays(item, (*path, index))
    elif isinstance(tree, float) or (isinstance(tree, np.ndarray) and tree.dtype.kind == "f"):
        yield path, np.asarray(tree)


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a tree with another value at a path."""
    if not path:
        return value
    key, *rest = path
    if isinstance(tree, dict):
        return {**tree, key: _with(tree[key], tuple(rest), value)}
    return [*tree[:key], _with(tree[key], tuple(rest), value), *tree[key + 1 :]]
