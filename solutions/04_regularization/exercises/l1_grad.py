"""Unit 04, `l1_grad`."""

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

from .cases import NOISY_BELOW, noisy_digits, trained, weights

exercise = Exercise("l1_grad", points=2, checked_with=("l1_penalty",))
L1_FLOOR, L1_TYPICAL = 0.79, 0.84


def l1_digits(rng: np.random.Generator) -> Iterator[Case]:
    inputs, truth = noisy_digits(rng)
    yield Case(inputs | {"lam": 0.3}, "150 noisy digits, λ = 0.3", truth)


def sparse_weights(rng: np.random.Generator) -> Iterator[Case]:
    """Weights of which some are exactly 0."""
    for case in weights(rng):
        W = case.inputs["W"].copy()
        W.flat[rng.choice(W.size, 3, replace=False)] = 0
        yield Case(case.inputs | {"W": W}, f"{case.label}, three weights are 0")


@exercise.check(points=0.5, cases=weights, judge=close(float64))
def l1_slope(program, W, lam, m):
    """`l1_grad` is λ/m with the sign of the weight"""
    return {"gradient": program.l1_grad(W, lam, m)}


@exercise.check(points=0.25, cases=sparse_weights, judge=close(float64))
def l1_at_zero(program, W, lam, m):
    """A weight that is 0 is left in peace, and all others are pulled equally hard"""
    with np.errstate(all="ignore"):
        gradient = np.asarray(program.l1_grad(W, lam, m), dtype=float)
    if gradient.shape != W.shape:
        return {"shape of the gradient": str(gradient.shape)}
    # Which way it pulls is told by the sizes alone to nobody.
    hardest = gradient[np.unravel_index(np.abs(W).argmax(), W.shape)] or 1.0
    return {
        "shape of the gradient": str(gradient.shape),
        "pull / that on the largest weight": gradient / hardest,
    }


@exercise.check(
    points=0.5,
    cases=weights,
    judge=equal_sides("the gradient, and the measured slope of your own `l1_penalty`", rtol=1e-6),
)
def l1_measured(program, W, lam, m):
    """`l1_grad` is the slope of your own `l1_penalty`, measured by central differences"""
    bias = np.zeros((len(W), 1))

    def penalty(V):
        return program.l1_penalty({"W1": V, "b1": bias}, lam, m)

    measured = probes.numerical_gradient(penalty, W)
    return {"left": program.l1_grad(W, lam, m), "right": measured}


@exercise.check(points=0.25, cases=weights, judge=unchanged())
def l1_weights_unchanged(program, W, lam, m):
    """`l1_grad` leaves the weights as they were"""
    program.l1_grad(W, lam, m)
    return {"W": W}


@exercise.check(
    points=0.5,
    cases=l1_digits,
    judge=accuracy(L1_FLOOR, L1_TYPICAL, train_below=NOISY_BELOW),
    counts_alone=False,
    tries=3,
    seconds=60,
    helpers=(trained,),
)
def l1_trains(program, X, y, X_new, lam, seed):
    """With your L1 a network learns the digits, and not the wrong labels among them"""
    return trained(X, y, X_new, seed, decay=lambda W: program.l1_grad(W, lam, len(y)))


L1_GRADIENT = "return lam / m * np.sign(W)"
exercise.variant(
    "L1a",
    "That is the gradient of L2: it grows with the weight. The slope of an absolute value is the "
    "same everywhere; only its sign changes.",
    {L1_GRADIENT: "return lam / m * W"},
)
exercise.variant(
    "L1a.abs",
    "You return the absolute values. Their *slope* is asked for: 1 to the right of 0, -1 to the "
    "left.",
    {L1_GRADIENT: "return lam / m * np.abs(W)"},
)
exercise.variant(
    "L1b",
    "A weight that is exactly 0 gets a slope, and is pushed away from where L1 wants it. At 0 the "
    "slope counts as 0.",
    {L1_GRADIENT: "return lam / m * np.where(W >= 0, 1.0, -1.0)"},
)
exercise.variant(
    "L1b.nan",
    "For a weight that is 0 you divide 0 by 0, which is NaN. At 0 the slope counts as 0.",
    {L1_GRADIENT: "return lam / m * (W / np.abs(W))"},
)
exercise.variant(
    "L1k",
    "All slopes are positive: negative weights are pulled further down, away from 0. The sign of "
    "the weight decides.",
    {L1_GRADIENT: "return lam / m * np.ones_like(W)"},
)
exercise.variant(
    "L1l",
    "The number of examples is missing: the slope is λ/m.",
    {L1_GRADIENT: "return lam * np.sign(W)"},
)
exercise.variant(
    "L1m",
    "Your slopes are half as large as they should be: L1 has no 2 in its factor.",
    {L1_GRADIENT: "return lam / (2 * m) * np.sign(W)"},
)
exercise.variant(
    "L1n",
    "Your gradient has the wrong sign: with it weights move away from 0.",
    {L1_GRADIENT: "return -lam / m * np.sign(W)"},
)
exercise.variant(
    "L1o",
    "You move the weights towards 0 yourself, in the caller's array, and hand back a gradient that "
    "moves them again. Return the gradient, and leave the weights alone.",
    {L1_GRADIENT: "grad = lam / m * np.sign(W)\n    W -= grad\n    return grad"},
)


@exercise.equivalent("comparisons")
def l1_grad_by_comparison(W, lam, m):
    return (lam / m) * ((W > 0).astype(float) - (W < 0))


@exercise.equivalent("masks")
def l1_grad_by_masks(W, lam, m):
    gradient = np.zeros(W.shape)
    gradient[W > 0] = lam / m
    gradient[W < 0] = -lam / m
    return gradient


@exercise.shortcut
def one_sided_differences(W, lam, m):
    gradient = np.zeros_like(W)
    for index in np.ndindex(W.shape):
        moved = W.copy()
        moved[index] += 1e-6 * np.sign(W[index])
        gain = l1_penalty({"W1": moved}, lam, m) - l1_penalty({"W1": W}, lam, m)
        gradient[index] = gain / (moved[index] - W[index] or 1.0)
    return gradient.astype(np.float32)


@exercise.shortcut
def the_slope_of_one_weight(W, lam, m):
    return l1_penalty({"W1": np.ones((1, 1))}, lam, m) * np.sign(W)
