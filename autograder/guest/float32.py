"""Numbers that were computed in float32, whatever holds them now."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.guest.tensors import is_array, leaves, mapped

# Of the 24 significant bits of float32 so many may be a coincidence: sums of halves and quarters,
# pixels.  One float32 in 250 has no more.
_SIMPLE = 16


def has_single(tree: Any) -> bool:
    """Return whether a number or array of a tree is float32, or was before it became float64.

    A float64 that was float32 has zeros as its last 29 bits.
    """
    with np.errstate(over="ignore"):
        return any(_is_single(leaf) for leaf in leaves(tree) if _is_number(leaf))


def in_single(tree: Any) -> Any:
    """Return a tree with all its float64 numbers and arrays rounded to float32."""

    def rounded(leaf: Any) -> Any:
        if _is_number(leaf) and np.asarray(leaf).dtype == np.float64:
            return np.asarray(leaf, np.float32)
        return leaf

    with np.errstate(over="ignore"):
        return mapped(tree, rounded)


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, float) or is_array(leaf)


def _is_single(leaf: Any) -> bool:
    array = np.asarray(leaf)
    if array.dtype != np.float64:
        return bool(array.dtype == np.float32)
    if not array.size:
        return False
    first = array.item(0)
    if np.float32(first) != first == first:  # nearly always; NaN says nothing
        return False
    numbers = array[np.isfinite(array)]
    if not np.array_equal(numbers, numbers.astype(np.float32)):
        return False
    fractions = numbers[numbers % 1 != 0]
    significant, _ = np.frexp(fractions)
    return bool(np.any(significant * 2**_SIMPLE % 1))
