"""How a wrong result relates to the wanted one: a factor, a sign, a transpose, a shift.

Pure functions over evidence values.  What they say names shapes, sizes and axes, never a wanted
number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograder.judging.describe import shape

_NEAR = 1e-6  # relative; a relation must hold far better than by chance

Array = np.ndarray[Any, Any]


def relation(got: Any, want: Any, inputs: Mapping[str, Any], others: tuple[Any, ...] = ()) -> str:
    """One sentence in Markdown on the first leaf that is off, or an empty string.

    Args:
        got: evidence value of the submission.
        want: that of the reference.
        inputs: the case's inputs, whose sizes may explain a factor.
        others: the reference's values for the other cases of the check.
    """
    with np.errstate(all="ignore"):  # what was sent may overflow anything
        return _relation(got, want, inputs, others)


def _relation(got: Any, want: Any, inputs: Mapping[str, Any], others: tuple[Any, ...]) -> str:
    wanted = dict(_numeric_leaves(want))
    for path, a in _numeric_leaves(got):
        if path not in wanted or _near(a, wanted[path]):
            continue
        name = f"`{path}`" if path else "The result"
        b = wanted[path]
        for find in (_zeros, _layout, _factor, _offset, _shifted):
            if said := find(a, b, inputs):
                return f"{name} {said}"
        if said := _mistaken(a, path, wanted, inputs, others):
            return f"{name} {said}"
        return ""
    return ""


def _numeric_leaves(value: Any, path: str = "") -> Iterator[tuple[str, Array]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numeric_leaves(item, f"{path}[{key}]" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numeric_leaves(item, f"{path}[{index}]")
    elif value is not None and not isinstance(value, str):
        array = np.asarray(value)
        if array.dtype.kind in "iuf":
            yield path, array.astype(float)


def _near(a: Array, b: Array) -> bool:
    if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
        return False
    size = float(np.abs(b).max(initial=0.0))
    return size > 0 and float(np.abs(a - b).max()) <= _NEAR * size


def _zeros(a: Array, b: Array, inputs: Mapping[str, Any]) -> str:
    return "is zero everywhere; it should not be." if a.size and not a.any() and b.any() else ""


def _layout(a: Array, b: Array, inputs: Mapping[str, Any]) -> str:
    """Right numbers in another shape."""
    if a.shape != b.shape and a.size == b.size and _near(a.reshape(b.shape), b):
        said = f"holds the right numbers in shape {shape(a)}; shape {shape(b)} is asked for."
        if [n for n in a.shape if n != 1] == [n for n in b.shape if n != 1]:
            said += " An axis was dropped or added: `keepdims=True` keeps one of length 1."
        return said
    if a.ndim == 2 and a.shape == b.T.shape and _near(a.T, b):
        return "is the transpose of what is asked for."
    if 2 < a.ndim <= 6 and sorted(a.shape) == sorted(b.shape):
        for axes in _permutations(a.ndim):
            if tuple(a.shape[i] for i in axes) == b.shape and _near(a.transpose(axes), b):
                return f"has its axes in another order: `transpose{axes}` would put them right."
    if a.ndim >= b.ndim and a.size > b.size:
        try:
            spread = np.broadcast_to(b, a.shape)
        except ValueError:
            return ""
        if _near(a, spread):
            return f"repeats the right numbers over shape {shape(a)}: something was broadcast."
    return ""


def _permutations(ndim: int) -> list[tuple[int, ...]]:
    from itertools import permutations

    return [axes for axes in permutations(range(ndim)) if axes != tuple(range(ndim))]


def _factor(a: Array, b: Array, inputs: Mapping[str, Any]) -> str:
    if a.shape != b.shape or not b.any() or not np.isfinite(a).all():
        return ""
    peak = np.unravel_index(int(np.argmax(np.abs(b))), b.shape)
    factor = float(a[peak] / b[peak])
    if not 1e-9 < abs(factor) < 1e9 or not _near(a, factor * b):
        return ""
    if abs(factor + 1) < _NEAR:
        return "has the opposite sign of what it should have, everywhere."
    alike = np.count_nonzero(b) == 1 or np.ptp(b) == 0
    if alike and not _size_named(abs(factor), inputs):
        return ""  # any two numbers have a ratio; only a telling one is told
    sign = "minus " if factor < 0 else ""
    large = abs(factor) >= 1
    size = abs(factor) if large else 1 / abs(factor)
    if size < 1.001:
        return ""  # rounding, or an epsilon in the wrong place: no factor
    if abs(size - round(size)) > 1e-5 * size:
        return f"is {sign}{abs(factor):.4g} times what it should be, everywhere."
    times = f"{sign}{round(size)} times" if large else f"{sign}1/{round(size)} of"
    said = f"is {times} what it should be, everywhere"
    named = _size_named(size, inputs)
    return f"{said}; {round(size)} is {named}." if named else f"{said}."


def _size_named(size: float, inputs: Mapping[str, Any]) -> str:
    """Which size of the case a factor is: "the number of columns of `X`"."""
    factor = size if size >= 1 else 1 / size
    for name, value in inputs.items():
        array = np.asarray(value) if isinstance(value, np.ndarray) else None
        if array is None or factor < 1.5 or abs(factor - round(factor)) > 1e-5 * factor:
            continue
        axes = [axis for axis, length in enumerate(array.shape) if length == round(factor)]
        if axes:
            axis = axes[-1]
            words = {0: "rows", 1: "columns"} if array.ndim == 2 else {}
            return f"the number of {words.get(axis, f'entries along axis {axis}')} of `{name}`"
    return ""


def _offset(a: Array, b: Array, inputs: Mapping[str, Any]) -> str:
    if a.shape != b.shape or b.size < 2 or np.ptp(b) == 0:
        return ""
    gap = a - b
    if not np.isfinite(gap).all():
        return ""
    spread = float(np.abs(gap - gap.flat[0]).max())
    if gap.flat[0] and spread <= _NEAR * abs(float(gap.flat[0])):
        return "is off by the same amount everywhere."
    return ""


def _shifted(a: Array, b: Array, inputs: Mapping[str, Any]) -> str:
    if a.shape != b.shape:
        return ""
    for axis in range(a.ndim):
        if a.shape[axis] < 3:
            continue
        if _near(np.flip(a, axis), b):
            return f"is in reverse order along axis {axis}."
        for step in (1, -1):
            kept = [slice(None)] * a.ndim
            kept[axis] = slice(1, None) if step == 1 else slice(None, -1)
            if _near(np.roll(b, step, axis)[tuple(kept)], a[tuple(kept)]):
                return f"is shifted by one along axis {axis}."
    return ""


def _mistaken(
    a: Array,
    path: str,
    wanted: Mapping[str, Array],
    inputs: Mapping[str, Any],
    others: tuple[Any, ...],
) -> str:
    """The value of something else: an input, another output, another case."""
    for name, value in _numeric_leaves(dict(inputs)):
        if a.size > 1 and _near(a, value):
            return f"equals the input `{name}`, unchanged."
    for name, value in wanted.items():
        if name != path and a.size > 1 and _near(a, value):
            return f"holds what `{name}` should hold."
    for other in others:
        answer = dict(_numeric_leaves(other)).get(path)
        if answer is not None and a.size > 1 and _near(a, answer):
            return "is the answer to another case: it does not depend on the input as it should."
    return ""
