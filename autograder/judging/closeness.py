"""How far values are from the wanted ones, in units of rounding.

The metric, its constant and its margins are those measured in the tolerance study
(`benchmarks/tolerances.py`): distances are counted in units of what correct formulations of the
same computation can differ by, and 64 units pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from autograder.judging.comparison import (
    PASS,
    Comparison,
    Difference,
    Wanted,
    as_array,
    exact_values,
    first_value,
    leaves,
    scale,
    widened,
    wrong_form,
)
from autograder.judging.describe import subject

float64: Final = "float64"
float32: Final = "float32"

# One unit, relative to the size of the output.  float32 results are judged in float32 rounding
# errors; NumPy's float64 work passes at 1e-9, three decades above the worst correct form.
UNIT: Final = {float64: 1e-9 / PASS, float32: 2.0**-23}

_SINGLE: Final = np.dtype(np.float32)
TINY: Final = float(np.finfo(np.float64).tiny)  # below it numbers have no relative precision

_NEARLY: Final = (
    "It agrees to five digits or more. What is left may be a small constant (an ε) that is "
    "missing, too large or in another place; or numbers were rounded on the way, as in `float32`."
)


def compare_values(
    got: Any, answer: Any, sensitivity: Any, dtype: str, equal_nan: bool = False
) -> Comparison:
    """Compare structure, shape, kind of dtype and finiteness; then values, up to rounding.

    Args:
        got: evidence of a program.
        answer: the evidence that is wanted.
        sensitivity: how far each array of `answer` moves, as in `Wanted`; None if not known.
        dtype: the precision that is asked for, "float64" or "float32".
        equal_nan: whether NaN equals NaN.
    """
    worst, remark = 0.0, ""
    for leaf in leaves(got, answer, sensitivity, ""):
        if isinstance(leaf, Difference):
            return Comparison(float("inf"), leaf)
        path, value, want, moved = leaf
        a, b = as_array(value), as_array(want)
        wrong = wrong_form(path, a, b, equal_nan)
        if wrong is not None:
            return Comparison(float("inf"), wrong)
        if b.dtype.kind in "fc":
            comparison = _floats(path, a, b, dtype, moved, answer)
        else:
            comparison = exact_values(path, a, b)
        worst = max(worst, comparison.deviation)
        remark = remark or comparison.remark
        if comparison.difference is not None:
            return Comparison(worst, comparison.difference)
    return Comparison(worst, remark=remark)


def _floats(path: str, a: Any, b: Any, dtype: str, sensitivity: Any, answer: Any) -> Comparison:
    """Compare two arrays of one form."""
    remark = ""
    if precision(dtype, a) != dtype:
        remark = f"{subject(path)} is {a.dtype.name}, less precise than the inputs."
    relative = UNIT[precision(precision(dtype, a), b)]
    a, b = widened(a), widened(b)
    finite = np.isfinite(b) & np.isfinite(a)
    with np.errstate(over="ignore"):
        distance = np.abs(np.where(finite, a, 0) - np.where(finite, b, 0))
    if not distance.size or not distance.max():
        return Comparison(0.0, remark=remark)
    size = scale(b, sensitivity, answer)
    unit = max(relative * size, TINY if size else 0.0)
    with np.errstate(over="ignore", divide="ignore"):
        deviation = float(distance.max() / unit) if unit else float("inf")
    if deviation <= PASS:
        return Comparison(deviation, remark=remark)
    index = np.unravel_index(int(np.argmax(distance > PASS * unit)), distance.shape)
    difference = first_value(path, a, b, index)
    if deviation * relative <= PASS * UNIT[float32]:
        difference = replace(difference, advice=_NEARLY)
    return Comparison(deviation, difference)


def with_sensitivity(compare: Callable[[Any], Comparison], wanted: Wanted) -> Comparison:
    """Compare with the reference's sensitivity, but for what agrees to one unit without.

    Most right answers do, and the sensitivity takes six more runs of the reference.

    Args:
        compare: compares, given the sensitivity, or None for none.
        wanted: has the sensitivity.
    """
    strict = compare(None)
    if strict.deviation <= 1.0 or wanted.sensitivity is None:
        return strict
    return compare(wanted.measured.sensitivity)


def precision(dtype: str, array: Any) -> str:
    """Return what numbers are judged as: at best the precision that they were computed in."""
    return float32 if array.dtype == _SINGLE else dtype


def float_type(dtype: Any) -> str:
    """Return the name of a precision that judges work in.

    Raises:
        ValueError: it is not one of them.
    """
    name = str(np.dtype(dtype).name)
    if name not in UNIT:
        raise ValueError(f"Judges work in {' or '.join(UNIT)}, not in {name}.")
    return name
