"""Unit 09, `encode_yolo`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, unchanged

from .cases import IMG, cell_boxes, pictures, size_of

exercise = Exercise("encode_yolo", points=4)


def other_grids(rng: np.random.Generator) -> Iterator[Case]:
    # In the last row and column as well: sizes that are mixed up move these.  And others than
    # those with row and column exchanged.
    cells: list[tuple[int, int]] = []
    while {(col, row) for row, col in cells} == set(cells):
        rows, cols = (rng.permutation([*rng.permutation(4)[:2], 4]) for _ in range(2))
        cells = list(zip(rows.tolist(), cols.tolist(), strict=True))
    inputs = {"boxes": cell_boxes(rng, cells, (100, 80), 5), "classes": rng.permutation(4)[:3]}
    yield Case(inputs | {"img": (100, 80), "grid": 5, "n_classes": 4}, "5×5 cells, four classes")


def on_borders(rng: np.random.Generator) -> Iterator[Case]:
    """Centres on borders of cells: the right or lower one; on the edge of the picture: the last."""
    for label, (x, y) in (
        ("a centre between the left and the middle column", (30, 10 + rng.integers(1, 5))),
        ("a centre between the middle and the lower row", (64 + rng.integers(1, 5), 40)),
        ("a centre on the right edge of the picture", (90, 30 + rng.integers(1, 5))),
        ("a centre in the lower right corner", (90, 60)),
    ):
        w, h = 2 * rng.integers(4, 9, 2) + [0, 10]
        box = np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2]], dtype=float)
        yield Case({"boxes": box, "classes": rng.integers(0, 3, 1), "img": IMG}, label)


@exercise.check(points=1, cases=pictures, judge=exact(), helpers=(size_of,))
def which_cells(program, boxes, classes, img):
    """The target has p_c = 1 in the cells that hold a centre, and 0 in all others"""
    y = np.asarray(program.encode_yolo(boxes, classes, size_of(img)))
    return {"p_c": y[..., 0].astype(float)}


@exercise.check(points=0.75, cases=pictures, judge=close(float64), helpers=(size_of,))
def where_in_the_cell(program, boxes, classes, img):
    """b_x and b_y say where in its cell the centre lies, in cells"""
    y = np.asarray(program.encode_yolo(boxes, classes, size_of(img)))
    return {"all b_x, row by row": y[..., 1], "all b_y, row by row": y[..., 2]}


@exercise.check(points=0.75, cases=pictures, judge=close(float64), helpers=(size_of,))
def how_large(program, boxes, classes, img):
    """b_h and b_w are the height and the width of the box, in cells, in this order"""
    y = np.asarray(program.encode_yolo(boxes, classes, size_of(img)))
    return {"all b_h, row by row": y[..., 3], "all b_w, row by row": y[..., 4]}


@exercise.check(points=0.5, cases=pictures, judge=exact(), helpers=(size_of,))
def which_class(program, boxes, classes, img):
    """c is 1 for the object's class and 0 for the others, and 0 where there is no object"""
    y = np.asarray(program.encode_yolo(boxes, classes, size_of(img)))
    return {"c": y[..., 5:].astype(float)}


@exercise.check(points=0.25, cases=other_grids, judge=close(float64), helpers=(size_of,))
def another_grid(program, boxes, classes, img, grid, n_classes):
    """With another grid and more classes the target has another shape, and counts in its cells"""
    y = np.asarray(program.encode_yolo(boxes, classes, size_of(img), grid, n_classes))
    names = ("b_x", "b_y", "b_h", "b_w")
    told = {"shape": list(y.shape), "p_c": y[..., 0].astype(float)}
    told |= {f"all {name}, row by row": y[..., k] for k, name in enumerate(names, 1)}
    return told | {"c": y[..., 5:].astype(float)}


@exercise.check(points=0.25, cases=on_borders, judge=exact(secret=False), helpers=(size_of,))
def centres_on_borders(program, boxes, classes, img):
    """A centre on a border belongs to the right or lower cell, on the picture's edge to the last"""
    y = np.asarray(program.encode_yolo(boxes, classes, size_of(img)))
    return {"rows and columns of its cell": np.argwhere(y[..., 0]).tolist()}


