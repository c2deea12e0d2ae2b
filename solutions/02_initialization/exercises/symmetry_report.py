"""Unit 02, `symmetry_report`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, exact, unchanged

from .cases import Array

exercise = Exercise("symmetry_report", points=4)


def two_layers(
    rng: np.random.Generator, g: str, sizes: tuple[int, int, int] = (2, 3, 1), m: int = 6
) -> dict[str, Any]:
    """A random network with its data; no hidden relu unit is without a slope."""
    n0, n1, n2 = sizes
    while True:
        params = {
            "W1": rng.normal(size=(n1, n0)),
            "b1": np.zeros((n1, 1)),
            "W2": rng.uniform(0.5, 1.5, (n2, n1)) * rng.choice([-1.0, 1.0], (n2, n1)),
            "b2": np.zeros((n2, 1)),
        }
        X = rng.normal(size=(n0, m))
        if ((params["W1"] @ X > 1e-3).sum(axis=1) >= 2).all():
            break
    # Not as many of one label as of the other: from zeros, W2 learns by the difference alone.
    Y = np.tile((np.arange(m) % 3 == 0).astype(float), (n2, 1))
    return {"params": params, "X": X, "Y": Y, "g": g}


def changed(net: dict[str, Any], **params: Array) -> dict[str, Any]:
    """The network with other parameters."""
    return {**net, "params": net["params"] | params}


def equal_units(rng: np.random.Generator, g: str) -> dict[str, Any]:
    """Three copies of one hidden unit."""
    net = two_layers(rng, g)
    W1, W2 = net["params"]["W1"], net["params"]["W2"]
    return changed(net, W1=np.tile(W1[:1], (3, 1)), W2=np.full_like(W2, W2[0, 0]))


def falling(net: dict[str, Any]) -> dict[str, Any]:
    """The network with weights out and data for which all entries of `dW1` are negative."""
    W2 = np.abs(net["params"]["W2"])
    return {**changed(net, W2=W2), "X": np.abs(net["X"]), "Y": np.ones_like(net["Y"])}


def zero_net(rng: np.random.Generator, g: str) -> dict[str, Any]:
    net = two_layers(rng, g, (3, 4, 1))
    return changed(net, **{name: 0 * value for name, value in net["params"].items()})


def row_cases(rng: np.random.Generator) -> Iterator[Case]:
    for g in ("tanh", "relu", "sigmoid"):
        yield Case(two_layers(rng, g), f"{g}, three different units")
        yield Case(equal_units(rng, g), f"{g}, three equal units")
    net = equal_units(rng, "tanh")
    W1 = net["params"]["W1"].copy()
    W1[2] += 1
    yield Case(changed(net, W1=W1), "two equal units and a different one")
    net = falling(equal_units(rng, "tanh"))  # its rows fall from the first one on
    W2 = net["params"]["W2"] * np.array([[1.0, 2.0, 3.0]])
    yield Case(changed(net, W2=W2), "equal weights in, different weights out")
    net = two_layers(rng, "tanh", (2, 3, 2))
    W1, W2 = np.tile(net["params"]["W1"][:1], (3, 1)), np.tile(net["params"]["W2"][:, :1], (1, 3))
    yield Case(changed(net, W1=W1, W2=W2), "three equal units, two different outputs")
    net = two_layers(rng, "tanh")
    X = np.vstack([net["X"][:1], 0 * net["X"][:1]])
    yield Case({**net, "X": X}, "one feature is always 0")


def zero_cases(rng: np.random.Generator) -> Iterator[Case]:
    for g in ("tanh", "relu", "sigmoid"):
        yield Case(two_layers(rng, g), f"{g}, a random start")
        yield Case(zero_net(rng, g), f"{g}, all zeros")
    net = two_layers(rng, "sigmoid")
    yield Case(changed(net, W2=0 * net["params"]["W2"]), "only the weights out are 0")
    net = two_layers(rng, "tanh")
    yield Case(changed(net, W1=0 * net["params"]["W1"]), "only the weights in are 0")
    net = two_layers(rng, "tanh")
    X = np.vstack([net["X"][:1], -net["X"][:1]])
    yield Case({**net, "X": X}, "two features that are each other's opposite")
    net = falling(two_layers(rng, "sigmoid"))
    yield Case(net, "every entry of the gradient is negative")
    net = two_layers(rng, "relu")
    asleep = changed(net, W1=-np.abs(net["params"]["W1"]))
    yield Case({**asleep, "X": np.abs(net["X"])}, "relu units that never wake up")
    W1 = np.abs(net["params"]["W1"]) * np.array([[1.0], [-1.0], [1.0]])
    yield Case({**changed(net, W1=W1), "X": np.abs(net["X"])}, "one relu unit never wakes up")


def fifty_steps(rng: np.random.Generator) -> Iterator[Case]:
    """Networks after 50 steps of gradient descent, from symmetric starts and a random one."""
    for g in ("tanh", "relu", "sigmoid"):
        yield Case(trained(zero_net(rng, g)), f"{g}, 50 steps after all zeros")
    yield Case(trained(equal_units(rng, "tanh")), "tanh, 50 steps after equal units")
    net = trained(falling(two_layers(rng, "sigmoid")))
    yield Case(net, "sigmoid, 50 steps after a random start")


def trained(net: dict[str, Any], steps: int = 50, lr: float = 0.5) -> dict[str, Any]:
    """The network after gradient descent."""
    X, Y, params = net["X"], net["Y"], dict(net["params"])
    bend, slope = {
        "tanh": (np.tanh, lambda Z: 1 - np.tanh(Z) ** 2),
        "relu": (lambda Z: np.maximum(Z, 0), lambda Z: (Z > 0) * 1.0),
        "sigmoid": (logistic, lambda Z: logistic(Z) * logistic(-Z)),
    }[net["g"]]
    for _ in range(steps):
        Z1 = params["W1"] @ X + params["b1"]
        dZ2 = logistic(params["W2"] @ bend(Z1) + params["b2"]) - Y
        dZ1 = params["W2"].T @ dZ2 * slope(Z1)
        for layer, dZ, A in ((1, dZ1, X), (2, dZ2, bend(Z1))):
            params[f"W{layer}"] = params[f"W{layer}"] - lr * dZ @ A.T / X.shape[1]
            params[f"b{layer}"] = params[f"b{layer}"] - lr * dZ.mean(axis=1, keepdims=True)
    return {**net, "params": params}


def logistic(Z: Array) -> Array:
    value: Array = 1 / (1 + np.exp(-Z))
    return value


def small_gradients(rng: np.random.Generator) -> Iterator[Case]:
    """Differences near rounding, which are none, and gradients near 1e-9, which are some."""
    net = equal_units(rng, "tanh")
    W1 = net["params"]["W1"] * (1 + np.array([[0.0], [1e-14], [-2e-14]]))
    yield Case(changed(net, W1=W1), "units that differ by rounding only")
    net = equal_units(rng, "tanh")
    W2 = net["params"]["W2"] * (1 + np.array([[0.0, 1e-8, -2e-8]]))
    tiny = {**changed(net, W2=W2), "X": 1e-6 * net["X"]}
    yield Case(tiny, "gradients near 1e-6 that differ by 1e-14")
    net = falling(two_layers(rng, "tanh"))
    yield Case({**net, "X": 5e-9 * net["X"]}, "inputs near 1e-8")
    net = zero_net(rng, "tanh")
    yield Case(changed(net, W2=1e-15 + net["params"]["W2"]), "weights out near 1e-15")


def two_reports(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(two_layers(rng, "tanh"), "tanh")
    yield Case(two_layers(rng, "sigmoid", (3, 4, 2)), "sigmoid, two outputs")


def in_any_order(cases: Callable[[np.random.Generator], Iterator[Case]]) -> Any:
    """The cases in another order for each seed: then no list of answers fits them all."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        found = list(cases(rng))
        yield from (found[index] for index in rng.permutation(len(found)))

    return drawn


