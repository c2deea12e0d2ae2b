"""How far two results are apart, for tests of references."""

from __future__ import annotations

from typing import Any

import numpy as np


def distance(a: Any, b: Any) -> float:
    """Largest difference, relative to the largest entry of `b`."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    assert a.shape == b.shape
    return float(np.abs(a - b).max() / np.abs(b).max())


def distance_in_float64(a: Any, b: Any) -> float:
    """The same for results that have to be in double precision."""
    assert np.asarray(a).dtype == np.asarray(b).dtype == np.float64
    return distance(a, b)
