"""Unit 04, `l1_penalty`."""

from __future__ import annotations

import numpy as np

from autograder import (
    Exercise,
    close,
    float64,
)

from .cases import more_layers, one_layer, with_biases

exercise = Exercise("l1_penalty", points=1)


@exercise.check(points=0.5, cases=one_layer, judge=close(float64))
def l1_value(program, params, lam, m):
    """`l1_penalty` is λ/m times the sum of the weights' absolute values"""
    return {"penalty": program.l1_penalty(params, lam, m)}


@exercise.check(points=0.25, cases=more_layers, judge=close(float64))
def l1_layers(program, params, lam, m):
    """All layers count, each with its own weights"""
    penalty, shares = program.l1_penalty(params, lam, m), {}
    for name in params:
        if name.startswith("W"):
            alone = {key: value * (key == name) for key, value in params.items()}
            shares[f"share of {name}"] = program.l1_penalty(alone, lam, m) / penalty
    return shares


@exercise.check(
    points=0.25,
    cases=with_biases,
    judge=close(float64),
    counts_alone=False,  # always 1
)
def l1_biases(program, params, lam, m):
    """Biases cost nothing"""
    without = {name: value * name.startswith("W") for name, value in params.items()}
    penalty = program.l1_penalty(params, lam, m)
    return {"with biases / without": penalty / program.l1_penalty(without, lam, m)}


L1_SUM = 'sum(np.sum(np.abs(W)) for name, W in params.items() if name.startswith("W"))'
L1_RESULT = "return float(lam / m * sizes)"
exercise.variant(
    "L1c",
    "You penalise the biases, too. Only weights count: the entries whose names begin with `W`.",
    {L1_SUM: "sum(np.sum(np.abs(p)) for p in params.values())"},
)
exercise.variant(
    "L1d",
    "The absolute value is missing: positive and negative weights cancel, and a very negative "
    "weight would even be rewarded.",
    {L1_SUM: L1_SUM.replace("np.abs(W)", "W")},
)
exercise.variant(
    "L1e",
    "You take the absolute value of the sum. Take that of each weight, then add up.",
    {L1_SUM: L1_SUM.replace("np.sum(np.abs(W))", "np.abs(np.sum(W))")},
)
exercise.variant(
    "L1f",
    "Your penalty is half as large as it should be: L1 has no square, so no 2 is needed to cancel "
    "one.",
    {L1_RESULT: "return float(lam / (2 * m) * sizes)"},
)
exercise.variant(
    "L1g",
    "The number of examples is missing: λ is divided by m.",
    {L1_RESULT: "return float(lam * sizes)"},
)
exercise.variant(
    "L1h",
    "Only the last layer is penalised. Add up the weights of all layers.",
    {L1_SUM: 'np.sum(np.abs(params[f"W{len(params) // 2}"]))'},
)
exercise.variant(
    "L1i",
    "You average the absolute values of a layer. They are added up.",
    {L1_SUM: L1_SUM.replace("np.sum(np", "np.mean(np")},
)
exercise.variant(
    "L1j",
    "You use the matrix norm called 1, the largest column sum. Here every absolute value counts.",
    {L1_SUM: L1_SUM.replace("np.sum(np.abs(W))", "np.linalg.norm(W, 1)")},
)


@exercise.equivalent("signs")
def l1_by_signs(params, lam, m):
    total = 0.0
    for layer in range(1, len(params) // 2 + 1):
        W = params["W" + str(layer)]
        total += np.vdot(np.sign(W), W)
    return total / m * lam


@exercise.equivalent("norms of vectors")
def l1_by_norms(params, lam, m):
    return lam * sum(np.linalg.norm(params[k].ravel(), 1) for k in params if "W" in k) / m
