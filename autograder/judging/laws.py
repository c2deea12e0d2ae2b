"""The judge of laws: two sides of an equation, both computed with the student's code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from autograder.judging.closeness import (
    TINY,
    UNIT,
    float64,
    float_type,
    precision,
    with_sensitivity,
)
from autograder.judging.comparison import (
    PASS,
    Comparison,
    Difference,
    Wanted,
    as_array,
    leaves,
    not_finite,
    scale,
    widened,
    wrong_form,
)
from autograder.judging.describe import entry, number
from autograder.judging.judge import Judge
from autograder.judging.judges import Close

_AGREE: Final = "Both sides of the law agree, but not on the right value."


@dataclass(frozen=True)
class EqualSides(Judge):
    """A law: evidence is `{"left": ..., "right": ...}`, which agree, and `left` is right too.

    `law` finishes the sentence "… should be equal: ".  `rtol` is for laws that hold only
    approximately (central differences); the reference's own gap must stay far below it.

    The check itself often computes a right answer, as one side, beside the student's code, which
    can read it there: so a law counts only beside a right answer to another check.
    """

    law: str
    dtype: str = float64
    rtol: float | None = None
    is_law = True
    counts_alone = False

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        if not isinstance(got, dict) or not {"left", "right"} <= set(got):
            return Comparison(float("inf"), Difference("", "One side of the law is missing.", ""))
        return with_sensitivity(
            lambda moved: self._compared(got, wanted.value["left"], moved), wanted
        )

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
        unit = (self.rtol / PASS if self.rtol else UNIT[dtype]) * size
        unit = max(unit, TINY if size else 0.0)
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


def equal_sides(law: str, dtype: str = float64, rtol: float | None = None) -> EqualSides:
    """Return a judge of a law; see `EqualSides`."""
    return EqualSides(law, float_type(dtype), rtol)
