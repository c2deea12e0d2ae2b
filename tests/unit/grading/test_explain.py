"""Explanations: the mistake whose evidence is the student's, and symptoms."""

import math
from typing import Any

import numpy as np
import pytest
from support.evidences import answers as ok

from autograder.course.exercise import Check, Exercise
from autograder.grading.explain import (
    Explanation,
    same_evidence,
    symptoms_of,
)
from autograder.judging.judges import close, exact
from autograder.judging.statistical import accuracy, at_most
from autograder.wire.codec import Opaque
from autograder.wire.evidence import Evidence, Failure

A = np.array([1.0, 2.0, 3.0])


def check(name: str, judge: Any = None) -> Check:
    judge = judge or close()
    return Check(
        name=name, claim="a claim", points=1, cases=lambda rng: [{}], judge=judge, source=""
    )


def raised(kind: str, message: str, line: int = 1) -> list[Evidence]:
    return [Evidence("raised", None, Failure(kind, message, 2, line, "code", "f"))]


def test_nan_matches_nan():
    odd = np.array([1.0, math.nan])
    assert same_evidence(ok(odd), ok(odd.copy()), close())
    assert not same_evidence(ok(odd), ok(np.array([math.nan, 1.0])), close())


@pytest.mark.parametrize("judge", [exact(), at_most(1, float, "The loss"), accuracy(0.9, 1)])
def test_judges_without_a_tolerance_match_up_to_rounding(judge):
    assert same_evidence(ok(np.nextafter(A, 9)), ok(A), judge)
    assert not same_evidence(ok(A * (1 + 1e-6)), ok(A), judge)


def test_what_is_raised_matches_by_type_and_message():
    one = raised("ValueError", "shapes (3,) and (4,)", line=1)
    assert same_evidence(one, raised("ValueError", "shapes (3,) and (4,)", line=9), close())
    assert not same_evidence(one, raised("ValueError", "other"), close())
    assert not same_evidence(one, raised("TypeError", "shapes (3,) and (4,)"), close())
    assert not same_evidence(one, [Evidence("raised")], close())
    assert not same_evidence([Evidence("raised")], one, close())


def test_other_ways_to_end_match_themselves_only():
    for status in ("timeout", "died", "memory"):
        assert same_evidence([Evidence(status)], [Evidence(status)], close())
        assert not same_evidence([Evidence(status)], ok(None), close())
    assert not same_evidence([Evidence("timeout")], [Evidence("died")], close())


def test_no_evidence_matches_nothing():
    assert not same_evidence([], [], close())
    assert not same_evidence(ok(A), [], close())


def with_symptoms(**predicates: Any) -> Exercise:
    exercise = Exercise("train", 1, checks=[check("learns")])
    for name, shows in predicates.items():
        exercise.symptom(name, f"It shows {name}.")(shows)
    return exercise


def test_a_symptom_that_shows_on_some_case_is_told():
    exercise = with_symptoms(
        constant=lambda value: np.ptp(value) == 0, growing=lambda value: value[-1] > value[0]
    )
    found = symptoms_of(exercise, ok(A[::-1], np.ones(3)))
    assert found == [Explanation(("constant",), "It shows constant.")]
    assert len(symptoms_of(exercise, ok(A, np.ones(3)))) == 2


@pytest.mark.parametrize("value", [None, "text", {}, [], [None], Opaque("Tensor"), np.zeros(0)])
def test_a_symptom_that_cannot_read_what_was_sent_does_not_show(value):
    exercise = with_symptoms(
        key=lambda value: value["loss"][-1] > 1,
        division=lambda value: 1 / 0,
        unclear=lambda value: np.array([True, True]),
        deep=lambda value: (lambda f: f(f))(lambda f: f(f)),
    )
    assert symptoms_of(exercise, ok(value)) == []


def test_symptoms_are_looked_for_in_answers_only():
    exercise = with_symptoms(any=lambda value: True)
    assert symptoms_of(exercise, raised("ValueError", "x")) == []
    assert symptoms_of(exercise, [Evidence("timeout")]) == []
    assert symptoms_of(exercise, []) == []
    assert symptoms_of(exercise, [*raised("ValueError", "x"), *ok(1)]) != []
