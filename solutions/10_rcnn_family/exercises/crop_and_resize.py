"""Unit 10, `crop_and_resize`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, float64, unchanged

from .cases import size_of

exercise = Exercise("crop_and_resize", points=3)


def crops(
    rng: np.random.Generator, shape: tuple[int, int, int], rois: list[list[int]], size: Any
) -> Case:
    inputs = {"image": rng.normal(size=shape), "rois": np.array(rois, dtype=float), "size": size}
    height, width = (size, size) if isinstance(size, int) else size
    return Case(inputs, f"{len(rois)} regions of {shape[0]}×{shape[1]} pixels to {height}×{width}")


def same_size(rng: np.random.Generator) -> Iterator[Case]:
    """Nothing is to be interpolated: the crop itself."""
    yield crops(rng, (9, 12, 2), [[2, 1, 7, 4], [6, 5, 11, 8]], (3, 5))
    yield crops(rng, (8, 7, 3), [[1, 3, 5, 7], [2, 0, 6, 4], [3, 2, 7, 6]], 4)


def enlarged(rng: np.random.Generator) -> Iterator[Case]:
    yield crops(rng, (8, 11, 2), [[2, 2, 5, 6], [4, 1, 9, 4]], 7)


def shrunk(rng: np.random.Generator) -> Iterator[Case]:
    yield crops(rng, (15, 13, 2), [[1, 2, 12, 13], [3, 1, 12, 11]], 4)


def rectangles(rng: np.random.Generator) -> Iterator[Case]:
    yield crops(rng, (13, 10, 1), [[1, 2, 4, 11], [2, 1, 9, 6]], (4, 6))
    yield crops(rng, (9, 16, 2), [[2, 2, 13, 5]], (5, 3))


def constant_inside(rng: np.random.Generator) -> Iterator[Case]:
    """Each region is of one color and what surrounds it is not."""
    image = rng.normal(size=(12, 14, 2))
    rois = [[2, 1, 6, 5], [7, 4, 13, 11]]
    for x1, y1, x2, y2 in rois:
        image[y1:y2, x1:x2] = rng.normal(size=2)
    inputs = {"image": image, "rois": np.array(rois, dtype=float), "size": (6, 9)}
    yield Case(inputs, "regions of one color each, enlarged")


@exercise.check(points=0.75, cases=same_size, judge=close(float64), helpers=(size_of,))
def cropped(program, image, rois, size):
    """A region that has the right size already comes out as it is"""
    return {"crops": program.crop_and_resize(image, rois, size_of(size))}


@exercise.check(points=0.75, cases=enlarged, judge=close(float64), helpers=(size_of,))
def larger_crops(program, image, rois, size):
    """Regions are enlarged, bilinear between the centres of pixels"""
    return {"crops": program.crop_and_resize(image, rois, size_of(size))}


@exercise.check(points=0.5, cases=shrunk, judge=close(float64), helpers=(size_of,))
def smaller_crops(program, image, rois, size):
    """Regions are shrunk by the same rule"""
    return {"crops": program.crop_and_resize(image, rois, size_of(size))}


@exercise.check(points=0.5, cases=rectangles, judge=close(float64), helpers=(size_of,))
def both_sides(program, image, rois, size):
    """A size `(h, w)` is h rows high and w columns wide; each axis is scaled by itself"""
    return {"crops": program.crop_and_resize(image, rois, size_of(size))}


@exercise.check(points=0.25, cases=constant_inside, judge=close(float64), helpers=(size_of,))
def nothing_from_outside(program, image, rois, size):
    """What lies beyond a region has no say: a region of one color stays of that color"""
    return {"crops": program.crop_and_resize(image, rois, size_of(size))}


@exercise.check(points=0.25, cases=enlarged, judge=unchanged(), helpers=(size_of,))
def crop_arguments_unchanged(program, image, rois, size):
    """It leaves the caller's `image` and `rois` as they were"""
    program.crop_and_resize(image, rois, size_of(size))
    return {"image": image, "rois": rois}


CENTRES = "np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)"
HAT = "np.maximum(0, 1 - np.abs(s[:, None] - np.arange(n)))"
CROP = "crop = image[y1:y2, x1:x2]"
SIZES = "h, w = (size, size)"
COMBINED = "weights(y2 - y1, h), crop, weights(x2 - x1, w)"
exercise.variant(
    "CR1",
    "You lay the outermost pixels of both grids on each other. Here pixels are little squares: it "
    "is the *edges* of both grids that meet, and centres lie half a pixel inside.",
    {CENTRES: "np.arange(m) * (n - 1) / max(m - 1, 1)"},
)
exercise.variant(
    "CR2",
    "You take the nearest pixel. Between the two pixels next to a place the value is interpolated.",
    {HAT: "1.0 * (np.rint(s - 1e-9)[:, None] == np.arange(n))"},
)
exercise.variant(
    "CR3",
    "Your grid is half a pixel off: a pixel's value sits at its centre, so that both halves belong "
    "into the formula.",
    {CENTRES: "np.clip(np.arange(m) * n / m, 0, n - 1)"},
)


