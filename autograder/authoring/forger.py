"""Made-up evidence must get nothing: `check-course` tries, with more than students have.

Student code runs in the process that sends evidence and can replace what is sent.  The forger
does: it knows the form of every answer and, leaf by leaf, what a case's inputs and the released
answers suggest (`autograder.authoring.guesses`), and learns which of its guesses is right.  It
sends one kind of guess for all cases of a check.  A check that does not count alone is taken to be
passed: everybody can send flags, and the two sides of a law.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from autograder.authoring.guesses import Known, guesses
from autograder.authoring.matrix import Row
from autograder.course.exercise import Alternative, Check, Exercise
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.trial import Trial
from autograder.judging.comparison import Wanted, as_array

Path = tuple[Any, ...]

_COMBINATIONS: Final = 64  # of guesses that are right one by one


@dataclass(frozen=True)
class Case:
    """One case as the forger meets it, with an answer of the right form, raw as it is sent."""

    inputs: Mapping[str, Any]
    answer: Any
    public: Any
    wanted: Wanted

    @cached_property
    def known(self) -> Known:
        return Known(self.inputs)


def forged(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative
) -> Row:
    """Return the row of made-up evidence for every check of an exercise, which must get nothing."""
    through = {
        check.name: words
        for check in exercise.checks
        if check.counts_alone and (words := _gets_through(public, oracle, exercise, check))
    }
    total = exercise.points if through else 0.0
    row = Row("forged", exercise.name, alternative.name, total, exercise.points)
    if not through:
        return row
    said = "; ".join(f"`{name}` ({words})" for name, words in through.items())
    return replace(
        row,
        problem=f"made-up evidence passes {said}: return raw values to judge by `derived`, draw "
        "cases that need an answer, or declare `counts_alone=False`.",
    )


def _gets_through(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, check: Check
) -> str:
    """Return what passes a check, empty if nothing does.

    Hidden labels, which no reference gives, have a proof of their own.
    """
    if check.judge.trains:
        return ""
    trial = oracle.trial(exercise, check)
    released: list[Any] = []
    if check.measure is None:  # else a release has what was measured
        released = _raw(public, public.trial(exercise, check))[: len(trial.cases)]
    cases = [
        Case(case.inputs, answer, other, replace(wanted, sensitivity=None))
        for case, answer, other, wanted in itertools.zip_longest(
            trial.cases, _raw(oracle, trial), released, oracle.wanted(trial)
        )
    ]
    return forgery(check, cases)


def _raw(oracle: ReferenceOracle, trial: Trial) -> list[Any]:
    """Return what the reference sends, before anything is measured on it."""
    raw = replace(trial, check=replace(trial.check, measure=None))
    return [item.value for item in oracle.reference(raw)]


def forgery(check: Check, cases: Sequence[Case]) -> str:
    """Return which made-up values pass a check in all cases, empty if none do."""
    paths = [list(_paths(case.answer)) for case in cases]
    if len({len(found) for found in paths}) != 1:
        return ""  # no form that all cases have
    ways = [_leaf_ways(check, cases, places) for places in zip(*paths, strict=True)]
    if not all(ways):
        return ""
    for chosen in itertools.islice(itertools.product(*ways), _COMBINATIONS):
        made = [case.answer for case in cases]
        for way, places in zip(chosen, zip(*paths, strict=True), strict=True):
            made = [
                _with(value, place, new)
                for value, place, new in zip(made, places, way[1], strict=True)
            ]
        if _passes(check, made, cases):
            return ", ".join(dict.fromkeys(name for name, _ in chosen)) or "an empty answer"
    return ""


def _leaf_ways(
    check: Check, cases: Sequence[Case], places: Sequence[Path]
) -> list[tuple[str, list[Any]]]:
    """Return the guesses that pass for one leaf of the answer while all others are right."""
    found: list[tuple[str, list[Any]]] = []
    offers = [_offers(check, case, place) for case, place in zip(cases, places, strict=True)]
    for name in offers[0]:
        values = [offer.get(name) for offer in offers]
        if not all(name in offer for offer in offers):
            continue
        made = [
            _with(case.answer, place, value)
            for case, place, value in zip(cases, places, values, strict=True)
        ]
        if _passes(check, made, cases):
            found.append((name, values))
    return found


def _offers(check: Check, case: Case, place: Path) -> dict[str, Any]:
    """Return the guesses for one leaf of one case; those that are obviously wrong are left out."""
    right = _at(case.answer, place)
    found = dict(guesses(case.known, right, _at(case.public, place)))
    if check.measure is not None or not check.judge.needs_reference:
        return found  # what is measured on it counts, not the value
    return {name: value for name, value in found.items() if _near(value, right)}


def _near(value: Any, right: Any) -> bool:
    if isinstance(right, str) or right is None or isinstance(value, str) or value is None:
        return bool(value == right) if isinstance(value, str) or value is None else False
    a, b = as_array(value), as_array(right)
    if a.shape != b.shape or a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        return False
    return bool(np.allclose(a, b, 1e-5, 1e-9, equal_nan=True))


def _passes(check: Check, made: Sequence[Any], cases: Sequence[Case]) -> bool:
    return all(
        check.judge(check.measured(value, case.inputs), case.wanted).passed
        for value, case in zip(made, cases, strict=True)
    )


def _paths(answer: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the places of all leaves of an answer: texts, numbers, arrays."""
    if isinstance(answer, dict):
        for key, item in answer.items():
            yield from _paths(item, (*path, key))
    elif isinstance(answer, list) and as_array(answer).dtype.kind == "O":
        for index, item in enumerate(answer):
            yield from _paths(item, (*path, index))
    else:
        yield path


def _at(answer: Any, path: Path) -> Any:
    """Return the leaf at a place, None if there is none."""
    for step in path:
        try:
            answer = answer[step]
        except (LookupError, TypeError):
            return None
    return answer


def _with(answer: Any, path: Path, leaf: Any) -> Any:
    """Return an answer with another leaf at a place."""
    if not path:
        return _of_kind(leaf, answer)
    step, *rest = path
    if isinstance(answer, dict):
        return answer | {step: _with(answer[step], tuple(rest), leaf)}
    return [
        _with(item, tuple(rest), leaf) if index == step else item
        for index, item in enumerate(answer)
    ]


def _of_kind(leaf: Any, right: Any) -> Any:
    """Return a made-up leaf as numbers of the right kind, where that changes none of them."""
    array, wanted = as_array(leaf), as_array(right)
    if array.dtype.kind not in "biuf" or wanted.dtype.kind not in "biuf":
        return leaf
    with np.errstate(all="ignore"):
        new = array.astype(wanted.dtype)
        same = np.array_equal(new, array, equal_nan=True) or math.prod(new.shape) == 0
    return new if same or wanted.dtype.kind == "f" else array
