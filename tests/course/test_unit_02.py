"""Unit 02: the reference against implementations that share nothing with it.

Independent are: SciPy's tests of a distribution, the exact second moments of a relu layer, complex
steps through a formula of the cost, and Keras with its own initializers and Dense layers.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from autograder.course.exercise import Check
from autograder.course.unit import LoadedUnit
from autograder.guest import worker
from autograder.judging.comparison import Wanted

UNIT = "02_initialization"

SCHEMES = {
    "fan_in": lambda n_in, n_out: 1 / n_in,
    "he": lambda n_in, n_out: 2 / n_in,
    "glorot": lambda n_in, n_out: 2 / (n_in + n_out),
}
BENDS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "relu": lambda Z: np.where(Z.real > 0, Z, 0),
    "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)),
}

# Importing the notebook's Keras costs seconds.
pytestmark = pytest.mark.slow


def check_of(loaded: LoadedUnit, exercise: str, name: str) -> Check:
    (found,) = (e for e in loaded.unit.exercises if e.name == exercise)
    return next(check for check in found.checks if check.name == name)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_are_normal_with_the_schemes_variance(
    reference: SimpleNamespace, scheme: str
) -> None:
    params = reference.init_params([60, 40, 90], scheme, np.random.default_rng(0))
    assert {name: value.shape for name, value in params.items()} == {
        "W1": (40, 60),
        "b1": (40, 1),
        "W2": (90, 40),
        "b2": (90, 1),
    }
    for name, n_in, n_out in (("W1", 60, 40), ("W2", 40, 90)):
        sigma = SCHEMES[scheme](n_in, n_out) ** 0.5
        assert stats.kstest(params[name].ravel(), "norm", args=(0, sigma)).pvalue > 1e-4
    assert not params["b1"].any() and not params["b2"].any()


def test_zeros_are_zeros(reference: SimpleNamespace) -> None:
    params = reference.init_params([3, 2, 1], "zeros", np.random.default_rng(0))
    assert not any(value.any() for value in params.values())


def test_he_keeps_the_mean_square_of_a_relu_layer(reference: SimpleNamespace) -> None:
    # E[relu(z)^2] = E[z^2] / 2 for symmetric z, and E[z^2] = n Var(w) mean(a^2): exactly a^2's.
    X = np.random.default_rng(0).normal(size=(50, 20))
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(200):
        W = reference.init_params([50, 40], "he", rng)["W1"]
        ratios.append(np.mean(np.maximum(W @ X, 0) ** 2) / np.mean(X**2))
    assert abs(np.mean(ratios) - 1) < 5 * np.std(ratios) / np.sqrt(len(ratios))


@pytest.mark.parametrize("g", BENDS)
def test_spreads_are_those_of_a_keras_network(reference: SimpleNamespace, g: str) -> None:
    import keras

    layer_dims, X = [5, 8, 6, 4], np.random.default_rng(2).normal(size=(5, 9))
    params = reference.init_params(layer_dims, "he", np.random.default_rng(3))
    A, wanted = X.T, []
    for layer in (1, 2, 3):
        dense = keras.layers.Dense(layer_dims[layer], activation=g, dtype="float64")
        dense.build(A.shape)
        dense.set_weights([params[f"W{layer}"].T, params[f"b{layer}"][:, 0]])
        A = keras.ops.convert_to_numpy(dense(A))
        wanted.append(np.sqrt(np.mean(A**2) - np.mean(A) ** 2))
    got = reference.activation_stds(layer_dims, "he", g, X, np.random.default_rng(3))
    assert all(type(std) is float for std in got)
    assert got == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("g", "scheme", "least", "most"),
    [("relu", "he", 0.1, 10), ("relu", "fan_in", 1e-4, 4e-3), ("tanh", "fan_in", 0.08, 0.3)],
)
def test_twenty_layers(
    reference: SimpleNamespace, g: str, scheme: str, least: float, most: float
) -> None:
    """The property that the curriculum names: what the schemes are for."""
    X = np.random.default_rng(0).normal(size=(100, 200))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        last = reference.activation_stds([100] * 21, scheme, g, X, rng)[-1]
        assert least < last < most


def cost(params: dict[str, Any], X: Any, Y: Any, g: str) -> Any:
    """The cost as a function of possibly complex parameters: softplus(z) - y z, averaged."""
    A1 = BENDS[g](params["W1"] @ X + params["b1"])
    Z2 = params["W2"] @ A1 + params["b2"]
    return np.sum(np.log(1 + np.exp(Z2)) - Y * Z2) / X.shape[1]


@pytest.mark.parametrize("g", BENDS)
def test_the_given_gradients_are_the_complex_step(reference: SimpleNamespace, g: str) -> None:
    rng = np.random.default_rng(4)
    shapes = {"W1": (3, 2), "b1": (3, 1), "W2": (2, 3), "b2": (2, 1)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    X, Y = rng.normal(size=(2, 6)), rng.integers(0, 2, (2, 6)).astype(float)
    grads = reference.gradients(params, X, Y, g)
    for name in params:
        for index in np.ndindex(shapes[name]):
            moved = params[name].astype(complex)
            moved[index] += 1e-30j
            slope = cost({**params, name: moved}, X, Y, g).imag / 1e-30
            assert grads["d" + name][index] == pytest.approx(slope, rel=1e-12, abs=1e-15)


def test_what_the_erratum_says_of_zeros(reference: SimpleNamespace) -> None:
    """With tanh nothing but the output's bias learns; with the sigmoid all rows stay alike."""
    X = np.random.default_rng(5).normal(size=(2, 9))
    Y = (X[:1] > 0.5) * 1.0
    for g, learns in (("tanh", False), ("relu", False), ("sigmoid", True)):
        params = reference.init_params([2, 4, 1], "zeros", np.random.default_rng(0))
        assert reference.symmetry_report(params, X, Y, g) == {"rows_equal": True, "dW1_zero": True}
        assert reference.gradients(params, X, Y, g)["dW2"].any() == learns
        assert reference.gradients(params, X, Y, g)["db2"].any()
        for _ in range(50):
            grads = reference.gradients(params, X, Y, g)
            params = {name: params[name] - 0.5 * grads["d" + name] for name in params}
        report = reference.symmetry_report(params, X, Y, g)
        assert report == {"rows_equal": True, "dW1_zero": not learns}
        assert np.ptp(params["W1"], axis=0).max() == 0
        assert params["W1"].any() == learns


