"""Pictures of digits that no data set holds: strokes, bent and placed at random, among clutter.

They are drawn from a seed, so labels that are kept from a submission lie in no package and no
file: each picture is new.  Students get the same function for their experiments.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
INK: Final = 16  # the brightest that a pixel can be


def digit_pictures(
    rng: np.random.Generator,
    count: int,
    shape: tuple[int, int] = (16, 16),
    height: tuple[float, float] = (8.0, 11.0),
    *,
    clutter: int = 2,
    noise: float = 0.08,
    inverted: float = 0.5,
) -> tuple[Array, Array]:
    """Draw digits, each at a place of its own.

    Each digit is written in one of several ways, then bent, scaled, sheared and turned a little;
    its pen, its brightness and its paper are drawn, too.

    Args:
        rng: All that is random comes from it.
        count: How many pictures.
        shape: Rows and columns of a picture.
        height: The least and the greatest height of a digit, in rows.
        clutter: How many short strokes that mean nothing lie in each picture.
        noise: The standard deviation of every pixel's noise; paper is 0 and ink at most 1.
        inverted: The share of pictures that are dark on bright paper.

    Returns:
        Pictures `(count, rows, columns)` of whole numbers from 0 to 16, and labels `(count,)`
        from 0 to 9, in no order.
    """
    labels = rng.integers(0, 10, count)
    styles = rng.random(count)
    ink = np.zeros((count, *shape))
    for digit, ways in _WAYS.items():
        for number, strokes in enumerate(ways):
            chosen = np.flatnonzero((labels == digit) & (np.floor(styles * len(ways)) == number))
            ink[chosen] = _written(rng, strokes, len(chosen), shape, height)
    ink *= rng.uniform(0.7, 1.0, (count, 1, 1))
    for _ in range(clutter):
        ink = np.maximum(ink, _scratches(rng, count, shape))
    ink = np.where(rng.random((count, 1, 1)) < inverted, 1 - ink, ink)
    ink += noise * rng.normal(size=ink.shape)
    return np.rint(INK * ink.clip(0, 1)).astype(np.uint8), labels.astype(np.uint8)


def _written(
    rng: np.random.Generator,
    strokes: Array,
    count: int,
    shape: tuple[int, int],
    height: tuple[float, float],
) -> Array:
    """Return pictures of one digit, written in one way; paper is 0 and ink 1."""
    x, y = np.moveaxis(strokes - 0.5, -1, 0)  # (segments, 2 ends) each
    bends = 0.12 * rng.normal(size=(2, 3, count, 1, 1))
    x, y = (
        old + bend[0] * x * x + bend[1] * x * y + bend[2] * y * y
        for old, bend in zip((x, y), bends, strict=True)
    )
    tall = rng.uniform(*height, (count, 1, 1))
    wide = tall * rng.uniform(0.5, 0.75, (count, 1, 1))
    turn, shear = 0.12 * rng.normal(size=(count, 1, 1)), 0.2 * rng.normal(size=(count, 1, 1))
    x, y = wide * x - shear * tall * y, tall * y
    x, y = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
    x, y = (
        _placed(rng, values, size) for values, size in zip((x, y), reversed(shape), strict=True)
    )
    return _drawn(np.stack([x, y], axis=-1), rng.uniform(0.4, 0.9, (count, 1)), shape)


def _placed(rng: np.random.Generator, values: Array, size: int) -> Array:
    """Move each digit to a random place along one axis, all of it inside where it fits."""
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    room = np.maximum(size - 1 - (high - low), 0)
    placed: Array = values - low + rng.random(low.shape) * room
    return placed


def _scratches(rng: np.random.Generator, count: int, shape: tuple[int, int]) -> Array:
    """Return pictures of one short stroke each."""
    start = rng.random((count, 1, 2)) * (shape[1], shape[0])
    angle, length = rng.uniform(0, 2 * np.pi, (count, 1)), rng.uniform(1, 4, (count, 1))
    end = start + np.stack([length * np.cos(angle), length * np.sin(angle)], axis=-1)
    drawn = _drawn(np.stack([start, end], axis=2), rng.uniform(0.1, 0.5, (count, 1)), shape)
    return rng.uniform(0.3, 0.8, (count, 1, 1)) * drawn


def _drawn(segments: Array, pen: Array, shape: tuple[int, int]) -> Array:
    """Return what a pen leaves, `(count, rows, columns)`.

    Args:
        segments: `(count, segments, 2 ends, x and y)`, in pixels.
        pen: Half the width of its line, `(count, 1)`.
        shape: Rows and columns.
    """
    rows, columns = np.indices(shape).reshape(2, -1)
    pixels = np.stack([columns, rows], axis=-1)
    nearest = np.full((len(segments), len(pixels)), np.inf)
    for number in range(segments.shape[1]):
        start, along = segments[:, number, 0], segments[:, number, 1] - segments[:, number, 0]
        away = pixels - start[:, None]
        share = np.einsum("npd,nd->np", away, along) / np.maximum((along**2).sum(1), 1e-9)[:, None]
        away -= share.clip(0, 1)[..., None] * along[:, None]
        nearest = np.minimum(nearest, (away**2).sum(axis=-1))
    ink: Array = (pen + 0.5 - np.sqrt(nearest)).clip(0, 1)
    return ink.reshape(-1, *shape)


def _line(*points: tuple[float, float]) -> list[tuple[Any, Any]]:
    """Return the segments of a line through points in a square, x to the right and y down."""
    return list(pairwise(points))


def _arc(
    x: float, y: float, wide: float, tall: float, start: float, stop: float
) -> list[tuple[Any, Any]]:
    """Return the segments of an arc of an ellipse; quarters of a turn, clockwise from the right."""
    turns = np.linspace(start, stop, max(3, round(2.5 * abs(stop - start)) + 1)) * np.pi / 2
    return _line(*((x + wide * np.cos(turn), y + tall * np.sin(turn)) for turn in turns))


_WAYS: Final = {
    digit: [np.array(strokes) for strokes in ways]
    for digit, ways in {
        0: [_arc(0.5, 0.5, 0.4, 0.5, 0, 4)],
        1: [
            _line((0.5, 0), (0.5, 1)),
            _line((0.2, 0.25), (0.55, 0), (0.55, 1)),
            _line((0.2, 0.25), (0.5, 0), (0.5, 1)) + _line((0.2, 1), (0.8, 1)),
        ],
        2: [
            _arc(0.5, 0.27, 0.38, 0.27, -2, 0.4) + _line((0.8, 0.43), (0.1, 1), (0.9, 1)),
            _arc(0.5, 0.25, 0.35, 0.25, -2, 0.6)
            + _line((0.7, 0.45), (0.15, 0.9), (0.3, 0.85), (0.6, 0.98), (0.95, 0.9)),
        ],
        3: [
            _arc(0.45, 0.25, 0.4, 0.25, -1.8, 1) + _arc(0.45, 0.74, 0.43, 0.26, -1, 1.8),
            _line((0.1, 0), (0.85, 0), (0.45, 0.4)) + _arc(0.42, 0.7, 0.43, 0.3, -1, 1.8),
        ],
        4: [
            _line((0.7, 1), (0.7, 0), (0.05, 0.68), (0.95, 0.68)),
            _line((0.2, 0), (0.12, 0.55), (0.92, 0.55)) + _line((0.72, 0.15), (0.68, 1)),
        ],
        5: [
            _line((0.85, 0), (0.25, 0), (0.18, 0.45)) + _arc(0.45, 0.68, 0.42, 0.32, -1.6, 1.7),
        ],
        6: [
            _line((0.75, 0), (0.35, 0.3), (0.13, 0.65)) + _arc(0.5, 0.72, 0.37, 0.28, 0, 4),
            _arc(0.6, 0.5, 0.5, 0.5, -1.2, -2.2) + _arc(0.48, 0.72, 0.38, 0.28, 0, 4),
        ],
        7: [
            _line((0.08, 0), (0.9, 0), (0.4, 1)),
            _line((0.08, 0), (0.9, 0), (0.4, 1)) + _line((0.35, 0.5), (0.85, 0.5)),
        ],
        8: [_arc(0.5, 0.25, 0.32, 0.25, 0, 4) + _arc(0.5, 0.74, 0.4, 0.26, 0, 4)],
        9: [
            _arc(0.5, 0.28, 0.37, 0.28, 0, 4) + _line((0.87, 0.28), (0.75, 1)),
            _arc(0.5, 0.28, 0.37, 0.28, 0, 4) + _arc(0.4, 0.45, 0.47, 0.55, -0.3, 1.2),
        ],
    }.items()
}
