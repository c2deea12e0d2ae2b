"""Unit 10, `match_anchors`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, exact, unchanged

from .cases import far_boxes

exercise = Exercise("match_anchors", points=4)


def shifted_by_iou(box: Any, wanted: float, side: int) -> Any:
    """A box of equal size whose IoU with `box` is `wanted`, moved to one of four sides."""
    share = 2 * wanted / (1 + wanted)  # of the common side
    step = (box[2:] - box[:2]) * (1 - share)
    move = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])[side] * step
    return box + np.tile(move, 2)


def matches(
    rng: np.random.Generator, plan: list[list[float]], pos: float, neg: float, label: str
) -> Case:
    """Boxes far apart; around each, anchors with the IoUs of its row of `plan`; five anywhere else.

    The first row's box has its anchors in random order among all others.
    """
    corners = np.array([[40.0 + 200 * k, 60.0 + 150 * (k % 2)] for k in range(len(plan))])
    sides = rng.uniform(30, 60, (len(plan), 2))
    gt = np.concatenate([corners, corners + sides], axis=1)
    gt = gt[rng.permutation(len(gt))]
    anchors = []
    for box, row in zip(gt, plan, strict=True):
        turn = rng.integers(4)
        for k, wanted in enumerate(row):
            exactly = wanted + rng.uniform(-0.015, 0.015)
            anchors.append(shifted_by_iou(box, exactly, (turn + k) % 4))
    for _ in range(5):
        corner = rng.uniform(0, 1, 2) * [200.0 * len(plan), 20] + [0, 320]
        anchors.append(np.concatenate([corner, corner + rng.uniform(20, 60, 2)]))
    order = rng.permutation(len(anchors))
    inputs = {"anchors": np.array(anchors)[order], "gt": gt, "pos": pos, "neg": neg}
    return Case(inputs, label)


def clear_matches(rng: np.random.Generator) -> Iterator[Case]:
    """Every anchor is above `pos` or below `neg`, and each box has one above."""
    for plan in ([[0.9, 0.8, 0.1], [0.85, 0.2]], [[0.75], [0.95, 0.83, 0.2], [0.8, 0.15]]):
        yield matches(rng, plan, 0.7, 0.3, f"{len(plan)} boxes, no anchor between the thresholds")


def between_matches(rng: np.random.Generator) -> Iterator[Case]:
    for plan in ([[0.9, 0.5, 0.35], [0.8, 0.65, 0.1]], [[0.6, 0.92, 0.45], [0.4, 0.77]]):
        yield matches(rng, plan, 0.7, 0.3, "some anchors lie between the thresholds")


def other_thresholds(rng: np.random.Generator) -> Iterator[Case]:
    plan = [[0.9, 0.55, 0.35, 0.75], [0.65, 0.3, 0.1], [0.8, 0.45]]
    yield matches(rng, plan, 0.5, 0.4, "pos = 0.5, neg = 0.4")
    yield matches(rng, plan, 0.6, 0.2, "pos = 0.6, neg = 0.2")


def low_matches(rng: np.random.Generator) -> Iterator[Case]:
    """One box whose best anchor lies between the thresholds, one whose best is below both."""
    for plan in ([[0.85, 0.1], [0.5, 0.1], [0.2, 0.12]], [[0.25, 0.1], [0.9, 0.8], [0.6, 0.15]]):
        yield matches(rng, plan, 0.7, 0.3, "two boxes without any anchor above `pos`")


def no_boxes(rng: np.random.Generator) -> Iterator[Case]:
    for count in rng.permutation(np.arange(3, 9))[:2].tolist():
        inputs = {"anchors": far_boxes(rng, count), "gt": np.zeros((0, 4)), "pos": 0.7, "neg": 0.3}
        yield Case(inputs, "a picture without objects")


def labels_of(found):
    """Labels as integers, -9 where there are none."""
    labels = np.asarray(found[0]) if isinstance(found, (tuple, list)) and len(found) == 2 else -9
    return labels.astype(int) if np.ndim(labels) else labels


@exercise.check(points=1, cases=clear_matches, judge=exact(), helpers=(labels_of,))
def clear_labels(program, anchors, gt, pos, neg):
    """Anchors above `pos` are positive, anchors below `neg` negative"""
    return {"labels": labels_of(program.match_anchors(anchors, gt, pos, neg))}


@exercise.check(points=0.5, cases=between_matches, judge=exact(), helpers=(labels_of,))
def ignored_labels(program, anchors, gt, pos, neg):
    """Anchors between the thresholds are ignored: -1"""
    return {"labels": labels_of(program.match_anchors(anchors, gt, pos, neg))}


@exercise.check(points=0.25, cases=other_thresholds, judge=exact(), helpers=(labels_of,))
def thresholds_of_the_call(program, anchors, gt, pos, neg):
    """The thresholds are those of the call"""
    return {"labels": labels_of(program.match_anchors(anchors, gt, pos, neg))}


@exercise.check(points=0.75, cases=low_matches, judge=exact(), helpers=(labels_of,))
def every_box_has_an_anchor(program, anchors, gt, pos, neg):
    """The best anchor of each box is positive, however small its overlap"""
    return {"labels": labels_of(program.match_anchors(anchors, gt, pos, neg))}


@exercise.check(points=0.75, cases=clear_matches, judge=exact(), helpers=(labels_of,))
def boxes_of_positives(program, anchors, gt, pos, neg):
    """Each anchor above `pos` has the place of the box that it overlaps most"""
    found = program.match_anchors(anchors, gt, pos, neg)
    if np.ndim(labels_of(found)) == 0:
        return {"labels": -9}
    index = np.asarray(found[1]).astype(int)
    # Only where anchors surely are positive: whether they are labelled so is another check's.
    width = np.minimum(anchors[:, None, 2], gt[:, 2]) - np.maximum(anchors[:, None, 0], gt[:, 0])
    height = np.minimum(anchors[:, None, 3], gt[:, 3]) - np.maximum(anchors[:, None, 1], gt[:, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (anchors, gt)]
    overlaps = common / (areas[0][:, None] + areas[1] - common)
    return {"gt_index of anchors above `pos`": index[overlaps.max(axis=1) >= pos]}


@exercise.check(points=0.25, cases=low_matches, judge=exact(), helpers=(labels_of,))
def boxes_of_the_best(program, anchors, gt, pos, neg):
    """So has an anchor that is positive only because it is a box's best; all others have -1"""
    found = program.match_anchors(anchors, gt, pos, neg)
    if np.ndim(labels_of(found)) == 0:
        return {"labels": -9}
    return {"gt_index": np.asarray(found[1]).astype(int)}


