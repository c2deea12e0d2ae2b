"""Unit 06: the reference against implementations that share nothing with it.

Independent are: TensorFlow's and Keras' convolution and pooling, SciPy's correlation, sums written
out in Python floats, enumerated windows, central differences, and LeNet-5 in NumPy.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import signal
from support.closeness import distance
from support.units import experiment, world_and_case, world_of

from autograder.course.cases import draw
from autograder.course.unit import LoadedUnit
from autograder.guest import probes
from autograder.judging.comparison import Wanted

UNIT = "06_convolution_lenet_alexnet"

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
ROUNDING = 1e-13  # normwise, float64
rng = np.random.default_rng(6)

CONVOLUTIONS = [
    (size, f, K, stride, pad)
    for (size, f, K), stride, pad in itertools.product(
        [((2, 9, 7, 3), 3, 4), ((1, 6, 11, 2), 5, 3), ((3, 7, 8, 1), 2, 2)], (1, 2, 3), (0, 1, 2)
    )
]


@pytest.fixture(scope="module")
def names(reference: SimpleNamespace) -> dict[str, Any]:
    return vars(reference)


def drawn(size: tuple[int, ...], f: int, K: int) -> tuple[Any, Any, Any]:
    return rng.normal(size=size), rng.normal(size=(f, f, size[3], K)), rng.normal(size=K)


def test_sizes_are_those_of_enumerated_windows(reference: SimpleNamespace) -> None:
    for n, f, pad, stride in itertools.product(range(1, 9), range(1, 9), range(3), range(1, 5)):
        line = range(n + 2 * pad)
        starts = [start for start in line[::stride] if start + f - 1 in line]
        if starts:
            places = reference.conv_out_size(n, f, pad, stride)
            assert (places, type(places)) == (len(starts), int)
        else:
            with pytest.raises(ValueError, match="does not fit"):
                reference.conv_out_size(n, f, pad, stride)


@pytest.mark.parametrize(("size", "f", "K", "stride", "pad"), CONVOLUTIONS)
def test_convolution_is_that_of_keras(
    reference: SimpleNamespace,
    size: tuple[int, ...],
    f: int,
    K: int,
    stride: int,
    pad: int,
) -> None:
    X, W, b = drawn(size, f, K)
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    theirs = np.asarray(keras.ops.conv(padded, W, stride, "valid")) + b
    assert distance(reference.conv2d(X, W, b, stride, pad), theirs) < ROUNDING


def test_convolution_is_the_sum_of_the_notes(reference: SimpleNamespace) -> None:
    X, W, b = drawn((2, 6, 5, 3), 3, 4)
    Y = reference.conv2d(X, W, b, 2, 1)
    for n, i, j, k in np.ndindex(*Y.shape):
        terms = [float(b[k])]
        for u, v, c in np.ndindex(3, 3, 3):
            row, column = 2 * i + u - 1, 2 * j + v - 1
            if 0 <= row < 6 and 0 <= column < 5:
                terms.append(X[n, row, column, c] * W[u, v, c, k])
        assert math.isclose(Y[n, i, j, k], math.fsum(terms), rel_tol=1e-12, abs_tol=1e-12)


def test_convolution_is_scipys_correlation_and_not_its_convolution(
    reference: SimpleNamespace,
) -> None:
    X, W, b = drawn((1, 8, 6, 2), 3, 3)
    ours = reference.conv2d(X, W, b, 1, 0)
    theirs = [signal.correlate(X[0], W[..., k], "valid")[..., 0] + b[k] for k in range(3)]
    assert distance(ours[0], np.stack(theirs, axis=-1)) < ROUNDING
    turned = [signal.convolve(X[0], W[:, :, ::-1, k], "valid")[..., 0] + b[k] for k in range(3)]
    assert distance(ours[0], np.stack(turned, axis=-1)) > 0.1
    assert distance(reference.conv2d(X, W[::-1, ::-1], b, 1, 0)[0], np.stack(turned, -1)) < 1e-13


def test_same_padding_with_a_stride_is_what_the_unit_says(reference: SimpleNamespace) -> None:
    """TensorFlow pads even sizes at the bottom and on the right only."""
    X, W, b = drawn((1, 8, 8, 1), 3, 1)
    theirs = np.asarray(keras.ops.conv(X, W, 2, "same")) + b
    assert distance(reference.conv2d(X, W, b, 2, 1), theirs) > 0.1
    below = np.pad(X, ((0, 0), (0, 1), (0, 1), (0, 0)))
    assert distance(reference.conv2d(below, W, b, 2, 0), theirs) < ROUNDING
    by_one = np.asarray(keras.ops.conv(X, W, 1, "same")) + b
    assert distance(reference.conv2d(X, W, b, 1, 1), by_one) < ROUNDING


@pytest.mark.parametrize(("f", "stride"), [(2, 2), (3, 2), (2, 3), (3, 3), (2, 1)])
@pytest.mark.parametrize("size", [(2, 7, 9, 3), (1, 8, 5, 2)])
def test_pooling_is_that_of_keras(
    reference: SimpleNamespace, size: tuple[int, ...], f: int, stride: int
) -> None:
    X = rng.normal(size=size)
    for mode, theirs in (("max", keras.ops.max_pool), ("average", keras.ops.average_pool)):
        wanted = np.asarray(theirs(probes.to_tensors(X), f, stride, "valid"))
        assert distance(reference.pool2d(X, f, stride, mode), wanted) < ROUNDING


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (2, 1), (3, 2)])
def test_the_worked_way_back_is_autodiff(
    loaded: LoadedUnit,
    names: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    stride: int,
    pad: int,
) -> None:
    backward = experiment(loaded, names, "def conv2d_backward")["conv2d_backward"]
    # What the cell itself prints: central differences on a picture of 5×5.
    printed = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == 3
    assert max(printed) < 1e-8
    X, W, b = drawn((2, 7, 6, 2), 3, 4)

    def convolve(X: Any, W: Any, b: Any) -> Any:
        frame = ((0, 0), (pad, pad), (pad, pad), (0, 0))
        return keras.ops.conv(keras.ops.pad(X, frame), W, stride, "valid") + b

    dY = rng.normal(size=convolve(X, W, b).shape)
    by_autodiff = probes.vjp(convolve, X, W, b, cotangent=dY)
    for ours, theirs in zip(backward(dY, X, W, stride, pad), by_autodiff, strict=True):
        assert distance(ours, theirs) < ROUNDING


def test_lenet_has_the_parameters_of_the_paper_and_the_table(
    reference: SimpleNamespace,
) -> None:
    model = reference.build_lenet5()
    counts = [layer["parameters"] for layer in probes.layers(model) if layer["parameters"]]
    assert counts == [156, 2416, 48120, 10164, 850]
    assert model.count_params() == 61706


def lenet_by_hand(X: Any, weights: list[Any]) -> Any:
    """LeNet-5 with tanh and maxima, in float64, from windows and matrix products."""
    for kernel, bias in weights[:2]:
        views = np.lib.stride_tricks.sliding_window_view(X, kernel.shape[:2], axis=(1, 2))
        X = np.tanh(np.einsum("nijcuv,uvck->nijk", views, kernel) + bias)
        N, H, W, C = X.shape
        X = X.reshape(N, H // 2, 2, W // 2, 2, C).max(axis=(2, 4))
    X = X.reshape(len(X), -1)
    for kernel, bias in weights[2:4]:
        X = np.tanh(X @ kernel + bias)
    scores = np.exp(X @ weights[4][0] + weights[4][1])
    return scores / scores.sum(axis=1, keepdims=True)


def test_outputs_and_gradients_of_lenet_are_those_by_hand(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """What the checks take for the truth, for whichever legal form."""
    world, case = world_and_case(loaded, "lenet_gradients")
    X, seed, cotangent = (case.inputs[name] for name in ("X", "seed", "cotangent"))
    weights = [[part.astype(float) for part in layer] for layer in world["lenet_weights"](seed)]
    model, _ = world["filled_lenet"](reference.build_lenet5(), seed)
    wanted = lenet_by_hand(X.astype(float), weights)
    assert distance(probes.to_arrays(model(X)), wanted) < 1e-5
    found = world["lenet_gradients"](reference, X, seed, cotangent)

    def cost(weights: Any, X: Any = X) -> float:
        return float(np.sum(lenet_by_hand(X.astype(float), weights) * cotangent))

    def along(number: int, part: int, index: Any) -> float:
        costs = []
        for step in (1e-6, -1e-6):
            moved = [[np.array(value) for value in layer] for layer in weights]
            moved[number][part][index] += step
            costs.append(cost(moved))
        return (costs[0] - costs[1]) / 2e-6

    for number in range(5):
        bias = found[f"gradient of layer {number + 1}'s bias"]
        slopes = [along(number, 1, index) for index in range(len(bias))]
        assert distance(bias, slopes) < 1e-4
        rows = found[f"gradient of layer {number + 1}'s weights"]
        shape = weights[number][0].shape
        step = max(math.prod(shape[:-1]) // 16, 1)
        places = [np.unravel_index(step * row * shape[-1], shape) for row in range(12)]
        slopes = [along(number, 0, place) for place in places]
        assert np.abs(rows[:12, 0] - slopes).max() < 1e-4 * np.abs(rows).max()


def test_alexnet_carries_two_channels_whatever_its_widths(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    world, case = world_and_case(loaded, "alexnet_colours")
    colours, weights = case.inputs["colours"], case.inputs["weights"]
    x = colours.astype(float)
    cut = []
    for number in range(1, 7):
        z = x @ weights[f"W{number}"] + weights[f"b{number}"]
        cut.append((z < 0).mean(axis=0))
        x = np.maximum(z, 0)
    # Every relu matters for some example, and none for all.
    assert 0.1 < np.min(cut)
    assert np.max(cut) < 0.6
    scores = np.exp(x @ weights["W7"] + weights["b7"])
    wanted = scores / scores.sum(axis=1, keepdims=True)
    found = world["alexnet_colours"](reference, colours, weights)["probabilities"]
    assert distance(probes.to_arrays(found), wanted) < 1e-5


def plain_gradient(inputs: dict[str, Any], last_relu: bool) -> Any:
    """The gradient of `alexnet_gradients`, in NumPy, with or without the hidden layer's relu."""
    h, passed = inputs["colours"].astype(float), []
    for layer in range(1, 7):
        z = h @ inputs["weights"][f"W{layer}"] + inputs["weights"][f"b{layer}"]
        passed.append((z > 0) | (layer == 6 and not last_relu))
        h = z * passed[-1]
    z = h @ inputs["weights"]["W7"] + inputs["weights"]["b7"]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    cotangent = inputs["cotangent"]
    dz = p * (cotangent - (p * cotangent).sum(axis=1, keepdims=True))
    dh = dz @ inputs["weights"]["W7"].T
    for layer in range(6, 0, -1):
        dh = (dh * passed[layer - 1]) @ inputs["weights"][f"W{layer}"].T
    return dh


