"""Unit 01: the reference against implementations that share nothing with it.

Independent are: SciPy's expit, scikit-learn's log_loss, complex steps through a formula of the cost
that never forms a probability, exact fractions, and cases that can be worked out by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss
from support.closeness import distance
from support.places import ROOT

from autograder.course.course import Course

UNIT = "01_two_layer_network"

ROUNDING = 1e-13  # normwise; the largest gap seen is 2e-15
SIZES = [(3, 4, 2, 5), (2, 5, 3, 7), (4, 3, 1, 6), (5, 2, 3, 1)]
ACTIVATIONS = ["tanh", "relu", "sigmoid"]


def network(n0: int, n1: int, n2: int, m: int, seed: int = 0) -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    shapes = {"W1": (n1, n0), "b1": (n1, 1), "W2": (n2, n1), "b2": (n2, 1)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return rng.normal(size=(n0, m)), rng.integers(0, 2, (n2, m)).astype(float), params


def cost_of(params: dict[str, Any], X: Any, Y: Any, g: str) -> Any:
    """The cost as a function of possibly complex parameters: softplus(z) - y z, averaged."""
    Z1 = params["W1"] @ X + params["b1"]
    bends: dict[str, Callable[[Any], Any]] = {
        "tanh": np.tanh,
        "relu": lambda Z: np.where(Z.real > 0, Z, 0),
        "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)),
    }
    Z2 = params["W2"] @ bends[g](Z1) + params["b2"]
    return np.sum(np.log(1 + np.exp(Z2)) - Y * Z2) / X.shape[1]


def complex_step(params: dict[str, Any], name: str, X: Any, Y: Any, g: str) -> Any:
    """The gradient without subtraction, so without cancellation: Im f(x + ih) / h."""
    gradient = np.zeros(params[name].shape)
    for index in np.ndindex(gradient.shape):
        moved = params[name].astype(complex)
        moved[index] += 1e-30j
        gradient[index] = cost_of({**params, name: moved}, X, Y, g).imag / 1e-30
    return gradient


def test_sigmoid_is_expit_from_end_to_end(reference: SimpleNamespace) -> None:
    Z = np.linspace(-1000, 1000, 30_003).reshape(-1, 3)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        A = reference.sigmoid(Z)
    assert np.abs(A - expit(Z)).max() < 1e-15
    assert A.shape == Z.shape
    assert reference.sigmoid(np.array([0.0, -math.log(3)])) == pytest.approx([0.5, 0.25], 1e-15)


@pytest.mark.parametrize("g", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_forward_is_the_sum_over_units_of_each_example(
    reference: SimpleNamespace, sizes: tuple[int, int, int, int], g: str
) -> None:
    X, _, params = network(*sizes)
    bend = {"tanh": math.tanh, "relu": lambda z: max(0.0, z), "sigmoid": expit}[g]
    W1, b1, W2, b2 = params.values()
    wanted = np.zeros((sizes[2], sizes[3]))
    for i in range(sizes[3]):
        a1 = [bend(math.fsum([*(W1[j] * X[:, i]), b1[j, 0]])) for j in range(sizes[1])]
        for k in range(sizes[2]):
            wanted[k, i] = expit(math.fsum([*(W2[k] * a1), b2[k, 0]]))
    A2, cache = reference.forward(X, params, g)
    assert distance(A2, wanted) < ROUNDING
    assert set(cache) == {"Z1", "A1", "Z2", "A2", "g"}
    assert distance(expit(cache["Z2"]), cache["A2"]) < ROUNDING


def test_cross_entropy_is_log_loss_summed_over_outputs(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    A2, Y = rng.uniform(0.01, 0.99, (3, 50)), rng.integers(0, 2, (3, 50)).astype(float)
    wanted = sum(log_loss(Y[k], A2[k], labels=[0, 1]) for k in range(3))
    assert reference.cross_entropy(A2, Y) == pytest.approx(wanted, rel=ROUNDING)


def test_cross_entropy_by_hand(reference: SimpleNamespace) -> None:
    half = np.full((1, 4), 0.5)
    assert reference.cross_entropy(half, np.ones((1, 4))) == pytest.approx(math.log(2), rel=1e-15)
    two = np.array([[0.25, 0.75], [0.5, 0.5]])
    labels = np.array([[1.0, 0.0], [1.0, 1.0]])
    wanted = (math.log(4) + math.log(4) + 2 * math.log(2)) / 2
    assert reference.cross_entropy(two, labels) == pytest.approx(wanted, rel=1e-15)
    certain = reference.cross_entropy(np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]]))
    assert certain == pytest.approx(12 * math.log(10) / 2, rel=1e-12)


@pytest.mark.parametrize("g", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_backward_is_the_complex_step(
    reference: SimpleNamespace, sizes: tuple[int, int, int, int], g: str
) -> None:
    X, Y, params = network(*sizes, seed=1)
    grads = reference.backward(X, Y, params, reference.forward(X, params, g)[1])
    assert list(grads) == ["dW1", "db1", "dW2", "db2"]
    for name in params:
        assert distance(grads["d" + name], complex_step(params, name, X, Y, g)) < ROUNDING


def test_backward_by_hand(reference: SimpleNamespace) -> None:
    # One unit each, all parameters 0 but W2 = 1: A1 = 0, A2 = 1/2, tanh'(0) = 1.
    zero, one = np.array([[0.0]]), np.array([[1.0]])
    params = {"W1": zero, "b1": zero, "W2": one, "b2": zero}
    X, Y = np.array([[2.0, 4.0, 6.0]]), np.array([[1.0, 1.0, 0.0]])
    grads = reference.backward(X, Y, params, reference.forward(X, params, "tanh")[1])
    assert grads["dW2"].item() == 0
    assert grads["db2"].item() == pytest.approx(-1 / 6, rel=1e-15)  # (-1/2 - 1/2 + 1/2) / 3
    assert grads["dW1"].item() == pytest.approx(0, abs=1e-15)  # (-1 - 2 + 3) / 3
    assert grads["db1"].item() == pytest.approx(-1 / 6, rel=1e-15)


def test_gd_step_by_hand(reference: SimpleNamespace) -> None:
    params = {"W1": np.array([[1.0, 2.0]]), "b1": np.array([[3.0]])}
    grads = {"dW1": np.array([[4.0, -8.0]]), "db1": np.array([[0.5]])}
    stepped = reference.gd_step(params, grads, 0.25)
    assert stepped["W1"].tolist() == [[0.0, 4.0]]
    assert stepped["b1"].tolist() == [[2.875]]
    assert params["W1"].tolist() == [[1.0, 2.0]]


def test_numerical_gradient_is_the_exact_central_difference(reference: SimpleNamespace) -> None:
    x, h = np.array([[0.5, -1.25], [2.0, 0.75]]), 0.25  # all exact in binary
    measured = reference.numerical_gradient(lambda x: float(np.sum(x**3)), x, h)

    def difference(value: float) -> Fraction:
        up, down = Fraction(value) + Fraction(h), Fraction(value) - Fraction(h)
        return (up**3 - down**3) / (2 * Fraction(h))

    wanted = [[float(difference(value)) for value in row] for row in x.tolist()]
    assert distance(measured, wanted) < ROUNDING
    assert x.tolist() == [[0.5, -1.25], [2.0, 0.75]]


@pytest.mark.parametrize("g", ACTIVATIONS)
def test_numerical_gradient_agrees_with_the_complex_step(
    reference: SimpleNamespace, g: str
) -> None:
    X, Y, params = network(3, 4, 2, 5, seed=2)
    for name in params:

        def cost(value: Any, name: str = name) -> float:
            return float(cost_of({**params, name: value}, X, Y, g))

        measured = reference.numerical_gradient(cost, params[name])
        assert distance(measured, complex_step(params, name, X, Y, g)) < 1e-8  # 1e-9 is typical


def test_train_two_layer_is_gradient_descent_on_the_cost(reference: SimpleNamespace) -> None:
    X, Y, _ = network(3, 4, 2, 5, seed=3)

    def train(lr: float, steps: int) -> tuple[dict[str, Any], list[float]]:
        trained: tuple[dict[str, Any], list[float]] = reference.train_two_layer(
            X, Y, 4, lr, steps, np.random.default_rng(7)
        )
        return trained

    params, losses = train(0.0, 1)[0], []
    for _ in range(5):
        losses.append(float(cost_of(params, X, Y, "tanh")))
        slopes = {name: complex_step(params, name, X, Y, "tanh") for name in params}
        params = {name: params[name] - 0.7 * slopes[name] for name in params}
    got, recorded = train(0.7, 5)
    assert distance(recorded, losses) < ROUNDING
    for name in params:
        assert distance(got[name], params[name]) < ROUNDING


def test_the_moons_of_notebook_and_checks_are_the_same(reference: SimpleNamespace) -> None:
    loaded = Course.find(ROOT).load("01_two_layer_network")
    training = loaded.unit.exercises[-1].checks[-1]
    (case,) = training.draw(np.random.default_rng(5))
    X, Y = reference.moons(600, 0.2, np.random.default_rng(5))
    assert np.array_equal(case.inputs["X"], X)
    assert np.array_equal(case.inputs["Y"], Y)
    assert case.truth["labels"].shape == (2000,)
    assert "labels" not in case.inputs
