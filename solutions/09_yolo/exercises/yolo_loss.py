"""Unit 09, `yolo_loss`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64

exercise = Exercise("yolo_loss", points=4)


def target(rng: np.random.Generator, count: int, shape: tuple[int, ...] = (3, 3, 8)) -> Any:
    """A target with `count` objects."""
    y = np.zeros(shape)
    for place in rng.permutation(shape[0] * shape[1])[:count]:
        row, col = divmod(int(place), shape[1])
        y[row, col, :5] = [1, *rng.uniform(0.1, 0.9, 2), *rng.uniform(0.4, 1.6, 2)]
        y[row, col, 5 + rng.integers(shape[2] - 5)] = 1
    return y


def batches(rng: np.random.Generator) -> Iterator[Case]:
    for label, counts, shape in (
        ("pictures with 1, 3, 0 and 2 objects", (1, 3, 0, 2), (3, 3, 8)),
        ("4×4 cells, two classes", (2, 5), (4, 4, 7)),
    ):
        y_true = np.array([target(rng, count, shape) for count in counts])
        y_pred = y_true + rng.normal(size=y_true.shape)
        yield Case({"y_true": y_true, "y_pred": y_pred}, label)


def batches_and_cotangents(rng: np.random.Generator) -> Iterator[Case]:
    for case in batches(rng):
        cotangent = rng.normal(size=len(case.inputs["y_true"]))
        yield Case({**case.inputs, "cotangent": cotangent}, case.label)


def full_grids(rng: np.random.Generator) -> Iterator[Case]:
    y_true = np.array([target(rng, 9) for _ in range(2)])
    y_pred = y_true + rng.normal(size=y_true.shape)
    yield Case({"y_true": y_true, "y_pred": y_pred}, "nine objects in each picture")


def only_p(rng: np.random.Generator) -> Iterator[Case]:
    """Answers that are wrong in p_c alone."""
    for case in batches(rng):
        y_true, y_pred = case.inputs["y_true"], case.inputs["y_true"].copy()
        y_pred[..., 0] += rng.normal(size=y_true.shape[:3])
        yield Case({"y_true": y_true, "y_pred": y_pred}, f"{case.label}; only p_c is wrong")


@exercise.check(points=0.75, cases=batches, judge=close(float64))
def loss_values(program, y_true, y_pred):
    """It returns the loss of each picture"""
    result = program.yolo_loss(*probes.to_tensors([y_true, y_pred]))
    return {"losses": probes.to_arrays(result)}


@exercise.check(points=0.5, cases=only_p, judge=close(float64))
def confidence_in_all_cells(program, y_true, y_pred):
    """p_c counts in every cell, with and without an object"""
    result = program.yolo_loss(*probes.to_tensors([y_true, y_pred]))
    return {"losses": probes.to_arrays(result)}


@exercise.check(points=0.75, cases=full_grids, judge=close(float64))
def cells_with_objects(program, y_true, y_pred):
    """Where every cell has an object, all eight numbers of every cell count"""
    result = program.yolo_loss(*probes.to_tensors([y_true, y_pred]))
    return {"losses": probes.to_arrays(result)}


@exercise.check(points=0.5, cases=batches, judge=exact(secret=False))
def empty_cells_say_anything(program, y_true, y_pred):
    """Where there is no object the other seven numbers may be anything; where there is one, not"""

    def losses(moved):
        return np.asarray(probes.to_arrays(program.yolo_loss(*probes.to_tensors([y_true, moved]))))

    there = y_true[..., :1] > 0
    entries = np.arange(y_true.shape[-1]) > 0
    plain = losses(y_pred)
    moved = losses(y_pred + 1e3 * (~there & entries))
    objects = there.any(axis=(1, 2, 3))
    return {
        "the loss changes with them in empty cells": not np.allclose(moved, plain, rtol=1e-9),
        "it changes with them in cells with objects": bool(
            np.all((losses(y_pred + 1e3 * (there & entries)) != plain)[objects])
        ),
        "a perfect answer has loss 0": bool(np.all(np.abs(losses(y_true)) < 1e-12)),
    }


@exercise.check(points=1, cases=batches_and_cotangents, judge=close(float64))
def loss_gradients(program, y_true, y_pred, cotangent):
    """Its gradient is right, and exactly 0 for what an empty cell says of a box"""
    (target,) = probes.to_tensors([y_true])

    def loss(y_pred):
        return program.yolo_loss(target, y_pred)

    (gradient,) = probes.vjp(loss, y_pred, cotangent=cotangent)
    return {"gradient": gradient}


@exercise.check(points=0.5, cases=batches, judge=exact(secret=False))
def picture_by_picture(program, y_true, y_pred):
    """There is one number for each picture, and pictures in another order give the same losses"""

    def losses(order):
        result = program.yolo_loss(*probes.to_tensors([y_true[order], y_pred[order]]))
        return np.asarray(probes.to_arrays(result))

    everything = np.arange(len(y_true))
    plain, turned = losses(everything), losses(everything[::-1])
    return {
        "shape": list(plain.shape),
        "in another order the same": bool(np.allclose(plain, turned[::-1]))
        if plain.ndim
        else False,
    }


BOTH = "squares[..., 0] + y_true[..., 0] * ops.sum(squares[..., 1:], axis=-1)"
exercise.variant(
    "YO5",
    "Your loss counts all numbers in every cell. Where there is no object there is no right box: "
    "only p_c counts there.",
    {BOTH: "ops.sum(squares, axis=-1)"},
)
exercise.variant(
    "YO5b",
    "Your loss leaves cells without an object out altogether. Their p_c counts: the net must learn "
    "to say no.",
    {BOTH: "y_true[..., 0] * ops.sum(squares, axis=-1)"},
)
exercise.variant(
    "YO5c",
    "You weigh the box by the p_c that the *net* says. Whether there is an object is in the "
    "target.",
    {BOTH: BOTH.replace("y_true[..., 0] *", "y_pred[..., 0] *")},
)
exercise.variant(
    "YO6",
    "You take roots of the sizes, as the paper does. Here there are none.",
    {
        "squares = ops.square(y_pred - y_true)": (
            "def rooted(y):\n"
            "        sizes = ops.sqrt(ops.maximum(y[..., 3:5], 1e-6))\n"
            "        return ops.concatenate([y[..., :3], sizes, y[..., 5:]], axis=-1)\n\n"
            "    squares = ops.square(rooted(y_pred) - rooted(y_true))"
        )
    },
)
exercise.variant(
    "YO6b",
    "You weigh terms as the paper does, 5 for boxes and a half for empty cells. Here all weights "
    "are 1.",
    {
        BOTH: (
            "(\n        (0.5 + 0.5 * y_true[..., 0]) * squares[..., 0]\n"
            "        + y_true[..., 0] * (5 * ops.sum(squares[..., 1:5], axis=-1)"
            " + ops.sum(squares[..., 5:], axis=-1))\n    )"
        )
    },
)
exercise.variant(
    "YO8",
    "You send the answer through a softmax over all its numbers. Sizes and places are no "
    "probabilities; the numbers are compared as they are.",
    {"ops.square(y_pred - y_true)": "ops.square(ops.softmax(y_pred, axis=-1) - y_true)"},
)
exercise.variant(
    "YO8b",
    "You send the answer through a sigmoid, which can't say a size above 1. The numbers are "
    "compared as they are.",
    {"ops.square(y_pred - y_true)": "ops.square(ops.sigmoid(y_pred) - y_true)"},
)
exercise.variant(
    "YO18",
    "You average over the cells of a picture. The loss of a picture is their sum.",
    {"ops.sum(cells, axis=(1, 2))": "ops.mean(cells, axis=(1, 2))"},
)
exercise.variant(
    "YO18b",
    "You give one number for the whole batch. Each picture has its own loss; Keras averages by "
    "itself.",
    {"ops.sum(cells, axis=(1, 2))": "ops.sum(cells)"},
)
exercise.variant(
    "YO18c",
    "You take the root of the sum, a distance. The sum of squares itself is the loss.",
    {"ops.sum(cells, axis=(1, 2))": "ops.sqrt(ops.sum(cells, axis=(1, 2)))"},
)
exercise.variant(
    "YO19",
    "Where there is an object you forget p_c: it counts in every cell.",
    {
        BOTH: "(1 - y_true[..., 0]) * squares[..., 0] + y_true[..., 0] * "
        "ops.sum(squares[..., 1:], axis=-1)"
    },
)


@exercise.variant("YO20")
def loss_in_numpy(y_true, y_pred):
    """Your numbers are right, but they were computed in NumPy, through which no gradient comes
    back. Use `keras.ops` from end to end.
    """
    y_true, y_pred = ops.convert_to_numpy(y_true), ops.convert_to_numpy(y_pred)
    squares = (y_pred - y_true) ** 2
    cells = squares[..., 0] + y_true[..., 0] * squares[..., 1:].sum(axis=-1)
    return ops.convert_to_tensor(cells.sum(axis=(1, 2)))


@exercise.equivalent("weights")
def loss_with_weights(y_true, y_pred):
    first = ops.ones_like(y_true[..., :1])
    others = y_true[..., :1] * ops.ones_like(y_true[..., 1:])
    weights = ops.concatenate([first, others], axis=-1)
    return ops.sum(weights * (y_true - y_pred) ** 2, axis=(1, 2, 3))


@exercise.equivalent("where")
def loss_with_where(y_true, y_pred):
    there = y_true[..., 0] > 0.5
    p = (y_true[..., 0] - y_pred[..., 0]) ** 2
    rest = ops.sum((y_true[..., 1:] - y_pred[..., 1:]) ** 2, axis=-1)
    cells = p + ops.where(there, rest, ops.zeros_like(rest))
    return ops.sum(ops.sum(cells, axis=-1), axis=-1)
