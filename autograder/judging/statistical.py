"""Judges of measured numbers: a bound, trained accuracy, and the statistics of random results.

They need no reference: the bound, the threshold or the law is known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from autograder.judging.comparison import (
    PASS,
    Comparison,
    Difference,
    Wanted,
    as_array,
)
from autograder.judging.describe import described, entry, number
from autograder.judging.judge import Judge

# A statistic this many standard errors from its law happens by chance once in 1.7 million checks.
STANDARD_ERRORS: Final = 5.0


@dataclass(frozen=True)
class AtMost(Judge):
    """A number measured on the evidence (`of`, run by the grader) is at most `bound`.

    Evidence that is small enough can be made up (a minimum that is known, errors of 0), so it
    counts only beside a right answer.
    """

    bound: float
    of: Callable[[Any], float]
    what: str
    needs_reference = False
    counts_alone = False

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        try:
            value = float(self.of(got))
        except Exception as error:  # an author's function meets whatever was sent
            seen = f"{self.what} can't be measured on what came back ({type(error).__name__})."
            return Comparison(float("inf"), Difference("", seen, "Numbers of the agreed shape."))
        share = value / self.bound if self.bound > 0 and np.isfinite(value) else float("inf")
        if -np.inf < value <= self.bound:
            return Comparison(PASS * max(share, 0.0) if self.bound > 0 else PASS)
        seen = f"{self.what} is {number(value)}."
        return Comparison(PASS * share, Difference("", seen, f"At most {number(self.bound)}."))


@dataclass(frozen=True)
class Accuracy(Judge):
    """Trained accuracy: evidence `{"predictions": (n,) classes}` against the case's true labels.

    `floor` is the calibrated threshold, `typical` what a right solution reaches; both in [0, 1].
    With `train_below`, `{"train_predictions": ...}` must agree with fewer of the `train_labels`
    than that share: labels that are partly wrong are not to be learnt by heart.
    """

    floor: float
    typical: float
    train_below: float | None = None
    needs_reference = False
    trains = True

    def reached(self, got: Any, truth: Any) -> float:
        """Return the share of unseen examples that are right; 0 for what has another form."""
        share = _share_right(got, "predictions", truth["labels"])
        return 0.0 if isinstance(share, Comparison) else share

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        unseen = _share_right(got, "predictions", wanted.truth["labels"])
        if isinstance(unseen, Comparison):
            return unseen
        deviation = PASS * (1 - unseen) / max(1 - self.floor, 1e-9)
        if unseen < self.floor:
            seen = f"After training, {unseen:.1%} of the unseen examples are classified correctly."
            typical = f"a right solution typically gets {self.typical:.0%}"
            return Comparison(
                deviation, Difference("", seen, f"At least {self.floor:.0%}; {typical}.")
            )
        if self.train_below is None:
            return Comparison(deviation)
        trained = _share_right(got, "train_predictions", wanted.truth["train_labels"])
        if isinstance(trained, Comparison) or trained < self.train_below:
            return trained if isinstance(trained, Comparison) else Comparison(deviation)
        seen = f"After training, {trained:.1%} of the training labels are reproduced."
        expected = f"Less than {self.train_below:.0%}: wrong labels should not be learnt by heart."
        deviation = max(deviation, PASS * trained / self.train_below)
        return Comparison(deviation, Difference("", seen, expected))


def _share_right(got: Any, name: str, truth: Any) -> float | Comparison:
    """Return the share of predictions that agree with the labels, or what is wrong with them."""
    labels = np.asarray(truth)
    predictions = as_array(got.get(name) if isinstance(got, dict) else None)
    if predictions.dtype.kind not in "iufb" or predictions.shape != labels.shape:
        seen = f"The predictions are {described(predictions)}."
        return Comparison(
            float("inf"), Difference("", seen, f"One class for each of {labels.size} examples.")
        )
    return float(np.mean(predictions.astype(float) == labels.astype(float)))


@dataclass(frozen=True)
class Within(Judge):
    """Statistics of random results: each lies within five standard errors of what is known of it.

    Evidence maps names to numbers or arrays; the case's truth maps the same names to
    `(expected, standard_error)`.  A standard error of 0 asks for the exact number.

    What is expected can be sent as it is, so it counts only beside a right answer, or where the
    grader measures the statistics on raw results (`Check.measure`).
    """

    needs_reference = False
    recognises_variants = True
    counts_alone = False
    # A variant lies at least ten standard errors away on some case, so that chance can't hide it.
    least_wrong = 2 * PASS

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        worst = 0.0
        for name, (expected, error) in wanted.truth.items():
            value = _statistic(got, name, expected)
            if value is None:
                seen = f"`{name}` can't be measured on what came back."
                return Comparison(float("inf"), Difference("", seen, "Numbers, one for each."))
            deviations = PASS * _errors_between(value, expected, error) / STANDARD_ERRORS
            index = np.unravel_index(int(np.argmax(deviations)), deviations.shape)
            worst = max(worst, float(deviations[index]))
            if deviations[index] > PASS:
                return Comparison(worst, _unlikely(name, index, value, expected, error))
        return Comparison(worst)

    def same(self, got: Any, other: Any, wanted: Wanted | None = None) -> bool:
        """Return whether two programs' statistics differ by no more than chance."""
        if wanted is None:
            return False
        for name, (expected, error) in wanted.truth.items():
            a, b = (_statistic(side, name, expected) for side in (got, other))
            if a is None or b is None:
                return False
            both = np.sqrt(2) * np.asarray(error)
            if _errors_between(a, b, both).max(initial=0.0) > STANDARD_ERRORS:
                return False
        return True


def _statistic(evidence: Any, name: str, expected: Any) -> Any:
    """Return a statistic of the evidence as an array of the expected shape, else None."""
    value = as_array(evidence.get(name) if isinstance(evidence, dict) else None)
    numeric = value.dtype.kind in "biuf" and value.shape == np.shape(expected)
    return value.astype(float) if numeric else None


def _errors_between(a: Any, b: Any, error: Any) -> Any:
    """Return how many standard errors lie between `a` and `b`; NaN equals NaN alone."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    error = np.broadcast_to(np.asarray(error, float), a.shape)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        gap = np.abs(a - b) / error
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(equal, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _unlikely(name: str, index: Any, value: Any, expected: Any, error: Any) -> Difference:
    wanted = np.broadcast_to(np.asarray(expected, float), value.shape)[index]
    give = STANDARD_ERRORS * np.broadcast_to(np.asarray(error, float), value.shape)[index]
    place = entry(name, index)
    expectation = f"About {number(wanted)}, give or take {number(give)}" if give else number(wanted)
    return Difference(place, f"{place} is {number(value[index], wanted)}.", f"{expectation}.")


def at_most(bound: float, of: Callable[[Any], float], what: str) -> AtMost:
    """Return a judge of a number that training or iterating should bring below `bound`."""
    return AtMost(bound, of, what)


def accuracy(floor: float, typical: float, train_below: float | None = None) -> Accuracy:
    """Return a judge of trained accuracy on held-out examples; see `Accuracy`."""
    return Accuracy(floor, typical, train_below)


def within() -> Within:
    """Return a judge of statistics of random results; see `Within`."""
    return Within()
