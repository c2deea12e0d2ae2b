"""What several exercises of unit 01 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case


def network(
    rng: np.random.Generator, n0: int, n1: int, n2: int, m: int, g: str = "tanh"
) -> dict[str, Any]:
    """Inputs, labels and parameters.

    Pre-activations are of order 1, where all three slopes differ, and none is near relu's kink:
    a step of 1e-5 to either side crosses it nowhere.
    """
    while True:
        X = rng.normal(size=(n0, m))
        params = {
            "W1": rng.normal(size=(n1, n0)) / np.sqrt(n0),
            "b1": 0.5 * rng.normal(size=(n1, 1)),
            "W2": rng.normal(size=(n2, n1)) / np.sqrt(n1),
            "b2": 0.5 * rng.normal(size=(n2, 1)),
        }
        if np.abs(params["W1"] @ X + params["b1"]).min() > 1e-3:
            break
    Y = (rng.random((n2, m)) < 0.5).astype(float)
    return {"X": X, "Y": Y, "params": params, "g": g}


def networks(rng: np.random.Generator) -> Iterator[Case]:
    """All three activations, one example, seven, several outputs."""
    yield Case(network(rng, 3, 4, 2, 5, "tanh"), "tanh, four different sizes")
    yield Case(network(rng, 2, 5, 3, 7, "relu"), "relu, seven examples")
    yield Case(network(rng, 4, 3, 2, 6, "sigmoid"), "sigmoid, four different sizes")
    yield Case(network(rng, 2, 4, 1, 7, "tanh"), "tanh, one output")
    yield Case(network(rng, 5, 3, 2, 1, "tanh"), "tanh, one example")


def three_networks(rng: np.random.Generator) -> Iterator[Case]:
    """Each activation once."""
    yield Case(network(rng, 3, 4, 2, 5, "tanh"), "tanh")
    yield Case(network(rng, 4, 3, 2, 7, "sigmoid"), "sigmoid")
    yield Case(network(rng, 2, 5, 3, 7, "relu"), "relu")


def moderate(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"Z": 2 * rng.normal(size=(3, 5))}, "a matrix")
    yield Case({"Z": 2 * rng.normal(size=(4, 1))}, "one example")
    yield Case({"Z": 2 * rng.normal(size=7)}, "a plain vector")


def steps(rng: np.random.Generator) -> Iterator[Case]:
    for (n0, n1, n2), lr in (((3, 4, 2), 0.3), ((2, 5, 1), 1.7)):
        params = network(rng, n0, n1, n2, 5)["params"]
        grads = {"d" + name: rng.normal(size=value.shape) for name, value in params.items()}
        yield Case({"params": params, "grads": grads, "lr": lr}, f"learning rate {lr}")


def small_data(rng: np.random.Generator) -> Iterator[Case]:
    for n0, n1, n2, m, label in (
        (3, 4, 2, 5, "four different sizes"),
        (2, 5, 1, 7, "seven examples, one output"),
    ):
        data = network(rng, n0, n1, n2, m)
        seed = int(rng.integers(2**31))
        yield Case({"X": data["X"], "Y": data["Y"], "n1": n1, "seed": seed}, label)
