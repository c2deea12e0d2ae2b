"""What several exercises of unit 09 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case

IMG = (60, 90)  # cells of 20×30 pixels


def cell_boxes(
    rng: np.random.Generator, cells: list[tuple[int, int]], img: tuple[int, int], grid: int = 3
) -> Any:
    """Wide and tall boxes by turns, one centre in each of the cells; they may reach beyond them."""
    unit_size = np.array([img[1], img[0]]) / grid
    boxes = []
    for number, (row, col) in enumerate(cells):
        centre = (np.array([col, row]) + rng.uniform(0.15, 0.85, 2)) * unit_size
        long, short = rng.uniform(1.1, 1.6), rng.uniform(0.4, 0.7)
        sides = np.array([long, short] if number % 2 else [short, long]) * unit_size
        boxes.append(np.concatenate([centre - sides / 2, centre + sides / 2]))
    return np.array(boxes).reshape(-1, 4)


def cells_off_the_diagonal(rng: np.random.Generator, count: int) -> list[tuple[int, int]]:
    """Cells of which the mirrored ones, column for row, are not among them."""
    pairs = [(0, 1), (0, 2), (1, 2)]
    chosen = [pairs[k] for k in rng.permutation(3)[:count]]
    return [cell if rng.random() < 0.5 else cell[::-1] for cell in chosen]


def size_of(img):
    """A picture's size as the docstring says it: cases carry tuples as lists."""
    return img if isinstance(img, int) else tuple(img)


def pictures(rng: np.random.Generator) -> Iterator[Case]:
    for count in (1, 3):
        cells = cells_off_the_diagonal(rng, count)
        inputs = {"boxes": cell_boxes(rng, cells, IMG), "classes": rng.permutation(3)[:count]}
        yield Case(inputs | {"img": IMG}, f"{count} boxes in {IMG[0]}×{IMG[1]} pixels")
    inputs = {"boxes": cell_boxes(rng, [(2, 0), (1, 1)], (48, 48)), "classes": rng.permutation(2)}
    yield Case(inputs | {"img": 48}, "two boxes in a square picture, img = 48")


def answers(rng: np.random.Generator) -> Iterator[Case]:
    """What a net may say: p_c of either sign, probabilities that do not add up to 1."""
    for img, shape in ((IMG, (3, 3, 8)), (48, (3, 3, 8)), ((100, 80), (5, 5, 9))):
        y = rng.uniform(0.1, 0.9, shape)
        y[..., 3] = rng.uniform(0.3, 0.6, shape[:2])
        y[..., 4] = rng.uniform(0.8, 1.6, shape[:2])
        y[..., 0] *= np.where(rng.random(shape[:2]) < 0.4, -1, 1)
        y[0, 1, 0], y[2, 0, 0], y[1, 0, 0] = 0.7, 0.4, -0.5
        yield Case({"y": y, "img": img}, f"{shape[0]}×{shape[1]} cells, img = {img}")


def parts(program, y, img):
    boxes, scores, classes = program.decode_yolo(y, size_of(img))
    return np.asarray(boxes), np.asarray(scores), np.asarray(classes)


def reader(image, seen):
    """A net that reads each cell's answer off its first pixels, and notes what it looks at."""
    h, w = image.shape[0] // 3, image.shape[1] // 3
    kernel = np.zeros((h, w, 3, 8), dtype=np.float32)
    for k in range(8):
        kernel[0, k // 3, k % 3, k] = 1
    conv = keras.layers.Conv2D(8, (h, w), strides=(h, w), use_bias=False)
    inner = keras.Sequential([keras.Input((None, None, 3)), conv])
    conv.set_weights([kernel])

    class Reader(keras.Model):
        def call(self, inputs):
            seen.append(list(inputs.shape))
            return inner(inputs)

    model = Reader()
    model.run_eagerly = True
    model(np.zeros((1, *image.shape), dtype=np.float32))
    seen.clear()
    return model


def found(program, image, score_thr, iou_thr):
    """Boxes, scores and classes, the best score first, in whatever order they came."""
    model = reader(image, [])
    boxes, scores, classes = program.detect(model, image, score_thr, iou_thr)
    boxes, scores, classes = np.asarray(boxes), np.asarray(scores), np.asarray(classes)
    order = np.argsort(-scores)
    return boxes[order], scores[order], classes[order].astype(int)
