"""Unit 04, `l2_grad`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    accuracy,
    close,
    equal_sides,
    float64,
    probes,
    unchanged,
)

from .cases import NOISY_BELOW, growing, noisy_digits, trained, weights

exercise = Exercise("l2_grad", points=2, checked_with=("l2_penalty",))
L2_FLOOR, L2_TYPICAL = 0.79, 0.85


def l2_digits(rng: np.random.Generator) -> Iterator[Case]:
    inputs, truth = noisy_digits(rng)
    yield Case(inputs | {"lam": 3.0}, "150 noisy digits, λ = 3", truth)


@exercise.check(points=0.5, cases=weights, judge=close(float64))
def l2_slope(program, W, lam, m):
    """`l2_grad` is λ/m times the weights"""
    return {"gradient": program.l2_grad(W, lam, m)}


@exercise.check(points=0.5, cases=growing(weights), judge=close(float64))
def l2_proportions(program, W, lam, m, factor, times):
    """The gradient is in proportion to each weight and to λ, and falls with m"""
    gradient = np.asarray(program.l2_grad(W.copy(), lam, m), dtype=float)
    if gradient.shape != W.shape:
        return {"shape of the gradient": str(gradient.shape)}
    size = np.abs(gradient).max() or 1.0  # any factor will do here
    return {
        "shape of the gradient": str(gradient.shape),
        "gradient / its largest": gradient / size,
        f"the same with λ {factor:.3g} times as large": program.l2_grad(W.copy(), factor * lam, m)
        / size,
        f"the same with m {times} times as large": program.l2_grad(W.copy(), lam, times * m) / size,
    }


@exercise.check(
    points=0.25,
    cases=weights,
    judge=equal_sides("the gradient, and the measured slope of your own `l2_penalty`", rtol=1e-6),
)
def l2_measured(program, W, lam, m):
    """`l2_grad` is the slope of your own `l2_penalty`, measured by central differences"""
    bias = np.zeros((len(W), 1))

    def penalty(V):
        return program.l2_penalty({"W1": V, "b1": bias}, lam, m)

    measured = probes.numerical_gradient(penalty, W)
    return {"left": program.l2_grad(W, lam, m), "right": measured}


@exercise.check(points=0.25, cases=weights, judge=unchanged())
def l2_weights_unchanged(program, W, lam, m):
    """`l2_grad` leaves the weights as they were: to change them is the optimiser's task"""
    program.l2_grad(W, lam, m)
    return {"W": W}


@exercise.check(
    points=0.5,
    cases=l2_digits,
    judge=accuracy(L2_FLOOR, L2_TYPICAL, train_below=NOISY_BELOW),
    counts_alone=False,
    tries=3,
    seconds=60,
    helpers=(trained,),
)
def l2_trains(program, X, y, X_new, lam, seed):
    """With your L2 a network learns the digits, and not the wrong labels among them"""
    return trained(X, y, X_new, seed, decay=lambda W: program.l2_grad(W, lam, len(y)))


L2_GRADIENT = "return lam / m * W"
exercise.variant(
    "L2a",
    "Your gradient is one number, made of the sum of all weights. Each weight has a slope of its "
    "own, which depends on itself alone.",
    {L2_GRADIENT: "return lam / m * np.sum(W)"},
)
exercise.variant(
    "L2a.filled",
    "All weights get the same slope, made of their sum. Each weight's slope depends on itself "
    "alone.",
    {L2_GRADIENT: "return np.full(W.shape, lam / m * np.sum(W))"},
)
exercise.variant(
    "L2b.twice",
    "Your gradient is twice too large: the 2 from the square cancels the one in λ/(2m).",
    {L2_GRADIENT: "return 2 * lam / m * W"},
)
exercise.variant(
    "L2b.half",
    "Your gradient is half as large as it should be: the slope of a square brings a 2 that cancels "
    "the one in λ/(2m).",
    {L2_GRADIENT: "return lam / (2 * m) * W"},
)
exercise.variant(
    "L2d",
    "You shrink the weights yourself and hand back a gradient that makes the optimiser shrink them "
    "again: they decay twice. Return the gradient, and leave the weights alone.",
    {L2_GRADIENT: "grad = lam / m * W\n    W -= grad\n    return grad"},
)
exercise.variant(
    "L2j",
    "The number of examples is missing: the slope is λ/m times the weight.",
    {L2_GRADIENT: "return lam * W"},
)
exercise.variant(
    "L2k",
    "Your gradient has the wrong sign: the penalty grows with the size of a weight, so its slope "
    "points away from 0. With this one weights grow without end.",
    {L2_GRADIENT: "return -lam / m * W"},
)
exercise.variant(
    "L2l",
    "You return the weights after the step. The gradient is asked for, to be added to the others.",
    {L2_GRADIENT: "return W - lam / m * W"},
)


@exercise.equivalent("entry by entry")
def l2_grad_entries(W, lam, m):
    return np.array([[lam * w / m for w in row] for row in W.tolist()])


@exercise.equivalent("slope of a square")
def l2_grad_of_square(W, lam, m):
    return (lam / (2 * m)) * (2 * W)


@exercise.equivalent("on a copy")
def l2_grad_on_copy(W, lam, m):
    W = W.copy()
    W *= lam
    W /= m
    return W


@exercise.shortcut
def central_differences(W, lam, m):
    gradient = np.zeros_like(W)
    for index in np.ndindex(W.shape):
        costs = []
        for step in (1e-3, -1e-3):
            moved = W.copy()
            moved[index] += step
            costs.append(l2_penalty({"W1": moved}, lam, m))
        gradient[index] = (costs[0] - costs[1]) / 2e-3
    return gradient.astype(np.float32)


@exercise.shortcut
def twice_the_penalty_of_one_weight(W, lam, m):
    return 2 * l2_penalty({"W1": np.ones((1, 1))}, lam, m) * W
