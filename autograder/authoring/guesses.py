"""Values that can be made up from what a student's process knows, without solving anything.

That is a case's inputs, with their shapes, sizes and statistics, and the answer to the same case of
the released cases.  Each comes with words that say where it is from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from autograder.judging.comparison import as_array

Array = np.ndarray[Any, Any]
Guess = tuple[str, Any]

_MOST_ATOMS: Final = 60  # numbers of a case that others are made of
_FEW: Final = 6  # entries of an array that are numbers of the case themselves
_CONSTANTS: Final = (0, 1, -1, 2, 0.5)
_LARGEST: Final = 20_000  # entries of an array that statistics are taken of


class Known:
    """What is known of one case: its arrays, texts and numbers, by where they come from."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.arrays: dict[str, Array] = {}
        self.texts: dict[str, str] = {}
        self.flags: dict[str, bool] = {"True": True, "False": False}
        self.atoms: dict[str, float] = {}  # numbers as they are given, and sizes
        for name, value in inputs.items():
            self._take(name, value)
        self.atoms = dict(itertools.islice(self.atoms.items(), _MOST_ATOMS))
        self.numbers = {**_constants(), **self.atoms, **self._statistics(), **self._made()}

    def _take(self, name: str, value: Any) -> None:
        if isinstance(value, Mapping):
            self.texts[f"keys of {name}"] = ", ".join(map(str, value))
            for key, item in value.items():
                self._take(f"{name}[{key}]", item)
        elif isinstance(value, str):
            self.texts[name] = value
        elif isinstance(value, bool):
            self.flags |= {name: value, f"not {name}": not value}
        elif (array := as_array(value)).dtype.kind in "biuf":
            self._take_numbers(name, array)
        elif isinstance(value, (list, tuple)):
            self.atoms[f"len({name})"] = len(value)
            for index, item in enumerate(value):
                self._take(f"{name}[{index}]", item)

    def _take_numbers(self, name: str, array: Array) -> None:
        if array.ndim:
            self.arrays[name] = array
            self.texts[f"shape of {name}"] = str(array.shape)
            self.texts[f"type of {name}"] = array.dtype.name
            for axis, size in enumerate(array.shape):
                self.atoms[f"{name}.shape[{axis}]"] = size
            self.flags |= {
                f"{name} is 0": not array.any(),
                f"{name} is not 0": bool(array.any()),
                f"rows of {name} are equal": bool((array == array[:1]).all()),
                f"rows of {name} differ": not (array == array[:1]).all(),
            }
        if array.size <= _FEW:
            for index, entry in enumerate(array.flat):
                self.atoms[f"{name}.flat[{index}]" if array.ndim else name] = float(entry)

    def _statistics(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, array in self.arrays.items():
            if not 0 < array.size <= _LARGEST:
                continue
            wide = array.astype(float)
            for what in ("mean", "sum", "min", "max", "std", "argmax", "argmin"):
                found[f"{what} of {name}"] = float(getattr(wide, what)())
            found[f"size of {name}"] = array.size
            found[f"non-zeros of {name}"] = int(np.count_nonzero(array))
            found[f"different entries of {name}"] = len(np.unique(array))
        return found

    def _made(self) -> dict[str, float]:
        """Return numbers made of one or two that are given."""
        found: dict[str, float] = {}
        for name, x in self.atoms.items():
            found |= {f"{name} + 1": x + 1, f"{name} - 1": x - 1, f"1 - {name}": 1 - x}
            found |= {f"-{name}": -x, f"{name}²": x * x, f"2 {name}": 2 * x, f"{name} / 2": x / 2}
            if x > 0:
                found |= {f"√{name}": x**0.5, f"1 / {name}": 1 / x, f"log {name}": np.log(x)}
        for (a, x), (b, y) in itertools.combinations(self.atoms.items(), 2):
            found |= {f"{a} · {b}": x * y, f"{a} + {b}": x + y, f"{a} - {b}": x - y}
            found |= {f"{b} - {a}": y - x}
            if x and y:
                found |= {f"{a} / {b}": x / y, f"{b} / {a}": y / x}
        return found


def _constants() -> dict[str, float]:
    return {str(number): number for number in _CONSTANTS}


def guesses(known: Known, wanted: Any, public: Any) -> Iterator[Guess]:
    """Yield what can be made up for one leaf of an answer.

    Args:
        known: of the case.
        wanted: the right leaf, for its form alone, which a student can tell.
        public: the leaf at the same place of the answer to the released case; None if none.
    """
    if isinstance(wanted, str):
        yield from known.texts.items()
        yield from ((name, _text(number)) for name, number in known.numbers.items())
        yield from (("", ""), ("True", "True"), ("False", "False"))
    elif wanted is None:
        yield "None", None
    elif isinstance(wanted, (bool, np.bool_)):
        yield from known.flags.items()
    elif as_array(wanted).ndim == 0:
        yield from known.numbers.items()
        yield from ((name, a.flat[0]) for name, a in known.arrays.items() if a.size)
    else:
        array = as_array(wanted)
        if array.size and (array == array.flat[0]).all():
            yield from ((name, np.full(array.shape, x)) for name, x in known.numbers.items())
        yield from arrays(known, array.shape)
    if public is not None:
        yield "the public answer", public


def arrays(known: Known, shape: tuple[int, ...]) -> Iterator[Guess]:
    """Yield arrays of a shape: inputs that fit or can be made to, and constants."""
    size = int(np.prod(shape))
    for name, number in known.numbers.items():
        if " " not in name:  # as it was given
            yield f"all {name}", np.full(shape, number)
    yield "counted", np.arange(size).reshape(shape)
    for name, array in known.arrays.items():
        if array.shape == shape:
            yield from _like(name, array)
        elif [n for n in array.shape if n != 1] == [n for n in shape if n != 1]:
            yield name, array.reshape(shape)
        elif array.size and size and array.size != size:  # else its order would be an answer
            yield f"{name}, cut or repeated", np.resize(array, shape)
            if array.ndim == len(shape):
                yield f"a corner of {name}", _corner(array, shape)
        yield from _over_axes(name, array, shape)
        if array.ndim == 1 == len(shape) and array.size:
            order = np.argsort(array, kind="stable")
            yield f"order of {name}", np.resize(order, shape)
            yield f"reverse order of {name}", np.resize(order[::-1], shape)


def _like(name: str, array: Array) -> Iterator[Guess]:
    yield name, array
    if array.dtype.kind in "if":
        yield from ((f"{factor:g} {name}", factor * array) for factor in (-1, 2, 0.5))
        yield f"|{name}|", abs(array)
    yield f"{name} != 0", array != 0
    for axis in range(array.ndim):
        yield f"{name}, backwards on axis {axis}", np.flip(array, axis)
        yield f"{name}, sorted on axis {axis}", np.sort(array, axis)


def _over_axes(name: str, array: Array, shape: tuple[int, ...]) -> Iterator[Guess]:
    """Yield what is made of an array by leaving one axis, or all but one."""
    if array.ndim < 2 or not array.size:
        return
    for kept in range(array.ndim):
        others = tuple(axis for axis in range(array.ndim) if axis != kept)
        for axes in {(kept,), others}:
            for what in ("max", "min", "mean", "sum", "argmax"):
                if what == "argmax" and len(axes) > 1:
                    continue
                found = getattr(array, what)(axes[0] if what == "argmax" else axes)
                if found.size == math.prod(shape):
                    yield f"{what} of {name} over {axes}", found.reshape(shape)


def _corner(array: Array, shape: tuple[int, ...]) -> Array:
    """Return an array cut, or filled up with zeros, to a shape."""
    found = np.zeros(shape, array.dtype)
    part = tuple(slice(min(a, b)) for a, b in zip(array.shape, shape, strict=True))
    found[part] = array[part]
    return found


def _text(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)
