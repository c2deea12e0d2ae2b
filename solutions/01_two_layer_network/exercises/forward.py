"""Unit 01, `forward`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, unchanged

from .cases import networks, three_networks

exercise = Exercise("forward", points=3, uses=("sigmoid",))


def inputs_only(cases: Any) -> Any:
    """The same cases without labels, for `forward`."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        for case in cases(rng):
            inputs = {name: value for name, value in case.inputs.items() if name != "Y"}
            yield Case(inputs, case.label)

    return drawn


def shuffled(rng: np.random.Generator) -> Iterator[Case]:
    for case in inputs_only(three_networks)(rng):
        m = case.inputs["X"].shape[1]
        # A roll moves every example, whichever way the rest falls.
        order = np.roll(np.arange(m), int(rng.integers(1, m)))
        yield Case({**case.inputs, "order": order}, case.label)


@exercise.check(points=0.5, cases=inputs_only(networks), judge=close("float64"))
def hidden_sums(program, X, params, g):
    """The cache of `forward` has the right `Z1`, and `g`"""
    cache = program.forward(X, params, g)[1]
    if isinstance(cache, dict) and "Z1" in cache and "g" in cache:
        cache = {"Z1": cache["Z1"], "g": cache["g"]}
    return {"cache": cache}


@exercise.check(points=0.5, cases=inputs_only(networks), judge=exact(secret=False))
def activation(program, X, params, g):
    """`A1` in the cache is the activation of your own `Z1`, for tanh, relu and sigmoid"""
    cache = program.forward(X, params, g)[1]
    if not isinstance(cache, dict) or "Z1" not in cache or "A1" not in cache:
        return {"the cache has Z1 and A1": False}

    def compared(a, b):
        if np.shape(a) != np.shape(b):
            return f"no, it has shape {np.shape(a)}"
        off = np.abs(a - b).max() / (np.abs(b).max() or 1)
        return "yes" if off < 1e-4 else f"no, off by {off:.3g}"

    Z1, A1 = cache["Z1"], cache["A1"]
    right = {"tanh": np.tanh(Z1), "relu": np.where(Z1 > 0, Z1, 0), "sigmoid": 1 / (1 + np.exp(-Z1))}
    return {
        "the cache has Z1 and A1": True,
        "shape of A1": str(np.shape(A1)),
        f"A1 is {g} of Z1": compared(A1, right[g]),
    }


@exercise.check(points=0.5, cases=inputs_only(networks), judge=exact(secret=False))
def output_layer(program, X, params, g):
    """`Z2` and `A2` in the cache follow from your own `A1`"""
    cache = program.forward(X, params, g)[1]
    if not isinstance(cache, dict) or any(name not in cache for name in ("A1", "Z2", "A2")):
        return {"the cache has A1, Z2 and A2": False}

    def compared(a, b):
        if np.shape(a) != np.shape(b):
            return f"no, it has shape {np.shape(a)}"
        off = np.abs(a - b).max() / (np.abs(b).max() or 1)
        return "yes" if off < 1e-4 else f"no, off by {off:.3g}"

    A1, Z2, A2 = cache["A1"], cache["Z2"], cache["A2"]
    return {
        "the cache has A1, Z2 and A2": True,
        "A1 depends on the example": X.shape[1] == 1 or bool(np.ptp(A1, axis=1).any()),
        "Z2 is W2 @ A1 + b2": compared(Z2, params["W2"] @ A1 + params["b2"]),
        "A2 is sigmoid of Z2": compared(A2, 1 / (1 + np.exp(-Z2))),
    }


@exercise.check(points=0.5, cases=inputs_only(networks), judge=close("float64"))
def output(program, X, params, g):
    """`forward` returns the pair `(A2, cache)`, with the right predictions `A2`"""
    result = program.forward(X, params, g)
    if isinstance(result, (tuple, list)) and len(result) == 2:
        result = [result[0], "a dict" if isinstance(result[1], dict) else "no dict"]
    return {"(A2, cache)": result}


@exercise.check(
    points=0.5,
    cases=shuffled,
    judge=equal_sides("your predictions, shuffled, and your predictions for shuffled examples"),
)
def permutation(program, X, params, g, order):
    """Examples do not influence each other: shuffling them shuffles the predictions"""
    return {
        "left": {"A2": program.forward(X, params, g)[0][:, order]},
        "right": {"A2": program.forward(X[:, order], params, g)[0]},
    }


@exercise.check(points=0.5, cases=inputs_only(three_networks), judge=unchanged())
def keeps_inputs(program, X, params, g):
    """`forward` leaves `X` and the parameters as they were"""
    program.forward(X, params, g)
    return {"X": X, "params": params}


