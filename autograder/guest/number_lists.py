"""Lists and tuples of numbers that do what an array does besides.

A student may return a list where an array is meant, or where a list is.  Which, only the exercise
knows; so a check sees a list, to which it can also do what only arrays can do.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

_SCALARS: Final = (int, float, complex, np.number, np.bool_)
_REFLECTED: Final = "add sub mul truediv floordiv mod pow matmul and or xor".split()
_COMPARISONS: Final = "lt le gt ge".split()
_UNARY: Final = "neg pos abs invert".split()


class _ActsAsArray:
    """What lists and tuples of numbers can do of what arrays can."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, (int, np.integer, slice)):
            return np.asarray(self)[key]
        found = super().__getitem__(key)  # type: ignore[misc]  # the list's
        return type(self)(found) if isinstance(key, slice) else found  # type: ignore[call-arg]

    def __eq__(self, other: object) -> Any:
        return np.asarray(self) == other if isinstance(other, _SCALARS) else super().__eq__(other)

    def __ne__(self, other: object) -> Any:
        return np.asarray(self) != other if isinstance(other, _SCALARS) else super().__ne__(other)

    def copy(self) -> Any:
        return self[:]


def _binary(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    compute = _operator(name)

    def forwards(self: Any, other: Any) -> Any:
        own = getattr(super(type(self), self), f"__{name}__", None)
        if own is not None and _is_list(other):
            return own(other)
        return compute(np.asarray(self), np.asarray(other))

    def backwards(self: Any, other: Any) -> Any:
        return compute(np.asarray(other), np.asarray(self))

    return forwards, backwards


def _is_list(other: Any) -> bool:
    """Return whether what a list meets is one of the check's: `result + [0]`, `result < [1, 2]`."""
    return isinstance(other, (list, tuple)) and not isinstance(other, _ActsAsArray)


def _unary(name: str) -> Callable[..., Any]:
    compute = _operator(name)
    return lambda self: compute(np.asarray(self))


def _operator(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(operator, f"__{name}__")
    return found


def _operators() -> dict[str, Any]:
    found: dict[str, Any] = {f"__{name}__": _unary(name) for name in _UNARY}
    for name in _REFLECTED + _COMPARISONS:
        forwards, backwards = _binary(name)
        found[f"__{name}__"] = forwards
        if name in _REFLECTED:
            found[f"__r{name}__"] = backwards
            found[f"__i{name}__"] = forwards  # else `result += array` makes a list longer
    return found


# Called by the names of what they are: a check may send the name of a result's type.
NumberList: Any = type("list", (_ActsAsArray, list), _operators() | {"__hash__": None})
NumberTuple: Any = type("tuple", (_ActsAsArray, tuple), _operators() | {"__hash__": tuple.__hash__})


def holds_numbers(items: Sequence[Any], arrays: bool) -> bool:
    """Return whether there are items, all numbers or lists of numbers; `arrays`: or arrays."""
    kinds = (*_SCALARS, NumberList, NumberTuple, *((np.ndarray,) if arrays else ()))
    return bool(items) and all(
        isinstance(item, kinds) or (isinstance(item, np.ndarray) and not item.ndim)
        for item in items
    )