@exercise.check(points=0.25, cases=pictures, judge=exact(secret=False), helpers=(size_of,))
def empty_picture(program, boxes, classes, img):
    """The target of a picture without objects is all zeros"""
    y = np.asarray(program.encode_yolo(boxes[:0], classes[:0], size_of(img)))
    return {"shape": list(y.shape), "something is not 0": bool(np.any(y))}


@exercise.check(points=0.25, cases=pictures, judge=unchanged(), helpers=(size_of,))
def encode_arguments_unchanged(program, boxes, classes, img):
    """It leaves the caller's boxes and classes as they were"""
    program.encode_yolo(boxes, classes, size_of(img))
    return {"boxes": boxes, "classes": classes}


CELL = "row, col = min(int(centre_y), grid - 1), min(int(centre_x), grid - 1)"
BOX = "y[row, col, :5] = 1, centre_x - col, centre_y - row, b_h, b_w"
SIZES = "b_h, b_w = (y2 - y1) / height * grid, (x2 - x1) / width * grid"
exercise.variant(
    "YO1",
    "You store the centre relative to the whole picture. b_x and b_y are measured from the corner "
    "of the cell, in cells, so that they lie between 0 and 1 in every cell.",
    {BOX: "y[row, col, :5] = 1, centre_x / grid, centre_y / grid, b_h, b_w"},
)
exercise.variant(
    "YO1b",
    "You store the centre in cells, but counted from the corner of the picture. Take away the "
    "cell's own column and row.",
    {BOX: "y[row, col, :5] = 1, centre_x, centre_y, b_h, b_w"},
)
exercise.variant(
    "YO2",
    "Height and width have changed places: the notes' order is b_h, then b_w.",
    {BOX: "y[row, col, :5] = 1, centre_x - col, centre_y - row, b_w, b_h"},
)
exercise.variant(
    "YO2b",
    "b_x and b_y have changed places.",
    {BOX: "y[row, col, :5] = 1, centre_y - row, centre_x - col, b_h, b_w"},
)
exercise.variant(
    "YO3",
    "Rows and columns of your grid are exchanged: x says which column, y says which row, and the "
    "row comes first.",
    {
        BOX: "y[col, row, :5] = 1, centre_x - col, centre_y - row, b_h, b_w",
        "y[row, col, 5 + label]": "y[col, row, 5 + label]",
    },
)


@exercise.variant("YO4")
def encode_everywhere(boxes_xyxy, classes, img, grid=3, n_classes=3):
    """You write a box into every cell that it touches. It belongs to one cell only, the one that
    holds its centre.
    """
    height, width = (img, img) if np.ndim(img) == 0 else img
    y = np.zeros((grid, grid, 5 + n_classes))
    for (x1, y1, x2, y2), label in zip(boxes_xyxy, classes, strict=True):
        centre_x, centre_y = (x1 + x2) / 2 / width * grid, (y1 + y2) / 2 / height * grid
        for row in range(grid):
            for col in range(grid):
                touches = x1 / width * grid < col + 1 and x2 / width * grid > col
                if touches and y1 / height * grid < row + 1 and y2 / height * grid > row:
                    sizes = (y2 - y1) / height * grid, (x2 - x1) / width * grid
                    y[row, col, :5] = 1, centre_x - col, centre_y - row, *sizes
                    y[row, col, 5:] = 0
                    y[row, col, 5 + label] = 1
    return y


