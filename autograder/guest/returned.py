"""What a program's function returned, read once, so that every check sees the same.

The rule: what holds ordinary numbers is read as a plain NumPy array of the same shape, whatever its
type; what can't be read without loss is `Unusable`, and says so as soon as a check uses it.

- Tensors, variables and arrays of other libraries become arrays, `longdouble` becomes `float64`,
  fractions and decimals become floats.  A function that was given tensors may return tensors: then
  they stay, since gradients pass through them.
- A list or tuple of numbers stays what it is, and does what an array does besides.
- Masked arrays, `np.matrix`, sparse matrices, `float16` and complex numbers are not read.  The
  latter two are where the function was given some.
- What is plain already stays the same object.

`probes.as_returned` is for exercises about such types.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial, wraps
from itertools import islice
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType
from typing import Any, Final

import numpy as np

from autograder.guest.number_lists import NumberList, NumberTuple, holds_numbers
from autograder.guest.tensors import is_tensor, leaves, mapped
from autograder.guest.unusable import Unusable
from autograder.wire.codec import MAX_DEPTH, MAX_ITEMS
from autograder.wire.evidence import Failure

_PLAIN: Final = frozenset({float, int, bool, str, type(None)})
_FUNCTIONS: Final = (
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    partial,
    np.ufunc,
    np.vectorize,
)
_ITERABLES: Any = (
    GeneratorType,
    range,
    deque,
    map,
    zip,
    filter,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)


def is_function(value: Any) -> bool:
    """Return whether something of a program is a function, also a compiled or decorated one."""
    if isinstance(value, type):
        return False
    return isinstance(value, _FUNCTIONS) or (callable(value) and hasattr(value, "__wrapped__"))


class Reader:
    """Reads what the functions of one program return in one observation."""

    def __init__(self) -> None:
        self.unusable: list[Failure] = []
        self._read: dict[int, _Read] = {}

    def reading(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` with its results read; its own results reach it as it made them."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._read:
                args, kwargs = self._given(args), self._given(kwargs)
            return self._result(
                function(*args, **kwargs), _Call(name, args, kwargs, self.unusable), "", 0
            )

        return call

    def _given(self, tree: Any) -> Any:
        """Return a tree of arguments with containers and `Unusable`s as the program made them."""
        if isinstance(tree, Unusable):
            return tree.value
        found = self._read.get(id(tree))
        if found is not None and found.is_unchanged(tree):
            return found.original
        if type(tree) is dict:
            items = {key: self._given(item) for key, item in tree.items()}
            return items if _differ(items.values(), tree.values()) else tree
        if type(tree) in (list, tuple):
            given = [self._given(item) for item in tree]
            return type(tree)(given) if _differ(given, tree) else tree
        return tree

    def _result(self, value: Any, call: _Call, place: str, depth: int) -> Any:
        if type(value) in _PLAIN or depth > MAX_DEPTH:
            return value
        if isinstance(value, _ITERABLES):
            value = list(islice(value, MAX_ITEMS))
        if isinstance(value, dict):
            read = {
                key: self._result(item, call, f"{place}[{key!r}]", depth + 1)
                for key, item in dict.items(value)
            }
            return self._container(value, read, read.values(), dict.values(value))
        if isinstance(value, (list, tuple)):
            items = [
                self._result(item, call, f"{place}[{index}]", depth + 1)
                for index, item in enumerate(value)
            ]
            return self._container(value, _sequence(value, items), items, value)
        return _leaf(value, call, place)

    def _container(self, original: Any, read: Any, items: Any, before: Any) -> Any:
        if isinstance(read, (NumberList, NumberTuple)):
            return read
        if not _differ(items, before):
            return original
        self._read[id(read)] = _Read(read, original)
        return read


class _Read:
    """A container that was read, and what it was; kept, so that no other has its identity."""

    def __init__(self, read: Any, original: Any) -> None:
        self._read = read
        self._items = list(_items(read))
        self.original = original

    def is_unchanged(self, tree: Any) -> bool:
        """Return whether `tree` is this container, and no check put something else into it."""
        return tree is self._read and not _differ(_items(tree), self._items)


class _Call:
    """One call of a program's function: what its results may hold depends on its arguments."""

    def __init__(self, name: str, args: Any, kwargs: Any, used: list[Failure]) -> None:
        self._name = name
        self._given = [args, kwargs]
        self._used = used

    def unusable(self, value: Any, place: str, kind: str) -> Unusable:
        return Unusable(value, self._name, place, kind, self._used)

    @cached_property
    def has_tensors(self) -> bool:
        return any(is_tensor(leaf) for leaf in leaves(self._given))

    def has(self, dtypes: str) -> bool:
        """Return whether an argument has one of the dtypes, given by their characters."""
        return any(
            (isinstance(leaf, complex) and "D" in dtypes)
            or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.char in dtypes)
            for leaf in leaves(self._given)
        )


