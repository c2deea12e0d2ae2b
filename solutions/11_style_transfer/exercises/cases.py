"""What several exercises of unit 11 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case

Array = np.ndarray[Any, Any]
SIZES = ((4, 6, 3), (5, 2, 4), (3, 3, 7))


def blocks(rng: np.random.Generator, H: int, W: int, C: int) -> dict[str, Array]:
    """Two blocks of activations, positive as after a ReLU, none of them 0."""
    return {name: rng.uniform(0.1, 1.5, (H, W, C)) for name in ("a", "b")}


def named(size: tuple[int, ...]) -> str:
    return "H, W, C = {}, {}, {}".format(*size)


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    for size in SIZES:
        yield Case(blocks(rng, *size), named(size))


def single_numbers(rng: np.random.Generator) -> Iterator[Case]:
    """One place with one channel: nothing to add up, and all sizes are 1."""
    for _ in range(2):
        yield Case(blocks(rng, 1, 1, 1), "one place, one channel")


def places(rng: np.random.Generator) -> Iterator[Case]:
    """A single place: how channels lie in memory makes no difference."""
    for C in (3, 5):
        yield Case({"a": rng.uniform(0.1, 1.5, (1, 1, C))}, f"one place, {C} channels")
