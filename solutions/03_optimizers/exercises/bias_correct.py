"""Unit 03, `bias_correct`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, float64, unchanged

from .cases import SHAPES, gradient, normal

exercise = Exercise("bias_correct", points=3)


def averages(rng: np.random.Generator) -> Iterator[Case]:
    """Averages of any kind, after two updates or more."""
    for (label, shape), beta in zip(SHAPES, (0.9, 0.8, 0.999), strict=True):
        for t in (2, 7, 40):
            v = normal(rng, shape)
            yield Case({"v": v, "beta": beta, "t": t}, f"{label}, β = {beta}, t = {t}")


def first_averages(rng: np.random.Generator) -> Iterator[Case]:
    """The average after the first update."""
    for (label, shape), beta in zip(SHAPES, (0.9, 0.8, 0.999), strict=True):
        yield Case({"v": normal(rng, shape), "beta": beta, "t": 1}, f"{label}, β = {beta}, t = 1")


def constants(rng: np.random.Generator) -> Iterator[Case]:
    """A gradient that stays the same."""
    for (label, shape), beta in zip(SHAPES, (0.9, 0.7, 0.999), strict=True):
        yield Case({"dw": gradient(rng, shape), "beta": beta}, f"{label}, β = {beta}")


def average_arrays(rng: np.random.Generator) -> Iterator[Case]:
    """Averages as arrays."""
    for label, shape in SHAPES[1:]:
        yield Case({"v": normal(rng, shape), "beta": 0.9, "t": 3}, label)


@exercise.check(points=0.5, cases=first_averages, judge=close(float64))
def first_correction(program, v, beta, t):
    """After the first update, `t = 1`, the correction is right"""
    return {"v_hat": program.bias_correct(v, beta, t)}


@exercise.check(points=1, cases=averages, judge=close(float64))
def later_corrections(program, v, beta, t):
    """After more updates the correction is right, too, for averages of every shape"""
    return {"v_hat": program.bias_correct(v, beta, t)}


@exercise.check(
    points=1,
    cases=constants,
    judge=equal_sides("the corrected average of equal gradients, and that gradient"),
)
def correction_constant_gradient(program, dw, beta):
    """If all gradients were the same, the corrected average is that gradient, for every `t`"""
    v = 0 * dw
    left, right = {}, {}
    for t in range(1, 13):
        v = beta * v + (1 - beta) * dw
        left[f"v_hat at t = {t}"] = program.bias_correct(v + 0.0, beta, t)
        right[f"v_hat at t = {t}"] = dw
    return {"left": left, "right": right}


@exercise.check(
    points=0.5,
    cases=average_arrays,
    judge=unchanged(),
)
def correction_arguments_unchanged(program, v, beta, t):
    """The correction leaves the caller's `v` as it was"""
    program.bias_correct(v, beta, t)
    return {"v": v}


exercise.variant(
    "BC1",
    "You count updates from 0: at the first update your divisor is 0. The first update is t = 1.",
    {"beta**t": "beta ** (t - 1)"},
)
exercise.variant(
    "BC2",
    "You multiply β by t. The weight of an old gradient shrinks by the factor β at *every* "
    "update; over t updates factors multiply, so t is an exponent.",
    {"beta**t": "beta * t"},
)
exercise.variant(
    "BC3",
    "You multiply by the sum of the weights, which makes an average that is too small even "
    "smaller. Undo the missing weight.",
    {"v / (1 - beta**t)": "v * (1 - beta**t)"},
)
exercise.variant(
    "BC4",
    "Your correction is the same at every update; it is right only at t = 1. It has to fade as "
    "the average fills up.",
    {"beta**t": "beta"},
)
exercise.variant(
    "BC5",
    "You count one update too many: your first correction is the one that belongs to t = 2.",
    {"beta**t": "beta ** (t + 1)"},
)
exercise.variant(
    "BC6",
    "Only β is raised to the power t, not the whole of 1 - β.",
    {"(1 - beta**t)": "(1 - beta) ** t"},
)
exercise.variant(
    "BC7",
    "You divide by the weight that the average's start from 0 still has. Divide by the weight "
    "that the gradients have: what is left of 1.",
    {"(1 - beta**t)": "beta**t"},
)
exercise.variant(
    "BC8",
    "Your divisor is negative, so the corrected average points the other way.",
    {"(1 - beta**t)": "(beta**t - 1)"},
)


@exercise.variant("BC9")
def bias_correct_in_place(v, beta, t):
    """Your numbers are right, but you write them into the caller's `v`. In Adam that average is the
    memory of all updates so far; the next update would start from the corrected one.
    """
    v /= 1 - beta**t
    return v


@exercise.equivalent("weights summed")
def bias_correct_summed(v, beta, t):
    weight = (1 - beta) * sum(beta**age for age in range(t))
    return v / weight


@exercise.equivalent("expm1")
def bias_correct_expm1(v, beta, t):
    return np.divide(v, -np.expm1(t * np.log(beta)))


exercise.equivalent("reciprocal", {"v / (1 - beta**t)": "1 / (1 - np.power(beta, t)) * v"})
exercise.equivalent("a float t", {"beta**t": "beta ** float(t)"})
