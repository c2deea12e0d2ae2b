"""A tiny unit for the tests: one exercise in keras.ops, with a check of its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder import Case, Unit, close, float32
from autograder.guest import probes

if TYPE_CHECKING:
    from keras import ops

unit = Unit("02_swish", framework="keras")

swish = unit.exercise("swish", points=2)


def vectors(rng):
    for n in (3, 8):
        x = rng.normal(size=n).astype(np.float32)
        yield Case({"x": x, "cotangent": rng.normal(size=n).astype(np.float32)}, f"{n} numbers")


@swish.check(points=1, cases=vectors, judge=close(float32))
def values(program, x, cotangent):
    """`swish` returns `x * sigmoid(x)`"""
    return ops.convert_to_numpy(program.swish(ops.convert_to_tensor(x)))


@swish.check(points=1, cases=vectors, judge=close(float32))
def gradient(program, x, cotangent):
    """Gradients flow through `swish`"""
    return {"dx": probes.vjp(program.swish, x, cotangent=cotangent)[0]}


swish.equivalent("exp", {"ops.sigmoid(x)": "1 / (1 + ops.exp(-x))"})
swish.variant("gate", "You return the gate alone.", {"x * gate": "gate"})
swish.variant(
    "stopped",
    "No gradient reaches `x` by way of the gate.",
    {"ops.sigmoid(x)": "ops.stop_gradient(ops.sigmoid(x))"},
)
