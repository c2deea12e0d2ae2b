"""Unit 11, `content_cost`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder import (
    Exercise,
    close,
    exact,
    float64,
    probes,
)

from .cases import pairs, single_numbers

exercise = Exercise("content_cost", points=3)


@exercise.check(points=0.25, cases=single_numbers, judge=close(float64))
def content_of_one_number(program, a, b):
    """Of one place and one channel the cost is a quarter of the squared difference, shape `()`"""
    return {"cost": program.content_cost(*probes.to_tensors([a, b]))}


@exercise.check(points=1, cases=pairs, judge=close(float64))
def content(program, a, b):
    """The squared differences are added up and divided by 4·H·W·C"""
    return {"cost": program.content_cost(*probes.to_tensors([a, b]))}


@exercise.check(points=0.5, cases=pairs, judge=close(float64))
def content_in_proportion(program, a, b):
    """Apart from a constant factor the cost is right: another picture's is in proportion"""
    one, other = (program.content_cost(*probes.to_tensors(pair)) for pair in ([a, b], [a, b**2]))
    return {"one cost by the other": one / other}


@exercise.check(points=1, cases=pairs, judge=close(float64))
def content_gradient(program, a, b):
    """The gradient comes back to the generated picture's activations"""
    target = probes.to_tensors(a)
    (gradient,) = probes.vjp(lambda moved: program.content_cost(target, moved), b)
    return {"gradient of aG": gradient}


@exercise.check(points=0.25, cases=pairs, judge=exact(secret=False))
def target_is_constant(program, a, b):
    """The content's activations are a constant: no gradient goes back to them"""
    first, second = probes.vjp(program.content_cost, a, b)
    return {
        "a gradient reaches aC": first is not None and bool(np.any(first)),
        "a gradient reaches aG": second is not None and bool(np.any(second)),
    }


DIFFERENCE = "difference = ops.stop_gradient(aC) - aG"
CONTENT = "return ops.sum(ops.square(difference)) / (4 * H * W * C)"
exercise.variant(
    "CC1",
    "Your cost is four times as large as asked for: the notes divide by 4·H·W·C, not by the number "
    "of entries alone.",
    {"(4 * H * W * C)": "(H * W * C)"},
)
exercise.variant(
    "CC2",
    "You have Gatys' constant, a half of the sum. Asked for is the notes': divided by 4·H·W·C, so "
    "that the cost doesn't depend on the size of the block.",
    {CONTENT: "return ops.sum(ops.square(difference)) / 2"},
)
exercise.variant(
    "CC3",
    "You divide by the number of places only. There are H·W·C entries.",
    {"(4 * H * W * C)": "(4 * H * W)"},
)
exercise.variant(
    "CC4",
    "You take the absolute differences. Asked for are their squares.",
    {"ops.square(difference)": "ops.absolute(difference)"},
)
exercise.variant(
    "CC5",
    "The target pulls back: a gradient goes to the content's activations too. They are a constant.",
    {DIFFERENCE: "difference = aC - aG"},
)
exercise.variant(
    "CC6",
    "You cut the gradient on the wrong side: the generated picture's activations are what must "
    "learn, the content's are the target.",
    {DIFFERENCE: "difference = aC - ops.stop_gradient(aG)"},
)
exercise.variant(
    "NS9",
    "Your number is right, but no gradient comes back through it: NumPy, `.numpy()` and `float()` "
    "hand on numbers without it. Stay within keras.ops.",
    {
        CONTENT: "value = ops.sum(ops.square(difference)) / (4 * H * W * C)\n"
        "    return ops.convert_to_tensor(ops.convert_to_numpy(value))"
    },
)
exercise.variant(
    "CC7",
    "You have the style's cost: Gram matrices forget the places. Content is compared place by "
    "place.",
    {
        DIFFERENCE: "difference = ops.einsum('hwi,hwj->ij', ops.stop_gradient(aC), aC) "
        "- ops.einsum('hwi,hwj->ij', aG, aG)"
    },
)


@exercise.equivalent("mean")
def content_by_mean(aC, aG):
    return ops.mean((aG - ops.stop_gradient(aC)) ** 2) / 4


@exercise.equivalent("dot product")
def content_flat(aC, aG):
    difference = ops.reshape(aG, (-1,)) - ops.reshape(ops.stop_gradient(aC), (-1,))
    return 0.25 * ops.dot(difference, difference) / difference.shape[0]


@exercise.symptom(
    "no_gradient",
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()` and `float()` hand on numbers "
    "without it.",
)
def no_content_gradient(got: Any) -> bool:
    return "gradient of aG" in got and got["gradient of aG"] is None
