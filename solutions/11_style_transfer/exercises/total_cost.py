"""Unit 11, `total_cost`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    float64,
    probes,
)

exercise = Exercise("total_cost", points=1)


def equal_weights(rng: np.random.Generator) -> Iterator[Case]:
    weight = float(rng.uniform(0.5, 3))
    costs = {"content": float(rng.uniform(1, 5)), "style": float(rng.uniform(1, 5))}
    yield Case(costs | {"alpha": weight, "beta": weight}, "equal weights")


def two_weights(rng: np.random.Generator) -> Iterator[Case]:
    for ratio in (4.0, 0.2):
        alpha = float(rng.uniform(1, 10))
        beta = ratio * alpha
        costs = {"content": float(rng.uniform(1, 5)), "style": float(rng.uniform(1, 5))}
        yield Case(costs | {"alpha": alpha, "beta": beta}, f"beta {ratio:g} times alpha")


@exercise.check(points=0.25, cases=equal_weights, judge=close(float64))
def same_weights(program, content, style, alpha, beta):
    """With equal weights it is their sum, times the weight"""
    return {"cost": program.total_cost(*probes.to_tensors(np.array([content, style])), alpha, beta)}


@exercise.check(points=0.5, cases=two_weights, judge=close(float64))
def different_weights(program, content, style, alpha, beta):
    """`alpha` weighs the content, `beta` the style"""
    return {"cost": program.total_cost(*probes.to_tensors(np.array([content, style])), alpha, beta)}


@exercise.check(points=0.25, cases=two_weights, judge=close(float64))
def gradients_of_both(program, content, style, alpha, beta):
    """Gradients come back to both costs"""
    found = probes.vjp(
        lambda c, s: program.total_cost(c, s, alpha, beta), np.array(content), np.array(style)
    )
    return {"gradients": np.array(found, dtype=float)}


TOTAL = "return alpha * J_content + beta * J_style"
exercise.variant(
    "NS8",
    "`alpha` and `beta` are exchanged: alpha weighs the content, beta the style.",
    {TOTAL: "return beta * J_content + alpha * J_style"},
)
exercise.variant(
    "TC1",
    "Your weights are made to add up to 1. They are used as they are.",
    {TOTAL: "return (alpha * J_content + beta * J_style) / (alpha + beta)"},
)
exercise.variant(
    "TC2",
    "The content's weight is missing.",
    {TOTAL: "return J_content + beta * J_style"},
)


@exercise.equivalent("sum")
def total_by_sum(J_content, J_style, alpha, beta):
    return sum(weight * cost for weight, cost in ((beta, J_style), (alpha, J_content)))


@exercise.equivalent("ops")
def total_by_ops(J_content, J_style, alpha, beta):
    return ops.add(ops.multiply(J_content, alpha), ops.multiply(J_style, beta))
