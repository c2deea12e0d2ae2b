"""Unit 09, `detect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float32, unchanged

from .cases import found, reader

exercise = Exercise("detect", points=5, uses=("decode_yolo",))
DETECT_IMG = (36, 54)  # cells of 12×18 pixels


def empty_answer(rng: np.random.Generator) -> Any:
    """Nothing anywhere, said in different ways."""
    y = rng.uniform(0.1, 0.9, (3, 3, 8))
    y[..., 0] = -rng.uniform(0.1, 0.9, (3, 3))
    return y


def one(
    rng: np.random.Generator,
    label: int,
    p: float,
    c: float,
    x: float = 0.5,
    y: float = 0.5,
    h: float | None = None,
    w: float | None = None,
) -> Any:
    """What a cell says of an object; `c` is the probability of its class."""
    cell = rng.uniform(0.01, 0.04, 8)
    h = rng.uniform(0.3, 0.5) if h is None else h
    w = rng.uniform(0.6, 0.85) if w is None else w
    cell[:5] = p, x, y, h, w
    cell[5 + label] = c
    return cell


def as_picture(y: Any, img: tuple[int, int] = DETECT_IMG) -> Any:
    """A picture in which each cell holds the answer about it, in its first pixels; see `reader`."""
    h, w = img[0] // 3, img[1] // 3
    image = np.full((*img, 3), 0.5)
    for row, col in np.ndindex(3, 3):
        flat = image[row * h, col * w : col * w + 3].reshape(-1)
        flat[:8] = y[row, col]
        image[row * h, col * w : col * w + 3] = flat.reshape(3, 3)
    return image.astype(np.float32)


def places_of(rng: np.random.Generator) -> list[tuple[int, int]]:
    return [divmod(int(place), 3) for place in rng.permutation(9)]


def apart(rng: np.random.Generator) -> Iterator[Case]:
    """Objects in cells of their own, none of which reaches another's.

    Of four, neither the cells nor the classes come in the order of their scores, or the other way.
    """
    orders = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1))  # of classes, the best score first
    for count in (1, 4):
        y = empty_answer(rng)
        scores = 0.9 - 0.4 * np.arange(count) / count - rng.uniform(0, 0.05)
        labels = [*orders[rng.integers(4)], int(rng.integers(3))][:count]
        places = places_of(rng)[:count]
        if places in (sorted(places), sorted(places, reverse=True)):
            places = places[1:] + places[:1]
        for place, score, label in zip(places, scores, labels, strict=True):
            c, (b_x, b_y) = rng.uniform(0.92, 0.99), rng.uniform(0.45, 0.55, 2)
            y[place] = one(rng, label, score / c, c, b_x, b_y)
        inputs = {"image": as_picture(y), "score_thr": 0.3, "iou_thr": 0.5}
        yield Case(inputs, f"{count} object{'s' if count > 1 else ''}, far apart")


def neighbours(rng: np.random.Generator) -> Iterator[Case]:
    """Two cells side by side claim the same object; in another row they do so by two names."""
    for _ in range(2):
        y = empty_answer(rng)
        same, other = rng.permutation(3)[:2]
        start, size = int(rng.integers(2)), {"h": rng.uniform(0.4, 0.6), "w": rng.uniform(0.9, 1.1)}
        for row, labels in ((same, (0, 0)), (other, (1, 2))):
            middle = rng.uniform(0.45, 0.55)
            scores = rng.permutation([rng.uniform(0.75, 0.9), rng.uniform(0.5, 0.7)])
            for step, (label, score) in enumerate(zip(labels, scores, strict=True)):
                b_x = (0.95, 0.05)[step]
                y[row, start + step] = one(rng, label, score / 0.95, 0.95, b_x, middle, **size)
        inputs = {"image": as_picture(y), "score_thr": 0.3, "iou_thr": 0.5}
        yield Case(inputs, "neighbouring cells claim one object")


def claims(rng: np.random.Generator) -> Iterator[Case]:
    """Two cells side by side claim one object; their boxes overlap by 0.82, or by a quarter."""
    for iou_thr, offsets, label in (
        (0.9, (0.95, 0.05), "more overlap is allowed than there is"),
        (0.1, (0.7, 0.3), "less overlap is allowed than there is"),
    ):
        y = empty_answer(rng)
        label_of, size = int(rng.integers(3)), {"h": rng.uniform(0.4, 0.6), "w": 1.0}
        row, start, middle = int(rng.integers(3)), int(rng.integers(2)), rng.uniform(0.45, 0.55)
        for step, score in enumerate(rng.permutation([0.85, 0.6])):
            b_x = offsets[step]
            y[row, start + step] = one(rng, label_of, score / 0.95, 0.95, b_x, middle, **size)
        inputs = {"image": as_picture(y), "score_thr": 0.3, "iou_thr": iou_thr}
        yield Case(inputs, label)


def doubtful(rng: np.random.Generator) -> Iterator[Case]:
    """Sure of something but not of what, the other way round, neither, and both."""
    for score_thr in (0.35, 0.5):
        y = empty_answer(rng)
        pairs = ((0.95, 0.25), (0.25, 0.95), (0.5, 0.5), (0.9, 0.8), (0.85, 0.9))
        places = places_of(rng)[: len(pairs)]
        places[3:] = sorted(places[3:])  # the better one of those that stay is not the first cell
        for place, (p, c) in zip(places, pairs, strict=True):
            y[place] = one(rng, int(rng.integers(3)), p, c)
        inputs = {"image": as_picture(y), "score_thr": score_thr, "iou_thr": 0.5}
        yield Case(inputs, f"some doubtful, score_thr = {score_thr}")


def all_quiet(rng: np.random.Generator) -> Iterator[Case]:
    inputs = {"image": as_picture(empty_answer(rng)), "score_thr": 0.3, "iou_thr": 0.5}
    yield Case(inputs, "no cell has p_c above 0")


@exercise.check(points=1, cases=apart, judge=close(float32), helpers=(found, reader))
def objects_apart(program, image, score_thr, iou_thr):
    """Objects far apart are all found: their boxes in pixels"""
    return {"boxes": found(program, image, score_thr, iou_thr)[0]}


@exercise.check(points=0.5, cases=apart, judge=close(float32), helpers=(found, reader))
def their_scores(program, image, score_thr, iou_thr):
    """Their scores are right, and so is the class of each"""
    _, scores, classes = found(program, image, score_thr, iou_thr)
    return {"scores": scores, "classes": classes}


@exercise.check(points=0.5, cases=claims, judge=exact(), helpers=(found, reader))
def overlap_that_is_allowed(program, image, score_thr, iou_thr):
    """`iou_thr` says how much boxes of one class may overlap"""
    boxes, _, _ = found(program, image, score_thr, iou_thr)
    return {"boxes in whole pixels": np.rint(boxes).astype(int).tolist()}


@exercise.check(points=0.5, cases=neighbours, judge=exact(), helpers=(found, reader))
def one_box_for_each(program, image, score_thr, iou_thr):
    """Where neighbouring cells claim one object, one box of each class stays"""
    boxes, _, classes = found(program, image, score_thr, iou_thr)
    return {"boxes in whole pixels": np.rint(boxes).astype(int).tolist(), "classes": classes}


@exercise.check(points=0.75, cases=doubtful, judge=exact(), helpers=(found, reader))
def doubtful_ones_go(program, image, score_thr, iou_thr):
    """Boxes with a score below `score_thr` are thrown away"""
    boxes, _, _ = found(program, image, score_thr, iou_thr)
    return {"boxes in whole pixels": np.rint(boxes).astype(int).tolist()}


@exercise.check(points=0.5, cases=apart, judge=exact(secret=False), helpers=(reader,))
def best_first(program, image, score_thr, iou_thr):
    """The best score comes first, over all classes"""
    _, scores, _ = program.detect(reader(image, []), image, score_thr, iou_thr)
    return {"scores fall": bool(np.all(np.diff(np.asarray(scores)) < 0))}


@exercise.check(points=0.75, cases=apart, judge=exact(secret=False), helpers=(reader,))
def one_look(program, image, score_thr, iou_thr):
    """The whole picture goes through the net once: you only look once"""
    seen = []
    program.detect(reader(image, seen), image, score_thr, iou_thr)
    return {"what the net looked at": seen}


@exercise.check(points=0.25, cases=all_quiet, judge=exact(secret=False), helpers=(reader,))
def nothing_to_see(program, image, score_thr, iou_thr):
    """Where there is nothing, nothing is found"""
    parts = program.detect(reader(image, []), image, score_thr, iou_thr)
    return {"numbers of boxes, scores, classes": [len(part) for part in parts]}


@exercise.check(points=0.25, cases=apart, judge=unchanged(), helpers=(found, reader))
def image_unchanged(program, image, score_thr, iou_thr):
    """It leaves the caller's `image` as it was"""
    found(program, image, score_thr, iou_thr)
    return {"image": image}


