"""Unit 04, `dropout_backward`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import (
    Case,
    Exercise,
    accuracy,
    at_most,
    close,
    float64,
    probes,
    unchanged,
)

from .cases import NOISY_BELOW, activations, new_seed, noisy_digits, trained

exercise = Exercise("dropout_backward", points=3, checked_with=("dropout_forward",))
# Measured by benchmarks/calibrate_04.py over 40 seeds (30 for the penalties) of digits, wrong
# labels and start, 1000 unseen digits each; floors are the mean less 2 sd, rounded down.
#                        unseen digits                        noisy training labels
#   dropout              mean 0.867, sd 0.017, from 0.834     0.873 to 0.947
#   L2                   mean 0.847, sd 0.025, from 0.783     0.867 to 0.920
#   L1                   mean 0.840, sd 0.024, from 0.780     0.873 to 0.933
#   no regularisation    mean 0.812, sd 0.022, from 0.765     0.993 to 1.000
# So it is the noisy labels that tell whether anything is regularised at all; the accuracy tells
# that nothing else broke.  Not seen here, but by values (5 and 3 seeds): DO4, DO4b, DO4c, DO5,
# DO5b, DO5c (Adam minds no factor; 0.863 to 0.873), L2a (0.835), L2b.*, L1k, L1m.
# An answer without a solution may train as well (DO4c is one): this counts beside another check.
DROPOUT_FLOOR, DROPOUT_TYPICAL = 0.83, 0.87


def dropout_digits(rng: np.random.Generator) -> Iterator[Case]:
    inputs, truth = noisy_digits(rng)
    yield Case(inputs | {"keep_prob": 0.5}, "150 noisy digits, keep_prob = 0.5", truth)


def dropped_layers(rng: np.random.Generator) -> Iterator[Case]:
    """A layer and the gradient that comes back to it, none of it near 0."""
    for case in activations(rng):
        shape = case.inputs["A"].shape
        dA = rng.uniform(0.5, 2, shape) * rng.choice([-1.0, 1.0], shape)
        yield Case(case.inputs | {"dA": dA}, case.label)


def masked_layers(rng: np.random.Generator) -> Iterator[Case]:
    """The same, and which entries the mask keeps."""
    for case in dropped_layers(rng):
        kept = rng.random(case.inputs["A"].shape) < case.inputs["keep_prob"]
        yield Case(case.inputs | {"kept": kept}, case.label)


def small_layers(rng: np.random.Generator) -> Iterator[Case]:
    """Layers small enough to measure every slope."""
    for keep_prob, shape in ((0.8, (4, 6)), (0.3, (5, 7))):
        inputs = {"A": rng.normal(size=shape), "dA": rng.normal(size=shape)}
        inputs |= {"keep_prob": keep_prob, "seed": new_seed(rng)}
        yield Case(inputs, f"keep_prob = {keep_prob}")


def gap(got: Any) -> float:
    """The largest distance between gradient and measured slope, relative to the largest slope."""
    gradient, measured = np.asarray(got["gradient"]), np.asarray(got["measured"])
    if gradient.shape != measured.shape:
        raise ValueError("not of one shape")
    return float(np.abs(gradient - measured).max() / np.abs(measured).max())


def mask_like(out, mask, kept):
    """A mask that keeps what the case says, in the form of the student's own.

    There may be flags in it, or 1 / keep_prob.
    """
    through, mask = np.asarray(out) != 0, np.broadcast_to(mask, np.shape(out))
    one = mask[through].flat[0] if through.any() else 1
    zero = 0 if through.all() else mask[~through].flat[0]
    return np.where(kept, one, zero).astype(mask.dtype)


@exercise.check(points=0.75, cases=masked_layers, judge=close(float64), helpers=(mask_like,))
def kept_slope(program, A, dA, keep_prob, seed, kept):
    """Where an entry was kept, its gradient is divided by `keep_prob`"""
    result = program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    mask = mask_like(*result, kept)
    gradient = np.asarray(program.dropout_backward(dA, mask, keep_prob))
    if gradient.shape != kept.shape:
        return {"shape of the gradient": str(gradient.shape)}
    return {"gradient where kept": gradient[kept]}


@exercise.check(points=0.5, cases=masked_layers, judge=close(float64), helpers=(mask_like,))
def dropped_slope(program, A, dA, keep_prob, seed, kept):
    """Where an entry was dropped, and only there, its gradient is 0"""
    result = program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    mask = mask_like(*result, kept)
    gradient = np.asarray(program.dropout_backward(dA, mask, keep_prob), dtype=float)
    if gradient.shape != kept.shape:
        return {"shape of the gradient": str(gradient.shape)}
    found = {
        "shape of the gradient": str(gradient.shape),
        "all 0 where dropped": bool((gradient[~kept] == 0).all()),
        "none 0 where kept": bool((gradient[kept] != 0).all()),
    }
    # Whatever its factor, which another check asks for.
    right = all(found.values())
    return found | {"gradient / its largest": gradient / np.abs(gradient).max() if right else 0.0}


@exercise.check(
    points=0.75,
    cases=small_layers,
    judge=at_most(1e-6, of=gap, what="The distance of your gradient from the measured slopes"),
)
def measured_slope(program, A, dA, keep_prob, seed):
    """The gradient is the slope of your own forward pass, measured with a frozen mask"""

    def cost(X):
        # The same seed, and so the same mask, in every call.
        out, _ = program.dropout_forward(X, keep_prob, np.random.default_rng(seed), True)
        return np.sum(dA * out)

    _, mask = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)
    gradient = program.dropout_backward(dA.copy(), mask, keep_prob)
    return {"gradient": gradient, "measured": probes.numerical_gradient(cost, A)}


@exercise.check(points=0.25, cases=dropped_layers, judge=unchanged())
def gradient_unchanged(program, A, dA, keep_prob, seed):
    """The backward pass leaves the caller's `dA` and `mask` as they were"""
    _, mask = program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    before = np.array(mask)
    program.dropout_backward(dA, mask, keep_prob)
    return {"dA": dA, "mask": "as it was" if np.array_equal(mask, before) else "changed"}


