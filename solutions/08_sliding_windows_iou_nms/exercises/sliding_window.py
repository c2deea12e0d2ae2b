"""Unit 08, `sliding_window`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float32, unchanged

from .cases import built, net, picture

exercise = Exercise("sliding_window", points=3)
FLAT = ("flatten", "dense 4 tanh")


def size_of(win):
    """A window's size as the docstring says it: cases carry tuples as lists."""
    return win if isinstance(win, int) else tuple(win)


def square_windows(rng: np.random.Generator) -> Iterator[Case]:
    for win, (h, w), stride in ((4, (9, 8), 2), (5, (6, 7), 1)):
        inputs = {"net": net(rng, (win, win, 2), FLAT), "image": picture(rng, h, w, 2)}
        label = f"windows of {win}×{win} in {h}×{w} pixels, {stride} apart"
        yield Case(inputs | {"win": win, "stride": stride}, label)


def rectangular_windows(rng: np.random.Generator) -> Iterator[Case]:
    for (p, q), (h, w), stride in (((3, 5), (8, 9), 2), ((4, 2), (11, 5), 3)):
        inputs = {"net": net(rng, (p, q, 2), FLAT), "image": picture(rng, h, w, 2)}
        label = f"windows of {p}×{q} in {h}×{w} pixels, {stride} apart"
        yield Case(inputs | {"win": (p, q), "stride": stride}, label)


def odd_grids(rng: np.random.Generator) -> Iterator[Case]:
    for win, (h, w), stride in ((4, (4, 4), 2), (4, (8, 12), 4), (3, (8, 10), 4), (2, (3, 5), 1)):
        inputs = {"net": net(rng, (win, win, 1), FLAT), "image": picture(rng, h, w, 1)}
        label = f"windows of {win}×{win} in {h}×{w} pixels, {stride} apart"
        yield Case(inputs | {"win": win, "stride": stride}, label)


@exercise.check(points=0.5, cases=square_windows, judge=close(float32), helpers=(built, size_of))
def first_window(program, net, image, win, stride):
    """The first answer is that to the top left window"""
    answers = probes.to_arrays(program.sliding_window(built(net), image, size_of(win), stride))
    return {"answer in row 0, column 0": np.asarray(answers)[0, 0]}


@exercise.check(points=1, cases=square_windows, judge=close(float32), helpers=(built, size_of))
def answers_in_place(program, net, image, win, stride):
    """The answer to each window is in its place"""
    return {
        "map": probes.to_arrays(program.sliding_window(built(net), image, size_of(win), stride))
    }


@exercise.check(
    points=0.5, cases=rectangular_windows, judge=close(float32), helpers=(built, size_of)
)
def windows_with_two_sides(program, net, image, win, stride):
    """A window `(h, w)` is h rows high and w columns wide"""
    return {
        "map": probes.to_arrays(program.sliding_window(built(net), image, size_of(win), stride))
    }


@exercise.check(points=0.75, cases=odd_grids, judge=exact(secret=False), helpers=(built, size_of))
def all_that_fit(program, net, image, win, stride):
    """There is an answer for each window that lies wholly in the picture, and for no other"""
    answers = program.sliding_window(built(net), image, size_of(win), stride)
    return {"shape": list(np.shape(probes.to_arrays(answers)))}


@exercise.check(points=0.25, cases=square_windows, judge=unchanged(), helpers=(built, size_of))
def image_unchanged(program, net, image, win, stride):
    """It leaves the caller's `image` as it was"""
    program.sliding_window(built(net), image, size_of(win), stride)
    return {"image": image}


ROWS = "range(0, image.shape[0] - h + 1, stride)"
COLS = "range(0, image.shape[1] - w + 1, stride)"
RESHAPED = "answers.reshape(len(rows), len(cols), -1)"
exercise.variant(
    "SL1",
    "The last window of each row and of each column is missing. A window that ends exactly at the "
    "edge still fits.",
    {ROWS: ROWS.replace(" + 1", ""), COLS: COLS.replace(" + 1", "")},
)
exercise.variant(
    "SL2",
    "Height and width of the window are exchanged: `(h, w)`, rows first, as in a picture's shape.",
    {"h, w = (win, win)": "w, h = (win, win)"},
)
exercise.variant(
    "SL3",
    "You go on by one pixel each time, whatever the stride.",
    {ROWS: ROWS.replace(", stride", ""), COLS: COLS.replace(", stride", "")},
)
exercise.variant(
    "SL4",
    "Rows and columns of your map are exchanged: the first index counts windows downwards.",
    {RESHAPED: RESHAPED + ".transpose(1, 0, 2)"},
)
exercise.variant(
    "SL4b",
    "You go through the picture column by column, but lay the answers out row by row.",
    {"for y in rows for x in cols": "for x in cols for y in rows"},
)
exercise.variant(
    "SL5",
    "Your windows lie side by side without overlap: you go on by a whole window instead of by the "
    "stride.",
    {ROWS: ROWS.replace("stride", "h"), COLS: COLS.replace("stride", "w")},
)
exercise.variant(
    "SL6",
    "Your answers are one long list. Their places are wanted: rows, then columns, then classes.",
    {RESHAPED: "answers"},
)
exercise.variant(
    "SL7",
    "You note only the best class of each window. All numbers of the answer are wanted.",
    {RESHAPED: RESHAPED + ".argmax(axis=-1)"},
)
exercise.variant(
    "SL8",
    "Your last windows begin where none fits any more, and are filled up with zeros. Only windows "
    "that lie wholly in the picture count.",
    {
        ROWS: "range(0, image.shape[0] - h + stride, stride)",
        COLS: "range(0, image.shape[1] - w + stride, stride)",
        "    crops = ": (
            "    image = np.pad(image, ((0, stride), (0, stride), (0, 0)))\n    crops = "
        ),
    },
)
exercise.variant(
    "SL9",
    "The answers are right, but you mark the corner of each window in the caller's `image`. Draw "
    "on a copy.",
    {
        f"    return {RESHAPED}": (
            f"    image[: rows.stop : stride, : cols.stop : stride] = 1\n    return {RESHAPED}"
        )
    },
)


@exercise.equivalent("one by one")
def sliding_one_by_one(model, image, win, stride):
    h, w = win if isinstance(win, (tuple, list)) else (win, win)
    result = []
    y = 0
    while y + h <= len(image):
        line = []
        x = 0
        while x + w <= len(image[0]):
            crop = image[y : y + h, x : x + w]
            line.append(np.asarray(model(crop[None]))[0])
            x += stride
        result.append(line)
        y += stride
    return np.array(result)


@exercise.equivalent("views and predict")
def sliding_view(model, image, win, stride):
    size = tuple(np.broadcast_to(win, 2))
    views = np.lib.stride_tricks.sliding_window_view(image, size, axis=(0, 1))
    crops = np.moveaxis(views[::stride, ::stride], 2, -1)
    rows, cols = crops.shape[:2]
    answers = model.predict(crops.reshape(rows * cols, *crops.shape[2:]), verbose=0)
    return answers.reshape(rows, cols, answers.shape[-1])


@exercise.equivalent("a tensor, row by row")
def sliding_tensor(model, image, win, stride):
    h, w = (win, win) if isinstance(win, int) else win
    H, W, _ = image.shape
    lines = []
    for i in range((H - h) // stride + 1):
        starts = [j * stride for j in range((W - w) // stride + 1)]
        top = i * stride
        lines.append(model(np.array([image[top : top + h, x : x + w] for x in starts])))
    return ops.stack(lines)
