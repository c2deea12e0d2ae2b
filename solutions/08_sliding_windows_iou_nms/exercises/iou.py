"""Unit 08, `iou`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float64, unchanged

from .cases import READY_MADE_IOU, overlapping

exercise = Exercise("iou", points=3, forbids=READY_MADE_IOU)


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    for label, scale in (("in pixels", 40.0), ("in parts of the picture", 0.2)):
        for _ in range(2):
            a, b = overlapping(rng, scale)
            yield Case({"a": a, "b": b}, f"boxes that overlap in part, {label}")


def one_in_the_other(rng: np.random.Generator) -> Iterator[Case]:
    for label, scale in (("in pixels", 40.0), ("in parts of the picture", 0.2)):
        corner, sides = rng.uniform(2, 5, 2), rng.uniform(0.5, 1, 2) * [1.6, 1.0]
        start, end = rng.uniform(0.1, 0.3, 2) * sides, rng.uniform(0.6, 0.9, 2) * sides
        a = scale * np.concatenate([corner, corner + sides])
        b = scale * np.concatenate([corner + start, corner + end])
        yield Case({"a": a, "b": b}, f"the second in the first, {label}")
        yield Case({"a": b, "b": a}, f"the first in the second, {label}")


def moving_away(rng: np.random.Generator) -> Iterator[Case]:
    """A box that is moved further and further in one direction; the places are in random order."""
    for label, scale in (("in pixels", 40.0), ("in pixels", 15.0), ("in parts", 0.2)):
        corner, sides = rng.uniform(2, 5, 2), rng.uniform(0.5, 1, 2) * [1.6, 1.0]
        step = 0.13 * sides * rng.choice([-1.0, 1.0], 2)
        a = scale * np.concatenate([corner, corner + sides])
        others = a + scale * np.outer(rng.permutation(6) + 1, np.tile(step, 2))
        yield Case({"a": a, "others": others}, f"a box and six like it, {label}")


def boxes_apart(rng: np.random.Generator) -> Iterator[Case]:
    """The notes' killer case among them: apart in both directions, by their own size."""
    (x, y), (w, h) = rng.integers(1, 9, 2), rng.integers(4, 9, 2)
    a = np.array([x, y, x + w, y + h], dtype=float)
    for label, step in (
        ("apart in both directions", (2 * w, 2 * h)),
        ("apart, one above the other", (1, 2 * h)),
        ("apart, side by side", (2 * w, 1)),
        ("an edge in common", (w, 0)),
        ("a corner in common", (w, h)),
    ):
        yield Case({"a": a, "b": a + np.tile(step, 2)}, label)
    # What x of one has in common with y of the other, it has not with its x.
    a, b = np.array([x, y + 30, x + w, y + 30 + h]), np.array([y + 31, x, y + 31 + h, x + w])
    yield Case({"a": a.astype(float), "b": b.astype(float)}, "on either side of the diagonal")


def without_area(rng: np.random.Generator) -> Iterator[Case]:
    x, y = rng.uniform(1, 5, 2)
    line = np.array([x, y, x, y + 3])
    yield Case({"a": line, "b": np.array([x - 1, y - 1, x + 2, y + 2])}, "a line in a box")
    yield Case({"a": line, "b": line.copy()}, "an upright line and itself")
    level = np.array([x, y, x + 2, y])
    yield Case({"a": level, "b": level.copy()}, "a level line and itself")
    yield Case({"a": np.array([x, y, x, y]), "b": np.array([x, y, x, y])}, "a point and itself")


