"""How far a reference's outputs move when its inputs are rounded otherwise (docs/tolerances.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.course.cases import case_seed
from autograder.course.exercise import Case
from autograder.grading.trial import Trial
from autograder.wire.evidence import Evidence

PERTURBATIONS = 6
_EPS = {"float64": 2.0**-52, "float32": 2.0**-23}


def perturbed(trial: Trial, unit: str) -> Iterator[Trial]:
    """Yield the trial with every measured number of its inputs moved by one eps, several times.

    Args:
        trial: its judge's `dtype` says which eps.
        unit: the unit's name, from which the signs are drawn.
    """
    eps = _EPS[trial.check.judge.dtype]
    for run in range(PERTURBATIONS):
        seed = case_seed("perturb", unit, trial.exercise.name, trial.check.drawn_as, run)
        rng = np.random.default_rng(seed)
        cases = tuple(Case(_perturb(dict(case.inputs), eps, rng)) for case in trial.cases)
        yield replace(trial, cases=cases)


def sensitivities(
    values: Sequence[Any], runs: Sequence[Sequence[Evidence]], dtype: str
) -> list[Any]:
    """Return how far each case's value moves, in eps of `dtype`, at most over all runs.

    Args:
        values: the reference's, one a case.
        runs: its evidence for the cases of each perturbed trial.
        dtype: the judge's.

    Returns:
        For each case its value with a number in place of every leaf; None if every run failed.
    """
    return [
        _largest(
            [
                _map(lambda a, b: _gap(a, b) / _EPS[dtype], value, run[index].value)
                for run in runs
                if run[index].status == "ok"
            ]
        )
        for index, value in enumerate(values)
    ]


def _perturb(value: Any, eps: float, rng: np.random.Generator) -> Any:
    """Move every measured number by one eps; labels, masks, sizes and settings stay."""
    if isinstance(value, Mapping):
        return {key: _perturb(item, eps, rng) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_perturb(item, eps, rng) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.any(value % 1):
        signs = rng.choice([-1.0, 1.0], size=value.shape)
        return (value * (1 + eps * signs)).astype(value.dtype)
    return value


def _gap(a: Any, b: Any) -> float:
    """Return the largest finite distance between two arrays of one shape, 0 for anything else."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind not in "fc" or a.shape != b.shape or not a.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    return float(np.max(gap[np.isfinite(gap)], initial=0.0))


def _map(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Return the structure of `a` with `function` of each pair of leaves."""
    if isinstance(a, dict) and isinstance(b, dict):
        return {key: _map(function, item, b.get(key)) for key, item in a.items()}
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [_map(function, x, y) for x, y in zip(a, b, strict=True)]
    return function(a, b)


def _largest(trees: Sequence[Any]) -> Any:
    """Return the largest number at each leaf of several trees of one structure."""
    result = trees[0] if trees else None
    for tree in trees[1:]:
        result = _map(lambda a, b: max(a or 0.0, b or 0.0), result, tree)
    return result
