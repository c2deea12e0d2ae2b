"""Explanations: the mistake whose evidence is the student's, and symptoms."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from autograder.course.exercise import Check, Exercise
from autograder.grading.explain import (
    Explanation,
    explain,
    matching_variants,
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


def ok(*values: Any) -> list[Evidence]:
    return [Evidence("ok", value) for value in values]


def raised(kind: str, message: str, line: int = 1) -> list[Evidence]:
    return [Evidence("raised", None, Failure(kind, message, 2, line, "code", "f"))]


def made(
    variants: dict[str, dict[str, list[Evidence]]], checks: Sequence[str] = ("values", "shapes")
) -> tuple[Exercise, Any]:
    """An exercise and what its variants give: `variants` maps names to {check: evidences}."""
    exercise = Exercise("forward", 2, checks=[check(name) for name in checks])
    for name in variants:
        exercise.variant(name, f"It is {name}.", {"a": "b"})
    return exercise, lambda variant, name: variants[variant.name].get(name, [])


def names(matches: Iterable[tuple[Any, Any]]) -> list[str]:
    return [variant.name for variant, _ in matches]


def test_the_variant_with_the_students_evidence_is_found():
    exercise, evidence_of = made({"sum": {"values": ok(2 * A)}, "sign": {"values": ok(-A)}})
    matches = matching_variants(exercise, {"values": ok(-A)}, evidence_of)
    assert names(matches) == ["sign"]
    assert explain("values", matches) == Explanation(("sign",), "It is sign.")


def test_every_case_must_agree():
    exercise, evidence_of = made({"sign": {"values": ok(-A, -A)}})
    assert names(matching_variants(exercise, {"values": ok(-A, -A)}, evidence_of)) == ["sign"]
    others: list[list[Evidence]] = [ok(-A, A), ok(-A), ok(-A, -A, -A), []]
    for got in others:
        assert matching_variants(exercise, {"values": got}, evidence_of) == []


def test_the_variant_that_explains_most_comes_first():
    variants = {
        "one": {"values": ok(-A), "shapes": ok(A)},
        "both": {"values": ok(-A), "shapes": ok(2 * A)},
    }
    exercise, evidence_of = made(variants)
    matches = matching_variants(exercise, {"values": ok(-A), "shapes": ok(2 * A)}, evidence_of)
    assert names(matches) == ["both", "one"]
    assert matches[0][1] == {"values", "shapes"} and matches[1][1] == {"values"}
    assert explain("values", matches) == Explanation(("both",), "It is both.")


def test_variants_that_explain_as_much_are_told_together():
    exercise, evidence_of = made({"one": {"values": ok(-A)}, "two": {"values": ok(-A)}})
    matches = matching_variants(exercise, {"values": ok(-A)}, evidence_of)
    assert explain("values", matches) == Explanation(("one", "two"), "It is one. Or: It is two.")


def test_one_text_is_told_once():
    exercise, _ = made({"one": {"values": ok(-A)}})
    exercise.variant("again", "It is one.", {"a": "c"})
    matches = matching_variants(exercise, {"values": ok(-A)}, lambda variant, name: ok(-A))
    assert explain("values", matches) == Explanation(("one", "again"), "It is one.")


def test_a_check_that_no_variant_explains_has_no_explanation():
    exercise, evidence_of = made({"one": {"values": ok(-A)}})
    matches = matching_variants(exercise, {"values": ok(-A), "shapes": ok(A)}, evidence_of)
    assert explain("shapes", matches) is None
    assert explain("values", []) is None


def test_a_check_is_explained_by_the_best_that_explains_it():
    variants = {
        "two": {"values": ok(-A), "shapes": ok(-A)},
        "third": {"laws": ok(-A)},
    }
    exercise, evidence_of = made(variants, ("values", "shapes", "laws"))
    failed = {name: ok(-A) for name in ("values", "shapes", "laws")}
    matches = matching_variants(exercise, failed, evidence_of)
    assert explain("laws", matches) == Explanation(("third",), "It is third.")
    assert explain("shapes", matches) == Explanation(("two",), "It is two.")


def test_rounding_hides_no_variant():
    exercise, evidence_of = made({"sign": {"values": ok(-A)}})
    assert matching_variants(exercise, {"values": ok(-A * (1 + 1e-12))}, evidence_of)
    assert not matching_variants(exercise, {"values": ok(-A * (1 + 1e-6))}, evidence_of)


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


def test_of_variants_that_explain_as_much_those_that_contradict_least_are_told():
    exercise, evidence_of = made({"one": {"values": ok(-A)}, "two": {"values": ok(-A)}})
    matches = matching_variants(exercise, {"values": ok(-A)}, evidence_of)
    told = explain("values", matches, lambda variant: {"one": 2, "two": 1}[variant.name])
    assert told == Explanation(("two",), "It is two.")
    assert explain("values", matches, lambda variant: 3).names == ("one", "two")