@exercise.check(points=1.25, cases=in_any_order(row_cases), judge=exact())
def equal_rows(program, params, X, Y, g):
    """`rows_equal` tells whether the hidden units receive the same gradient"""
    return {"rows_equal": program.symmetry_report(params, X, Y, g)["rows_equal"]}


@exercise.check(points=1.25, cases=in_any_order(zero_cases), judge=exact())
def zero_gradient(program, params, X, Y, g):
    """`dW1_zero` tells whether `W1` receives no gradient at all"""
    return {"dW1_zero": program.symmetry_report(params, X, Y, g)["dW1_zero"]}


@exercise.check(points=0.5, cases=fifty_steps, judge=exact(secret=False))
def after_training(program, params, X, Y, g):
    """The report is right after 50 steps of training, too: symmetry stays"""
    report = program.symmetry_report(params, X, Y, g)
    return {name: report[name] for name in ("rows_equal", "dW1_zero")}


@exercise.check(points=0.5, cases=small_gradients, judge=exact(secret=False))
def tolerance(program, params, X, Y, g):
    """Up to 1e-12 counts as equal or zero, and nothing above"""
    report = program.symmetry_report(params, X, Y, g)
    return {name: report[name] for name in ("rows_equal", "dW1_zero")}


@exercise.check(points=0.5, cases=two_reports, judge=unchanged())
def keeps_network(program, params, X, Y, g):
    """Parameters, inputs and labels stay as they were"""
    program.symmetry_report(params, X, Y, g)
    return {"params": params, "X": X, "Y": Y}


