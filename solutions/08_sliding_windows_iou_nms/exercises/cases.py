"""What several exercises of unit 08 use."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder import ready_made

READY_MADE_IOU = ready_made.OVERLAPS
READY_MADE_NMS = ready_made.SUPPRESSIONS
Shape = tuple[int, ...]


def net(
    rng: np.random.Generator, shape: Shape, words: tuple[str, ...], bias: float = 0.5
) -> dict[str, Any]:
    """A classifier as data: its input shape, its layers in words, its weights in float32."""
    weights = []
    h, w, c = shape
    for word in words:
        kind, *rest = word.split()
        if kind == "conv":
            p, q, k = map(int, rest[:3])
            weights += [rng.normal(size=(p, q, c, k)) / np.sqrt(p * q * c)]
            h, w, c = h - p + 1, w - q + 1, k
        elif kind in ("max", "average"):
            h, w = h // int(rest[0]), w // int(rest[1])
        elif kind == "flatten":
            h, w, c = 1, 1, h * w * c
        elif kind == "dense":
            weights += [rng.normal(size=(c, int(rest[0]))) * 1.5 / np.sqrt(c)]
            c = int(rest[0])
        if kind in ("conv", "dense"):
            weights += [bias * rng.normal(size=c)]
    return {"shape": shape, "words": words, "weights": [x.astype(np.float32) for x in weights]}


def picture(rng: np.random.Generator, *shape: int) -> Any:
    return rng.uniform(-1, 1, shape).astype(np.float32)


def built(net):
    """The classifier of a case, as a Keras model."""
    model = keras.Sequential([keras.Input(tuple(net["shape"]))])
    for word in net["words"]:
        kind, *rest = word.split()
        if kind == "conv":
            size = (int(rest[0]), int(rest[1]))
            model.add(keras.layers.Conv2D(int(rest[2]), size, activation=rest[3]))
        elif kind == "max":
            model.add(keras.layers.MaxPooling2D((int(rest[0]), int(rest[1]))))
        elif kind == "average":
            model.add(keras.layers.AveragePooling2D((int(rest[0]), int(rest[1]))))
        elif kind == "relu":
            model.add(keras.layers.ReLU())
        elif kind == "flatten":
            model.add(keras.layers.Flatten())
        else:
            model.add(keras.layers.Dense(int(rest[0]), activation=rest[1]))
    model.set_weights(net["weights"])
    return model


CONV = "keras.layers.Conv2D(layer.units, in_shape[:2], activation=layer.activation)"


def overlapping(rng: np.random.Generator, scale: float) -> tuple[Any, Any]:
    """Two boxes of different shape that overlap in part, far from the origin."""
    corner = rng.uniform(2, 5, 2)
    sides = rng.uniform(0.5, 1, 2) * [1.6, 1.0]
    shift = rng.uniform(0.15, 0.5, 2) * sides * rng.choice([-1.0, 1.0], 2)
    other = sides * rng.uniform(0.85, 1.15, 2)
    a = np.concatenate([corner, corner + sides])
    b = np.concatenate([corner + shift, corner + shift + other])
    return scale * a, scale * b


def box(corner: Any, sides: Any) -> Any:
    return np.concatenate([corner, np.asarray(corner) + sides])


def shifted(sides: Any, overlap: float, axis: int) -> Any:
    """The step along an axis after which a box has this IoU with its old place."""
    step = np.zeros(2)
    step[axis] = sides[axis] * (1 - overlap) / (1 + overlap)
    return step


def heap(rng: np.random.Generator, corner: Any, sides: Any, count: int) -> list[Any]:
    """Boxes that are nearly the same: any two of them overlap by 0.86 at least."""
    wobble = 0.015 * np.tile(sides, 2)
    return [box(corner, sides) + wobble * rng.uniform(-1, 1, 4) for _ in range(count)]


def places(rng: np.random.Generator, count: int) -> Any:
    """Corners so far apart that what lies at two of them does not overlap."""
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(3)), axis=-1).reshape(-1, 2)
    return 160.0 * rng.permutation(grid)[:count] + rng.uniform(5, 20, (count, 2))


def different(rng: np.random.Generator, count: int, low: float = 0.3) -> Any:
    """Scores from `low` to 1, all different, in random order."""
    step = (1 - low) / max(count, 1)
    return rng.permutation(low + step * (np.arange(count) + rng.uniform(0.2, 0.8, count)))


def heaps(rng: np.random.Generator, iou_thr: float) -> list[list[Any]]:
    """Pairs of heaps whose boxes overlap by about 0.12 less than the threshold, and a lone box."""
    found = []
    corners = places(rng, 4)
    for number, corner in enumerate(corners[:3]):
        sides = rng.uniform(25, 40, 2) * [1.3, 1.0]
        step = shifted(sides, iou_thr - 0.12, number % 2)
        found.append(heap(rng, corner, sides, 4 - number % 2))
        found.append(heap(rng, corner + step, sides, 2 + number % 2))
    return [*found, [box(corners[3], rng.uniform(10, 40, 2))]]


def together(rng: np.random.Generator, iou_thr: float) -> dict[str, Any]:
    """Heaps in random order; the first has the best scores, which so follow each other."""
    groups = heaps(rng, iou_thr)
    boxes = np.concatenate(groups)
    scores = np.sort(different(rng, len(boxes)))[::-1]
    scores[len(groups[0]) :] = rng.permutation(scores[len(groups[0]) :])
    order = rng.permutation(len(boxes))
    return {"boxes": boxes[order], "scores": scores[order], "iou_thr": iou_thr}


def indices(result):
    """What came back as a list of integers; of booleans or boxes where it holds such."""
    found = np.asarray(result)
    if found.size == 0 and found.ndim <= 1:
        return []
    whole = found.dtype.kind == "f" and found.ndim == 1 and np.array_equal(found, np.rint(found))
    return (found.astype(int) if whole else found).tolist()


def in_any_order(result):
    """The indices that came back, the smallest first, so that their order is not judged."""
    found = indices(result)
    return sorted(found) if all(type(one) is int for one in found) else found


DROPPED = "left = left[overlaps <= iou_thr]"
