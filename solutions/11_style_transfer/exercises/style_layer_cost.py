"""Unit 11, `style_layer_cost`."""

from __future__ import annotations

import numpy as np

from autograder import (
    Exercise,
    close,
    equal_sides,
    float64,
    probes,
)

from .cases import pairs, single_numbers

exercise = Exercise("style_layer_cost", points=3, uses=("gram_matrix",))


@exercise.check(points=0.5, cases=single_numbers, judge=close(float64))
def style_of_one_number(program, a, b):
    """Of one place and one channel the cost is a quarter of the squared difference of squares"""
    return {"cost": program.style_layer_cost(*probes.to_tensors([a, b]))}


@exercise.check(points=1, cases=pairs, judge=close(float64))
def style_of_a_layer(program, a, b):
    """Squared differences of the Gram matrices, divided by 4·C²·(H·W)²"""
    return {"cost": program.style_layer_cost(*probes.to_tensors([a, b]))}


@exercise.check(points=0.25, cases=pairs, judge=close(float64))
def style_in_proportion(program, a, b):
    """Apart from a constant factor the cost is right: another picture's is in proportion"""
    one, other = (
        program.style_layer_cost(*probes.to_tensors(pair)) for pair in ([a, b], [a, b**2])
    )
    return {"one cost by the other": one / other}


@exercise.check(
    points=0.25,
    cases=pairs,
    judge=equal_sides("the cost of two blocks, and of both laid out twice, side by side"),
)
def tiles(program, a, b):
    """A wall of equal tiles has the style of one tile"""
    once = program.style_layer_cost(*probes.to_tensors([a, b]))
    twice = program.style_layer_cost(
        *probes.to_tensors([np.concatenate([x, x], axis=1) for x in (a, b)])
    )
    return {"left": {"cost": twice}, "right": {"cost": once}}


@exercise.check(points=1, cases=pairs, judge=close(float64))
def style_gradient(program, a, b):
    """The gradient comes back to the generated picture's activations"""
    target = probes.to_tensors(a)
    (gradient,) = probes.vjp(lambda moved: program.style_layer_cost(target, moved), b)
    return {"gradient of aG": gradient}


GRAMS = "difference = gram_matrix(aS) - gram_matrix(aG)"
SHARE = "(4 * C**2 * (H * W) ** 2)"
exercise.variant(
    "NS3a",
    "You divide by C where C² is asked for: the matrix has C² entries.",
    {SHARE: "(4 * C * (H * W) ** 2)"},
)
exercise.variant(
    "NS3b",
    "You divide by H·W where its square is asked for. An entry grows with the number of places, "
    "its square with the square of it: a picture laid out twice would cost more.",
    {SHARE: "(4 * C**2 * (H * W))"},
)
exercise.variant(
    "NS3c",
    "You divide by the number of places twice: each Gram matrix by H·W, and their squares by "
    "(H·W)² once more.",
    {GRAMS: "difference = (gram_matrix(aS) - gram_matrix(aG)) / (H * W)"},
)
exercise.variant(
    "NS3d",
    "The factor 4 is missing in the divisor.",
    {SHARE: "(C**2 * (H * W) ** 2)"},
)
exercise.variant(
    "NS5",
    "You compare the activations themselves, place by place. That asks for the style's *content*; "
    "compare the Gram matrices.",
    {GRAMS: "difference = aS - aG"},
)
exercise.variant(
    "SL1",
    "You take the absolute differences of the Gram matrices. Asked for are their squares.",
    {"ops.square(difference)": "ops.absolute(difference)"},
)
exercise.variant(
    "SL2",
    "You compare the diagonals only. What occurs together stands beside them.",
    {GRAMS: "difference = ops.diagonal(gram_matrix(aS)) - ops.diagonal(gram_matrix(aG))"},
)
exercise.variant(
    "NS9",
    "Your number is right, but no gradient comes back through it. Stay within keras.ops.",
    {GRAMS: GRAMS + "\n    difference = ops.convert_to_tensor(ops.convert_to_numpy(difference))"},
)


@exercise.equivalent("scaled Gram matrices")
def style_scaled_first(aS, aG):
    H, W, C = aS.shape
    grams = [gram_matrix(a) / (2 * H * W * C) for a in (aS, aG)]
    return ops.sum((grams[1] - grams[0]) ** 2)


@exercise.equivalent("without gram_matrix")
def style_alone(aS, aG):
    one = ops.einsum("hwi,hwj->ij", aS, aS) - ops.einsum("hwi,hwj->ij", aG, aG)
    return ops.mean(one * one) / (4 * (aG.shape[0] * aG.shape[1]) ** 2)