def moved_pairs(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (0.01, 30.0):
        a, b = overlapping(rng, 1.0)
        inputs = {"a": a, "b": b, "scale": scale, "shift": rng.uniform(20, 50, 2)}
        yield Case(inputs, f"boxes moved, and {scale:g} times as large")


@exercise.check(points=0.5, cases=pairs, judge=close(float64))
def overlap_in_part(program, a, b):
    """Boxes that overlap in part have the right IoU"""
    return {"iou": program.iou(a, b)}


@exercise.check(points=0.25, cases=one_in_the_other, judge=close(float64))
def containment(program, a, b):
    """Where one box lies in the other, the IoU is the quotient of their areas"""
    return {"iou": program.iou(a, b)}


@exercise.check(points=0.5, cases=moving_away, judge=exact())
def larger_overlap(program, a, others):
    """Of boxes of one size, the one that overlaps more has the larger IoU"""
    values = [float(program.iou(a.copy(), other.copy())) for other in others]
    return {"boxes by their IoU, the smallest first": np.argsort(values)}


@exercise.check(points=0.5, cases=boxes_apart, judge=close(float64), counts_alone=False)  # always 0
def no_common_area(program, a, b):
    """Boxes that lie apart or only touch have IoU 0"""
    return {"iou": program.iou(a, b)}


@exercise.check(
    points=0.25, cases=without_area, judge=close(float64), counts_alone=False
)  # always 0
def no_area_at_all(program, a, b):
    """A box without area has IoU 0, not 0/0"""
    return {"iou": program.iou(a, b)}


@exercise.check(points=0.25, cases=pairs, judge=exact(secret=False))
def itself_and_either_way(program, a, b):
    """A box has IoU 1 with itself, and the order of two boxes does not matter"""

    def near(got, want):
        return bool(np.ndim(got) == 0 and abs(got - want) < 1e-9)

    there, back = program.iou(a.copy(), b.copy()), program.iou(b.copy(), a.copy())
    return {
        "iou(a, a) is 1": near(program.iou(a.copy(), a.copy()), 1),
        "iou(a, b) is iou(b, a)": near(there, back),
        "it lies between 0 and 1": bool(0 < there < 1),
    }


@exercise.check(
    points=0.5,
    cases=moved_pairs,
    judge=equal_sides("the IoU of two boxes, moved together and in another unit, and before"),
)
def no_place_and_no_unit(program, a, b, scale, shift):
    """The IoU stays what it is if both boxes are moved, or measured in another unit"""
    shift = np.tile(shift, 2)
    left = program.iou(scale * (a + shift), scale * (b + shift))
    return {"left": {"iou": left}, "right": {"iou": program.iou(a, b)}}


@exercise.check(points=0.25, cases=pairs, judge=unchanged())
def pair_unchanged(program, a, b):
    """It leaves the caller's boxes as they were"""
    program.iou(a, b)
    return {"a": a, "b": b}


WIDTH = "width = min(a[2], b[2]) - max(a[0], b[0])"
HEIGHT = "height = min(a[3], b[3]) - max(a[1], b[1])"
NOTHING = "    if width <= 0 or height <= 0:\n        return 0.0\n"
BOTH = "both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])"
QUOTIENT = "float(common / (both - common))"
exercise.variant(
    "IO1",
    "You multiply the sides of the intersection although they can be negative: two boxes that lie "
    "apart in both directions get an area, minus times minus. An empty intersection has area 0.",
    {NOTHING: "", QUOTIENT: f"{QUOTIENT} if both != common else 0.0"},
)
exercise.variant(
    "IO1b",
    "You keep only the *area* of the intersection from falling below 0, or only one of its sides. "
    "Where both sides are negative their product is positive: look at each side.",
    {NOTHING: "    if width * height <= 0:\n        return 0.0\n"},
)
exercise.variant(
    "IO2",
    "Your union is the sum of the two areas. What they have in common is counted twice there: take "
    "it away once.",
    {"(both - common)": "both"},
)
exercise.variant(
    "IO3a",
    "You add 1 to widths and heights, as was usual for whole pixels. Coordinates are real numbers "
    "here: a box from 2 to 5 is 3 wide.",
    {
        WIDTH: WIDTH + " + 1",
        HEIGHT: HEIGHT + " + 1",
        BOTH: (
            "both = (a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1)"
        ),
    },
)
exercise.variant(
    "IO3b",
    "You add 1 to the sides of the intersection only, but not to those of the boxes: half of the "
    "old convention for whole pixels. Here nothing is added anywhere.",
    {WIDTH: WIDTH + " + 1", HEIGHT: HEIGHT + " + 1"},
)
exercise.variant(
    "IO4a",
    "You read a box as corner, width and height. It is two corners: `[x1, y1, x2, y2]`.",
    {
        WIDTH: "width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])",
        HEIGHT: "height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])",
        BOTH: "both = a[2] * a[3] + b[2] * b[3]",
    },
)
exercise.variant(
    "IO4b",
    "You read a box as centre, width and height. It is two corners: `[x1, y1, x2, y2]`.",
    {
        WIDTH: (
            "width = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)"
        ),
        HEIGHT: (
            "height = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)"
        ),
        BOTH: "both = a[2] * a[3] + b[2] * b[3]",
    },
)
exercise.variant(
    "IO5",
    "You divide by the area of the smaller box. Then a speck in the middle of a large box would be "
    "a perfect match: divide by the union.",
    {
        QUOTIENT: (
            "float(common / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])))"
        )
    },
)
exercise.variant(
    "IO6",
    "The axes are mixed up: you compare x of one box with y of the other. Places 0 and 2 are x, 1 "
    "and 3 are y, in both boxes.",
    {
        WIDTH: "width = min(a[2], b[3]) - max(a[0], b[1])",
        HEIGHT: "height = min(a[3], b[2]) - max(a[1], b[0])",
    },
)
exercise.variant(
    "IO7",
    "Boxes without area lead you to 0/0. Where nothing is in common the IoU is 0, and there is "
    "nothing to divide.",
    {NOTHING: "    width, height = max(width, 0.0), max(height, 0.0)\n"},
)
exercise.variant(
    "IO8",
    "You return the area of the intersection. Divide it by the area of the union.",
    {QUOTIENT: "float(common)"},
)
exercise.variant(
    "IO9",
    "You return 1 - IoU, the distance of the boxes. The IoU itself is wanted: 1 for equal boxes.",
    {QUOTIENT: "float(1 - common / (both - common))"},
)
exercise.variant(
    "IO10",
    "You divide by the area of the box around both. It is larger than the union: boxes side by "
    "side in a slanting line leave two corners of it empty.",
    {
        QUOTIENT: (
            "float(common / ((max(a[2], b[2]) - min(a[0], b[0]))"
            " * (max(a[3], b[3]) - min(a[1], b[1]))))"
        )
    },
)
exercise.variant(
    "IO11",
    "The intersection is taken the wrong way round: its left edge is the right-most of the two "
    "left edges, and so on. You have the box around both.",
    {
        WIDTH: "width = max(a[2], b[2]) - min(a[0], b[0])",
        HEIGHT: "height = max(a[3], b[3]) - min(a[1], b[1])",
    },
)


@exercise.variant("IO12")
def iou_in_place(a, b):
    """Your number is right, but you move the caller's boxes: for an array, an augmented assignment
    changes the array itself.
    """
    b -= np.tile(a[:2], 2)
    a -= np.tile(a[:2], 2)
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = a[2] * a[3] + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)


@exercise.equivalent("clamped sides")
def iou_clamped(a, b):
    x1, y1, x2, y2 = a
    u1, v1, u2, v2 = b
    common = max(0, min(x2, u2) - max(x1, u1)) * max(0, min(y2, v2) - max(y1, v1))
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    return common / union if union > 0 else 0


@exercise.equivalent("vectors")
def iou_vectors(a, b):
    a, b = np.asarray(a, dtype=float).reshape(2, 2), np.asarray(b, dtype=float).reshape(2, 2)
    sides = np.minimum(a[1], b[1]) - np.maximum(a[0], b[0])
    common = np.prod(np.maximum(sides, 0))
    if common == 0:
        return np.array(0.0)
    return common / (np.prod(np.diff(a, axis=0)) + np.prod(np.diff(b, axis=0)) - common)


exercise.equivalent("the quotient turned over", {QUOTIENT: "1 / ((both - common) / common)"})
