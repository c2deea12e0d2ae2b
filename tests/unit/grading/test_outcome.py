"""Outcomes of trials: what passed, what ended, what may be another function's mistake."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.course.exercise import Case, Check, Exercise
from autograder.grading.outcome import TrialOutcome
from autograder.grading.trial import ENDED, Trial
from autograder.judging.comparison import Comparison, Difference
from autograder.judging.judges import close
from autograder.wire.evidence import Evidence, Failure

EXERCISE = Exercise("backward", 1)
CHECK = Check(name="check", claim="", points=1, cases=lambda rng: [], judge=close(), source="")
RIGHT = Comparison(0.5)
ROUNDED = Comparison(2.0, remark="`dW` is float32, less precise than the inputs.")
WRONG = Comparison(100.0, Difference("`dW`", "`dW` is `1`.", "Another value."))


def outcome(*found: tuple[Evidence, Comparison | None], **options: Any) -> TrialOutcome:
    cases = tuple(Case({}) for _ in found)
    trial = Trial(EXERCISE, CHECK, 0, cases, tuple(range(len(found))))
    return TrialOutcome(trial, tuple(e for e, _ in found), tuple(c for _, c in found), **options)


def ok(comparison: Comparison) -> tuple[Evidence, Comparison]:
    return Evidence("ok", seconds=0.25), comparison


def other(status: Any, **failure: Any) -> tuple[Evidence, None]:
    return Evidence(status, None, Failure("Error", **failure) if failure else None), None


def test_all_cases_have_to_pass() -> None:
    assert outcome(ok(RIGHT), ok(ROUNDED)).passed
    failed = outcome(ok(RIGHT), ok(WRONG), other("raised", message="bad"))
    assert not failed.passed
    assert failed.first_failed == 1
    assert failed.deviation == 100.0
    assert failed.seconds == 0.5
    assert not outcome(ok(RIGHT), fault="The sandbox failed.").passed


def test_a_case_without_an_answer_fails_and_has_no_deviation() -> None:
    missing = outcome(other("missing", message="forward"), ok(RIGHT))
    assert not missing.passed
    assert missing.first_failed == 0
    assert missing.deviation == 0.5
    assert outcome(other("stub")).deviation is None


def test_the_first_imprecise_result_is_remarked() -> None:
    assert outcome(ok(RIGHT), other("raised")).imprecise == ""
    assert outcome(ok(RIGHT), ok(ROUNDED)).imprecise == ROUNDED.remark


@pytest.mark.parametrize("status", ["ok", "raised", "stub", *sorted(ENDED)])
def test_a_process_that_is_gone_is_seen(status: str) -> None:
    found = outcome(ok(RIGHT), (Evidence(status), None))
    assert found.ended is (status in ENDED)
    assert found.raised is (status == "raised")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ok(RIGHT), False),
        (ok(WRONG), True),
        (other("raised", message="bad"), True),
        (other("timeout", message="10 s"), True),
        (other("missing", message="forward"), True),
        (other("missing", message="backward"), False),
        (other("stub", message="", function="forward"), True),
        (other("stub", message="", function="backward"), False),
    ],
)
def test_only_a_failure_that_is_not_its_own_can_be_due_to_others(
    found: tuple[Evidence, Comparison | None], expected: bool
) -> None:
    assert outcome(found).can_be_due_to_others is expected
    assert not outcome(found, fault="The sandbox failed.").can_be_due_to_others


def test_a_trial_that_was_skipped_has_no_answer_to_any_case() -> None:
    trial = outcome(ok(RIGHT), ok(RIGHT)).trial
    skipped = TrialOutcome.skipped(trial, fault="The sandbox failed.")
    assert [item.status for item in skipped.evidences] == ["skipped", "skipped"]
    assert skipped.comparisons == (None, None)
    assert skipped.fault == "The sandbox failed."
    assert not skipped.passed
