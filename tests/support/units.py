"""What tests of a unit's reference need: its checks, its experiments, functions of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.course.cases import draw
from autograder.course.exercise import Case, Check
from autograder.course.unit import LoadedUnit
from autograder.guest import probes


def called(function: Any, *args: Any) -> Any:
    """Return, in arrays, what a function of tensors gives for arrays."""
    return probes.to_arrays(function(*probes.to_tensors(list(args))))


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def world_of(check: Check) -> dict[str, Any]:
    """Return the names that a check's observation and its helpers define."""
    import keras

    world: dict[str, Any] = {"probes": probes, "np": np, "keras": keras, "ops": keras.ops}
    exec(check.source, world)
    return world


def world_and_case(
    loaded: LoadedUnit, check: str, seed: str = "unit test"
) -> tuple[dict[str, Any], Case]:
    """Return what the unit's check of this name defines, and its first case."""
    ((exercise, found),) = (
        (e.name, c) for e in loaded.unit.exercises for c in e.checks if c.name == check
    )
    return world_of(found), draw(found, seed, loaded.name, exercise)[0]


def experiment(loaded: LoadedUnit, names: Mapping[str, Any], word: str) -> dict[str, Any]:
    """Return the names that the one experiment with `word` leaves behind, on top of `names`."""
    (source,) = (
        cell.source for cell in loaded.cells if "experiment" in cell.tags and word in cell.source
    )
    found = dict(names)
    exec(source, found)
    return found


def boxes_of(rng: np.random.Generator, count: int, size: float = 100) -> Any:
    """Return `count` boxes, `(count, 4)`: left, top, right, bottom."""
    corners = rng.uniform(0, size, (count, 2))
    return np.concatenate([corners, corners + rng.uniform(0.05, 0.6, (count, 2)) * size], axis=1)