LOOK = "y = ops.convert_to_numpy(model(image[None]))[0]"
OWN = "np.flatnonzero((classes == label) & (scores >= score_thr))"
exercise.variant(
    "YO9",
    "You cut the picture into nine and send each piece through the net. One pass of the whole "
    "picture gives all nine answers at once, and lets a cell see what reaches in from its "
    "neighbours.",
    {
        LOOK: (
            "h, w = image.shape[0] // 3, image.shape[1] // 3\n"
            "    y = np.array([[ops.convert_to_numpy(model(image[None, r * h : r * h + h, "
            "c * w : c * w + w]))[0, 0, 0] for c in range(3)] for r in range(3)])"
        )
    },
)
exercise.variant(
    "DT1",
    "You suppress over all classes together. Two objects of different kinds may lie in the same "
    "place: suppress within each class.",
    {
        "for label in np.unique(classes):": "for label in [0]:",
        OWN: "np.flatnonzero(scores >= score_thr)",
    },
)
exercise.variant(
    "DT2",
    "You do not suppress: both of two neighbouring cells that claim one object stay.",
    {"own[stay.numpy()]": "own"},
)
exercise.variant(
    "DT3",
    "Low scores stay. Boxes below `score_thr` are thrown away.",
    {OWN: "np.flatnonzero(classes == label)"},
)
exercise.variant(
    "DT4",
    "You compare `score_thr` with p_c alone. The score is p_c times the class probability.",
    {OWN: "np.flatnonzero((classes == label) & (y[y[..., 0] > 0][:, 0] >= score_thr))"},
)
exercise.variant(
    "DT5",
    "The right boxes are found, but they come class by class. The best score comes first.",
    {
        "np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)": (
            "np.array(kept, dtype=int)"
        )
    },
)
exercise.variant(
    "DT6",
    "Your boxes are in cells or in parts of the picture. Hand the size of the picture on, so that "
    "they are in pixels.",
    {"decode_yolo(y, image.shape[:2])": "decode_yolo(y, 1)"},
)
exercise.variant(
    "DT7",
    "You hand on the picture's width and height in exchanged order. `img` is `(H, W)`.",
    {"image.shape[:2]": "image.shape[1::-1]"},
)
exercise.variant(
    "DT8",
    "You don't hand `iou_thr` on, so that boxes may always overlap by one half, the default.",
    {"own.size, iou_thr)": "own.size)"},
)
exercise.variant(
    "YO25",
    "Boxes and classes are sorted by their scores, but you return the scores in the order in which "
    "the cells come. Sort all three alike.",
    {"scores[best], classes[best]": "scores[np.sort(best)], classes[best]"},
)
exercise.variant(
    "YO26",
    "Where no box is left, your list of places becomes an array of floats, and nothing can be "
    "picked with that. Say `dtype=int`.",
    {", dtype=int)": ")"},
)
exercise.variant(
    "YO27",
    "The result is right, but you draw the boxes into the caller's `image`. Draw on a copy.",
    {
        "    return boxes[best],": (
            "    for x1, y1, x2, y2 in np.rint(boxes[best]).astype(int).clip(0):\n"
            "        image[y1:y2, x1:x2] = 1\n"
            "    return boxes[best],"
        )
    },
)


@exercise.equivalent("suppression by hand, predict")
def detect_by_hand(model, image, score_thr, iou_thr):
    y = np.asarray(model.predict(image[np.newaxis], verbose=0))[0]
    boxes, scores, classes = decode_yolo(y, image.shape[:2])

    def overlap(a, b):
        sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
        common = np.prod(np.maximum(sides, 0))
        return common / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common)

    kept = []
    for place in np.argsort(-scores):
        rivals = [k for k in kept if classes[k] == classes[place]]
        if scores[place] > score_thr and all(
            overlap(boxes[k], boxes[place]) < iou_thr for k in rivals
        ):
            kept.append(int(place))
    return boxes[kept], scores[kept], classes[kept]
