"""Recognising known mistakes: by the same evidence, with few questions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from support.evidences import answers as ok

from autograder.course.exercise import Alternative, Case, Check, Exercise
from autograder.grading.explain import Explanation, explain
from autograder.grading.outcome import TrialOutcome
from autograder.grading.recognition import Match, matching_variants
from autograder.grading.trial import Trial
from autograder.judging.comparison import Wanted
from autograder.judging.judges import close
from autograder.wire.evidence import Evidence

A = np.array([1.0, 2.0, 3.0])
Variants = Mapping[str, Mapping[str, Sequence[Evidence]]]


class Known:
    """An oracle that wants `A` everywhere and counts what it is asked."""

    def __init__(self, variants: Variants) -> None:
        self._variants = variants
        self.screened: list[tuple[str, int]] = []
        self.asked: list[tuple[str, str]] = []

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        raise NotImplementedError

    def wanted(self, trial: Trial) -> list[Wanted]:
        return [Wanted(A) for _ in trial.cases]

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        self.asked.append((variant.name, trial.check.name))
        return self._of(variant, trial)

    def variants(self, exercise: Exercise, trial: Trial, index: int) -> list[Evidence]:
        self.screened.append((trial.check.name, index))
        return [self._of(variant, trial)[index] for variant in exercise.variants]

    def _of(self, variant: Alternative, trial: Trial) -> list[Evidence]:
        found = self._variants[variant.name].get(trial.check.name, ())
        return [*found, *ok(*[A] * (len(trial.cases) - len(found)))]


def made(variants: Variants) -> tuple[Exercise, Known]:
    """An exercise and what its variants give: `variants` maps names to {check: evidences}."""
    exercise = Exercise("forward", 2)
    for name in variants:
        exercise.variant(name, f"It is {name}.", {"a": "b"})
    return exercise, Known(variants)


def matched(exercise: Exercise, oracle: Known, **failed: Sequence[Evidence]) -> list[Match]:
    """What explains the student's evidence of failed checks."""
    return matching_variants(
        exercise, [outcome(exercise, name, got) for name, got in failed.items()], oracle
    )


def outcome(exercise: Exercise, name: str, got: Sequence[Evidence]) -> TrialOutcome:
    check = Check(
        name=name, claim="a claim", points=1, cases=lambda rng: [{}], judge=close(), source=""
    )
    trial = Trial(exercise, check, 0, (Case({}),) * len(got), tuple(range(len(got))))
    comparisons = [
        check.judge(item.value, Wanted(A)) if item.status == "ok" else None for item in got
    ]
    return TrialOutcome(trial, tuple(got), tuple(comparisons))


def names(matches: Iterable[tuple[Any, Any]]) -> list[str]:
    return [variant.name for variant, _ in matches]


def test_the_variant_with_the_students_evidence_is_found():
    exercise, known = made({"sum": {"values": ok(2 * A)}, "sign": {"values": ok(-A)}})
    matches = matched(exercise, known, values=ok(-A))
    assert names(matches) == ["sign"]
    assert explain("values", matches) == Explanation(("sign",), "It is sign.")


def test_every_case_must_agree():
    exercise, known = made({"sign": {"values": ok(-A, -A)}})
    assert names(matched(exercise, known, values=ok(-A, -A))) == ["sign"]
    others: list[list[Evidence]] = [ok(-A, A), ok(-A, -A, -A), ok(A, -A)]
    for got in others:
        assert matched(exercise, known, values=got) == []


def test_the_variant_that_explains_most_comes_first():
    exercise, known = made(
        {
            "one": {"values": ok(-A), "shapes": ok(A)},
            "both": {"values": ok(-A), "shapes": ok(2 * A)},
        }
    )
    matches = matched(exercise, known, values=ok(-A), shapes=ok(2 * A))
    assert names(matches) == ["both", "one"]
    assert matches[0][1] == {"values", "shapes"} and matches[1][1] == {"values"}
    assert explain("values", matches) == Explanation(("both",), "It is both.")