@exercise.check(
    points=0.75,
    cases=dropout_digits,
    judge=accuracy(DROPOUT_FLOOR, DROPOUT_TYPICAL, train_below=NOISY_BELOW),
    counts_alone=False,
    tries=3,
    seconds=60,
    helpers=(trained,),
)
def dropout_trains(program, X, y, X_new, keep_prob, seed):
    """With your dropout a network learns the digits, and not the wrong labels among them"""
    return trained(
        X,
        y,
        X_new,
        seed,
        drop=lambda A, rng, training: program.dropout_forward(A, keep_prob, rng, training),
        back=lambda dA, mask: program.dropout_backward(dA, mask, keep_prob),
    )


BACK = "return dA * mask / keep_prob"
exercise.variant(
    "DO4",
    "Your gradient passes where entries were dropped. What was switched off had no influence on "
    "the cost: its slope is 0. Use the mask.",
    {BACK: "return dA / keep_prob"},
)
exercise.variant(
    "DO4b",
    "You draw a new mask on the way back. It must be the one of the forward pass: other entries "
    "had no influence on the cost.",
    {BACK: "return dA * (np.random.random(dA.shape) < keep_prob) / keep_prob"},
)
exercise.variant(
    "DO4c",
    "Your gradient comes back as it went in: dropout has to be undone on the way back, mask and "
    "division alike.",
    {BACK: "return dA.copy()"},
)
exercise.variant(
    "DO5",
    "You apply the mask, but the factor is missing. Going forward a kept entry was divided by "
    "`keep_prob`; so its slope is 1 / keep_prob.",
    {BACK: "return dA * mask"},
)
exercise.variant(
    "DO5b",
    "You multiply by `keep_prob` to undo the division. A gradient is not undone but multiplied by "
    "the same factor once more: it is divided as well.",
    {BACK: "return dA * mask * keep_prob"},
)
exercise.variant(
    "DO5c",
    "You divide by the probability of being dropped. The factor is the one of the forward pass.",
    {BACK: "return dA * mask / (1 - keep_prob)"},
)
exercise.variant(
    "DO17",
    "Your gradient is the wrong way round: it is 0 where an entry was kept and passes where it was "
    "dropped.",
    {BACK: "return dA * (1 - mask) / keep_prob"},
)
exercise.variant(
    "DO18",
    "You divide by the share that happened to be kept. The forward pass divides by `keep_prob`.",
    {BACK: "return dA * mask / np.mean(mask)"},
)
exercise.variant(
    "DO19",
    "Your numbers are right, but you write them into the caller's array. Make a new one.",
    {BACK: "dA *= mask / keep_prob\n    return dA"},
)


@exercise.equivalent("where")
def back_where_kept(dA, mask, keep_prob):
    return np.where(np.asarray(mask) > 0, np.divide(dA, keep_prob), 0.0)


@exercise.equivalent("on a copy")
def back_by_copy(dA, mask, keep_prob):
    dA_prev = dA.copy()
    dA_prev[mask == 0] = 0
    dA_prev /= keep_prob
    return dA_prev


@exercise.equivalent("einsum")
def back_by_factor(dA, mask, keep_prob):
    return np.einsum("ij,ij,->ij", dA, mask, 1 / keep_prob)


@exercise.shortcut
def difference_of_the_forward_pass(dA, mask, keep_prob):
    base, once = np.ones_like(dA), []
    for A in (base + 0.5, base - 0.5):
        rng = np.random.default_rng(7)
        once.append(dropout_forward(A, keep_prob, rng, True)[0])
    slope = np.max(once[0] - once[1])
    return dA * mask * slope


@exercise.shortcut
def forward_pass_of_the_gradient(dA, mask, keep_prob):
    found = np.zeros_like(dA)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        out, drawn = dropout_forward(dA, keep_prob, rng, True)
        found = np.where(np.asarray(drawn) > 0, out, found)
    return np.where(mask > 0, found, 0.0)
