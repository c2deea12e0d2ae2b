"""What several exercises of unit 10 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, probes


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


LOST = (
    "No gradient comes back from what you return, so that no network can be trained by it. Compute "
    "it from the tensors that you get, with operators and functions of `keras.ops`, not of NumPy."
)
# Daylight scenes: the pictures that networks of this unit are trained on.  One or two shapes
# (ellipse, box, triangle), brighter or darker than what is around them, and a thin cross, which is
# no object; light comes from one side, so that no threshold separates them.
SCENE_SIDE, SCENE_SIZES = 24, (6, 14)


def shape_mask(kind: int, h: int, w: int) -> Any:
    """Return which pixels of a field of `(h, w)` a shape covers; kind 0 is a thin cross."""
    y, x = (np.arange(h)[:, None] + 0.5) / h, (np.arange(w) + 0.5) / w
    if kind == 0:
        return (np.abs(y - 0.5) < 0.8 / h) | (np.abs(x - 0.5) < 0.8 / w)
    if kind == 1:
        return (y - 0.5) ** 2 + (x - 0.5) ** 2 <= 0.25
    return np.broadcast_to(True, (h, w)) if kind == 2 else np.abs(x - 0.5) <= y / 2


def scene(
    rng: np.random.Generator, side: int = SCENE_SIDE, sizes: tuple[int, int] = SCENE_SIZES
) -> tuple[Any, list[list[float]], list[int]]:
    """Return a picture, the boxes of its objects and their kinds; no two lie on one another."""
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * np.arange(side)[:, None] + np.sin(angle) * np.arange(side)
    image = 0.3 + 0.4 * (ramp - ramp.min()) / np.ptp(ramp)
    image += 0.03 * rng.normal(size=image.shape)
    taken = np.zeros(image.shape, dtype=bool)
    boxes, kinds = [], []
    for kind in (*rng.integers(1, 4, rng.integers(1, 3)).tolist(), 0):
        for _ in range(50):  # places, until one is free
            h, w = rng.integers(*sizes, 2)
            y, x = rng.integers(0, side - h + 1), rng.integers(0, side - w + 1)
            if taken[max(y - 1, 0) : y + h + 1, max(x - 1, 0) : x + w + 1].any():
                continue
            taken[y : y + h, x : x + w] = True
            contrast = rng.choice([-1, 1]) * rng.uniform(0.25, 0.4)
            image[y : y + h, x : x + w] += contrast * shape_mask(kind, h, w)
            if kind:
                boxes.append([float(v) for v in (x, y, x + w, y + h)])
                kinds.append(kind)
            break
    return image, boxes, kinds


def scenes(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Return pictures as bytes; all boxes in one list, with their kinds and pictures."""
    drawn = [scene(rng) for _ in range(count)]
    return {
        "images": np.array([255 * np.clip(image, 0, 1) for image, _, _ in drawn]).astype(np.uint8),
        "boxes": np.concatenate([np.array(boxes) for _, boxes, _ in drawn]),
        "owners": np.concatenate([[k] * len(boxes) for k, (_, boxes, _) in enumerate(drawn)]),
        "kinds": np.concatenate([kinds for _, _, kinds in drawn]),
    }


def edge_maps(images):
    """Return for each picture eight channels of edges, one cell for 2×2 pixels.

    Each answers to edges of one direction: what the first layer of every network learns.
    """
    padded = np.pad(images / 255, ((0, 0), (2, 2), (2, 2)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (1, 2))
    y, x = np.mgrid[-2:3, -2:3]
    bell = np.exp(-(x**2 + y**2) / 2)
    angles = np.arange(8) * np.pi / 4
    filters = np.stack([bell * (np.cos(a) * x + np.sin(a) * y) for a in angles], axis=-1)
    edges = np.maximum(np.tensordot(windows, filters, 2), 0)
    n, h, w, channels = edges.shape
    return edges.reshape(n, h // 2, 2, w // 2, 2, channels).max(axis=(2, 4)).astype("float32")


def in_float64(make):
    """What `make` returns, its layers and tensors in float64."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        return make()
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def fill(model, seed):
    """Give each layer weights that depend on the seed and its shape, in whatever order they stand.

    A convolution of 1 by 1 is a dense layer along the channels.
    """
    for layer in probes.leaf_layers(model):
        shape = [n for n in layer.kernel.shape if n > 1] if hasattr(layer, "kernel") else []
        if not shape:
            continue
        rng = np.random.default_rng([seed, *shape])
        kernel = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))
        layer.kernel.assign(kernel.reshape(layer.kernel.shape))
        if layer.bias is not None:
            layer.bias.assign(rng.uniform(-0.5, 0.5, layer.bias.shape))
    return model


def overlaps_of(a, b):
    """The IoU of each box of one set with each of another."""
    width = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    height = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b)]
    return common / np.maximum(areas[0][:, None] + areas[1] - common, 1e-9)


def to_deltas(anchors, boxes):
    """The deltas that move each anchor onto its box."""
    size, own = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    shift = boxes[:, :2] + own / 2 - anchors[:, :2] - size / 2
    return np.concatenate([shift / size, np.log(own / size)], axis=1)


def moved(anchors, deltas, side):
    """The boxes to which deltas move anchors, inside a picture of so many pixels."""
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2 + deltas[:, :2] * size
    half = size * np.exp(np.clip(deltas[:, 2:], -3, 3)) / 2
    return np.clip(np.concatenate([centre - half, centre + half], axis=1), 0, side)


def surest(boxes, scores, count):
    """Which boxes stay, the surest first: none that overlaps a surer one by more than a quarter."""
    stay, overlaps = [], overlaps_of(boxes, boxes)
    for place in np.argsort(-scores):
        if len(stay) < count and not (overlaps[place, stay] > 0.25).any():
            stay.append(place)
    return np.array(stay, dtype=int)
