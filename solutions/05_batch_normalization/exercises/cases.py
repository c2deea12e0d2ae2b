"""What several exercises of unit 05 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, ready_made

READY_MADE = ready_made.NORMALISATIONS
NO_EPS = 1e-15
BATCHES = (("four units, six examples", 4, 6), ("two units, five examples", 2, 5))


def away(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers of either sign between 0.4 and 0.9 or 1.2 and 2 in size: neither 0 nor 1."""
    sizes = np.where(
        rng.random(shape) < 0.5, rng.uniform(0.4, 0.9, shape), rng.uniform(1.2, 2, shape)
    )
    return sizes * rng.choice([-1.0, 1.0], shape)


def batch(rng: np.random.Generator, n: int, m: int) -> Any:
    """Values whose mean is 1 to 3 in size, and whose spread is 0.5 to 2, in each row."""
    mean = rng.uniform(1, 3, (n, 1)) * rng.choice([-1.0, 1.0], (n, 1))
    return mean + rng.uniform(0.5, 2, (n, 1)) * rng.normal(size=(n, m))


def running(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Running averages as they may be after some training."""
    return {"running_mean": away(rng, (n, 1)), "running_var": rng.uniform(0.3, 3, (n, 1))}


def arguments(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    return {
        "Z": batch(rng, n, m),
        "gamma": away(rng, (n, 1)),
        "beta": away(rng, (n, 1)),
        "state": running(rng, n),
        "eps": NO_EPS,
    }


def upstream(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in BATCHES:
        yield Case(arguments(rng, n, m) | {"dZt": away(rng, (n, m))}, label)


L_STORED = "mean, variance = self.moving_mean, self.moving_variance"
