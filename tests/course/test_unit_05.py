"""Unit 05: the reference against implementations that share nothing with it.

Independent are: sums over plain Python numbers in exact fractions, Keras' own layer in float64, its
gradients by automatic differentiation, and central differences.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.closeness import distance_in_float64 as distance

from autograder.guest.probes import numerical_gradient, vjp

UNIT = "05_batch_normalization"

ROUNDING = 1e-13  # normwise; what float64 may lose on the way
EPS = 1e-3


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


def drawn(n: int, m: int, seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    Z = 3 * rng.normal(size=(n, 1)) + rng.uniform(0.5, 2, (n, 1)) * rng.normal(size=(n, m))
    gamma, beta = rng.normal(size=(2, n, 1))
    state = {"running_mean": rng.normal(size=(n, 1)), "running_var": rng.uniform(0.5, 2, (n, 1))}
    return Z, gamma, beta, state, rng.normal(size=(n, m))


# --------------------------------------------------------------------------- the NumPy functions


def test_training_in_exact_fractions(reference):
    """Mean 2, variance 1 and ε = 3, so that the root is exactly 2."""
    row, momentum = [Fraction(z) for z in (1, 3, 1, 3)], Fraction(3, 4)
    mean = sum(row) / len(row)
    variance = sum((z - mean) ** 2 for z in row) / len(row)
    assert (mean, variance) == (2, 1)
    gamma, beta, old_mean, old_var = (np.array([[x]]) for x in (5.0, 7.0, 8.0, 16.0))
    state = {"running_mean": old_mean, "running_var": old_var}
    Z = np.array([row], dtype=float)
    Zt, _, new = reference.batchnorm_forward(Z, gamma, beta, state, float(momentum), 3.0, True)
    assert Zt.tolist() == [[float((z - mean) / 2 * 5 + 7) for z in row]]
    assert new["running_mean"].item() == momentum * 8 + (1 - momentum) * mean
    assert new["running_var"].item() == momentum * 16 + (1 - momentum) * variance


def test_training_has_the_moments_of_the_text(reference):
    Z, gamma, beta, state, _ = drawn(4, 7)
    Zt, _, _ = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, EPS, True)
    assert distance(Zt.mean(axis=1, keepdims=True), beta) < ROUNDING
    spread = np.abs(gamma) * np.sqrt(Z.var(axis=1) / (Z.var(axis=1) + EPS))[:, None]
    assert distance(Zt.std(axis=1, keepdims=True), spread) < ROUNDING


def test_one_example_in_training_gives_the_shift(reference):
    Z, gamma, beta, state, _ = drawn(4, 1)
    Zt, _, _ = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, EPS, True)
    assert np.array_equal(Zt, beta)


def test_a_prediction_depends_on_nothing_but_its_example_and_the_record(reference):
    Z, gamma, beta, state, _ = drawn(4, 7)
    together, _, after = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, EPS, False)
    alone = [
        reference.batchnorm_forward(z[:, None], gamma, beta, state, 0.9, EPS, False)[0] for z in Z.T
    ]
    assert np.array_equal(np.hstack(alone), together)
    assert all(np.array_equal(after[name], state[name]) for name in state)


@pytest.mark.parametrize("eps", [1e-12, 1e-3, 1.0])
def test_gradients_are_the_slopes(reference, eps):
    Z, gamma, beta, state, dZt = drawn(3, 5)

    def cost(Z, gamma, beta):
        Zt = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[0]
        return float(np.sum(dZt * Zt))

    cache = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    dZ, dgamma, dbeta = reference.batchnorm_backward(dZt, cache)
    assert distance(dZ, numerical_gradient(lambda x: cost(x, gamma, beta), Z)) < 1e-7
    assert distance(dgamma, numerical_gradient(lambda x: cost(Z, x, beta), gamma)) < 1e-7
    assert distance(dbeta, numerical_gradient(lambda x: cost(Z, gamma, x), beta)) < 1e-7


def test_ones_upstream_have_no_gradient(reference):
    """Why the checks use random ones."""
    Z, gamma, beta, state, _ = drawn(3, 6)
    cache = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, EPS, True)[1]
    assert np.abs(reference.batchnorm_backward(np.ones_like(Z), cache)[0]).max() < 1e-14


# ------------------------------------------------------------------------------- Keras as oracle


def theirs_and_ours(keras: Any, reference: Any, shape: tuple[int, ...], **how: Any) -> list[Any]:
    """Keras' layer and the reference's, with the same random weights."""
    rng = np.random.default_rng(1)
    layers = [keras.layers.BatchNormalization, reference.MyBatchNorm]
    layers = [make(dtype="float64", **how) for make in layers]
    for layer in layers:
        layer.build(shape)
    values = [rng.uniform(0.5, 2, shape[-1:]) for _ in range(4)]
    for layer in layers:
        weights = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)
    return layers


def averages(keras: Any, layer: Any) -> tuple[Any, Any]:
    read = keras.ops.convert_to_numpy
    return read(layer.moving_mean), read(layer.moving_variance)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"momentum": 0.8, "epsilon": 0.1}])
@pytest.mark.parametrize("shape", [(6, 4), (3, 2, 4, 5)])
def test_the_layer_is_that_of_keras(keras, reference, shape, how):
    theirs, ours = theirs_and_ours(keras, reference, shape, **how)
    rng = np.random.default_rng(2)
    for _ in range(3):
        x = keras.ops.convert_to_tensor(2 + 3 * rng.normal(size=shape))
        for training in (True, False, None):
            pair = [
                keras.ops.convert_to_numpy(layer(x, training=training)) for layer in (ours, theirs)
            ]
            # Keras multiplies by 1 / √(σ² + ε), whose ε it keeps in float32 on the way.
            assert distance(*pair) < 1e-7
        for our, their in zip(averages(keras, ours), averages(keras, theirs), strict=True):
            assert distance(our, their) < 1e-7  # momentum is rounded to float32 there


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(6, 4), (3, 2, 4, 5)])
def test_the_layer_has_the_gradients_of_keras(keras, reference, shape):
    rng = np.random.default_rng(3)
    x, upstream = rng.normal(size=(2, *shape))
    theirs, ours = theirs_and_ours(keras, reference, shape)
    gradients = [
        vjp(lambda x, layer=layer: layer(x, training=True), x, cotangent=upstream)[0]
        for layer in (ours, theirs)
    ]
    assert distance(*gradients) < 1e-7


@pytest.mark.slow
def test_the_functions_are_the_layer_of_keras_transposed(keras, reference):
    Z, gamma, beta, state, dZt = drawn(4, 6)
    layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=EPS, dtype="float64")
    layer.build((6, 4))
    names = {"running_mean": layer.moving_mean, "running_var": layer.moving_variance}
    for weight, value in [
        (layer.gamma, gamma),
        (layer.beta, beta),
        *((names[key], state[key]) for key in names),
    ]:
        weight.assign(value[:, 0])
    Zt, cache, new = reference.batchnorm_forward(Z, gamma, beta, state, 0.9, EPS, True)
    theirs = vjp(lambda x: layer(x, training=True), Z.T.copy(), cotangent=dZt.T)[0]
    assert distance(reference.batchnorm_backward(dZt, cache)[0], theirs.T) < 1e-7
    for key, weight in names.items():  # the call above was a training step
        assert distance(new[key][:, 0], keras.ops.convert_to_numpy(weight)) < 1e-7
    predicted = reference.batchnorm_forward(Z, gamma, beta, new, 0.9, EPS, False)[0]
    x = keras.ops.convert_to_tensor(Z.T)
    assert distance(predicted, keras.ops.convert_to_numpy(layer(x)).T) < 1e-7
    trained = keras.ops.convert_to_numpy(layer(x, training=True)).T
    assert distance(Zt, trained) < 1e-7


@pytest.mark.slow
def test_fit_moves_the_averages_and_predictions_are_single_ones(keras, reference):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(4)
    x, y = 2 + rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    x = x.astype(np.float32).astype(np.float64)  # `fit` hands data on in float32
    layer = reference.MyBatchNorm(momentum=0.75, dtype="float64")
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    mean, variance = np.zeros(3), np.ones(3)
    for batch in (x[:4], x[4:]):
        mean = 0.75 * mean + 0.25 * batch.mean(axis=0)
        variance = 0.75 * variance + 0.25 * batch.var(axis=0)
    for got, want in zip(averages(keras, layer), (mean, variance), strict=True):
        assert distance(got, want) < ROUNDING
    assert [weight.path.split("/")[-1] for weight in layer.trainable_weights] == ["gamma", "beta"]
    assert np.any(keras.ops.convert_to_numpy(layer.gamma) != 1)
    whole = model.predict_on_batch(x)
    assert model.predict_on_batch(x[2:3])[0] == pytest.approx(whole[2], rel=1e-6)
