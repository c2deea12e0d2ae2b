"""What several exercises of unit 10 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case


def size_of(size):
    """A size as the docstring says it: cases carry tuples as lists."""
    return size if isinstance(size, int) else tuple(size)


def one_cell_each(rng: np.random.Generator) -> Iterator[Case]:
    for stride in (4, 10):
        scales = rng.permutation([rng.uniform(5, 12), rng.uniform(20, 30)])
        ratios = rng.permutation([rng.uniform(0.3, 0.6), rng.uniform(1.7, 4)])
        inputs = {"Hf": 1, "Wf": 1, "stride": stride}
        inputs |= {"scales": tuple(scales.tolist()), "ratios": tuple(ratios.tolist())}
        yield Case(inputs, "one cell")


def boxes_of(anchors):
    """Anchors as an array; what has another form stays as it is."""
    anchors = np.asarray(anchors)
    right = anchors.ndim == 2 and anchors.shape[1] == 4 and anchors.dtype.kind in "iuf"
    return anchors, right


def far_boxes(rng: np.random.Generator, count: int) -> Any:
    """Boxes far from the origin whose sides are between 8 and 40 and differ from each other."""
    corner = rng.uniform(20, 80, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(8, 40, (count, 2))], axis=1)


def box_pairs(rng: np.random.Generator) -> Iterator[Case]:
    for count in (1, 6):
        anchors, gt = far_boxes(rng, count), far_boxes(rng, count)
        yield Case({"anchors": anchors, "gt": gt}, f"{count} pairs of boxes")


def overlap(a: Any, b: Any) -> Any:
    """The reference's IoU, for making cases."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b))
    return common / (area_a[:, None] + area_b[None] - common)
