"""Unit 03: the reference against implementations that share nothing with it.

Independent are: closed forms in exact fractions, unrolled weighted sums instead of the recursion,
decimal arithmetic with 40 digits, and the optimisers of Keras with their known differences.
"""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.closeness import distance

UNIT = "03_optimizers"

# TensorFlow's tensors don't know NumPy 2's `copy` keyword yet.
TENSOR_TO_ARRAY = "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
ROUNDING = 1e-13  # normwise; what float64 may lose over a few dozen updates


def gradients(count: int, shape: tuple[int, ...], scale: float = 1.0, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [scale * rng.uniform(0.1, 2, shape) * rng.choice([-1, 1], shape) for _ in range(count)]


def weighted(dws: list[Any], beta: float) -> list[Any]:
    """The average after each update, as the sum that the recursion stands for."""
    return [
        sum((1 - beta) * beta ** (t - i) * dws[i] for i in range(t + 1)) for t in range(len(dws))
    ]


def momentum_path(reference: Any, dws: list[Any], lr: float, beta1: float) -> list[Any]:
    w, v, path = np.zeros_like(dws[0]), 0.0, []
    for dw in dws:
        w, v = reference.momentum_step(w, dw, v, lr, beta1)
        path.append(w)
    return path


def rmsprop_path(reference: Any, dws: list[Any], lr: float, beta2: float, eps: float) -> list[Any]:
    w, s, path = np.zeros_like(dws[0]), 0.0, []
    for dw in dws:
        w, s = reference.rmsprop_step(w, dw, s, lr, beta2, eps)
        path.append(w)
    return path


def adam_path(
    reference: Any, dws: list[Any], lr: float, beta1: float, beta2: float, eps: float
) -> list[Any]:
    w, v, s, path = np.zeros_like(dws[0]), 0.0, 0.0, []
    for t, dw in enumerate(dws, 1):
        w, v, s = reference.adam_step(w, dw, v, s, t, lr, beta1, beta2, eps)
        path.append(w)
    return path


def test_momentum_in_exact_fractions(reference):
    beta1, lr, w, v = Fraction(9, 10), Fraction(1, 8), Fraction(2), Fraction(0)
    dws = [Fraction(n, 4) for n in (3, -7, 5, 5, -1, 2)]
    for t, dw in enumerate(dws, 1):
        w, v = reference.momentum_step(w, dw, v, lr, beta1)
        assert v == sum((1 - beta1) * beta1 ** (t - i) * dws[i - 1] for i in range(1, t + 1))
    # w is the start less lr times every average so far.
    assert w == 2 - lr * sum(
        (1 - beta1) * beta1 ** (t - i) * dws[i - 1] for t in range(1, 7) for i in range(1, t + 1)
    )


def test_momentum_is_the_classic_form_with_a_rescaled_rate(reference):
    dws, lr, beta1 = gradients(30, (2, 3)), 0.3, 0.9
    w, velocity, classic = np.zeros((2, 3)), 0.0, []
    for dw in dws:
        velocity = beta1 * velocity + dw
        w = w - lr * (1 - beta1) * velocity
        classic.append(w)
    assert distance(momentum_path(reference, dws, lr, beta1), classic) < ROUNDING


def test_constant_gradient_fills_the_average(reference):
    beta, dw, v = Fraction(7, 10), Fraction(5, 3), Fraction(0)
    for t in range(1, 20):
        _, v = reference.momentum_step(Fraction(0), dw, v, Fraction(1), beta)
        assert v == (1 - beta**t) * dw
        assert reference.bias_correct(v, beta, t) == dw


@pytest.mark.parametrize("beta", [0.9, 0.999])
def test_corrected_average_is_a_proper_weighted_mean(reference, beta):
    dws = gradients(50, (4,))
    for t, v in enumerate(weighted(dws, beta), 1):
        weights = beta ** np.arange(t)[::-1]
        mean = np.average(dws[:t], axis=0, weights=weights)
        assert distance(reference.bias_correct(v, beta, t), mean) < 1e-12  # 1 - 0.999 costs digits


def test_rmsprop_from_unrolled_sums(reference):
    dws, lr, beta2, eps = gradients(30, (2, 3)), 0.1, 0.9, 1e-8
    averages = weighted([dw**2 for dw in dws], beta2)
    moves = [dw / (np.sqrt(s) + eps) for dw, s in zip(dws, averages, strict=True)]
    path = rmsprop_path(reference, dws, lr, beta2, eps)
    assert distance(path, -lr * np.cumsum(moves, axis=0)) < ROUNDING


@pytest.mark.parametrize("scale", [1.0, 1e-5])
def test_adam_in_forty_digits(reference, scale):
    dws = [float(dw) for dw in gradients(12, (), scale)]
    with localcontext() as context:
        context.prec = 40
        one = Decimal(1)
        lr, beta1, beta2, eps = map(Decimal.from_float, (0.01, 0.9, 0.999, 1e-8))
        w = v = s = Decimal(0)
        exact = []
        for t, number in enumerate(dws, 1):
            dw = Decimal(number)
            v = beta1 * v + (one - beta1) * dw
            s = beta2 * s + (one - beta2) * dw * dw
            v_hat, s_hat = v / (one - beta1**t), s / (one - beta2**t)
            w -= lr * v_hat / (s_hat.sqrt() + eps)
            exact.append(float(w))
    assert distance(adam_path(reference, dws, 0.01, 0.9, 0.999, 1e-8), exact) < 1e-12


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_first_adam_update_has_length_lr(reference, size):
    for dw in (size, -size):
        w, v, s = reference.adam_step(0.0, dw, 0.0, 0.0, 1, 0.05, 0.9, 0.999, 1e-8)
        # short of lr by the part that ε is of the gradient
        assert w == pytest.approx(-math.copysign(0.05, dw) / (1 + 1e-8 / size), rel=1e-12)
        assert (v, s) == pytest.approx((0.1 * dw, 0.001 * dw**2))


def test_adam_without_memory_is_rmsprop_without_memory(reference):
    dws = gradients(5, (3,))
    plain = rmsprop_path(reference, dws, 0.1, 0.0, 1e-8)
    assert distance(adam_path(reference, dws, 0.1, 0.0, 0.0, 1e-8), plain) < ROUNDING


def test_minimise_is_a_geometric_sequence_on_a_quadratic(reference):
    curvature, w0 = np.array([1.0, 50.0]), np.array([5.0, 1.0])
    path = reference.minimise(lambda w, dw: w - 0.038 * dw, lambda w: curvature * w, w0, 100)
    factors = (1 - 0.038 * curvature) ** np.arange(101)[:, None]
    assert len(path) == 101
    assert distance(path, factors * w0) < ROUNDING
    assert np.sum(curvature * path[0] ** 2) / 2 == 37.5


def keras_path(optimizer: Any, dws: list[Any]) -> list[Any]:
    keras = pytest.importorskip("keras")
    w = keras.Variable(np.zeros_like(dws[0]), dtype="float64")
    path = []
    for dw in dws:
        optimizer.apply([keras.ops.convert_to_tensor(dw)], [w])
        path.append(keras.ops.convert_to_numpy(w).copy())
    return path


@pytest.mark.slow
@pytest.mark.filterwarnings(TENSOR_TO_ARRAY)
def test_keras_sgd_with_momentum_is_the_notes_momentum(reference):
    keras = pytest.importorskip("keras")
    dws, lr, beta1 = gradients(50, (2, 3)), 0.01, 0.9
    theirs = keras_path(keras.optimizers.SGD(lr * (1 - beta1), momentum=beta1), dws)
    assert distance(momentum_path(reference, dws, lr, beta1), theirs) < 1e-6
    # The whole difference: Keras keeps its learning rate and momentum in float32.
    rate, kept = float(np.float32(lr * (1 - beta1))), float(np.float32(beta1))
    w, velocity, classic = np.zeros((2, 3)), 0.0, []
    for dw in dws:
        velocity = kept * velocity - rate * dw
        w = w + velocity
        classic.append(w)
    assert distance(classic, theirs) < ROUNDING


@pytest.mark.slow
@pytest.mark.filterwarnings(TENSOR_TO_ARRAY)
@pytest.mark.parametrize(("scale", "least", "most"), [(1.0, 0, 1e-5), (1e-4, 0.5, 5)])
def test_keras_rmsprop_differs_by_epsilon_inside_the_root(reference, scale, least, most):
    keras = pytest.importorskip("keras")
    dws = gradients(20, (2, 3), scale)
    theirs = keras_path(keras.optimizers.RMSprop(0.01, rho=0.9, epsilon=1e-8), dws)
    assert least <= distance(rmsprop_path(reference, dws, 0.01, 0.9, 1e-8), theirs) <= most
    # The whole difference: the same recursion with ε under the root.
    averages = weighted([dw**2 for dw in dws], 0.9)
    moves = [dw / np.sqrt(s + 1e-8) for dw, s in zip(dws, averages, strict=True)]
    assert distance(-0.01 * np.cumsum(moves, axis=0), theirs) < 1e-6


@pytest.mark.slow
@pytest.mark.filterwarnings(TENSOR_TO_ARRAY)
@pytest.mark.parametrize(("scale", "least", "most"), [(1.0, 0, 1e-4), (1e-4, 1e-3, 0.1)])
def test_keras_adam_differs_by_epsilon_hat(reference, scale, least, most):
    keras = pytest.importorskip("keras")
    dws = gradients(20, (2, 3), scale)
    theirs = keras_path(keras.optimizers.Adam(0.01, epsilon=1e-8), dws)
    assert least <= distance(adam_path(reference, dws, 0.01, 0.9, 0.999, 1e-8), theirs) <= most
    # The whole difference: ε beside the root of the uncorrected square, that is
    # ε / sqrt(1 - β₂ᵗ) in the notes' form; and decay rates rounded to float32 in their powers.
    beta1, beta2 = float(np.float32(0.9)), float(np.float32(0.999))
    first, second = weighted(dws, 0.9), weighted([dw**2 for dw in dws], 0.999)
    moves = []
    for t, (v, s) in enumerate(zip(first, second, strict=True), 1):
        rate = np.sqrt(1 - beta2**t) / (1 - beta1**t)
        moves.append(rate * v / (np.sqrt(s) + 1e-8))
    assert distance(-0.01 * np.cumsum(moves, axis=0), theirs) < 1e-7
