"""Unit 04, `l2_penalty`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    float64,
)

from .cases import growing, more_layers, one_layer, with_biases

exercise = Exercise("l2_penalty", points=2)


@exercise.check(points=0.75, cases=one_layer, judge=close(float64))
def l2_value(program, params, lam, m):
    """`l2_penalty` is λ/(2m) times the sum of the squared weights"""
    return {"penalty": program.l2_penalty(params, lam, m)}


def stretched(rng: np.random.Generator) -> Iterator[Case]:
    """The cases of one layer, each with a factor for every weight.

    How much the penalty grows by them is not known without its formula, as it is by one factor.
    """
    for case in growing(one_layer)(rng):
        shape = case.inputs["params"]["W1"].shape
        stretch = rng.uniform(0.5, 2, shape) * rng.choice([-1.0, 1.0], shape)
        yield Case(case.inputs | {"stretch": stretch}, case.label)


@exercise.check(points=0.5, cases=stretched, judge=close(float64))
def l2_growth(program, params, lam, m, factor, times, stretch):
    """The penalty grows with λ and with the square of the weights, and falls with m"""
    other = params | {"W1": stretch * params["W1"]}
    penalty, f = program.l2_penalty(params, lam, m), f"{factor:.3g}"
    return {
        f"growth if λ is {f} times as large": program.l2_penalty(params, factor * lam, m) / penalty,
        f"growth if m is {times} times as large": program.l2_penalty(params, lam, times * m)
        / penalty,
        "growth if each weight changes": program.l2_penalty(other, lam, m) / penalty,
    }


@exercise.check(points=0.25, cases=more_layers, judge=close(float64))
def l2_layers(program, params, lam, m):
    """All layers count, each with its own weights"""
    penalty, shares = program.l2_penalty(params, lam, m), {}
    for name in params:
        if name.startswith("W"):
            alone = {key: value * (key == name) for key, value in params.items()}
            shares[f"share of {name}"] = program.l2_penalty(alone, lam, m) / penalty
    return shares


@exercise.check(
    points=0.5,
    cases=with_biases,
    judge=close(float64),
    counts_alone=False,  # always 1
)
def l2_biases(program, params, lam, m):
    """Biases cost nothing"""
    without = {name: value * name.startswith("W") for name, value in params.items()}
    penalty = program.l2_penalty(params, lam, m)
    return {"with biases / without": penalty / program.l2_penalty(without, lam, m)}


L2_SUM = 'sum(np.sum(W**2) for name, W in params.items() if name.startswith("W"))'
L2_RESULT = "return float(lam / (2 * m) * squares)"
exercise.variant(
    "L2b",
    "Your penalty is twice too large: the factor is λ/(2m). The 2 is there to cancel when you take "
    "the slope. (Keras' own L2 has neither the ½ nor 1/m.)",
    {L2_RESULT: "return float(lam / m * squares)"},
)
exercise.variant(
    "L2c",
    "You penalise the biases, too. Only weights count: the entries whose names begin with `W`.",
    {L2_SUM: "sum(np.sum(p**2) for p in params.values())"},
)
exercise.variant(
    "L2c.last",
    "Only the last layer is penalised. Add up the weights of all layers.",
    {L2_SUM: 'np.sum(params[f"W{len(params) // 2}"] ** 2)'},
)
exercise.variant(
    "L2c.first",
    "Only the first layer is penalised. Add up the weights of all layers.",
    {L2_SUM: 'np.sum(params["W1"] ** 2)'},
)
exercise.variant(
    "L2e",
    "You take the root of the sum of squares. The penalty is made of the squares themselves.",
    {L2_SUM: 'sum(np.linalg.norm(W) for name, W in params.items() if name.startswith("W"))'},
)
exercise.variant(
    "L2f",
    "The number of examples is missing: λ is divided by 2m.",
    {L2_RESULT: "return float(lam / 2 * squares)"},
)
exercise.variant(
    "L2g",
    "You average the squares of a layer. They are added up.",
    {L2_SUM: L2_SUM.replace("np.sum", "np.mean")},
)
exercise.variant(
    "L2h",
    "You square the sum of the weights, so that positive and negative ones cancel. Square each "
    "weight, then add up.",
    {L2_SUM: L2_SUM.replace("np.sum(W**2)", "np.sum(W) ** 2")},
)
exercise.variant(
    "L2i",
    "You add up the weights' sizes, not their squares: that is L1.",
    {L2_SUM: L2_SUM.replace("W**2", "np.abs(W)")},
)


@exercise.equivalent("traces")
def l2_by_products(params, lam, m):
    total = 0.0
    for layer in range(1, len(params) // 2 + 1):
        W = params["W" + str(layer)]
        total += np.trace(W @ W.T)
    return total * lam / m / 2


@exercise.equivalent("norms")
def l2_by_norms(params, lam, m):
    norms = [np.linalg.norm(W) for name, W in params.items() if "W" in name]
    return 0.5 * lam / m * np.dot(norms, norms)


@exercise.equivalent("one vector, a 0-d array")
def l2_at_once(params, lam, m):
    every = np.concatenate([W.ravel() for name, W in params.items() if name[0] == "W"])
    return np.array(lam * (every @ every) / (2 * m))