def test_variants_that_explain_as_much_are_named_together():
    exercise, known = made({"one": {"values": ok(-A)}, "two": {"values": ok(-A)}})
    matches = matched(exercise, known, values=ok(-A))
    assert explain("values", matches) == Explanation(("one", "two"), "It is one. Or: It is two.")


def test_one_text_is_shown_once():
    exercise, known = made({"one": {"values": ok(-A)}, "again": {"values": ok(-A)}})
    one = exercise.variants[0]
    exercise.variants[1] = Alternative("again", one.explanation, {"a": "c"})
    matches = matched(exercise, known, values=ok(-A))
    assert explain("values", matches) == Explanation(("one", "again"), "It is one.")


def test_a_check_that_no_variant_explains_has_no_explanation():
    exercise, known = made({"one": {"values": ok(-A)}})
    matches = matched(exercise, known, values=ok(-A), shapes=ok(3 * A))
    assert explain("shapes", matches) is None
    assert explain("values", []) is None


def test_a_check_is_explained_by_the_best_that_explains_it():
    exercise, known = made({"two": {"values": ok(-A), "shapes": ok(-A)}, "third": {"laws": ok(-A)}})
    matches = matched(exercise, known, values=ok(-A), shapes=ok(-A), laws=ok(-A))
    assert explain("laws", matches) == Explanation(("third",), "It is third.")
    assert explain("shapes", matches) == Explanation(("two",), "It is two.")


def test_rounding_hides_no_variant():
    exercise, known = made({"sign": {"values": ok(-A)}})
    assert matched(exercise, known, values=ok(-A * (1 + 1e-12)))
    assert not matched(exercise, known, values=ok(-A * (1 + 1e-6)))


def test_one_case_is_asked_of_all_and_the_others_of_those_that_agree():
    exercise, known = made(
        {
            "sum": {"values": ok(A, 2 * A), "shapes": ok(2 * A)},
            "sign": {"values": ok(A, -A), "shapes": ok(-A)},
            "scale": {"values": ok(A, 3 * A), "shapes": ok(-A)},
        }
    )
    matches = matched(exercise, known, values=ok(A, -A), shapes=ok(-A))
    assert names(matches) == ["sign"]
    assert known.screened == [("values", 1)]
    assert known.asked == [("sign", "values"), ("sign", "shapes")]


def test_where_none_explains_all_the_next_check_is_asked_about():
    exercise, known = made(
        {"sum": {"values": ok(2 * A)}, "sign": {"values": ok(-A)}, "shift": {"shapes": ok(4 * A)}}
    )
    matches = matched(exercise, known, values=ok(-A), shapes=ok(4 * A))
    assert names(matches) == ["sign", "shift"]
    assert known.screened == [("values", 0), ("shapes", 0)]


def test_a_check_that_takes_long_is_asked_about_last():
    slow = [Evidence("ok", -A, seconds=9.0)]
    exercise, known = made({"sign": {"values": ok(-A), "trained": ok(-A)}})
    assert names(matched(exercise, known, trained=slow, values=ok(-A))) == ["sign"]
    assert known.screened == [("values", 0)]


def test_a_case_that_was_stopped_is_not_asked_about_where_another_failed():
    stopped = Evidence("timeout")
    exercise, known = made({"slow": {"values": [stopped, *ok(-A)]}})
    assert names(matched(exercise, known, values=[stopped, *ok(-A)])) == ["slow"]
    assert known.screened == [("values", 1)]


def test_of_variants_that_explain_as_much_those_that_contradict_least_are_named():
    exercise, known = made({"one": {"values": ok(-A)}, "two": {"values": ok(-A)}})
    matches = matched(exercise, known, values=ok(-A))
    told = explain("values", matches, lambda variant: {"one": 2, "two": 1}[variant.name])
    assert told == Explanation(("two",), "It is two.")
    assert explain("values", matches, lambda variant: 3).names == ("one", "two")