def crop_from_the_picture(image, rois, size):
    """Interpolates in the whole picture, so that neighbours of the region shine in."""
    h, w = (size, size) if np.ndim(size) == 0 else size

    def weights(start, end, m, length):
        s = start + (np.arange(m) + 0.5) * (end - start) / m - 0.5
        s = np.clip(s, 0, length - 1)
        return np.maximum(0, 1 - np.abs(s[:, None] - np.arange(length)))

    H, W, _ = image.shape
    return np.array(
        [
            np.einsum("iy,yxc,jx->ijc", weights(y1, y2, h, H), image, weights(x1, x2, w, W))
            for x1, y1, x2, y2 in rois
        ]
    )


exercise.variant(
    "CR4",
    "At the border of a region you mix in pixels from outside of it. Cut the region out first: "
    "beyond its edge, its outermost pixel counts.",
    crop_from_the_picture,
)
exercise.variant(
    "CR5",
    "You cut out with x and y exchanged. A picture is indexed row first, `[y, x]`; a box names x "
    "first.",
    {
        CROP: "crop = image[x1:x2, y1:y2]",
        COMBINED: "weights(crop.shape[0], h), crop, weights(crop.shape[1], w)",
    },
)
exercise.variant(
    "CR6",
    "Height and width of the result are exchanged: `size` is `(h, w)`, rows first.",
    {SIZES: "w, h = (size, size)"},
)
exercise.variant(
    "CR7",
    "Your crops have one row and one column too many: the ends of a box are exclusive.",
    {
        CROP: "crop = image[y1 : y2 + 1, x1 : x2 + 1]",
        COMBINED: "weights(crop.shape[0], h), crop, weights(crop.shape[1], w)",
    },
)
exercise.variant(
    "CR8",
    "Beyond the outermost centres you go on as if there were zeros (or a slope). There the "
    "outermost pixel counts, so that a region of one color stays of that color.",
    {CENTRES: "(np.arange(m) + 0.5) * n / m - 0.5"},
)


@exercise.variant("CR9")
def crop_with_one_factor(image, rois, size):
    """You scale both axes by the factor of the height. Each axis has a factor of its own, and a
    long region is squeezed.
    """
    h, w = (size, size) if np.ndim(size) == 0 else size
    crops = np.empty((len(rois), h, w, image.shape[2]))
    for index, (x1, y1, x2, y2) in enumerate(rois.astype(int)):
        crop = image[y1:y2, x1:x2]
        factor = (y2 - y1) / h
        s, t = (
            np.clip((np.arange(m) + 0.5) * factor - 0.5, 0, n - 1)
            for m, n in ((h, y2 - y1), (w, x2 - x1))
        )
        down = np.maximum(0, 1 - np.abs(s[:, None] - np.arange(y2 - y1)))
        right = np.maximum(0, 1 - np.abs(t[:, None] - np.arange(x2 - x1)))
        crops[index] = np.einsum("iy,yxc,jx->ijc", down, crop, right)
    return crops


exercise.variant(
    "CR10",
    "The crops are right, but you turn the corners in the caller's `rois` into widths and heights "
    "in place. Make a new array.",
    {
        "    crops = np.empty(": "    rois[:, 2:] -= rois[:, :2]\n    crops = np.empty(",
        CROP: f"x2, y2 = x1 + x2, y1 + y2\n        {CROP}",
    },
)


@exercise.equivalent("four neighbours")
def crop_pixel_by_pixel(image, rois, size):
    h, w = (size, size) if isinstance(size, int) else size
    result = np.zeros((len(rois), h, w, image.shape[-1]))
    for k, roi in enumerate(rois):
        x1, y1, x2, y2 = (int(v) for v in roi)
        for i in range(h):
            y = min(max((i + 0.5) * (y2 - y1) / h - 0.5, 0.0), y2 - y1 - 1.0)
            top = int(y)
            bottom = min(top + 1, y2 - y1 - 1)
            for j in range(w):
                x = min(max((j + 0.5) * (x2 - x1) / w - 0.5, 0.0), x2 - x1 - 1.0)
                left = int(x)
                right = min(left + 1, x2 - x1 - 1)
                fy, fx = y - top, x - left
                result[k, i, j] = (
                    (1 - fy) * (1 - fx) * image[y1 + top, x1 + left]
                    + (1 - fy) * fx * image[y1 + top, x1 + right]
                    + fy * (1 - fx) * image[y1 + bottom, x1 + left]
                    + fy * fx * image[y1 + bottom, x1 + right]
                )
    return result


@exercise.equivalent("np.interp along each axis")
def crop_with_interp(image, rois, size):
    """`np.interp` holds the outermost value by itself."""
    h, w = np.broadcast_to(size, 2)
    done = []
    for x1, y1, x2, y2 in rois.astype(int):
        crop = image[y1:y2, x1:x2]
        for axis, m in ((0, h), (1, w)):
            n = crop.shape[axis]
            at, old = (np.arange(m) + 0.5) / m, (np.arange(n) + 0.5) / n
            crop = np.apply_along_axis(lambda line, a=at, o=old: np.interp(a, o, line), axis, crop)
        done.append(crop)
    return np.stack(done)
