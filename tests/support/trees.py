"""Values of the kinds that cross the wall, as Hypothesis draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.wire.codec import Opaque

LEAVES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=3)
    | st.builds(Opaque, st.text(max_size=3))
)


def hostile_trees(*names: str, max_dims: int = 3) -> st.SearchStrategy[Any]:
    """Draw what a student may send: leaves, small arrays, and lists and dicts with these keys."""
    dtypes = st.sampled_from(["bool", "int8", "uint64", "float16", "float64", "complex128"])
    shapes = hnp.array_shapes(min_dims=0, min_side=0, max_dims=max_dims, max_side=3)
    keys = st.sampled_from(names)
    return st.recursive(
        LEAVES | hnp.arrays(dtypes.map(np.dtype), shapes),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    )
