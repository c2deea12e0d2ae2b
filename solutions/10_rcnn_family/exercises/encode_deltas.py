"""Unit 10, `encode_deltas`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, float64, unchanged

from .cases import box_pairs, far_boxes

exercise = Exercise("encode_deltas", points=2)


def shifted_pairs(rng: np.random.Generator) -> Iterator[Case]:
    """Equal sizes, so that only the shift counts, which is none of the corners' business."""
    for count in (1, 5):
        anchors = far_boxes(rng, count)
        gt = anchors + np.tile(rng.uniform(3, 15, (count, 2)) * rng.choice([-1, 1], 2), 2)
        yield Case({"anchors": anchors, "gt": gt}, f"{count} boxes, moved")


def same_boxes(rng: np.random.Generator) -> Iterator[Case]:
    anchors = far_boxes(rng, 4)
    yield Case({"anchors": anchors, "gt": anchors.copy()}, "boxes that equal their anchors")


@exercise.check(points=0.5, cases=shifted_pairs, judge=close(float64))
def deltas_of_shifts(program, anchors, gt):
    """A box of the anchor's size: the shift, in widths and heights of the anchor"""
    return {"tx, ty": np.asarray(program.encode_deltas(anchors, gt))[:, :2]}


@exercise.observe(
    cases=box_pairs,
    judge=close(float64),
    parts={
        "tx, ty": (0.5, "tx and ty are shifts of *centres*, also where the sizes differ"),
        "tw, th": (0.5, "tw and th are logarithms of quotients of sizes"),
    },
)
def deltas(program, anchors, gt):
    found = np.asarray(program.encode_deltas(anchors, gt))
    return {"tx, ty": found[:, :2], "tw, th": found[:, 2:]}


@exercise.check(points=0.25, cases=same_boxes, judge=close(float64), counts_alone=False)
def deltas_of_itself(program, anchors, gt):
    """A box that equals its anchor has four deltas of zero"""
    deltas = np.asarray(program.encode_deltas(anchors, gt))
    return {"1 + deltas": 1 + deltas}  # zero has no relative precision


@exercise.check(points=0.25, cases=box_pairs, judge=unchanged())
def encode_arguments_unchanged(program, anchors, gt):
    """It leaves the caller's `anchors` and `gt` as they were"""
    program.encode_deltas(anchors, gt)
    return {"anchors": anchors, "gt": gt}


SHIFT = "(gt_centre - centre) / size"
LOG = "np.log(gt_size / size)"
ENCODE_CENTRES = "centre, gt_centre = anchors[:, :2] + size / 2, gt[:, :2] + gt_size / 2"
ENCODED = f"return np.concatenate([{SHIFT}, {LOG}], axis=1)"
exercise.variant(
    "RC3a",
    "Your tw and th are quotients of sizes. Their logarithm is wanted: 0 for the same size, and as "
    "far from 0 for twice as for half.",
    {LOG: "gt_size / size"},
)
exercise.variant(
    "RC3b",
    "You measure shifts in sizes of the true box. When the network is used that box is unknown: "
    "divide by the *anchor's* width and height.",
    {SHIFT: "(gt_centre - centre) / gt_size"},
)
exercise.variant(
    "RC3c",
    "Your tw and th are relative differences, which are near the logarithm only for small ones. "
    "Take the logarithm of the quotient.",
    {LOG: "(gt_size - size) / size"},
)
exercise.variant(
    "RC27",
    "You shift upper left corners. tx and ty are shifts of *centres*.",
    {ENCODE_CENTRES: "centre, gt_centre = anchors[:, :2], gt[:, :2]"},
)
exercise.variant(
    "RC28",
    "Your deltas point the wrong way: they move the *anchor* onto the true box.",
    {ENCODED: f"return -np.concatenate([{SHIFT}, {LOG}], axis=1)"},
)
exercise.variant(
    "RC29",
    "Your shifts are in pixels. Divide them by the anchor's width and height.",
    {SHIFT: "gt_centre - centre"},
)
exercise.variant(
    "RC30",
    "Heights come before widths in your deltas: the order is tx, ty, tw, th.",
    {ENCODED: f"return np.concatenate([{SHIFT}, {LOG}[:, ::-1]], axis=1)"},
)
exercise.variant(
    "RC31",
    "You divide shifts by the anchor's sides in the wrong order: tx by the width, ty by the "
    "height.",
    {SHIFT: "(gt_centre - centre) / size[:, ::-1]"},
)
exercise.variant(
    "RC32",
    "You divide the deltas by variances, as many programs do. Here they are used as they are.",
    {ENCODED: f"return np.concatenate([{SHIFT} / 0.1, {LOG} / 0.2], axis=1)"},
)


@exercise.variant("RC33")
def encode_in_place(anchors, gt):
    """The deltas are right, but you turn corners into sizes in the caller's own array. Make a new
    one.
    """
    gt[:, 2:] -= gt[:, :2]
    size = anchors[:, 2:] - anchors[:, :2]
    shift = gt[:, :2] + gt[:, 2:] / 2 - anchors[:, :2] - size / 2
    return np.concatenate([shift / size, np.log(gt[:, 2:] / size)], axis=1)


@exercise.equivalent("one by one")
def encode_one_by_one(anchors, gt):
    deltas = []
    for (ax1, ay1, ax2, ay2), (x1, y1, x2, y2) in zip(anchors, gt, strict=True):
        wa, ha, w, h = ax2 - ax1, ay2 - ay1, x2 - x1, y2 - y1
        tx = ((x1 + x2) / 2 - (ax1 + ax2) / 2) / wa
        ty = ((y1 + y2) / 2 - (ay1 + ay2) / 2) / ha
        deltas.append([tx, ty, np.log(w) - np.log(wa), np.log(h) - np.log(ha)])
    return np.array(deltas)


@exercise.equivalent("by columns")
def encode_columns(anchors, gt):
    def parts(b):
        return (
            (b[:, 0] + b[:, 2]) / 2,
            (b[:, 1] + b[:, 3]) / 2,
            b[:, 2] - b[:, 0],
            b[:, 3] - b[:, 1],
        )

    xa, ya, wa, ha = parts(anchors)
    x, y, w, h = parts(gt)
    return np.stack([(x - xa) / wa, (y - ya) / ha, np.log(w / wa), np.log(h / ha)], axis=-1)