def test_cases_of_the_report_are_far_from_its_tolerance(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """Nothing lies between 3e-13 and 1e-11, where a sum's order could decide."""
    (exercise,) = (e for e in loaded.unit.exercises if e.name == "symmetry_report")
    for check in exercise.checks:
        seen = []
        for seed in range(20):
            for case in check.draw(np.random.default_rng(seed)):
                dW1 = reference.gradients(**case.inputs)["dW1"]
                seen += [np.abs(dW1 - dW1[0]).max(), np.abs(dW1).max()]
        assert not [size for size in seen if 3e-13 < size < 1e-11], check.name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_initializer_is_the_one_that_keras_names(
    reference: SimpleNamespace, scheme: str
) -> None:
    import keras

    named = {"fan_in": "lecun_normal", "he": "he_normal", "glorot": "glorot_normal"}[scheme]
    got, wanted = reference.keras_initializer(scheme), keras.initializers.get(named)
    assert isinstance(got, keras.initializers.VarianceScaling)
    same = ("scale", "mode", "distribution")
    assert [getattr(got, name) for name in same] == [getattr(wanted, name) for name in same]


def test_law_of_the_statistics(loaded: LoadedUnit, reference: SimpleNamespace) -> None:
    """Over 60 draws the statistics vary as the cases' standard errors say."""
    check = check_of(loaded, "init_params", "glorot_weights")
    (case,) = check.draw(np.random.default_rng(0))
    names = worker.ObservedNamespace(vars(reference), lambda _: 0)
    seeded = [{**case.inputs, "seed": seed} for seed in range(60)]
    raw = [names.observe(check.source, inputs).value for inputs in seeded]
    drawn = [check.judged(value, inputs) for value, inputs in zip(raw, seeded, strict=True)]
    for name, (expected, error) in case.truth.items():
        off = (np.array([float(value[name]) for value in drawn]) - expected) / error
        assert 0.7 < off.std() < 1.35, name
        assert abs(off.mean()) < 5 / np.sqrt(60), name


def test_digits_can_only_be_learnt_from_a_right_start(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """He's start passes; zeros, size 0.01 and the notes' `rand` stay at or below 20 %."""
    check = check_of(loaded, "init_params", "learns_digits")
    (case,) = check.draw(np.random.default_rng(0))
    assert "labels" in case.truth and case.truth["labels"].shape == (450,)
    right = reference.init_params

    def spoiled(change: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        def init_params(layer_dims: list[int], scheme: str, rng: Any) -> dict[str, Any]:
            params = right(layer_dims, scheme, rng)
            return {k: change(v, rng) if k[0] == "W" else v for k, v in params.items()}

        return init_params

    starts = {
        "he": right,
        "zeros": spoiled(lambda W, rng: 0 * W),
        "0.01": spoiled(lambda W, rng: 0.01 * rng.normal(size=W.shape)),
        "rand": spoiled(lambda W, rng: rng.random(W.shape) * np.sqrt(1 / W.shape[1])),
    }
    for name, start in starts.items():
        names = worker.ObservedNamespace({**vars(reference), "init_params": start}, lambda _: 0)
        evidence = names.observe(check.source, dict(case.inputs))
        share = np.mean(evidence.value["predictions"] == case.truth["labels"])
        assert (share > 0.85) if name == "he" else (share <= 0.20), (name, share)
        judged = check.judge(evidence.value, Wanted(truth=dict(case.truth)))
        assert judged.passed == (name == "he")
