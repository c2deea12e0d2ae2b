"""Unit 08, `iou_matrix`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float64, unchanged

from .cases import READY_MADE_IOU, overlapping

exercise = Exercise("iou_matrix", points=2, uses=("iou",), forbids=READY_MADE_IOU)


def overlapping_sets(rng: np.random.Generator) -> Iterator[Case]:
    """Every box of A overlaps every box of B in part: all hold a common point."""
    for n, m, size, label in (
        (3, 5, 1.0, "in pixels"),
        (4, 1, 1.0, "in pixels"),
        (2, 3, 0.01, "in parts of the picture"),
    ):
        centre, boxes = rng.uniform(30, 60, 2), []
        for _ in range(n + m):
            low, high = rng.uniform(4, 20, 2), rng.uniform(4, 20, 2) * [1.5, 1.0]
            boxes.append(size * np.concatenate([centre - low, centre + high]))
        sets = {"A": np.array(boxes[:n]), "B": np.array(boxes[n:])}
        yield Case(sets, f"{n} boxes and {m}, {label}")


def scattered_sets(rng: np.random.Generator) -> Iterator[Case]:
    """Among boxes that overlap: apart in both directions, touching, and without area."""
    a, b = overlapping(rng, 40.0)
    size = np.array([b[2] - b[0], b[3] - b[1]])
    apart, touching = b + np.tile(3 * size, 2), a + np.tile([a[2] - a[0], 0.0], 2)
    upright, level = np.array([[a[0], a[1], a[0], a[3]], [a[0], a[1], a[2], a[1]]])
    A, B = [a, upright, level, apart], [b, touching, level, upright, a]
    yield Case({"A": np.array(A), "B": np.array(B)}, "mixed")


def no_boxes(rng: np.random.Generator) -> Iterator[Case]:
    some = np.array([overlapping(rng, 40.0)[0] for _ in range(3)])
    yield Case({"A": np.zeros((0, 4)), "B": some}, "no box in A")
    yield Case({"A": some, "B": np.zeros((0, 4))}, "no box in B")


@exercise.check(points=0.75, cases=overlapping_sets, judge=close(float64))
def all_pairs(program, A, B):
    """Row i, column j holds the IoU of `A[i]` and `B[j]`"""
    return {"matrix": program.iou_matrix(A, B)}


@exercise.check(points=0.5, cases=scattered_sets, judge=close(float64))
def pairs_without_overlap(program, A, B):
    """Pairs that lie apart, touch, or have no area get 0, beside others that overlap"""
    return {"matrix": program.iou_matrix(A, B)}


@exercise.check(
    points=0.25,
    cases=overlapping_sets,
    judge=equal_sides("each entry of iou_matrix(A, B), and your iou of the pair"),
)
def as_iou_says(program, A, B):
    """It agrees with your `iou`, pair by pair"""
    right = np.array([[program.iou(a, b) for b in B] for a in A], dtype=float)
    return {"left": {"matrix": program.iou_matrix(A, B)}, "right": {"matrix": right}}


@exercise.check(points=0.25, cases=no_boxes, judge=exact(secret=False))
def shape_without_boxes(program, A, B):
    """Without boxes on one side the matrix is empty, and still has two axes"""
    return {"shape": list(np.shape(program.iou_matrix(A, B)))}


@exercise.check(points=0.25, cases=overlapping_sets, judge=unchanged())
def sets_unchanged(program, A, B):
    """It leaves the caller's `A` and `B` as they were"""
    program.iou_matrix(A, B)
    return {"A": A, "B": B}


COMMON = "np.clip(bottom_right - top_left, 0, None).prod(axis=2)"
UNION = "area_A[:, None] + area_B[None, :] - common"
DIVIDED = "np.divide(common, union, out=np.zeros_like(common), where=common > 0)"
exercise.variant(
    "IM1",
    "You multiply the sides of the intersection although they can be negative: pairs that lie "
    "apart in both directions get an area, minus times minus.",
    {
        COMMON: "(bottom_right - top_left).prod(axis=2)",
        "where=common > 0": "where=union != 0",
    },
)
exercise.variant(
    "IM2",
    "Your union is the sum of the two areas. What they have in common is counted twice there.",
    {UNION: "area_A[:, None] + area_B[None, :]"},
)
exercise.variant(
    "IM3",
    "You add 1 to widths and heights, as was usual for whole pixels. Coordinates are real numbers "
    "here.",
    {
        COMMON: "np.clip(bottom_right - top_left + 1, 0, None).prod(axis=2)",
        "(A[:, 2:] - A[:, :2])": "(A[:, 2:] - A[:, :2] + 1)",
        "(B[:, 2:] - B[:, :2])": "(B[:, 2:] - B[:, :2] + 1)",
    },
)
exercise.variant(
    "IM4",
    "Your matrix is turned over: a row belongs to a box of `A`, a column to one of `B`.",
    {"return " + DIVIDED: "return " + DIVIDED + ".T"},
)
exercise.variant(
    "IM5",
    "Boxes without area lead you to 0/0. Where nothing is in common the IoU is 0.",
    {DIVIDED: "common / union"},
)


@exercise.variant("IM6")
def matrix_of_lists(A, B):
    """Your numbers are right, but without a box in `A` your array has one axis only: NumPy can't
    know from an empty list how long its rows would be.
    """
    return np.array([[iou(a, b) for b in B] for a in A])


exercise.variant(
    "IM7",
    "You divide by the area of the smaller box of each pair. Divide by the union.",
    {UNION: "np.minimum(area_A[:, None], area_B[None, :])"},
)
exercise.variant(
    "IM8",
    "You compare `A` with itself; the boxes in `B` play no part.",
    {"    top_left = ": "    B = A\n    top_left = "},
)


@exercise.variant("IM9")
def matrix_in_place(A, B):
    """Your numbers are right, but you turn the caller's boxes into corner and size: for an array,
    an augmented assignment changes the array itself, through a row of it as well.
    """
    found = np.zeros((len(A), len(B)))
    for row, a in enumerate(A):
        a[2:] -= a[:2]
        for column, b in enumerate(B):
            sides = np.minimum(a[:2] + a[2:], b[2:]) - np.maximum(a[:2], b[:2])
            common = np.maximum(sides, 0).prod()
            union = a[2:].prod() + (b[2:] - b[:2]).prod() - common
            found[row, column] = common / union if common else 0.0
    return found


@exercise.equivalent("a call for each pair")
def matrix_of_calls(A, B):
    found = np.zeros((len(A), len(B)))
    for i, a in enumerate(A):
        for j in range(len(B)):
            found[i, j] = iou(a, B[j])
    return found


@exercise.equivalent("axis by axis")
def matrix_axis_by_axis(A, B):
    ax1, ay1, ax2, ay2 = np.asarray(A).T[:, :, None]
    bx1, by1, bx2, by2 = np.asarray(B).T[:, None, :]
    w = np.maximum(0, np.minimum(ax2, bx2) - np.maximum(ax1, bx1))
    h = np.maximum(0, np.minimum(ay2, by2) - np.maximum(ay1, by1))
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - w * h
    return w * h / np.where(union > 0, union, 1)


@exercise.equivalent("by columns")
def matrix_by_columns(A, B):
    columns = [[iou(a, b) for a in A] for b in B]
    return np.reshape(columns, (len(B), len(A))).T.astype(float)
