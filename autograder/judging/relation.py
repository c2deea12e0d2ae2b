"""How a wrong result relates to the wanted one: a factor, a sign, a transpose, a shift.

Pure functions over evidence values.  What they return names shapes, sizes and axes, never a wanted
number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np

from autograder.judging.describe import shape, subject

_NEAR = 1e-6  # relative; a relation must hold far better than by chance

Array = np.ndarray[Any, Any]


def relation(got: Any, want: Any, inputs: Mapping[str, Any], others: tuple[Any, ...] = ()) -> str:
    """Return a sentence in Markdown on the first leaf that is off, or an empty string.

    Args:
        got: evidence value of the submission.
        want: that of the reference.
        inputs: the case's inputs, whose sizes may explain a factor.
        others: the reference's values for the other cases of the check.
    """
    with np.errstate(all="ignore"):  # what was sent may overflow anything
        wanted = dict(_numeric_leaves(want))
        for path, a in _numeric_leaves(got):
            if path in wanted and not _near(a, wanted[path]):
                said = _related(a, path, wanted, inputs, others)
                return f"{subject(path)} {said}" if said else ""
    return ""


def _related(
    a: Array,
    path: str,
    wanted: Mapping[str, Array],
    inputs: Mapping[str, Any],
    others: tuple[Any, ...],
) -> str:
    """Return how `a`, the leaf at `path`, relates to anything; the first that holds."""
    b = wanted[path]
    for find in (_zeros, _other_shape, _transposed, _other_axes, _broadcast):
        if said := find(a, b):
            return said
    if a.shape == b.shape and (said := _factor(a, b, inputs) or _offset(a, b) or _moved(a, b)):
        return said
    return _mistaken(a, path, wanted, inputs, others)


def _numeric_leaves(value: Any, path: str = "") -> Iterator[tuple[str, Array]]:
    """Yield the path and the real numbers of each leaf that holds some, as float64."""
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
    """Return whether two arrays are finite and agree far better than by chance; zeros never do."""
    if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
        return False
    size = float(np.abs(b).max(initial=0.0))
    return size > 0 and float(np.abs(a - b).max()) <= _NEAR * size


def _zeros(a: Array, b: Array) -> str:
    return "is zero everywhere; it should not be." if a.size and not a.any() and b.any() else ""


def _other_shape(a: Array, b: Array) -> str:
    if a.shape == b.shape or a.size != b.size or not _near(a.reshape(b.shape), b):
        return ""
    said = f"holds the right numbers in shape {shape(a)}; shape {shape(b)} is asked for."
    if [n for n in a.shape if n != 1] == [n for n in b.shape if n != 1]:
        said += " An axis was dropped or added: `keepdims=True` keeps one of length 1."
    return said


def _transposed(a: Array, b: Array) -> str:
    transposed = a.ndim == 2 and a.shape == b.T.shape and _near(a.T, b)
    return "is the transpose of what is asked for." if transposed else ""


def _other_axes(a: Array, b: Array) -> str:
    if not 2 < a.ndim <= 6 or sorted(a.shape) != sorted(b.shape):
        return ""
    for axes in permutations(range(a.ndim)):
        if tuple(a.shape[i] for i in axes) == b.shape and _near(a.transpose(axes), b):
            return f"has its axes in another order: `transpose{axes}` would put them right."
    return ""


def _broadcast(a: Array, b: Array) -> str:
    if a.ndim < b.ndim or a.size <= b.size:
        return ""
    try:
        spread = np.broadcast_to(b, a.shape)
    except ValueError:
        return ""
    if not _near(a, spread):
        return ""
    return f"repeats the right numbers over shape {shape(a)}: something was broadcast."


def _factor(a: Array, b: Array, inputs: Mapping[str, Any]) -> str:
    """Say by which factor all of `a` is off, and which size of the case that is."""
    factor = _common_factor(a, b)
    if factor is None:
        return ""
    if abs(factor + 1) < _NEAR:
        return "has the opposite sign of what it should have, everywhere."
    size = max(abs(factor), 1 / abs(factor))
    named = _size_named(size, inputs)
    # Any two numbers have a ratio; it means something only if it is a size of the case.
    if not named and (np.count_nonzero(b) == 1 or np.ptp(b) == 0):
        return ""
    if size < 1.001:
        return ""  # rounding, or an epsilon in the wrong place: no factor
    sign = "minus " if factor < 0 else ""
    if abs(size - round(size)) > 1e-5 * size:
        return f"is {sign}{abs(factor):.4g} times what it should be, everywhere."
    times = f"{round(size)} times" if abs(factor) >= 1 else f"1/{round(size)} of"
    explained = f"; {round(size)} is {named}." if named else "."
    return f"is {sign}{times} what it should be, everywhere{explained}"


def _common_factor(a: Array, b: Array) -> float | None:
    """Return the number that `b` has to be multiplied by to give `a`, None if there is none."""
    if not b.any() or not np.isfinite(a).all():
        return None
    peak = np.unravel_index(int(np.argmax(np.abs(b))), b.shape)
    factor = float(a[peak] / b[peak])
    return factor if 1e-9 < abs(factor) < 1e9 and _near(a, factor * b) else None


def _size_named(size: float, inputs: Mapping[str, Any]) -> str:
    """Return which size of the case a factor of at least 1 is: "the number of columns of `X`"."""
    if size < 1.5 or abs(size - round(size)) > 1e-5 * size:
        return ""
    for name, value in inputs.items():
        if isinstance(value, np.ndarray) and round(size) in value.shape:
            axis = max(i for i, length in enumerate(value.shape) if length == round(size))
            words = {0: "rows", 1: "columns"} if value.ndim == 2 else {}
            return f"the number of {words.get(axis, f'entries along axis {axis}')} of `{name}`"
    return ""


def _offset(a: Array, b: Array) -> str:
    if b.size < 2 or np.ptp(b) == 0:
        return ""
    gap = a - b
    if not np.isfinite(gap).all():
        return ""
    spread = float(np.abs(gap - gap.flat[0]).max())
    if gap.flat[0] and spread <= _NEAR * abs(float(gap.flat[0])):
        return "is off by the same amount everywhere."
    return ""


def _moved(a: Array, b: Array) -> str:
    """Say along which axis all of `a` is in reverse order, or shifted by one."""
    for axis in range(a.ndim):
        if a.shape[axis] < 3:
            continue
        if _near(np.flip(a, axis), b):
            return f"is in reverse order along axis {axis}."
        if _shifted(a, b, axis, 1) or _shifted(a, b, axis, -1):
            return f"is shifted by one along axis {axis}."
    return ""


def _shifted(a: Array, b: Array, axis: int, step: int) -> bool:
    """Return whether `a` is `b` moved by `step` along an axis, whatever came in at the end."""
    rest = [slice(None)] * a.ndim
    rest[axis] = slice(1, None) if step == 1 else slice(None, -1)
    return _near(np.roll(b, step, axis)[tuple(rest)], a[tuple(rest)])


def _mistaken(
    a: Array,
    path: str,
    wanted: Mapping[str, Array],
    inputs: Mapping[str, Any],
    others: tuple[Any, ...],
) -> str:
    """Say of what else `a` is the value: an input, another output, another case."""
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
