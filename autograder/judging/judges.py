"""Judges of answers: values up to rounding, exact ones, and arguments that must not change.

Judges are pure functions of (got, wanted) that say whether they are equal enough, or where not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograder.judging.closeness import compare_values, float64, float_type, with_sensitivity
from autograder.judging.comparison import (
    Comparison,
    Difference,
    Wanted,
    as_array,
    exact_values,
    leaves,
    wrong_form,
)
from autograder.judging.judge import Judge


@dataclass(frozen=True)
class Close(Judge):
    """Equal structure, shape, kind of dtype and finiteness; values equal up to rounding."""

    dtype: str = float64

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        return with_sensitivity(
            lambda moved: compare_values(got, wanted.value, moved, self.dtype), wanted
        )


@dataclass(frozen=True)
class Exact(Judge):
    """Equal to the last bit: integers, orders, strings, flags.

    `secret=False` lets students see what is wanted: for flags and counts that give nothing away.
    What everybody knows can be handed in without a solution, so it counts only beside one.
    """

    secret: bool = True

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
class Unchanged(Judge):
    """Arguments after the call are what they were: evidence maps each argument's name to it.

    A function that does nothing changes nothing, so it counts only beside a right answer.
    """

    counts_alone = False

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


def close(dtype: str = float64) -> Close:
    """Return the usual judge: values equal up to rounding in `dtype`."""
    return Close(float_type(dtype))


def exact(secret: bool = True) -> Exact:
    """Return a judge for integers, orders, strings and flags; see `Exact`."""
    return Exact(secret)


def unchanged() -> Unchanged:
    """Return a judge for the arguments after the call."""
    return Unchanged()
