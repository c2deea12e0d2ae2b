"""Unit 10, `decode_deltas`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, float64, unchanged

from .cases import box_pairs, far_boxes

exercise = Exercise("decode_deltas", points=2, checked_with=("encode_deltas",))


def anchors_and_deltas(rng: np.random.Generator) -> Iterator[Case]:
    for count in (1, 6):
        d = rng.uniform(0.15, 0.8, (count, 4)) * rng.choice([-1.0, 1.0], (count, 4))
        yield Case({"anchors": far_boxes(rng, count), "d": d}, f"{count} anchors")


def shifts_alone(rng: np.random.Generator) -> Iterator[Case]:
    for count in (1, 5):
        d = np.c_[rng.uniform(-0.8, 0.8, (count, 2)), np.zeros((count, 2))]
        yield Case({"anchors": far_boxes(rng, count), "d": d}, f"{count} anchors, tw = th = 0")


def no_deltas(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"anchors": far_boxes(rng, 4), "d": np.zeros((4, 4))}, "all deltas are 0")


@exercise.check(points=0.5, cases=shifts_alone, judge=close(float64))
def boxes_of_shifts(program, anchors, d):
    """Where tw and th are 0 the anchor moves and keeps its size"""
    return {"boxes": program.decode_deltas(anchors, d)}


@exercise.check(points=0.75, cases=anchors_and_deltas, judge=close(float64))
def boxes_of_deltas(program, anchors, d):
    """Four deltas move and stretch the anchor"""
    return {"boxes": program.decode_deltas(anchors, d)}


@exercise.check(points=0.25, cases=no_deltas, judge=close(float64), counts_alone=False)
def boxes_of_zeros(program, anchors, d):
    """Deltas of zero give the anchor"""
    return {"boxes": program.decode_deltas(anchors, d)}


@exercise.check(
    points=0.25,
    cases=box_pairs,
    judge=equal_sides("the box decoded from your `encode_deltas`, and the box that it was made of"),
)
def round_trip(program, anchors, gt):
    """It undoes `encode_deltas`"""
    deltas = program.encode_deltas(anchors.copy(), gt.copy())
    return {"left": program.decode_deltas(anchors.copy(), deltas), "right": gt}


@exercise.check(points=0.25, cases=anchors_and_deltas, judge=unchanged())
def decode_arguments_unchanged(program, anchors, d):
    """It leaves the caller's `anchors` and `d` as they were"""
    program.decode_deltas(anchors, d)
    return {"anchors": anchors, "d": d}


MOVED = "centre = anchors[:, :2] + size / 2 + d[:, :2] * size"
STRETCHED = "half = size * np.exp(d[:, 2:]) / 2"
DECODED = "return np.concatenate([centre - half, centre + half], axis=1)"
exercise.variant(
    "RC3d",
    "You stretch by 1 + t. Sizes were made logarithms, so that the exponential undoes it, and no "
    "size comes out negative.",
    {STRETCHED: "half = size * (1 + d[:, 2:]) / 2"},
)
exercise.variant(
    "RC3e",
    "You stretch by t itself: the deltas of sizes are logarithms.",
    {STRETCHED: "half = size * d[:, 2:] / 2"},
)
exercise.variant(
    "RC3f",
    "You multiply the shift with the *new* size. It was measured in sizes of the anchor.",
    {MOVED: "centre = anchors[:, :2] + size / 2 + d[:, :2] * size * np.exp(d[:, 2:])"},
)
exercise.variant(
    "RC34",
    "You move the upper left corner and stretch from there. It is the *centre* that moves, and "
    "the box grows around it.",
    {
        MOVED: "centre = anchors[:, :2] + d[:, :2] * size",
        DECODED: ("return np.concatenate([centre, centre + 2 * half], axis=1)"),
    },
)
exercise.variant(
    "RC35",
    "You give centres and sizes. Boxes are corners here: `[x1, y1, x2, y2]`.",
    {DECODED: "return np.concatenate([centre, 2 * half], axis=1)"},
)
exercise.variant(
    "RC36",
    "Your shifts are taken for pixels. Multiply them by the anchor's width and height.",
    {MOVED: "centre = anchors[:, :2] + size / 2 + d[:, :2]"},
)
exercise.variant(
    "RC37",
    "You take the anchor's upper left corner for its centre.",
    {MOVED: "centre = anchors[:, :2] + d[:, :2] * size"},
)
exercise.variant(
    "RC38",
    "Your boxes are twice as large: half of a side lies on each side of the centre.",
    {STRETCHED: "half = size * np.exp(d[:, 2:])"},
)
exercise.variant(
    "RC39",
    "You multiply the deltas by variances, as many programs do. Here they are used as they are.",
    {MOVED: MOVED + " * 0.1", STRETCHED: "half = size * np.exp(0.2 * d[:, 2:]) / 2"},
)


@exercise.variant("RC40")
def decode_in_place(anchors, d):
    """The boxes are right, but you compute in the caller's array of deltas. Make a new one."""
    size = anchors[:, 2:] - anchors[:, :2]
    d[:, :2] *= size
    d[:, 2:] = size * np.exp(d[:, 2:]) / 2
    centre = anchors[:, :2] + size / 2 + d[:, :2]
    return np.concatenate([centre - d[:, 2:], centre + d[:, 2:]], axis=1)


@exercise.equivalent("one by one")
def decode_one_by_one(anchors, d):
    boxes = []
    for (x1, y1, x2, y2), (tx, ty, tw, th) in zip(anchors, d, strict=True):
        x, y = (x1 + x2) / 2 + tx * (x2 - x1), (y1 + y2) / 2 + ty * (y2 - y1)
        w, h = (x2 - x1) * np.exp(tw), (y2 - y1) * np.exp(th)
        boxes.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(boxes)


@exercise.equivalent("by columns")
def decode_columns(anchors, d):
    x1, y1, x2, y2 = np.moveaxis(anchors, -1, 0)
    tx, ty, tw, th = np.moveaxis(d, -1, 0)
    w, h = x2 - x1, y2 - y1
    x, y = x1 + w * (0.5 + tx), y1 + h * (0.5 + ty)
    w, h = np.exp(np.log(w) + tw), np.exp(np.log(h) + th)
    return np.stack([x - 0.5 * w, y - 0.5 * h, x + 0.5 * w, y + 0.5 * h], axis=-1)


@exercise.shortcut
def newtons_method_on_encode(anchors, d):
    gt = anchors.copy()
    for _ in range(20):
        at, slopes = encode_deltas(anchors, gt), np.zeros((len(gt), 4, 4))
        for corner in range(4):
            moved = gt.copy()
            moved[:, corner] += 1e-6
            slopes[:, :, corner] = (encode_deltas(anchors, moved) - at) / 1e-6
        gt = gt + np.linalg.solve(slopes, (d - at)[..., None])[..., 0]
    return gt.astype(np.float32)