@exercise.check(points=0.25, cases=no_boxes, judge=exact(secret=False), helpers=(labels_of,))
def without_boxes(program, anchors, gt, pos, neg):
    """In a picture without objects every anchor is negative and has no box"""
    found = program.match_anchors(anchors, gt, pos, neg)
    if np.ndim(labels_of(found)) == 0:
        return {"labels": -9}
    return {"labels": labels_of(found), "gt_index": np.asarray(found[1]).astype(int)}


@exercise.check(points=0.25, cases=between_matches, judge=unchanged())
def match_arguments_unchanged(program, anchors, gt, pos, neg):
    """It leaves the caller's `anchors` and `gt` as they were"""
    program.match_anchors(anchors, gt, pos, neg)
    return {"anchors": anchors, "gt": gt}


NEITHER = "    labels[best >= neg] = -1\n"
SURE = "    labels[best >= pos] = 1\n"
RULE_4 = "    labels[overlaps.argmax(axis=0)] = 1\n"
MATCHED = "return labels, np.where(labels == 1, overlaps.argmax(axis=1), -1)"
NO_BOX = "    if len(gt) == 0:\n        return labels, labels - 1\n"
exercise.variant(
    "RC8",
    "You call anchors between the thresholds negative. They cover half an object: neither answer "
    "is fair, and they are ignored.",
    {NEITHER: ""},
)
exercise.variant(
    "RC9",
    "A box without an anchor above `pos` has no positive anchor at all with you, and will never be "
    "learnt. The best anchor of each box is positive, however small its overlap.",
    {RULE_4: ""},
)
exercise.variant(
    "RC9b",
    "You make the best anchor of each box positive, and then the rule for negatives overwrites it "
    "again where the overlap is small. The rule on best anchors stands above the others.",
    {
        NEITHER: "",
        SURE: "",
        RULE_4: (
            RULE_4 + "    labels[(best >= neg) & (labels == 0)] = -1\n"
            "    labels[best >= pos] = 1\n    labels[best < neg] = 0\n"
        ),
    },
)
exercise.variant(
    "RC9c",
    "You make only the best anchor of each box positive. Every anchor from `pos` on is right as "
    "well.",
    {SURE: ""},
)
exercise.variant(
    "RC41",
    "Your labels of ignored anchors and of positive ones are the same. Between the thresholds an "
    "anchor is neither.",
    {NEITHER: "    labels[best >= neg] = 1\n"},
)
exercise.variant(
    "RC42",
    "Your thresholds are always 0.7 and 0.3. They are arguments: `pos` and `neg`.",
    {NEITHER: NEITHER.replace("neg", "0.3"), SURE: SURE.replace("pos", "0.7")},
)
exercise.variant(
    "RC43",
    "The index that you give to positive anchors is not that of the box which they overlap most. "
    "Look for the maximum along the *boxes* of each anchor.",
    {MATCHED: "return labels, np.where(labels == 1, overlaps.argmin(axis=1), -1)"},
)
exercise.variant(
    "RC44",
    "You count matched boxes from 1. The place in `gt` is wanted, which counts from 0.",
    {MATCHED: "return labels, np.where(labels == 1, overlaps.argmax(axis=1) + 1, -1)"},
)
exercise.variant(
    "RC45",
    "Without a true box you fail: there is nothing to overlap, and every anchor is negative.",
    {NO_BOX: ""},
)
exercise.variant(
    "RC46",
    "An anchor that is positive only as the best one of its box has no box from you. It too is to "
    "be moved to the box that it overlaps most.",
    {MATCHED: "return labels, np.where(best >= pos, overlaps.argmax(axis=1), -1)"},
)
exercise.variant(
    "RC47",
    "Negative and ignored labels are exchanged: 0 is background, -1 is ignored.",
    {
        "labels = np.zeros(len(anchors), dtype=int)": "labels = -np.ones(len(anchors), dtype=int)",
        NEITHER: "    labels[best >= neg] = 0\n",
        "return labels, labels - 1": "return labels, labels",
    },
)
exercise.variant(
    "RC48",
    "You return the matched boxes themselves. Their places in `gt` are wanted.",
    {MATCHED: "return labels, gt[overlaps.argmax(axis=1)]"},
)
exercise.variant(
    "RC49",
    "In a picture without objects your anchors have the place of a box. There is none: the index "
    "of every anchor that is not positive is -1.",
    {"return labels, labels - 1": "return labels, labels"},
)
exercise.variant(
    "RC60",
    "The labels are right, but you write the boxes over the caller's `anchors`. Return the numbers "
    "of the boxes, and leave the anchors as they were.",
    {
        f"    {MATCHED}": (
            "    matched = overlaps.argmax(axis=1)\n"
            "    anchors[labels == 1] = gt[matched[labels == 1]]\n"
            f"    {MATCHED}"
        )
    },
)


@exercise.equivalent("one by one")
def match_one_by_one(anchors, gt, pos=0.7, neg=0.3):
    overlaps = iou_matrix(anchors, gt)
    labels, index = [], []
    for i in range(len(anchors)):
        row = list(overlaps[i])
        top = max(row, default=0.0)
        own = row.index(top) if row else -1
        best_of = [j for j in range(len(gt)) if overlaps[:, j].max() == overlaps[i, j]]
        label = 1 if top > pos or best_of else 0 if top < neg else -1
        labels.append(label)
        index.append(own if label == 1 else -1)
    return labels, index


@exercise.equivalent("np.select")
def match_with_select(anchors, gt, pos=0.7, neg=0.3):
    n = len(anchors)
    if not len(gt):
        return np.zeros(n, dtype=np.int32), np.full(n, -1)
    overlaps = iou_matrix(anchors, gt)
    best, place = overlaps.max(1), overlaps.argmax(1)
    is_best = (overlaps == overlaps.max(axis=0)).any(axis=1)
    labels = np.select([is_best | (best >= pos), best < neg], [1, 0], default=-1)
    place[labels != 1] = -1
    return labels.astype(np.int8), place