exercise.variant(
    "YO6",
    "You measure sizes as parts of the picture, as the paper does. In this course they are "
    "measured in cells, and may exceed 1.",
    {SIZES: "b_h, b_w = (y2 - y1) / height, (x2 - x1) / width"},
)
exercise.variant(
    "YO6d",
    "You measure sizes in thirds of the picture, whatever `grid`. The unit is a cell, of which "
    "`grid` make a side.",
    {SIZES: "b_h, b_w = (y2 - y1) / height * 3, (x2 - x1) / width * 3"},
)
exercise.variant(
    "YO13b",
    "You measure the place of the centre in thirds of the picture, whatever `grid`. The unit is a "
    "cell, of which `grid` make a side.",
    {BOX: "y[row, col, :5] = 1, centre_x * 3 / grid - col, centre_y * 3 / grid - row, b_h, b_w"},
)
exercise.variant(
    "YO6b",
    "You store half of the sizes, from the centre to the edge. Height and width of the whole box "
    "are wanted.",
    {SIZES: SIZES.replace("height * grid,", "height * grid / 2,") + " / 2"},
)
exercise.variant(
    "YO6c",
    "Your sizes do not exceed 1: you cut them off at the size of a cell. A box may reach beyond "
    "its cell.",
    {SIZES: SIZES + "\n        b_h, b_w = min(b_h, 1.0), min(b_w, 1.0)"},
)
exercise.variant(
    "YO11",
    "You use the same size for height and width of the picture. `img` is `(H, W)`: the height "
    "first.",
    {"(img, img) if np.ndim(img) == 0 else img": "(np.max(img), np.max(img))"},
)
exercise.variant(
    "YO11b",
    "You read `img` as width, height. It is `(H, W)`, as the shape of a picture.",
    {"height, width = (img": "width, height = (img"},
)
exercise.variant(
    "YO12",
    "A centre on the right or lower edge of the picture finds no cell. The last one takes it.",
    {CELL: "row, col = int(centre_y), int(centre_x)"},
)
exercise.variant(
    "YO12b",
    "A centre on a border goes to the left or the upper cell. It belongs to the right or lower "
    "one.",
    {CELL: ("row, col = max(int(np.ceil(centre_y)) - 1, 0), max(int(np.ceil(centre_x)) - 1, 0)")},
)
exercise.variant(
    "YO13",
    "You take the left upper corner of the box for its centre.",
    {
        "centre_x = (x1 + x2) / 2 / width * grid": "centre_x = max(x1, 0) / width * grid",
        "centre_y = (y1 + y2) / 2 / height * grid": "centre_y = max(y1, 0) / height * grid",
    },
)
exercise.variant(
    "YO14",
    "The number of the class stands where its flag should: c has a 1 at the place of the class.",
    {"y[row, col, 5 + label] = 1": "y[row, col, 5] = label"},
)
exercise.variant(
    "YO22",
    "For a picture without boxes you return five numbers a cell. The places of the classes are "
    "there as well, and 0.",
    {
        "    y = np.zeros(": (
            "    if len(boxes_xyxy) == 0:\n        return np.zeros((grid, grid, 5))\n"
            "    y = np.zeros("
        )
    },
)
exercise.variant(
    "YO23",
    "The target is right, but you turn the caller's boxes into cells in place. Make a new array.",
    {
        "    y = np.zeros(": (
            "    boxes_xyxy *= grid / np.array([width, height, width, height])\n    y = np.zeros("
        ),
        "(x1 + x2) / 2 / width * grid": "(x1 + x2) / 2",
        "(y1 + y2) / 2 / height * grid": "(y1 + y2) / 2",
        SIZES: "b_h, b_w = y2 - y1, x2 - x1",
    },
)


@exercise.equivalent("all boxes at once")
def encode_arrays(boxes_xyxy, classes, img, grid=3, n_classes=3):
    boxes = np.reshape(boxes_xyxy, (-1, 4))
    cell = np.flip(np.broadcast_to(img, 2)) / grid
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / cell
    sizes = (boxes[:, 2:] - boxes[:, :2]) / cell
    cells = np.minimum(np.floor(centres), grid - 1).astype(int)
    found = np.zeros((grid, grid, 5 + n_classes))
    where = (cells[:, 1], cells[:, 0])
    found[(*where, 0)] = 1
    found[(*where, slice(1, 3))] = centres - cells
    found[(*where, slice(3, 5))] = sizes[:, ::-1]
    found[(*where, 5 + np.asarray(classes, dtype=int))] = 1
    return found


@exercise.equivalent("in pixels")
def encode_by_pixels(boxes_xyxy, classes, img, grid=3, n_classes=3):
    H, W = (img, img) if isinstance(img, int) else tuple(img)
    cell_h, cell_w = H / grid, W / grid
    out = np.zeros((grid, grid, 5 + n_classes), dtype=float)
    for box, label in zip(boxes_xyxy, classes, strict=True):
        cx, cy = box[0] + (box[2] - box[0]) / 2, box[1] + (box[3] - box[1]) / 2
        col, row = int(min(cx // cell_w, grid - 1)), int(min(cy // cell_h, grid - 1))
        one_hot = np.eye(n_classes)[label]
        x, y = (cx - col * cell_w) / cell_w, (cy - row * cell_h) / cell_h
        h, w = (box[3] - box[1]) / cell_h, (box[2] - box[0]) / cell_w
        out[row, col] = [1, x, y, h, w, *one_hot]
    return out
