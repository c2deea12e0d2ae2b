"""What several exercises of unit 03 use."""

from __future__ import annotations

from typing import Any

import numpy as np

Shape = tuple[int, ...]
SHAPES: tuple[tuple[str, Shape], ...] = (
    ("a single number", ()),
    ("three parameters", (3,)),
    ("a matrix of parameters", (2, 3)),
)
NO_EPS = 1e-15


def normal(rng: np.random.Generator, shape: Shape, scale: float = 1.0) -> Any:
    """Numbers around 0; a Python float for the shape `()`."""
    drawn = scale * rng.normal(size=shape)
    return float(drawn) if shape == () else drawn


def gradient(rng: np.random.Generator, shape: Shape, scale: Any = 1.0) -> Any:
    """Gradients of either sign, 0.1 to 2 times `scale` in size."""
    drawn = scale * rng.uniform(0.1, 2.0, shape) * rng.choice([-1.0, 1.0], shape)
    return float(drawn) if shape == () else drawn
