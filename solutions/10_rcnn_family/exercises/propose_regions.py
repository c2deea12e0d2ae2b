"""Unit 10, `propose_regions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64, unchanged

exercise = Exercise("propose_regions", points=2)
# Regions, each the boxes that it is made of: an L, a U, one of a single pixel, some at the edges.
LAYOUTS = (
    (
        (17, 23),
        (((0, 0, 4, 3),), ((6, 2, 9, 9), (6, 7, 15, 9)), ((18, 5, 19, 6),), ((20, 12, 23, 17),)),
    ),
    (
        (21, 16),
        (((2, 3, 4, 12), (2, 10, 9, 12), (7, 4, 9, 12)), ((11, 0, 16, 2),), ((12, 15, 14, 20),)),
    ),
)


def layouts(rng: np.random.Generator) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    """Height, width and regions; places differ by seed.

    The last ones hold a line one pixel wide along all four edges: right, down, left and up, with a
    step of a single pixel to the left and one upwards.
    """
    for (h, w), regions in LAYOUTS:
        dy, dx = rng.integers(0, 4, 2)
        shift = np.array([dx, dy, dx, dy])
        yield h + dy, w + dx, tuple([shift + box for box in region] for region in regions)
    h, w = rng.integers(9, 14, 2)
    right, down, left, up = (3, 0, w, 1), (w - 1, 0, w, h - 1), (0, h - 1, w - 1, h), (0, 4, 1, h)
    steps = (w - 2, h - 2, w - 1, h), (1, 3, 2, 5)
    yield h, w, ((right, down, left, up, *steps), ((3, 4, 5, 7),))


def bright_regions(rng: np.random.Generator, gray: bool) -> Iterator[Case]:
    """In color each region is bright in one channel only, another one for each region."""
    for h, w, regions in layouts(rng):
        thr = rng.uniform(0.4, 0.6)
        image = rng.uniform(0, thr - 0.1, (h, w, 3))
        channels = rng.permutation(len(regions)) % 3
        for channel, boxes in zip(channels, regions, strict=True):
            for x1, y1, x2, y2 in boxes:
                bright = rng.uniform(thr + 0.1, 1, (y2 - y1, x2 - x1))
                if gray:
                    image[y1:y2, x1:x2] = bright[..., None]
                else:
                    image[y1:y2, x1:x2, channel] = bright
        yield Case({"image": image, "thr": thr}, f"{len(regions)} regions in {h}×{w} pixels")


def gray_regions(rng: np.random.Generator) -> Iterator[Case]:
    yield from bright_regions(rng, gray=True)


def color_regions(rng: np.random.Generator) -> Iterator[Case]:
    yield from bright_regions(rng, gray=False)


def one_region(rng: np.random.Generator) -> Iterator[Case]:
    for h, w in ((9, 13), (12, 7)):
        image = rng.uniform(0, 0.4, (h, w, 2))
        y1, x1 = rng.integers(0, 3, 2)
        y2, x2 = (h, w) - rng.integers(0, 4, 2)
        image[y1:y2, x1:x2] += 0.5
        yield Case({"image": image, "thr": 0.45}, f"one region in {h}×{w} pixels")


def dark(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"image": rng.uniform(0, 0.4, (6, 8, 3)), "thr": 0.5}, "nothing is bright")


def in_any_order(boxes):
    """Boxes sorted, integers as floats; what has another form stays as it is."""
    boxes = np.asarray(boxes)
    if boxes.size == 0:
        return np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.dtype.kind not in "iuf":
        return boxes
    return np.array(sorted(boxes.astype(float).tolist()))


@exercise.check(points=0.5, cases=one_region, judge=close(float64), helpers=(in_any_order,))
def box_of_one(program, image, thr):
    """A single bright rectangle gets its box: `[x1, y1, x2, y2]`, ends exclusive"""
    return {"boxes": in_any_order(program.propose_regions(image, thr))}


@exercise.check(points=0.5, cases=gray_regions, judge=close(float64), helpers=(in_any_order,))
def box_of_each(program, image, thr):
    """Each connected region gets one box, whatever its shape"""
    return {"boxes": in_any_order(program.propose_regions(image, thr))}


@exercise.check(points=0.5, cases=color_regions, judge=close(float64), helpers=(in_any_order,))
def brightest_channel(program, image, thr):
    """A pixel counts where any one of its channels is above the threshold"""
    return {"boxes": in_any_order(program.propose_regions(image, thr))}


@exercise.check(points=0.25, cases=dark, judge=exact(secret=False), helpers=(in_any_order,))
def nothing_bright(program, image, thr):
    """Where nothing is bright there is no box"""
    return {"number of boxes": len(in_any_order(program.propose_regions(image, thr)))}


@exercise.check(points=0.25, cases=gray_regions, judge=unchanged())
def proposals_unchanged(program, image, thr):
    """It leaves the caller's `image` as it was"""
    program.propose_regions(image, thr)
    return {"image": image}


