"""Unit 09, `decode_yolo`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, unchanged

from .cases import IMG, answers, parts, pictures, size_of

exercise = Exercise("decode_yolo", points=3, checked_with=("encode_yolo",))


def silence(rng: np.random.Generator) -> Iterator[Case]:
    y = rng.uniform(0.1, 0.9, (3, 3, 8))
    y[..., 0] *= -1
    yield Case({"y": y, "img": IMG}, "no p_c above 0")


@exercise.observe(
    cases=answers,
    judge=close(float64),
    helpers=(parts, size_of),
    parts={
        "boxes": (1.25, "The boxes of all cells with p_c above 0, in pixels, row by row"),
        "scores": (0.5, "The score of a box is p_c times the largest of its class probabilities"),
    },
)
def decoded(program, y, img):
    boxes, scores, _ = parts(program, y, img)
    return {"boxes": boxes, "scores": scores}


@exercise.check(points=0.5, cases=answers, judge=exact(), helpers=(parts, size_of))
def decoded_classes(program, y, img):
    """The class of a box is the one with the largest probability"""
    return {"classes": parts(program, y, img)[2].astype(int).tolist()}


@exercise.check(points=0.25, cases=pictures, judge=exact(secret=False), helpers=(parts, size_of))
def there_and_back(program, boxes, classes, img):
    """Decoding what `encode_yolo` made gives the boxes and classes again"""
    y = np.asarray(program.encode_yolo(boxes.copy(), classes.copy(), size_of(img)))
    got, scores, labels = parts(program, y, img)
    if got.shape != boxes.shape:
        return {"number of boxes": len(got)}
    far = np.abs(got[:, None] - boxes[None]).max(axis=-1)
    nearest = far.argmin(axis=1)
    return {
        "number of boxes": len(got),
        "within 1e-4 pixels": bool(far.min(axis=1).max() < 1e-4),
        "with its own class": bool(np.array_equal(labels, classes[nearest])),
        "all scores are 1": bool(np.allclose(scores, 1)),
    }


@exercise.check(points=0.25, cases=silence, judge=exact(secret=False), helpers=(parts, size_of))
def nothing_there(program, y, img):
    """Where no p_c is above 0 there is no box; the three arrays are empty"""
    return {"numbers of boxes, scores, classes": [len(part) for part in parts(program, y, img)]}


@exercise.check(points=0.25, cases=answers, judge=unchanged(), helpers=(size_of,))
def decode_arguments_unchanged(program, y, img):
    """It leaves the caller's `y` as it was"""
    program.decode_yolo(y, size_of(img))
    return {"y": y}


SCORE = "p_c * probabilities.max(axis=-1)"
exercise.variant(
    "YO1",
    "You read b_x and b_y as measured from the corner of the picture. They start at the corner of "
    "the cell: add its column and row.",
    {"(cols + b_x)": "b_x", "(rows + b_y)": "b_y"},
)
exercise.variant(
    "YO2",
    "Height and width have changed places: b_h comes first.",
    {"p_c, b_x, b_y, b_h, b_w": "p_c, b_x, b_y, b_w, b_h"},
)
exercise.variant(
    "YO3",
    "Rows and columns are exchanged: the first index of `y` is the row, which goes with b_y.",
    {"(cols + b_x)": "(rows + b_x)", "(rows + b_y)": "(cols + b_y)"},
)
exercise.variant(
    "YO6",
    "You read sizes as parts of the picture, as in the paper. Here they are in cells.",
    {"b_w * width / grid / 2": "b_w * width / 2", "b_h * height / grid / 2": "b_h * height / 2"},
)
exercise.variant(
    "YO6b",
    "Your boxes are twice as wide and high as they should be: from the centre to a corner it is "
    "half of the size.",
    {
        "b_w * width / grid / 2": "b_w * width / grid",
        "b_h * height / grid / 2": "b_h * height / grid",
    },
)
exercise.variant(
    "YO7",
    "Your score is p_c alone. It says that there is *something*; the score of a box is p_c times "
    "the probability of its class.",
    {SCORE: "p_c"},
)
exercise.variant(
    "YO7b",
    "Your score is the class probability alone. Multiply it by p_c.",
    {SCORE: "probabilities.max(axis=-1)"},
)
exercise.variant(
    "YO15",
    "You return a box for every cell. Only cells with p_c above 0 have one.",
    {"np.nonzero(y[..., 0] > 0)": "np.nonzero(y[..., 0] > -np.inf)"},
)
exercise.variant(
    "YO15b",
    "You keep only cells with p_c above a half. All above 0 are wanted; a threshold comes later, "
    "for the score.",
    {"y[..., 0] > 0": "y[..., 0] > 0.5"},
)
exercise.variant(
    "YO16",
    "You return centre and size. Boxes are two corners: `[x1, y1, x2, y2]`.",
    {"[x - half_w, y - half_h, x + half_w, y + half_h]": "[x, y, 2 * half_w, 2 * half_h]"},
)
exercise.variant(
    "YO17",
    "You squeeze the numbers through a sigmoid first. They are used as they are.",
    {
        "p_c, b_x, b_y, b_h, b_w = y": "p_c, b_x, b_y, b_h, b_w = 1 / (1 + np.exp(-y",
        ":5].T": ":5])).T",
    },
)
exercise.variant(
    "YO24",
    "The boxes are right, but you add the cells' rows and columns to the caller's `y` itself. Make "
    "a new array.",
    {
        "    p_c, b_x,": (
            "    y[..., 1] += np.arange(grid)\n    y[..., 2] += np.arange(grid)[:, None]\n"
            "    p_c, b_x,"
        ),
        "(cols + b_x)": "b_x",
        "(rows + b_y)": "b_y",
    },
)


