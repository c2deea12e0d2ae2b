"""Unit 08, `dense_to_conv`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float64

exercise = Exercise("dense_to_conv", points=2)
BLOCKS = (("a block of 2×3×4, five units", (2, 3, 4), 5), ("4×2×3, one unit", (4, 2, 3), 1))


def dense_layers(rng: np.random.Generator) -> Iterator[Case]:
    for label, in_shape, k in BLOCKS:
        inputs = {"W": rng.normal(size=(int(np.prod(in_shape)), k)), "b": rng.normal(size=k)}
        yield Case(inputs | {"in_shape": in_shape}, label)


def dense_layers_and_blocks(rng: np.random.Generator) -> Iterator[Case]:
    for case in dense_layers(rng):
        yield Case({**case.inputs, "x": rng.normal(size=case.inputs["in_shape"])}, case.label)


@exercise.check(points=0.75, cases=dense_layers, judge=close(float64))
def kernel_values(program, W, b, in_shape):
    """In the kernel each weight is in its place"""
    kernel, _ = program.dense_to_conv(W, b, tuple(in_shape))
    return {"kernel": kernel}


@exercise.check(
    points=0.5,
    cases=dense_layers,
    judge=close(float64),
    counts_alone=False,  # it comes in
)
def bias_values(program, W, b, in_shape):
    """The second of the pair is the bias of each filter"""
    _, bias = program.dense_to_conv(W, b, tuple(in_shape))
    return {"b": bias}


@exercise.check(
    points=0.5,
    cases=dense_layers_and_blocks,
    judge=equal_sides("the convolution at its one place, and the dense layer on the flat block"),
)
def same_answer(program, W, b, in_shape, x):
    """On a block of the training size the convolution gives what the dense layer gives"""
    kernel, bias = program.dense_to_conv(W.copy(), b.copy(), tuple(in_shape))
    if np.shape(kernel) == (*in_shape, len(b)):
        answer = np.tensordot(x, np.asarray(kernel), 3) + bias
    else:
        answer = kernel  # of the wrong form, which is what will be told
    return {"left": {"answer": answer}, "right": {"answer": x.reshape(-1) @ W + b}}


@exercise.check(points=0.25, cases=dense_layers, judge=exact(secret=False))
def as_many_weights(program, W, b, in_shape):
    """The kernel has as many weights as the dense layer, in the shape that Conv2D wants"""
    kernel, bias = program.dense_to_conv(W, b, tuple(in_shape))
    return {"shape of the kernel": list(np.shape(kernel)), "shape of b": list(np.shape(bias))}


KERNEL = "W.reshape(*in_shape, -1)"
SHAPES = "h, w, c = in_shape\n    k = b.size\n    return "
exercise.variant(
    "SW1a",
    "You read each column of `W` as if the channels came first. `Flatten` in Keras goes through a "
    "block row by row, and the channels are the fastest.",
    {"return " + KERNEL: SHAPES + "W.reshape(c, h, w, k).transpose(1, 2, 0, 3)"},
)
exercise.variant(
    "SW1b",
    "Your kernel has its channels first. Conv2D in Keras wants height, width, channels in, and "
    "then the filters.",
    {"return " + KERNEL: SHAPES + "W.reshape(h, w, c, k).transpose(2, 0, 1, 3)"},
)
exercise.variant(
    "SW1c",
    "Height and width of the block are exchanged: its rows follow each other, so the column "
    "changes faster than the row.",
    {"return " + KERNEL: SHAPES + "W.reshape(w, h, c, k).transpose(1, 0, 2, 3)"},
)
exercise.variant(
    "SW2",
    "You cut `W` up as if the weights of a unit were a row of it. They are a column: each row of "
    "`W` belongs to one number of the block.",
    {"return " + KERNEL: SHAPES + "W.reshape(k, h, w, c).transpose(1, 2, 3, 0)"},
)
exercise.variant(
    "SW6",
    "You turn the kernel upside down. That is the convolution of mathematics; the one of deep "
    "learning lays the kernel on the picture as it is.",
    {KERNEL: "W.reshape(*in_shape, -1)[::-1, ::-1]"},
)
exercise.variant(
    "SW7",
    "You give a bias of zeros. The convolution adds the dense layer's biases, one for each filter.",
    {KERNEL + ", b": KERNEL + ", 0 * b"},
)


@exercise.equivalent("filter by filter")
def dense_filter_by_filter(W, b, in_shape):
    filters = [np.reshape(column, in_shape) for column in W.T]
    return np.stack(filters, axis=-1), np.copy(b)


@exercise.equivalent("place by place")
def dense_place_by_place(W, b, in_shape):
    h, w, c = in_shape
    kernel = np.empty((h, w, c, W.shape[1]))
    for r in range(h):
        for s in range(w):
            for q in range(c):
                kernel[r, s, q] = W[(r * w + s) * c + q]
    return [kernel, b]


exercise.equivalent(
    "by way of the transpose",
    {KERNEL: "np.moveaxis(W.T.reshape(-1, *in_shape), 0, -1)"},
)