ROWS, ZERO = "np.abs(dW1 - dW1[0]).max() <= 1e-12", "np.abs(dW1).max() <= 1e-12"
OF_W1 = 'gradients(params, X, Y, g)["dW1"]'
exercise.variant(
    "SY1",
    "You compare columns, which belong to features. A hidden unit is a row.",
    {ROWS: "np.abs(dW1 - dW1[:, :1]).max() <= 1e-12"},
)
exercise.variant(
    "SY2",
    "You compare the first two rows only. All hidden units are asked about.",
    {ROWS: "np.abs(dW1[1] - dW1[0]).max() <= 1e-12"},
)
exercise.variant(
    "SY3",
    "You look at the weights. Symmetry shows in their *gradient*: equal weights in with different "
    "weights out receive different gradients.",
    {OF_W1: 'params["W1"]'},
)
exercise.variant(
    "SY4",
    "You ask for equality to the last bit. Computed numbers that should be equal, or 0, often "
    "differ by rounding: allow for 1e-12.",
    {ROWS: "(dW1 == dW1[0]).all()", ZERO: "(dW1 == 0).all()"},
)
exercise.variant(
    "SY5",
    "You ask whether the *sum* of the gradient is 0. Positive and negative entries can cancel: "
    "ask every single one.",
    {ZERO: "np.abs(dW1.sum()) <= 1e-12"},
)
exercise.variant(
    "SY6",
    "You look at the gradient of the output layer. The report is about the hidden layer's.",
    {OF_W1: 'gradients(params, X, Y, g)["dW2"]'},
)
exercise.variant(
    "SY7",
    "Your gradient is that of tanh, whatever the activation is. The argument `g` says which.",
    {OF_W1: 'gradients(params, X, Y, "tanh")["dW1"]'},
)
exercise.variant(
    "SY8",
    "`np.allclose` has tolerances of its own: unless told otherwise, it takes everything below "
    "1e-8 for 0. Asked for is 1e-12, as an absolute difference.",
    {ROWS: "np.allclose(dW1, dW1[0])", ZERO: "np.allclose(dW1, 0)"},
)
exercise.variant(
    "SY9",
    "You look for large entries and forget the negative ones: their size counts.",
    {ROWS: "(dW1 - dW1[0]).max() <= 1e-12", ZERO: "dW1.max() <= 1e-12"},
)
exercise.variant(
    "SY10",
    "You are content with one entry that is equal, or 0. All of them have to be.",
    {
        ROWS: "(np.abs(dW1 - dW1[0]).max(axis=0) <= 1e-12).any()",
        ZERO: "(np.abs(dW1) <= 1e-12).any()",
    },
)
exercise.variant(
    "SY10b",
    "One entry of the gradient that is 0 is enough for you. Every one of them has to be.",
    {ZERO: "np.abs(dW1).min() <= 1e-12"},
)
exercise.variant(
    "SY11",
    "Your answers are the wrong way round: True is to mean that rows are equal, and that the "
    "gradient is 0.",
    {ROWS: "np.abs(dW1 - dW1[0]).max() > 1e-12", ZERO: "np.abs(dW1).max() > 1e-12"},
)
exercise.variant(
    "SY12",
    "You measure how far the rows are apart against how large they are. When nearly nothing is "
    "left of a gradient, that compares rounding with rounding; the tolerance here is absolute.",
    {ROWS: "np.abs(dW1 - dW1[0]).max() <= 1e-12 * np.abs(dW1).max()"},
)


@exercise.variant("SY13")
def report_moving_biases(params, X, Y, g):
    """Your answers may be right, but you change the caller's parameters on the way. A report only
    looks.
    """
    params["b1"] += 0.0 * params["b1"] + 1e-9
    dW1 = gradients(params, X, Y, g)["dW1"]
    return {
        "rows_equal": bool(np.abs(dW1 - dW1[0]).max() <= 1e-12),
        "dW1_zero": bool(np.abs(dW1).max() <= 1e-12),
    }


@exercise.equivalent("spread of each column")
def report_by_differences(params, X, Y, g):
    dW1 = gradients(params, X, Y, g)["dW1"]
    return {
        "dW1_zero": not np.any(np.abs(dW1) > 1e-12),
        "rows_equal": np.ptp(dW1, axis=0).max() <= 1e-12,
    }


@exercise.equivalent("a gradient of one's own, allclose")
def report_own_gradient(params, X, Y, g):
    Z1 = params["W1"] @ X + params["b1"]
    if g == "sigmoid":
        A1 = 0.5 * (1 + np.tanh(Z1 / 2))
        slope = A1 - A1**2
    else:
        A1 = np.tanh(Z1) if g == "tanh" else Z1 * (Z1 > 0)
        slope = 1 - A1**2 if g == "tanh" else (Z1 > 0).astype(float)
    A2 = 0.5 * (1 + np.tanh((params["W2"] @ A1 + params["b2"]) / 2))
    rows = np.dot((params["W2"].T @ (A2 - Y)) * slope, X.T) / X.shape[1]
    same = all(np.allclose(row, rows[0], rtol=0, atol=1e-12) for row in rows)
    return {"rows_equal": same, "dW1_zero": np.allclose(rows, 0, rtol=0, atol=1e-12)}


exercise.equivalent("np.max", {ZERO: "np.max(np.abs(dW1)) <= 1e-12"})
