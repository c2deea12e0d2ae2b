"""Unit 06, `pool2d`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    exact,
    float64,
    ready_made,
    unchanged,
)

from .cases import CORNER, Array

exercise = Exercise("pool2d", points=4, uses=("conv_out_size",), forbids=ready_made.POOLINGS)


def distinct(rng: np.random.Generator, *shape: int) -> Array:
    """Positive numbers, no two of them closer than a thousandth."""
    numbers = rng.permutation(np.prod(shape)) + rng.uniform(0.2, 0.8, int(np.prod(shape)))
    return 3 * (1 + numbers.reshape(shape)) / numbers.size


def pooled(
    rng: np.random.Generator, size: tuple[int, int, int, int], f: int, stride: int, **more: str
) -> Case:
    inputs = {"X": distinct(rng, *size), "f": f, "stride": stride} | more
    return Case(inputs, f"{f}×{f}, stride {stride}, on {size[1]}×{size[2]}")


def pool_tiles(rng: np.random.Generator) -> Iterator[Case]:
    """Windows side by side that fill the picture."""
    yield pooled(rng, (2, 4, 6, 3), 2, 2)
    yield pooled(rng, (1, 9, 6, 2), 3, 3)


def pool_overlaps(rng: np.random.Generator) -> Iterator[Case]:
    """Windows that overlap, or leave gaps, and fill the picture; one channel."""
    yield pooled(rng, (2, 7, 9, 1), 3, 2)
    yield pooled(rng, (1, 5, 4, 1), 2, 1)
    yield pooled(rng, (1, 8, 5, 1), 2, 3)


def pool_odd(rng: np.random.Generator) -> Iterator[Case]:
    """Rows and columns are left over."""
    yield pooled(rng, (2, 5, 7, 3), 2, 2, mode="average")
    yield pooled(rng, (1, 8, 10, 2), 3, 3, mode="average")


def pool_below_zero(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"X": -distinct(rng, 2, 4, 6, 3), "f": 2, "stride": 2}, "negative numbers only")


@exercise.check(points=1, cases=pool_tiles, judge=close(float64))
def pool_max(program, X, f, stride):
    """`"max"` takes the largest number of each window, channel by channel"""
    return {"Y": program.pool2d(X, f, stride, "max")}


@exercise.check(points=1, cases=pool_tiles, judge=close(float64))
def pool_average(program, X, f, stride):
    """`"average"` takes the mean of each window, channel by channel"""
    return {"Y": program.pool2d(X, f, stride, "average")}


@exercise.check(points=0.75, cases=pool_overlaps, judge=close(float64))
def pool_stride(program, X, f, stride):
    """The window moves by `stride`, which need not be its size"""
    return {"Y": program.pool2d(X, f, stride, "max")}


@exercise.check(points=0.5, cases=pool_odd, judge=close(float64))
def pool_rest(program, X, f, stride, mode):
    """Where windows don't fill the picture, the rest at the far edge is dropped"""
    return {"Y": program.pool2d(X, f, stride, mode)}


@exercise.check(points=0.25, cases=pool_below_zero, judge=close(float64))
def pool_negative(program, X, f, stride):
    """The largest of negative numbers is negative"""
    return {"Y": program.pool2d(X, f, stride, "max")}


@exercise.check(points=0.25, cases=pool_tiles, judge=exact(secret=False))
def pool_order(program, X, f, stride):
    """A maximum is above the average of the same window, and one of the picture's numbers"""
    largest, mean = (np.asarray(program.pool2d(X, f, stride, mode)) for mode in ("max", "average"))
    numbers = X.astype(largest.dtype)  # a right answer may be in float32
    return {
        "every maximum is above its average": bool(np.all(largest > mean)),
        "every maximum is a number of the picture": bool(np.isin(largest, numbers).all()),
    }


@exercise.check(points=0.25, cases=pool_tiles, judge=unchanged())
def pool_argument_unchanged(program, X, f, stride):
    """The caller's `X` stays as it was"""
    for mode in ("max", "average"):
        program.pool2d(X, f, stride, mode)
    return {"X": X}


POOL_ROWS = "rows = conv_out_size(X.shape[1], f, 0, stride)"
POOL_COLUMNS = "columns = conv_out_size(X.shape[2], f, 0, stride)"
KINDS = '{"max": np.max, "average": np.mean}[mode]'
POOL_WINDOW = "window = X[:, top : top + f, left : left + f, :]"
POOLED = "pooled(window, axis=(1, 2))"
exercise.variant(
    "CV8a",
    "You take the largest number, or the mean, over the channels as well. Pooling looks at one "
    "channel at a time: as many come out as go in.",
    {POOLED: "pooled(window, axis=(1, 2, 3))[:, None]"},
)


