"""Judges of measured numbers; `at_most` and `accuracy` are also in test_judge.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograder.grading.explain import same_evidence
from autograder.judging.comparison import PASS, Wanted
from autograder.judging.registry import from_data, to_data
from autograder.judging.statistical import accuracy, within
from autograder.wire.evidence import Evidence

KEPT = Wanted(truth={"kept": (0.8, 0.01), "stds": ([1.0, 2.0], [0.1, 0.1])})


def got(kept: Any = 0.8, stds: Any = (1.0, 2.0)) -> dict[str, Any]:
    return {"kept": kept, "stds": np.asarray(stds)}


@pytest.mark.parametrize("kept", [0.8, 0.7501, 0.8499, np.float32(0.84)])
def test_what_chance_explains_passes(kept: float) -> None:
    comparison = within()(got(kept), KEPT)
    assert comparison.passed
    assert comparison.deviation <= PASS


@pytest.mark.parametrize("kept", [0.749, 0.2, math.nan, math.inf, -math.inf])
def test_what_chance_does_not_explain_fails(kept: float) -> None:
    comparison = within()(got(kept), KEPT)
    assert not comparison.passed
    assert comparison.deviation > PASS
    assert comparison.difference is not None
    assert comparison.difference.expected == "About `0.8`, give or take `0.05`."
    assert comparison.difference.where == "`kept`"


def test_the_entry_that_is_off_is_named() -> None:
    comparison = within()(got(stds=[1.0, 4.0]), KEPT)
    assert comparison.difference is not None
    assert comparison.difference.seen == "`stds[1]` is `4`."
    assert comparison.deviation == pytest.approx(PASS * 20 / 5)


@pytest.mark.parametrize(
    "evidence",
    [None, 3.0, {}, {"kept": 0.8}, got("0.8"), got(stds=[1.0]), got(stds=[[1.0, 2.0]]), got(None)],
)
def test_what_holds_no_statistics_fails(evidence: Any) -> None:
    comparison = within()(evidence, KEPT)
    assert comparison.deviation == math.inf
    assert "can't be measured" in comparison.difference.seen


def test_without_an_error_the_number_must_be_exact() -> None:
    exact = Wanted(truth={"mean": (0.5, 0.0)})
    assert within()({"mean": 0.5}, exact).passed
    comparison = within()({"mean": 0.5 + 1e-9}, exact)
    assert comparison.deviation == math.inf
    assert comparison.difference.expected == "`0.5`."


def test_two_programs_are_alike_where_chance_explains_their_gap() -> None:
    def alike(a: Any, b: Any) -> bool:
        return same_evidence([Evidence("ok", got(a))], [Evidence("ok", got(b))], within(), [KEPT])

    assert alike(0.2, 0.26)
    assert not alike(0.2, 0.28)
    assert alike(math.nan, math.nan)
    assert not alike(math.nan, 0.2)
    assert not same_evidence([Evidence("ok", got())], [Evidence("ok", None)], within(), [KEPT])


def test_variants_are_known_by_statistics_ten_errors_away() -> None:
    assert within().recognises_variants
    assert not within().needs_reference
    assert within()(got(0.9), KEPT).deviation == pytest.approx(within().least_wrong)


def test_it_travels_as_data() -> None:
    assert from_data(to_data(within(), str), str) == within()


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.8])
def test_right_draws_never_fail_and_wrong_ones_always_do(keep: float) -> None:
    """The rates that the five and ten errors stand for, over 2000 right and 200 wrong runs."""
    size = 10_000
    wanted = Wanted(truth={"kept": (keep, math.sqrt(keep * (1 - keep) / size))})
    rng = np.random.default_rng(0)
    right = rng.binomial(size, keep, 2000) / size
    assert all(within()({"kept": value}, wanted).passed for value in right)
    wrong = rng.binomial(size, keep - 0.06, 200) / size
    assert not any(within()({"kept": value}, wanted).passed for value in wrong)


NOISY = Wanted(truth={"labels": np.arange(10), "train_labels": np.arange(100)})


def predicted(unseen: int, noisy: Any) -> dict[str, Any]:
    """`unseen` of 10 right; `noisy` of 100 training labels given back, or what is there instead."""
    trained = noisy
    if isinstance(noisy, int):
        trained = np.where(np.arange(100) < noisy, np.arange(100), -1)
    return {
        "predictions": np.where(np.arange(10) < unseen, np.arange(10), -1),
        "train_predictions": trained,
    }


def test_training_labels_are_not_to_be_learnt_by_heart() -> None:
    judge = accuracy(0.7, 0.8, train_below=0.99)
    assert judge(predicted(8, 90), NOISY).passed
    by_heart = judge(predicted(10, 99), NOISY)
    assert by_heart.deviation >= PASS
    assert by_heart.difference is not None
    assert (
        by_heart.difference.seen == "After training, 99.0% of the training labels are reproduced."
    )
    few = judge(predicted(6, 90), NOISY)
    assert few.difference is not None and "60.0% of the unseen" in few.difference.seen
    for nothing in (None, np.zeros(3)):
        assert judge(predicted(8, nothing), NOISY).deviation == math.inf
    assert accuracy(0.7, 0.8)(predicted(8, 100), NOISY).passed
    assert from_data(to_data(judge, str), str) == judge
    assert judge.counts_alone