def ready(value: Any) -> Any:
    """Return what an observation returned, ready to be packed: its tensors as arrays.

    Raises:
        UnusableResult: it holds something that could not be read.
    """
    return mapped(value, _packable)


def _packable(leaf: Any) -> Any:
    if isinstance(leaf, Unusable):
        leaf.fail()
    return leaf if type(leaf) in _PLAIN else _narrowed(_as_array(leaf))


def _sequence(original: Any, items: list[Any]) -> Any:
    if isinstance(original, list):
        return NumberList(items) if holds_numbers(items, arrays=True) else items
    if hasattr(original, "_make"):  # a named tuple, whose fields have names
        return original._make(items)
    return NumberTuple(items) if holds_numbers(items, arrays=False) else tuple(items)


def _leaf(leaf: Any, call: _Call, place: str) -> Any:
    kind = _unusable_type(leaf)
    if kind:
        return call.unusable(leaf, place, kind)
    if isinstance(leaf, (Fraction, Decimal)):
        return float(leaf)
    if is_tensor(leaf) and call.has_tensors:
        return leaf
    array = _as_array(leaf)
    if isinstance(array, complex) and not call.has("FDG"):
        return call.unusable(leaf, place, "complex")
    if not isinstance(array, (np.ndarray, np.generic)):
        return array
    if array.dtype.kind == "c" and not call.has("FDG"):
        return call.unusable(leaf, place, "complex")
    if array.dtype.char == "e" and not call.has("e"):
        return call.unusable(leaf, place, "float16")
    if array.dtype.type.__module__ == "ml_dtypes":
        return call.unusable(leaf, place, "bfloat16")
    return _of_numbers(array) if array.dtype.kind == "O" else _narrowed(array)


def _unusable_type(leaf: Any) -> str:
    if isinstance(leaf, np.ma.MaskedArray):
        return "masked"
    if isinstance(leaf, np.matrix):
        return "matrix"
    if "scipy.sparse" in sys.modules and sys.modules["scipy.sparse"].issparse(leaf):
        return "sparse"
    return ""


def _as_array(leaf: Any) -> Any:
    """Return any library's array as NumPy's, and everything else as it is."""
    kind = type(leaf)
    if kind is np.ndarray or isinstance(leaf, np.generic):
        return leaf
    if not (hasattr(kind, "__array__") or hasattr(kind, "__array_interface__")):
        return leaf
    try:
        if hasattr(kind, "detach"):  # torch's, through which gradients pass
            leaf = leaf.detach().cpu()
        return np.asarray(leaf)
    except Exception:  # a symbolic tensor, which has no values
        return leaf


def _narrowed(array: Any) -> Any:
    """Return numbers with more digits than `float64` as `float64`, which those are elsewhere."""
    if isinstance(array, (np.ndarray, np.generic)) and array.dtype.char in "gG":
        return array.astype(np.float64 if array.dtype.char == "g" else np.complex128)
    return array


def _of_numbers(array: Any) -> Any:
    """Return an array of Python objects as one of numbers, or as lists if its items are none."""
    items = mapped(array.tolist(), lambda x: float(x) if isinstance(x, (Fraction, Decimal)) else x)
    try:
        numbers = np.array(items)
    except ValueError:  # rows of different lengths
        return items
    return numbers if numbers.dtype.kind in "biuf" else items


def _items(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container


def _differ(some: Any, others: Any) -> bool:
    """Return whether two containers hold different objects."""
    pairs: Iterator[tuple[Any, Any]] = zip(some, others, strict=False)
    return len(some) != len(others) or any(a is not b for a, b in pairs)