BRIGHT = "image.max(axis=2) > thr"
FOUND = "boxes.append([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])"
exercise.variant(
    "PR1",
    "Your boxes end one pixel too early. Ends are exclusive: the right end is the last column "
    "*plus one*, and so at the bottom.",
    {FOUND: "boxes.append([xs.min(), ys.min(), xs.max(), ys.max()])"},
)
exercise.variant(
    "PR2",
    "Rows and columns are exchanged in your boxes. An array is indexed row first; a box names x, "
    "the column, first.",
    {FOUND: "boxes.append([ys.min(), xs.min(), ys.max() + 1, xs.max() + 1])"},
)
exercise.variant(
    "PR3",
    "You compare the mean of the channels with the threshold. A pure red is bright in one channel "
    "only, and counts: take the brightest.",
    {BRIGHT: "image.mean(axis=2) > thr"},
)
exercise.variant(
    "PR4",
    "You draw one box around everything that is bright. Each connected region is a proposal of its "
    "own.",
    {
        "        if not left[start]:": "        if boxes:",
        FOUND: ("ys, xs = np.nonzero(image.max(axis=2) > thr)\n        " + FOUND),
    },
)
exercise.variant(
    "PR5",
    "Your boxes give width and height where the right and lower ends belong.",
    {FOUND: "boxes.append([xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1])"},
)
exercise.variant(
    "PR6",
    "You look at the first channel only. A pixel counts if *any* of its channels is bright.",
    {BRIGHT: "image[..., 0] > thr"},
)
exercise.variant(
    "PR7",
    "You propose the dark regions: foreground is what is *above* the threshold.",
    {BRIGHT: "image.max(axis=2) < thr"},
)
exercise.variant(
    "PR8",
    "You spread in two directions only, to the right and down, so that a region that turns back "
    "falls to pieces. Every neighbour counts.",
    {"((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))": "((y + 1, x), (y, x + 1))"},
)
exercise.variant(
    "PR9",
    "The boxes are right, but you paint over the regions in the caller's picture. Mark visited "
    "pixels in an array of your own.",
    {"        left[start] = False": "        left[start] = False\n        image[start] = 0"},
)
exercise.variant(
    "PR10",
    "A picture without anything bright must give no box, not an error and not a box of the whole "
    "picture.",
    {
        "    return np.array(boxes, dtype=float)": (
            "    boxes = boxes or [[0, 0, image.shape[1], image.shape[0]]]\n"
            "    return np.array(boxes, dtype=float)"
        )
    },
)


@exercise.equivalent("scipy.ndimage, eight neighbours")
def propose_with_scipy(image, thr):
    from scipy import ndimage

    labels, _ = ndimage.label((image > thr).any(axis=-1), structure=np.ones((3, 3)))
    return np.array([[x.start, y.start, x.stop, y.stop] for y, x in ndimage.find_objects(labels)])


@exercise.equivalent("numbers that spread")
def propose_by_merging(image, thr):
    """Every pixel has a number; neighbours take the smaller one until nothing changes."""
    bright = np.max(image, axis=-1) > thr
    number = np.where(bright, np.arange(1, bright.size + 1).reshape(bright.shape), 0)
    while True:
        old = number.copy()
        for axis in (0, 1):
            a, b = np.moveaxis(number, axis, 0)[:-1], np.moveaxis(number, axis, 0)[1:]
            both = (a > 0) & (b > 0)
            a[both] = np.minimum(a, b)[both]
            b[both] = np.minimum(a, b)[both]
        if (old == number).all():
            break
    boxes = np.zeros((0, 4))
    for name in np.unique(number[bright]):
        rows = np.flatnonzero((number == name).any(axis=1))
        cols = np.flatnonzero((number == name).any(axis=0))
        box = np.array([[cols[0], rows[0], cols[-1] + 1, rows[-1] + 1]], dtype=float)
        boxes = np.concatenate([boxes, box])
    return boxes