@exercise.equivalent("einsum")
def forward_einsum(X, params, g):
    def expit(Z):
        return 0.5 * (1 + np.tanh(0.5 * Z))

    Z1 = np.einsum("ij,jk->ik", params["W1"], X) + params["b1"]
    A1 = {"tanh": np.tanh, "relu": lambda Z: Z * (Z > 0), "sigmoid": expit}[g](Z1)
    Z2 = np.einsum("ij,jk->ik", params["W2"], A1) + params["b2"]
    A2 = expit(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "g": g, "X": X}


@exercise.equivalent("one_by_one")
def forward_one_by_one(X, params, g):
    columns = []
    for x in X.T:
        Z1 = np.dot(params["W1"], x[:, None]) + params["b1"]
        A1 = np.tanh(Z1) if g == "tanh" else np.where(Z1 > 0, Z1, 0.0)
        if g == "sigmoid":
            A1 = 1 / (1 + np.exp(-Z1))
        Z2 = np.dot(params["W2"], A1) + params["b2"]
        columns.append((Z1, A1, Z2, 1 / (1 + np.exp(-Z2))))
    Z1, A1, Z2, A2 = (np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True))
    return A2, {"g": g, "A2": A2, "Z2": Z2, "A1": A1, "Z1": Z1}


@exercise.equivalent("bias_as_weight")
def forward_bias_as_weight(X, params, g):
    ones = np.ones((1, X.shape[1]))
    Z1 = np.hstack([params["W1"], params["b1"]]).dot(np.vstack([X, ones]))
    A1 = np.tanh(Z1) if g == "tanh" else np.clip(Z1, 0, None)
    if g == "sigmoid":
        A1 = np.exp(-np.logaddexp(0, -Z1))
    Z2 = np.hstack([params["W2"], params["b2"]]).dot(np.vstack([A1, ones]))
    A2 = np.exp(-np.logaddexp(0, -Z2))
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "g": g}


exercise.variant(
    "FW1",
    "The hidden layer's bias is missing: its units can bend only where the weighted inputs are 0.",
    {'params["W1"] @ X + params["b1"]': 'params["W1"] @ X'},
)
exercise.variant(
    "FW2",
    "The output layer's bias is missing: each layer has one of its own.",
    {'params["W2"] @ A1 + params["b2"]': 'params["W2"] @ A1'},
)
exercise.variant(
    "FW3",
    "The hidden layer uses tanh whatever is asked for. The argument `g` chooses the activation.",
    {"A1 = np.maximum(Z1, 0)": "A1 = np.tanh(Z1)", "A1 = sigmoid(Z1)": "A1 = np.tanh(Z1)"},
)
exercise.variant(
    "FW4",
    "The hidden layer's activation is applied to the output, too. The output is always a sigmoid, "
    "so that it can be read as a probability.",
    {
        "A2 = sigmoid(Z2)": "A2 = {'tanh': np.tanh, 'relu': lambda Z: np.maximum(Z, 0),"
        " 'sigmoid': sigmoid}[g](Z2)"
    },
)
exercise.variant(
    "FW5",
    "The output has no activation: what comes back is the second layer's value before it is "
    "squeezed into a probability.",
    {"A2 = sigmoid(Z2)": "A2 = Z2"},
)
exercise.variant(
    "FW6",
    "The hidden layer has no activation. Without the bend, two layers are no more than one.",
    {
        "A1 = np.tanh(Z1)": "A1 = Z1",
        "A1 = np.maximum(Z1, 0)": "A1 = Z1",
        "A1 = sigmoid(Z1)": "A1 = Z1",
    },
)
exercise.variant(
    "FW7",
    "The second layer is fed with the first layer's values from before the activation. It should "
    "see what the hidden units put out.",
    {'params["W2"] @ A1': 'params["W2"] @ Z1'},
)
exercise.variant(
    "FW8",
    "Your relu writes into `Z1` itself, so the cache holds the activated values under both names. "
    "Keep the values from before the activation: make a new array.",
    {"np.maximum(Z1, 0)": "np.maximum(Z1, 0, out=Z1)"},
)
exercise.variant(
    "FW9",
    "Your relu is the absolute value: negative inputs should give 0, not their size.",
    {"np.maximum(Z1, 0)": "np.abs(Z1)"},
)
exercise.variant(
    "FW10",
    "The outputs of an example compete with each other: you use a softmax. Here every output is a "
    "probability of its own, from a sigmoid.",
    {"A2 = sigmoid(Z2)": "A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0, keepdims=True)"},
)
exercise.variant(
    "FW11",
    "You move the inputs to mean 0, inside the caller's array. The network takes its inputs as "
    "they are, and leaves them so.",
    {'Z1 = params["W1"] @ X': 'X -= X.mean(axis=1, keepdims=True)\n    Z1 = params["W1"] @ X'},
)
exercise.variant(
    "FW12",
    "You add the bias into the caller's parameters. Changing them is the business of `gd_step` "
    "alone.",
    {
        'Z1 = params["W1"] @ X + params["b1"]': 'Z1 = params["W1"] @ X\n'
        '    Z1 = np.add(Z1, params["b1"])\n    params["b1"] += 0.01'
    },
)
