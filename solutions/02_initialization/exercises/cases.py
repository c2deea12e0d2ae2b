"""What several exercises of unit 02 use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder import Case

Array = np.ndarray[Any, Any]


def seed_of(rng: np.random.Generator) -> int:
    """A seed for the generator that the observation makes."""
    return int(rng.integers(2**31))


def named(observation: Callable[..., Any], name: str, claim: str) -> Callable[..., Any]:
    """The observation under another name, for one more check."""
    observation.__name__, observation.__doc__ = name, claim
    return observation


VARIANCES: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda n_in, n_out: 1 / n_in,
    "he": lambda n_in, n_out: 2 / n_in,
    "glorot": lambda n_in, n_out: 2 / (n_in + n_out),
}


def different(rng: np.random.Generator, count: int) -> list[int]:
    """Sizes from 2 to 8, none twice; drawn, so that nobody knows the shapes beforehand."""
    return [int(size) for size in rng.permutation(np.arange(2, 9))[:count]]


def sizes(rng: np.random.Generator) -> Iterator[Case]:
    """Every scheme once, sizes that differ, one unit at the end of the last network."""
    for scheme, count in (("zeros", 3), ("fan_in", 3), ("he", 4), ("glorot", 2)):
        layer_dims = different(rng, count) + ([1] if scheme == "glorot" else [])
        inputs = {"layer_dims": layer_dims, "scheme": scheme, "seed": seed_of(rng)}
        yield Case(inputs, f"sizes {layer_dims}, {scheme}")


def wide_sizes(rng: np.random.Generator) -> list[int]:
    """Three sizes in any order, each at least half above the next smaller one.

    They are drawn, so that nobody knows a right standard deviation beforehand.
    """
    bands = ((160, 200), (300, 360), (540, 640))
    return [int(rng.integers(*bands[index], endpoint=True)) for index in rng.permutation(3)]


def law(name: str, std: float, count: int) -> dict[str, tuple[float, float]]:
    """What `count` independent numbers of mean 0 give, each with its standard error."""
    return {
        f"std of {name}": (float(std), float(std / np.sqrt(2 * count))),
        f"mean of {name}": (0.0, float(std / np.sqrt(count))),
        f"share of {name} below 0": (0.5, float(0.5 / np.sqrt(count))),
    }


CORNER = 96  # of a layer's weights so many rows and columns come back, and channels of a kernel


def statistics(value, inputs):
    """What the law of each array of weights is about, once for each name."""
    found = {}
    for name, W in value.items():
        W = np.asarray(W, dtype=float)
        found[f"std of {name}"] = W.std()
        found[f"mean of {name}"] = W.mean()
        found[f"share of {name} below 0"] = (W < 0).mean()
    return found


def layers(scheme: str) -> Callable[[np.random.Generator], Iterator[Case]]:
    """A dense layer and a convolution; a kernel of 3 by 3 counts nine times on both sides."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        n_in, n_out, _ = wide_sizes(rng)
        # A convolution's channels: two of the sizes again, an eighth of them.
        c_in, c_out = (size // 8 for size in wide_sizes(rng)[:2])
        std = np.sqrt(VARIANCES[scheme](n_in, n_out))
        truth = law("the dense kernel", std, CORNER**2)
        std = np.sqrt(VARIANCES[scheme](9 * c_in, 9 * c_out))
        seen = 9 * min(c_in, CORNER) * min(c_out, CORNER)
        truth |= law("the convolution's kernel", std, seen)
        inputs = {"scheme": scheme, "dense": [n_in, n_out], "conv": [3, 3, c_in, c_out]}
        inputs["corner"] = CORNER
        yield Case(inputs, f"{scheme}, a dense layer and a convolution", truth)

    return drawn
