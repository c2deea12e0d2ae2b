"""Unit 02, `activation_stds`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64, unchanged

from .cases import different, named

exercise = Exercise("activation_stds", points=4)


def small_net(
    rng: np.random.Generator, layer_dims: list[int], g: str, scheme: str = "he"
) -> dict[str, Any]:
    """Inputs and parameters as `init_params` draws them; the signal is near 1 in every layer."""
    params: dict[str, Any] = {}
    for layer, (n_in, n_out) in enumerate(pairwise(layer_dims), 1):
        params[f"W{layer}"] = rng.normal(size=(n_out, n_in)) * np.sqrt(2 / n_in)
        params[f"b{layer}"] = np.zeros((n_out, 1))
    X = rng.normal(size=(layer_dims[0], 7))
    return {"layer_dims": layer_dims, "scheme": scheme, "g": g, "X": X, "params": params}


def nets(g: str) -> Callable[[np.random.Generator], Iterator[Case]]:
    """One layer, two, four; no two neighbours of one size."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        for layer_dims in ([4, 6], [5, 8, 6], [6, 9, 8, 7, 5]):
            yield Case(small_net(rng, layer_dims, g), f"{g}, sizes {layer_dims}")

    return drawn


def two_nets(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(small_net(rng, different(rng, 3), "tanh", "glorot"), "tanh, glorot")
    yield Case(small_net(rng, different(rng, 2), "relu", "fan_in"), "relu, fan_in")


def spreads(program, layer_dims, scheme, g, X, params):
    def init_params(layer_dims, scheme, rng):
        return params

    with probes.replaced(program, "init_params", init_params):
        rng = np.random.default_rng(0)
        return {"stds": list(program.activation_stds(layer_dims, scheme, g, X, rng))}


for g in ("tanh", "relu", "sigmoid"):
    claim = f"With {g} in every layer, the standard deviations of A1 to AL are right"
    exercise.check(points=1, cases=nets(g), judge=close(float64))(
        named(spreads, f"{g}_spreads", claim)
    )


# Alone: what is handed on is another thing in each case, and handing it on is a first step.
@exercise.check(points=0.5, cases=two_nets, judge=exact(secret=False))
def asks_once(program, layer_dims, scheme, g, X, params):
    """The parameters come from one call of `init_params`, with what you were given"""
    calls, given = [], np.random.default_rng(0)

    def init_params(layer_dims, scheme, rng):
        calls.append({"layer_dims": str(list(layer_dims)), "scheme": scheme, "rng": rng is given})
        return params

    with probes.replaced(program, "init_params", init_params):
        program.activation_stds(layer_dims, scheme, g, X, given)
    first = calls[0] if calls else {"layer_dims": "none", "scheme": "none", "rng": False}
    return {
        "calls of init_params": len(calls),
        "layer_dims handed on": first["layer_dims"],
        "scheme handed on": str(first["scheme"]),
        "rng handed on is yours": first["rng"],
    }


@exercise.check(points=0.5, cases=two_nets, judge=unchanged())
def keeps_x(program, layer_dims, scheme, g, X, params):
    """`X` stays as it was"""

    def init_params(layer_dims, scheme, rng):
        return params

    with probes.replaced(program, "init_params", init_params):
        program.activation_stds(layer_dims, scheme, g, X, np.random.default_rng(0))
    return {"X": X}


STD = "np.std(A)"
PARAMS = "init_params(layer_dims, scheme, rng)"
exercise.variant(
    "AS1",
    "You measure the signal before the activation. A is what the next layer gets to see: what "
    "comes out of `g`.",
    {STD: "np.std(Z)"},
)
exercise.variant(
    "AS2",
    "Your list begins with the inputs. They are A0; the list is about the L layers.",
    {"stds = []": "stds = [float(np.std(X))]"},
)
exercise.variant(
    "AS3",
    "You measure what comes out of the activation, but hand the next layer what went in: then the "
    "layers collapse into one.",
    {
        '        if g == "tanh":\n            A = np.tanh(Z)\n': (
            '        if g == "tanh":\n            B = np.tanh(Z)\n'
        ),
        "A = np.maximum(Z, 0)": "B = np.maximum(Z, 0)",
        "A = 1 / (1 + np.exp(-Z))": "B = 1 / (1 + np.exp(-Z))",
        STD: "np.std(B)",
        "stds.append(": "A = Z\n        stds.append(",
    },
)
exercise.variant(
    "AS4",
    "You average the spreads of the units. Take one standard deviation over all entries: units "
    "may differ in their mean, and that belongs to the spread.",
    {STD: "np.mean(np.std(A, axis=1))"},
)
exercise.variant(
    "AS5",
    "You return variances. The standard deviation is their root.",
    {STD: "np.var(A)"},
)
exercise.variant(
    "AS6",
    "You return the root of the mean square. Subtract the mean first: after relu or sigmoid it is "
    "far from 0.",
    {STD: "np.sqrt(np.mean(A**2))"},
)
exercise.variant(
    "AS7",
    "You divide by one less than the number of entries. That estimates the spread of a population "
    "from a sample; asked for is the plain standard deviation of what is there, that of `np.std`.",
    {STD: "np.std(A, ddof=1)"},
)
exercise.variant(
    "AS8",
    "Your last layer has no activation. Here every layer uses `g`, the last one too.",
    {
        "        stds.append(": (
            "        if layer == len(layer_dims) - 1:\n            A = Z\n        stds.append("
        )
    },
)
exercise.variant(
    "AS9",
    "Your activation is tanh whatever is asked for. The argument `g` chooses it.",
    {"A = np.maximum(Z, 0)": "A = np.tanh(Z)", "A = 1 / (1 + np.exp(-Z))": "A = np.tanh(Z)"},
)
exercise.variant(
    "AS10",
    "Your list holds the last layer only. One number for each layer is asked for.",
    {"stds.append(float(np.std(A)))": "stds = [float(np.std(A))]"},
)
exercise.variant(
    "AS11",
    "You make a generator of your own. Hand the `rng` that you were given on to `init_params`: "
    "who calls decides about the randomness.",
    {PARAMS: "init_params(layer_dims, scheme, np.random.default_rng(0))"},
)
exercise.variant(
    "AS12",
    "You ask `init_params` for one scheme, whatever scheme was asked of you.",
    {PARAMS: 'init_params(layer_dims, "he", rng)'},
)
exercise.variant(
    "AS13",
    "You ask `init_params` for new parameters in every layer. One network is drawn once.",
    {"        Z = params": f"        params = {PARAMS}\n        Z = params"},
)
exercise.variant(
    "AS14",
    "Your numbers are right, but you scale the inputs inside the caller's array.",
    {"    A = X\n": "    A = X\n    X *= 1.0 + 1e-13\n"},
)


@exercise.variant("AS15")
def stds_of_own_draws(layer_dims, scheme, g, X, rng):
    """Your parameters do not come from `init_params`: a function of that name is never called. Draw
    them with it, so that both functions speak of the same network.
    """
    A, stds = X, []
    for layer in range(1, len(layer_dims)):
        n_in, n_out = layer_dims[layer - 1], layer_dims[layer]
        variance = 2 / n_in if scheme == "he" else 1 / n_in
        Z = rng.normal(size=(n_out, n_in)) * np.sqrt(variance) @ A
        A = {"tanh": np.tanh(Z), "relu": np.maximum(Z, 0), "sigmoid": 1 / (1 + np.exp(-Z))}[g]
        stds.append(A.std())
    return stds


@exercise.equivalent("recursive")
def stds_recursive(layer_dims, scheme, g, X, rng):
    bend = {"tanh": np.tanh, "relu": lambda Z: Z * (Z > 0), "sigmoid": None}[g]
    if bend is None:

        def bend(Z):
            return 0.5 * (1 + np.tanh(Z / 2))

    drawn = init_params(layer_dims, scheme, rng)

    def further(A, layer):
        if layer == len(layer_dims):
            return []
        A = bend(drawn["W" + str(layer)].dot(A) + drawn["b" + str(layer)])
        return [A.std(), *further(A, layer + 1)]

    return further(X, 1)


@exercise.equivalent("by hand, an array")
def stds_by_hand(layer_dims, scheme, g, X, rng):
    params = init_params(rng=rng, scheme=scheme, layer_dims=layer_dims)
    stds = np.zeros(len(layer_dims) - 1)
    A = X.copy()
    for layer in range(len(stds)):
        A = np.einsum("ij,jk->ik", params[f"W{layer + 1}"], A)  # biases are 0
        if g == "relu":
            A[A < 0] = 0
        elif g == "sigmoid":
            A = np.exp(-np.logaddexp(0, -A))
        else:
            A = (np.exp(A) - np.exp(-A)) / (np.exp(A) + np.exp(-A))
        stds[layer] = np.sqrt(np.mean((A - A.mean()) ** 2))
    return stds


exercise.equivalent(
    "mean square less squared mean", {STD: "np.sqrt(np.mean(A**2) - np.mean(A) ** 2)"}
)