def cases_of(loaded: LoadedUnit, name: str, seeds: int) -> Iterator[dict[str, Any]]:
    """The inputs of a check's cases, in many draws."""
    (found,) = (
        (exercise.name, check)
        for exercise in loaded.unit.exercises
        for check in exercise.checks
        if check.name == name
    )
    for seed in range(seeds):
        for case in draw(found[1], str(seed), UNIT, found[0]):
            yield dict(case.inputs)


def test_a_gradient_tells_of_the_last_relu_in_every_draw(loaded: LoadedUnit) -> None:
    for inputs in cases_of(loaded, "alexnet_gradients", 100):
        right, wrong = (plain_gradient(inputs, relu) for relu in (True, False))
        assert np.abs(right - wrong).max() > 640 * 2**-23 * np.abs(right).max()


def mixed_probabilities(inputs: dict[str, Any], window: int) -> Any:
    """The probabilities of `alexnet_pictures`, in NumPy, by poolings of some size."""
    weights = inputs["weights"]
    x = inputs["X"].astype(float)
    for layer in range(1, 6):
        x = np.maximum(x @ weights[f"W{layer}"] + weights[f"b{layer}"], 0)
        if layer in (1, 2, 5):
            windows = np.lib.stride_tricks.sliding_window_view(x, (window, window), axis=(1, 2))
            x = windows[:, ::2, ::2].max(axis=(-2, -1))
    x = np.maximum(x.mean(axis=(1, 2)) @ weights["W6"] + weights["b6"], 0)
    z = x @ weights["W7"] + weights["b7"]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def test_pictures_tell_of_the_size_of_poolings_in_every_draw(loaded: LoadedUnit) -> None:
    for inputs in cases_of(loaded, "alexnet_pictures", 100):
        right, wrong = (mixed_probabilities(inputs, window) for window in (3, 2))
        assert np.abs(right - wrong).max() > 0.01
        assert np.ptp(right, axis=0).max() > 0.01


