"""Judges of detectors against recall and average precision counted by hand, and broken evidence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from support.trees import hostile_trees

from autograder import average_precision, recall
from autograder.judging.comparison import PASS, Wanted
from autograder.judging.detection import average_precision_of, overlaps

BOXES = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 10, 10], [5, 5, 15, 25]], dtype=float)
TRUTH = {"boxes": BOXES, "owners": np.array([0, 0, 1, 1]), "pictures": 2}
KINDS = np.array([1, 2, 1, 1])
NAMED = Wanted(truth=TRUTH | {"kinds": KINDS})


def found(boxes: Any, kinds: Any, scores: Any, owners: Any) -> dict[str, Any]:
    return {
        "boxes": np.array(boxes, dtype=float).reshape(-1, 4),
        "kinds": np.array(kinds),
        "scores": np.array(scores, dtype=float),
        "owners": np.array(owners),
    }


RIGHT = found(BOXES, KINDS, [0.9, 0.8, 0.7, 0.6], TRUTH["owners"])


def test_overlaps_count_pixels() -> None:
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 12, (10, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 9, (10, 2))], axis=1)
    masks = np.zeros((10, 24, 24), dtype=bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    got = overlaps(boxes[:5].astype(float), boxes[5:].astype(float))
    for i, j in np.ndindex(5, 5):
        a, b = masks[i], masks[5 + j]
        assert got[i, j] == pytest.approx((a & b).sum() / (a | b).sum())


def test_average_precision_is_the_area_under_the_falling_curve() -> None:
    # Found, missed, found of three objects: precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3.
    assert average_precision_of(np.array([True, False, True]), 3) == pytest.approx((1 + 2 / 3) / 3)
    # A later precision that is higher counts for the recalls before it.
    assert average_precision_of(np.array([False, True, True]), 2) == pytest.approx(2 / 3)
    assert average_precision_of(np.zeros(0, dtype=bool), 2) == 0


@pytest.mark.parametrize("seed", range(20))
def test_average_precision_by_thresholds(seed: int) -> None:
    """The best precision of all cuts that reach a recall, summed over the recalls."""
    rng = np.random.default_rng(seed)
    hits, objects = rng.random(12) < 0.5, 14
    best = [
        max(
            (hits[:cut].sum() / cut for cut in range(1, 13) if hits[:cut].sum() >= number),
            default=0.0,
        )
        for number in range(1, objects + 1)
    ]
    assert average_precision_of(hits, objects) == pytest.approx(np.mean(best))


def test_recall_is_the_share_of_objects_with_a_proposal() -> None:
    judge = recall(0.7, 0.9, most=2)
    proposals = np.zeros((2, 2, 4))
    proposals[0] = BOXES[:2]
    proposals[1, 1] = [0, 0, 10, 6]  # IoU 0.6 with one, less with the other
    assert judge.reached({"proposals": proposals}, TRUTH) == 0.75
    assert judge({"proposals": proposals}, Wanted(truth=TRUTH)).passed
    failed = recall(0.8, 0.9, most=2)({"proposals": proposals}, Wanted(truth=TRUTH))
    assert failed.deviation > PASS
    assert failed.difference is not None
    assert failed.difference.seen.startswith("After training, 75.0% of the objects")
    # Those of another picture find what lies at the same place there.
    assert judge.reached({"proposals": proposals[::-1]}, TRUTH) == 0.5


def test_more_proposals_than_allowed_are_refused() -> None:
    many = np.tile(BOXES, (2, 1, 1))
    assert recall(0.7, 0.9, most=4)({"proposals": many}, Wanted(truth=TRUTH)).passed
    assert recall(0.7, 0.9, most=3)({"proposals": many}, Wanted(truth=TRUTH)).deviation == math.inf


def test_mean_average_precision_is_the_mean_over_kinds() -> None:
    judge = average_precision(0.9, 1.0)
    assert judge.reached(RIGHT, NAMED.truth) == 1
    assert judge(RIGHT, NAMED).passed
    # The one box of kind 2 is called 1: that kind has nothing, and kind 1 a false one in second
    # place, so that its precision is 1, 2/3 and 3/4 where the recall rises.
    wrong = RIGHT | {"kinds": np.array([1, 1, 1, 1])}
    assert judge.reached(wrong, NAMED.truth) == pytest.approx((1 + 3 / 4 + 3 / 4) / 3 / 2)
    assert not judge(wrong, NAMED).passed


def test_an_object_counts_once() -> None:
    twice = found(BOXES[[0, 0]], [1, 1], [0.9, 0.8], [0, 0])
    truth = {"boxes": BOXES[:1], "kinds": np.array([1]), "owners": np.array([0])}
    assert average_precision(0.9, 1.0).reached(twice, truth) == 1
    sure = found([[50, 50, 60, 60], *BOXES[[0, 0]]], [1, 1, 1], [0.9, 0.8, 0.7], [0, 0, 0])
    assert average_precision(0.9, 1.0).reached(sure, truth) == 0.5


def test_nothing_found_is_nothing() -> None:
    assert average_precision(0.9, 1.0).reached(found([], [], [], []), NAMED.truth) == 0


def test_boxes_that_are_none_overlap_nothing() -> None:
    odd = np.array([[10, 10, 0, 0], [np.nan] * 4, [0, 0, np.inf, np.inf], [3, 3, 3, 3]])
    assert not overlaps(odd, BOXES).any()


@pytest.mark.parametrize("judge", [recall(0.5, 0.9, 3), average_precision(0.5, 0.9)])
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(got=hostile_trees("proposals", "boxes", "kinds", "scores", "owners"))
def test_detectors_are_judged_whatever_is_sent(judge: Any, got: Any) -> None:
    comparison = judge(got, NAMED)
    assert comparison.deviation >= 0
    assert comparison.passed or comparison.difference.seen