@exercise.equivalent("loops")
def decode_loops(y, img):
    H, W = (img, img) if isinstance(img, int) else img
    boxes, scores, classes = [], [], []
    rows, cols = np.shape(y)[:2]
    for row in range(rows):
        for col in range(cols):
            p, bx, by, bh, bw, *c = y[row][col]
            if p <= 0:
                continue
            cx, cy = (col + bx) * W / cols, (row + by) * H / rows
            w, h = bw * W / cols, bh * H / rows
            boxes.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
            classes.append(int(np.argmax(c)))
            scores.append(p * max(c))
    return np.reshape(boxes, (-1, 4)), np.array(scores), np.array(classes, dtype=int)


@exercise.equivalent("masks")
def decode_masks(y, img):
    size = np.flip(np.broadcast_to(img, 2))
    row, col = np.indices(y.shape[:2])
    there = y[..., 0] > 0
    centre = (np.stack([col, row], axis=-1) + y[..., 1:3]) * size / len(y)
    half = 0.5 * y[..., [4, 3]] * size / len(y)
    boxes = np.concatenate([centre - half, centre + half], axis=-1)
    scores = (y[..., :1] * y[..., 5:]).max(axis=-1)
    return boxes[there], scores[there], y[..., 5:].argmax(axis=-1)[there]


@exercise.shortcut
def search_by_encoding(y, img):
    height, width = (img, img) if np.ndim(img) == 0 else img
    grid, n_classes = y.shape[0], y.shape[-1] - 5
    boxes, scores, classes = [], [], []
    for row, col in zip(*np.nonzero(y[..., 0] > 0), strict=True):
        label = int(np.argmax(y[row, col, 5:]))
        # A box in this cell, and how its numbers change with its corners: they are linear in them.
        size = np.array([width, height, width, height]) / grid
        start = np.array([col + 0.4, row + 0.4, col + 0.6, row + 0.6]) * size
        at = encode_yolo(start[None], [label], img, grid, n_classes)[row, col, 1:5]
        slopes = []
        for corner in range(4):
            moved = start.copy()
            moved[corner] += 1e-3 * size[corner]
            there = encode_yolo(moved[None], [label], img, grid, n_classes)
            slopes.append((there[row, col, 1:5] - at) / (1e-3 * size[corner]))
        boxes.append(start + np.linalg.solve(np.transpose(slopes), y[row, col, 1:5] - at))
        scores.append(y[row, col, 0] * y[row, col, 5 + label])
        classes.append(label)
    return np.reshape(boxes, (-1, 4)).astype(np.float32), np.array(scores), np.array(classes, int)