@exercise.variant("CV8b")
def pool2d_framed(X, f, stride, mode):
    """You fill the picture up with zeros so that no pixel is left over, and your averages count
    these zeros. There is no padding here: what is left over is dropped.
    """
    more = [(0, -(n - f) % stride) for n in X.shape[1:3]]
    X = np.pad(X, ((0, 0), *more, (0, 0)))
    rows, columns = ((n - f) // stride + 1 for n in X.shape[1:3])
    pooled = np.max if mode == "max" else np.mean
    Y = np.empty((len(X), rows, columns, X.shape[3]))
    for i, j in np.ndindex(rows, columns):
        window = X[:, i * stride : i * stride + f, j * stride : j * stride + f]
        Y[:, i, j] = pooled(window, axis=(1, 2))
    return Y


@exercise.variant("CV8c")
def pool2d_cut(X, f, stride, mode):
    """Your last windows stick out and are cut off at the edge. A window has to fit whole; what is
    left over is dropped.
    """
    rows, columns = (-(-(n - f) // stride) + 1 for n in X.shape[1:3])
    pooled = np.max if mode == "max" else np.mean
    Y = np.empty((len(X), rows, columns, X.shape[3]))
    for i, j in np.ndindex(rows, columns):
        window = X[:, i * stride : i * stride + f, j * stride : j * stride + f]
        Y[:, i, j] = pooled(window, axis=(1, 2))
    return Y


exercise.variant(
    "CV8d",
    "You always take the largest number: `mode` plays no part.",
    {KINDS: "np.max"},
)
exercise.variant(
    "CV8e",
    'The two modes are exchanged: "max" gives averages, "average" gives maxima.',
    {KINDS: '{"average": np.max, "max": np.mean}[mode]'},
)
exercise.variant(
    "CV8f",
    "You add the window's numbers up but don't divide by how many there are.",
    {KINDS: '{"max": np.max, "average": np.sum}[mode]'},
)
exercise.variant(
    "CV8g",
    "Your windows lie side by side whatever the stride: they move by their own size. The stride is "
    "an argument of its own, so that windows can overlap.",
    {
        POOL_ROWS: "rows = conv_out_size(X.shape[1], f, 0, f)",
        POOL_COLUMNS: "columns = conv_out_size(X.shape[2], f, 0, f)",
        CORNER: "top, left = i * f, j * f",
    },
)
exercise.variant(
    "CV8h",
    "You use the stride for the size of the result, but your windows begin one pixel apart.",
    {CORNER: "top, left = i, j"},
)
exercise.variant(
    "CV8i",
    "Your search for the largest number starts from 0, which beats every negative number. Start "
    "from a number of the window.",
    {POOLED: POOLED + ' if mode == "average" else np.maximum(window.max(axis=(1, 2)), 0)'},
)
exercise.variant(
    "CV8j",
    "Height and width have changed places in your result.",
    {"    return Y": "    return Y.transpose(0, 2, 1, 3)"},
)
exercise.variant(
    "CV8k",
    "You take the largest *absolute* value, or lose signs in some other way. The largest of -3 and "
    "-1 is -1.",
    {POOLED: "pooled(np.abs(window) if mode == 'max' else window, axis=(1, 2))"},
)
exercise.variant(
    "CV8l",
    "Your windows are `stride` pixels wide. Their size is `f`; the stride says how far they move.",
    {POOL_WINDOW: "window = X[:, top : top + stride, left : left + stride, :]"},
)


@exercise.variant("CV11p")
def pool2d_onto_x(X, f, stride, mode):
    """Your numbers are right, but you write them into the caller's picture: a slice of an array is
    a view of it, no copy.
    """
    rows = conv_out_size(X.shape[1], f, 0, stride)
    columns = conv_out_size(X.shape[2], f, 0, stride)
    Y = np.empty((len(X), rows, columns, X.shape[3]))
    for i in range(rows):
        for j in range(columns):
            window = X[:, i * stride : i * stride + f, j * stride : j * stride + f]
            Y[:, i, j] = window.max(axis=(1, 2)) if mode == "max" else window.mean(axis=(1, 2))
            if f == stride:
                window[:] = Y[:, i : i + 1, j : j + 1]
    return Y


@exercise.equivalent("sliding_window_view")
def pool2d_views(X, f, stride, mode):
    every = np.lib.stride_tricks.sliding_window_view(X, (f, f), axis=(1, 2))
    every = every[:, ::stride, ::stride]
    return every.max(axis=(-2, -1)) if mode == "max" else every.mean(axis=(-2, -1))


@exercise.equivalent("offset by offset")
def pool2d_by_offset(X, f, stride, mode):
    rows, columns = (conv_out_size(n, f, 0, stride) for n in X.shape[1:3])
    slices = [X[:, u::stride, v::stride][:, :rows, :columns] for u in range(f) for v in range(f)]
    return np.max(slices, axis=0) if mode == "max" else sum(slices) / f**2


@exercise.equivalent("loops over everything")
def pool2d_loops(X, f, stride, mode):
    N, H, W, C = X.shape
    Y = np.zeros((N, (H - f) // stride + 1, (W - f) // stride + 1, C))
    for n, i, j, c in np.ndindex(*Y.shape):
        found = [float(X[n, i * stride + u, j * stride + v, c]) for u in range(f) for v in range(f)]
        Y[n, i, j, c] = max(found) if mode == "max" else sum(found) / len(found)
    return Y