def test_full_alexnet_is_counted_right(
    loaded: LoadedUnit, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The worked cell against layers of Keras: shapes at full size, counts at a sixteenth."""
    cell = experiment(loaded, names, "ALEXNET = [")
    assert cell["alexnet_parameters"] == 62_378_344
    assert "62,378,344" in capsys.readouterr().out
    shape: tuple[Any, ...] = (None, 227, 227, 3)
    for kind, *numbers in cell["ALEXNET"]:  # nothing is built: no layer allocates its weights
        if kind == "convolution":
            filters, f, stride, pad = numbers
            shape = keras.layers.ZeroPadding2D(pad).compute_output_shape(shape)
            shape = keras.layers.Conv2D(filters, f, stride).compute_output_shape(shape)
        elif kind == "pooling":
            shape = keras.layers.MaxPooling2D(*numbers).compute_output_shape(shape)
        if kind != "dense":
            row = cell["layout"](cell["ALEXNET"], 227, 3)
            assert (tuple(shape[1:])) in [rest[1] for rest in row]
    assert shape == (None, 6, 6, 256)

    thin = [
        (kind, numbers[0] // 16, *numbers[1:]) if kind != "pooling" else (kind, *numbers)
        for kind, *numbers in cell["ALEXNET"]
    ]
    x = pixels = keras.Input((227, 227, 3))
    for kind, *numbers in thin:
        if kind == "convolution":
            x = keras.layers.ZeroPadding2D(numbers[3])(x)
            x = keras.layers.Conv2D(*numbers[:3])(x)
        elif kind == "pooling":
            x = keras.layers.MaxPooling2D(*numbers)(x)
        else:
            x = keras.layers.Dense(*numbers)(x if len(x.shape) == 2 else keras.layers.Flatten()(x))
    counted = sum(parameters for *_, parameters in cell["layout"](thin, 227, 3))
    assert keras.Model(pixels, x).count_params() == counted


def test_break_it_says_what_the_text_says(
    loaded: LoadedUnit, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    fires = experiment(loaded, names, "def fires")["fires"]
    printed = capsys.readouterr().out.splitlines()
    assert [line.count("FIRES") for line in printed] == [0, 1, 1]
    assert "delta FIRES" in printed[1]
    assert "stride FIRES" in printed[2]
    assert not any(fires(names["conv2d"]).values())


@pytest.mark.parametrize("exercise", ["build_lenet5", "build_alexnet_mini"])
def test_every_legal_form_passes_what_needs_no_training(loaded: LoadedUnit, exercise: str) -> None:
    """On other seeds than `check-course`, which tries one."""
    declared = next(e for e in loaded.unit.exercises if e.name == exercise)
    checks = [check for check in declared.checks if check.tries == 1]

    def evidence(program: Any) -> Any:
        """For each check, what the program gives for each of its cases."""
        names: dict[str, Any] = {}
        for _, source in program.cells:
            exec(source, names)
        for check in checks:
            world = world_of(check)
            for case in draw(check, "another seed", loaded.name, exercise):
                found = world[check.name](SimpleNamespace(**names), **case.inputs)
                yield check, case, probes.to_arrays(found)

    wanted = [value for *_, value in evidence(loaded.reference)]
    for equivalent in declared.equivalents:
        got = evidence(loaded.alternative(declared, equivalent))
        for (check, case, value), want in zip(got, wanted, strict=True):
            comparison = check.judge(value, Wanted(want, None, dict(case.truth)))
            assert comparison.passed, (equivalent.name, check.name, comparison)


def test_a_start_by_the_rule_of_he_is_a_guess_as_well(loaded: LoadedUnit) -> None:
    exercise = next(e for e in loaded.unit.exercises if e.name == "build_lenet5")
    check = next(check for check in exercise.checks if check.name == "lenet_start")
    names: dict[str, Any] = {}
    cell = loaded.solution_cell("build_lenet5").source
    started = cell.replace('activation="relu"', 'activation="relu", kernel_initializer="he_normal"')
    assert started != cell
    for source in [*(source for _, source in loaded.reference.cells), started]:
        exec(source, names)
    world = world_of(check)
    for seed in ("one", "two", "three"):
        for case in draw(check, seed, loaded.name, exercise.name):
            costs = world[check.name](SimpleNamespace(**names), **case.inputs)
            assert check.judge(costs, Wanted(truth=dict(case.truth))).passed
