"""Unit 10, `smooth_l1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, float64

from .cases import LOST

exercise = Exercise("smooth_l1", points=1)


def numbers_inside(rng: np.random.Generator) -> Iterator[Case]:
    for beta in (1.0, 2.6):
        x = beta * rng.uniform(0.1, 0.95, (3, 4)) * rng.choice([-1.0, 1.0], (3, 4))
        yield Case({"x": x, "beta": beta}, f"|x| below β = {beta}")


def numbers_outside(rng: np.random.Generator) -> Iterator[Case]:
    for beta in (1.0, 0.3):
        x = beta * rng.uniform(1.1, 5, 7) * rng.choice([-1.0, 1.0], 7)
        yield Case({"x": x, "beta": beta}, f"|x| above β = {beta}")


def numbers_near_one(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": rng.uniform(-2, 2, (2, 5))}, "beta is not given")


def away_from_beta(rng: np.random.Generator) -> Iterator[Case]:
    for beta in (1.0, 0.4):
        x = np.r_[rng.uniform(0.05, 0.9, 3), rng.uniform(1.1, 3, 3)] * rng.choice([-1.0, 1.0], 6)
        yield Case({"x": beta * x, "beta": beta}, f"both pieces, β = {beta}")


@exercise.check(points=0.25, cases=numbers_inside, judge=close(float64))
def quadratic_inside(program, x, beta):
    """Below β it is quadratic, with β in the denominator"""
    return {"smooth L1": program.smooth_l1(x, beta)}


@exercise.check(points=0.25, cases=numbers_outside, judge=close(float64))
def linear_outside(program, x, beta):
    """Above β it is linear, and less by half of β"""
    return {"smooth L1": program.smooth_l1(x, beta)}


@exercise.check(points=0.25, cases=numbers_near_one, judge=close(float64))
def beta_is_one(program, x):
    """If it is not given, β is 1"""
    return {"smooth L1": program.smooth_l1(x)}


@exercise.check(points=0.25, cases=away_from_beta, judge=close(float64))
def slope(program, x, beta):
    """Its slope, by automatic differentiation, is x/β and never beyond 1: a bad box does no harm"""
    (gradient,) = probes.vjp(lambda v: program.smooth_l1(v, beta), x)
    return {"gradient of x": gradient}


INSIDE = "size**2 / (2 * beta)"
OUTSIDE = "size - beta / 2"
exercise.variant(
    "SM1",
    "You square without dividing by β, so that the pieces don't meet where β isn't 1.",
    {INSIDE: "size**2 / 2"},
)
exercise.variant(
    "SM2",
    "You take off ½ whatever β is. Half of *β* is to be taken off, so that both pieces meet.",
    {OUTSIDE: "size - 1 / 2"},
)
exercise.variant(
    "SM3",
    "Outside you forget the absolute value, so that large negative numbers lower the loss.",
    {OUTSIDE: "x - beta / 2"},
)
exercise.variant(
    "SM4",
    "You add everything up. The value for each element is wanted.",
    {
        "return ops.where(size < beta, size**2 / (2 * beta), size - beta / 2)": (
            "return ops.sum(ops.where(size < beta, size**2 / (2 * beta), size - beta / 2))"
        )
    },
)
exercise.variant(
    "SM5",
    "Your pieces always change at 1. They change at β.",
    {"size < beta": "size < 1"},
)
exercise.variant(
    "SM6",
    "The factor ½ is missing inside: the slope is twice what it should be, and the pieces don't "
    "meet.",
    {INSIDE: "size**2 / beta"},
)
exercise.variant(
    "SM7",
    "You exchanged the pieces: quadratic near zero, linear beyond.",
    {"size < beta": "size >= beta"},
)
exercise.variant(
    "SM8",
    "You take nothing off outside. The linear piece lies half of β lower, so that both pieces "
    "meet.",
    {OUTSIDE: "size"},
)


exercise.variant(
    "SM9",
    LOST,
    {"size = ops.abs(x)": "size = ops.abs(ops.convert_to_numpy(x))"},
)


@exercise.equivalent("masks")
def smooth_with_masks(x, beta=1.0):
    size = abs(x)
    inside = ops.cast(size < beta, x.dtype)
    return inside * 0.5 * x**2 / beta + (1 - inside) * (size - 0.5 * beta)


@exercise.equivalent("by the clipped argument")
def smooth_of_clipped(x, beta=1.0):
    """The Huber function by way of the clipped argument."""
    near = ops.clip(x, -beta, beta)
    return near**2 / (2 * beta) + ops.abs(x - near)


@exercise.equivalent("by the smaller of size and beta")
def smooth_of_smaller(x, beta=1.0):
    size = ops.maximum(x, -x)
    inner = ops.minimum(size, beta)
    return inner * (size - inner / 2) / beta


@exercise.symptom("no gradient", LOST)
def no_gradient(got: Any) -> bool:
    return got.get("gradient of x", 0) is None
