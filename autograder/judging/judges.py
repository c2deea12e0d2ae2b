"""Judges: pure functions of (got, wanted) that say whether they are equal enough, or where not.

The value metric, its constant and its margins are those measured in the tolerance study
(`benchmarks/tolerances.py`): distances are counted in units of what correct formulations of the
same computation can differ by, and 64 units pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Protocol

import numpy as np

from autograder.judging.comparison import (
    PASS,
    Comparison,
    Difference,
    Wanted,
    as_array,
    entry,
    exact_values,
    first_value,
    leaves,
    not_finite,
    number,
    scale,
    widened,
    wrong_form,
)
from autograder.judging.statistical import Accuracy, AtMost, Within, accuracy, at_most, within

__all__ = [
    "CORRECT_FORM",
    "PASS",
    "WRONG_VARIANT",
    "Accuracy",
    "AtMost",
    "Close",
    "EqualSides",
    "Exact",
    "Judge",
    "Unchanged",
    "Wanted",
    "Within",
    "accuracy",
    "at_most",
    "close",
    "compares_float64",
    "equal_sides",
    "exact",
    "float32",
    "float64",
    "from_data",
    "least_wrong",
    "precision",
    "recognises",
    "same",
    "to_data",
    "unchanged",
    "within",
]

CORRECT_FORM: Final = 21.0  # certificate: every correct form stays at or below
WRONG_VARIANT: Final = 640.0  # certificate: every wrong variant reaches this on some case

# One unit, relative to the size of the output.  float32 results are judged in float32 rounding
# errors; NumPy's float64 work passes at 1e-9, three decades above the worst correct form.
_UNIT: Final = {"float64": 1e-9 / PASS, "float32": 2.0**-23}

_SINGLE: Final = np.dtype(np.float32)
_TINY: Final = float(np.finfo(np.float64).tiny)  # below it numbers have no relative precision

_NEARLY: Final = (
    "It agrees to five digits or more. What is left may be a small constant (an ε) that is "
    "missing, too large or in another place; or numbers were rounded on the way, as in `float32`."
)
_AGREE: Final = "Both sides of the law agree, but not on the right value."

float64: Final = "float64"
float32: Final = "float32"


class Judge(Protocol):
    """Compares one piece of evidence with what is wanted."""

    @property
    def needs_reference(self) -> bool:
        """Whether the reference has to be observed to judge."""

    @property
    def counts_alone(self) -> bool:
        """Whether a pass shows that something was computed; see `Check.counts_alone`."""

    def __call__(self, got: Any, wanted: Wanted) -> Comparison: ...


@dataclass(frozen=True)
class Close:
    """Equal structure, shape, kind of dtype and finiteness; values equal up to rounding."""

    dtype: str = float64
    equal_nan: bool = False
    needs_reference: bool = True
    counts_alone: ClassVar[bool] = True

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        return _widened(lambda moved: self._compared(got, wanted.value, moved), wanted)

    def _compared(self, got: Any, answer: Any, sensitivity: Any) -> Comparison:
        worst, remark = 0.0, ""
        for leaf in leaves(got, answer, sensitivity, ""):
            if isinstance(leaf, Difference):
                return Comparison(float("inf"), leaf)
            comparison = self._values(*leaf, answer)
            worst = max(worst, comparison.deviation)
            remark = remark or comparison.remark
            if comparison.difference is not None:
                return Comparison(worst, comparison.difference)
        return Comparison(worst, remark=remark)

    def _values(self, path: str, got: Any, want: Any, sensitivity: Any, answer: Any) -> Comparison:
        a, b = as_array(got), as_array(want)
        wrong = wrong_form(path, a, b, self.equal_nan)
        if wrong is not None:
            return Comparison(float("inf"), wrong)
        if b.dtype.kind not in "fc":
            return exact_values(path, a, b)
        return self._floats(path, a, b, sensitivity, answer)

    def _floats(self, path: str, a: Any, b: Any, sensitivity: Any, answer: Any) -> Comparison:
        dtype = precision(precision(self.dtype, a), b)
        remark = ""
        if precision(self.dtype, a) != self.dtype:
            name = f"`{path}`" if path else "The result"
            remark = f"{name} is {a.dtype.name}, less precise than the inputs."
        a, b = widened(a), widened(b)
        finite = np.isfinite(b) & np.isfinite(a)
        with np.errstate(over="ignore"):
            distance = np.abs(np.where(finite, a, 0) - np.where(finite, b, 0))
        if not distance.size or not distance.max():
            return Comparison(0.0, remark=remark)
        size = scale(b, sensitivity, answer)
        unit = max(_UNIT[dtype] * size, _TINY if size else 0.0)
        with np.errstate(over="ignore", divide="ignore"):
            deviation = float(distance.max() / unit) if unit else float("inf")
        if deviation <= PASS:
            return Comparison(deviation, remark=remark)
        index = np.unravel_index(int(np.argmax(distance > PASS * unit)), distance.shape)
        difference = first_value(path, a, b, index)
        if deviation * _UNIT[dtype] <= PASS * _UNIT[float32]:
            difference = replace(difference, advice=_NEARLY)
        return Comparison(deviation, difference)


@dataclass(frozen=True)
class Exact:
    """Equal to the last bit: integers, orders, strings, flags.

    `secret=False` lets students see what is wanted: for flags and counts that give nothing away.
    What everybody knows can be handed in without a solution, so it counts only beside one.
    """

    secret: bool = True
    needs_reference: bool = True

    @property
    def counts_alone(self) -> bool:
        return self.secret

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        for leaf in leaves(got, wanted.value, None, ""):
            if isinstance(leaf, Difference):
                return Comparison(float("inf"), leaf)
            path, a, b = leaf[0], as_array(leaf[1]), as_array(leaf[2])
            wrong = wrong_form(path, a, b, True)
            comparison = Comparison(float("inf"), wrong) if wrong else exact_values(path, a, b)
            if comparison.difference is not None:
                return comparison
        return Comparison(0.0)


@dataclass(frozen=True)
class Unchanged:
    """Arguments after the call are what they were: evidence maps each argument's name to it.

    A function that does nothing changes nothing, so it counts only beside a right answer.
    """

    needs_reference: bool = True
    counts_alone: bool = False

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        comparison = Exact()(got, wanted)
        if comparison.difference is None:
            return comparison
        name = comparison.difference.where or "an argument"
        difference = Difference(
            where=name,
            seen=f"After the call, the caller's {name} has changed.",
            expected="A function leaves its arguments as they were.",
            advice="Make a new array (`a = a - b`) instead of writing into the old one "
            "(`a -= b`, `a[...] = b`), or work on a copy.",
        )
        return Comparison(float("inf"), difference)


@dataclass(frozen=True)
class EqualSides:
    """A law: evidence is `{"left": ..., "right": ...}`, which agree, and `left` is right too.

    `law` finishes the sentence "… should be equal: ".  `rtol` is for laws that hold only
    approximately (central differences); the reference's own gap must stay far below it.

    The check itself often computes a right answer, as one side, beside the student's code, which
    can read it there: so a law counts only beside a right answer to another check.
    """

    law: str
    dtype: str = float64
    rtol: float | None = None
    needs_reference: bool = True
    counts_alone: ClassVar[bool] = False

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        if not isinstance(got, dict) or not {"left", "right"} <= set(got):
            return Comparison(float("inf"), Difference("", "One side of the law is missing.", ""))
        return _widened(lambda moved: self._compared(got, wanted.value["left"], moved), wanted)

    def _compared(self, got: dict[str, Any], answer: Any, sensitivity: Any) -> Comparison:
        moved = sensitivity.get("left") if isinstance(sensitivity, dict) else None
        own = Close(self.dtype)(got["left"], Wanted(answer, moved))
        if own.deviation == float("inf"):
            return own  # not even of the right form: there is no law to speak of
        sides = self._sides(got, answer, moved)
        worst = max(sides.deviation, own.deviation)
        wrong = own.difference and replace(own.difference, expected=_AGREE)
        return Comparison(worst, sides.difference or wrong, own.remark)

    def _sides(self, got: dict[str, Any], answer: Any, sensitivity: Any) -> Comparison:
        worst = 0.0
        # Both in step with the reference's structure, which `left` is known to have.
        lefts, rights = (leaves(got[side], answer, sensitivity, "") for side in ("left", "right"))
        for left, right in zip(lefts, rights, strict=False):
            if isinstance(left, Difference):
                return Comparison(float("inf"), left)
            if isinstance(right, Difference):
                return Comparison(float("inf"), right)
            path, a, want, moved = left
            size = scale(want, moved, answer)
            comparison = self._gap(path, as_array(a), as_array(right[1]), size)
            worst = max(worst, comparison.deviation)
            if comparison.difference is not None:
                return Comparison(worst, comparison.difference)
        return Comparison(worst)

    def _gap(self, path: str, a: Any, b: Any, size: float) -> Comparison:
        wrong = wrong_form(path, a, b, True)
        if wrong is None and a.dtype.kind in "fc" and not np.isfinite(a).all():
            wrong = not_finite(path, a, ~np.isfinite(a))
        if wrong is not None:
            return Comparison(float("inf"), wrong)
        dtype = precision(precision(self.dtype, a), b)
        unit = (self.rtol / PASS if self.rtol else _UNIT[dtype]) * size
        unit = max(unit, _TINY if size else 0.0)
        with np.errstate(over="ignore"):
            distance = np.abs(widened(a) - widened(b))
        gap = float(distance.max(initial=0.0))
        deviation = gap / unit if unit else (float("inf") if gap else 0.0)
        if deviation <= PASS:
            return Comparison(deviation)
        index = np.unravel_index(int(np.argmax(distance)), distance.shape)
        return Comparison(deviation, self._broken(path, a, b, index))

    def _broken(self, path: str, a: Any, b: Any, index: tuple[Any, ...]) -> Difference:
        place = entry(path, index)
        return Difference(
            where=place,
            seen=f"{place or 'The result'} is {number(a[index], b[index])} on the first side and "
            f"{number(b[index], a[index])} on the second.",
            expected=f"Both sides should be equal: {self.law}.",
        )


def _widened(compared: Callable[[Any], Comparison], wanted: Wanted) -> Comparison:
    """A comparison with the reference's sensitivity, but for what agrees to one unit without.

    Most right answers do, and the sensitivity takes six more runs of the reference.
    """
    strict = compared(None)
    if strict.deviation <= 1.0 or wanted.sensitivity is None:
        return strict
    return compared(wanted.measured.sensitivity)


def precision(dtype: str, array: Any) -> str:
    """Return what numbers are judged as: at best the precision that they were computed in."""
    return float32 if array.dtype == _SINGLE else dtype


def least_wrong(judge: Judge) -> float:
    """The deviation that a wrong variant must reach: also where it is handed in as float32."""
    if isinstance(judge, Within):
        return judge.least_wrong
    wider = _UNIT[float32] / _UNIT[getattr(judge, "dtype", float32)]
    return max(WRONG_VARIANT, PASS * wider)


def trains(judge: Judge) -> bool:
    """Whether it judges what was trained, by a threshold: the one kind that a GPU may compute.

    All other evidence is numbers, compared closely; a GPU rounds otherwise (docs/gpu.md).
    """
    return isinstance(judge, Accuracy)


def compares_float64(judge: Judge) -> bool:
    """Whether it compares in float64 what was computed in that, and in float32 what was in this."""
    return isinstance(judge, (Close, EqualSides)) and judge.dtype == float64


def recognises(judge: Judge) -> bool:
    """Whether variants can be told from the evidence that it judges."""
    return judge.needs_reference or isinstance(judge, Within)


def close(dtype: str = float64) -> Close:
    """The usual judge: values equal up to rounding in `dtype`."""
    return Close(_float_type(dtype))


def exact(secret: bool = True) -> Exact:
    """For integers, orders, strings and flags; see `Exact`."""
    return Exact(secret)


def unchanged() -> Unchanged:
    """For the arguments after the call."""
    return Unchanged()


def equal_sides(law: str, dtype: str = float64, rtol: float | None = None) -> EqualSides:
    """For a law; see `EqualSides`."""
    return EqualSides(law, _float_type(dtype), rtol)


def _float_type(dtype: Any) -> str:
    name = str(np.dtype(dtype).name)
    if name not in _UNIT:
        raise ValueError(f"Judges work in {' or '.join(_UNIT)}, not in {name}.")
    return name


def to_data(judge: Judge, source_of: Callable[[Any], str]) -> dict[str, Any]:
    """A judge as plain data; functions become their text by `source_of`."""
    fields = {
        name: {"source": source_of(value)} if callable(value) else value
        for name, value in vars(judge).items()
    }
    return {"kind": type(judge).__name__, "fields": fields}


def from_data(data: dict[str, Any], function_of: Callable[[str], Any]) -> Judge:
    """A judge from `to_data`; only the judges of this module can come back."""
    kinds: dict[str, Any] = {
        judge.__name__: judge
        for judge in (Close, Exact, Unchanged, EqualSides, AtMost, Accuracy, Within)
    }
    fields = {
        name: function_of(value["source"]) if isinstance(value, dict) else value
        for name, value in data["fields"].items()
    }
    judge: Judge = kinds[data["kind"]](**fields)
    return judge


def same(got: Any, other: Any, judge: Judge, wanted: Wanted | None = None) -> bool:
    """Whether two pieces of evidence are one mistake's, in whatever order it was computed.

    NaN equals NaN here, and only here.  `wanted` holds the errors of what is random.
    """
    if isinstance(judge, Within):
        return wanted is not None and judge.alike(got, other, wanted)
    dtype = getattr(judge, "dtype", float64)
    return Close(dtype, equal_nan=True)(got, Wanted(other)).passed
