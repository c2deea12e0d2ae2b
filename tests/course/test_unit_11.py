"""Unit 11: the reference against implementations that share nothing with it.

Independent are: the notes' sums, term by term in Python floats; the laws that costs and Gram
matrices obey; gradients in closed form and by central differences; networks in NumPy, from windows
and einsum, with the picture's gradient by central differences through them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.closeness import distance
from support.units import called, experiment, relu, world_and_case

from autograder.course.unit import LoadedUnit
from autograder.guest import probes

UNIT = "11_style_transfer"

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
ROUNDING = 1e-13  # normwise, float64
SINGLE = 1e-5  # normwise; what float32 may lose
SIZES = [(4, 5, 3), (1, 6, 2), (5, 2, 4), (3, 3, 1)]


def pair(size: tuple[int, ...], seed: int = 11) -> Any:
    """Two blocks of activations, some of them 0 or negative."""
    return np.random.default_rng(seed).normal(0.4, 1, (2, *size))


# --------------------------------------------------------------------- the costs, in Python floats


def content_by_hand(aC: Any, aG: Any) -> float:
    terms = [(float(aC[index]) - float(aG[index])) ** 2 for index in np.ndindex(aC.shape)]
    return math.fsum(terms) / (4 * len(terms))


def gram_by_hand(a: Any) -> list[list[float]]:
    H, W, C = a.shape
    rows = [[float(a[y, x, c]) for y in range(H) for x in range(W)] for c in range(C)]
    return [[math.fsum(p * q for p, q in zip(u, v, strict=True)) for v in rows] for u in rows]


def layer_by_hand(aS: Any, aG: Any) -> float:
    H, W, C = aS.shape
    pairs = itertools.product(range(C), repeat=2)
    S, G = gram_by_hand(aS), gram_by_hand(aG)
    total = math.fsum((S[i][j] - G[i][j]) ** 2 for i, j in pairs)
    return float(total / (4 * C * C * (H * W) ** 2))


def total_by_hand(
    maps: list[Any], content: Any, styles: list[Any], lambdas: list[float], a: float, b: float
) -> float:
    style = [w * layer_by_hand(*both) for w, *both in zip(lambdas, styles, maps, strict=True)]
    return a * content_by_hand(content, maps[-1]) + b * math.fsum(style)


@pytest.mark.parametrize("size", SIZES)
def test_content_cost_is_the_sum_of_the_notes(
    reference: SimpleNamespace, size: tuple[int, ...]
) -> None:
    aC, aG = pair(size)
    assert distance(called(reference.content_cost, aC, aG), content_by_hand(aC, aG)) < ROUNDING


@pytest.mark.parametrize("size", SIZES)
def test_gram_matrix_is_the_inner_products(
    reference: SimpleNamespace, size: tuple[int, ...]
) -> None:
    a = pair(size)[0]
    assert distance(called(reference.gram_matrix, a), gram_by_hand(a)) < ROUNDING


@pytest.mark.parametrize("size", SIZES)
def test_style_cost_of_a_layer_is_the_sum_of_the_notes(
    reference: SimpleNamespace, size: tuple[int, ...]
) -> None:
    aS, aG = pair(size)
    assert distance(called(reference.style_layer_cost, aS, aG), layer_by_hand(aS, aG)) < ROUNDING


def test_style_and_total_cost_are_weighted_sums(reference: SimpleNamespace) -> None:
    S, G = zip(*(pair(size, seed) for seed, size in enumerate(SIZES)), strict=True)
    lambdas = [0.3, 2.0, 0.0, 1.25]  # they don't add up to 1
    style = called(lambda s, g: reference.style_cost(s, g, lambdas), list(S), list(G))
    each = [w * layer_by_hand(*both) for w, *both in zip(lambdas, S, G, strict=True)]
    assert distance(style, math.fsum(each)) < ROUNDING
    total = called(lambda c, s: reference.total_cost(c, s, 3.0, 0.5), np.array(7.0), style)
    assert distance(total, 3 * 7 + 0.5 * math.fsum(each)) < ROUNDING


# ------------------------------------------------------------------------------------------- laws


def test_gram_matrices_are_symmetric_and_have_no_negative_eigenvalue(
    reference: SimpleNamespace,
) -> None:
    a = pair((2, 3, 9))[0]  # more channels than places: the rank is 6
    G = called(reference.gram_matrix, a)
    assert np.array_equal(G, G.T)
    assert distance(np.diag(G), (a**2).sum(axis=(0, 1))) < ROUNDING
    eigenvalues = np.linalg.eigvalsh(G)
    assert eigenvalues[0] > -1e-12 * eigenvalues[-1]
    assert (eigenvalues > 1e-9 * eigenvalues[-1]).sum() == 6


def test_places_make_no_difference_to_style_but_to_content(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(2)
    a, other = pair((4, 5, 3))
    moved = rng.permutation(a.reshape(20, 3)).reshape(a.shape)
    G = called(reference.gram_matrix, a)
    assert distance(called(reference.gram_matrix, moved), G) < ROUNDING
    untransposed = [rows @ rows.T for rows in (x.reshape(3, 20) for x in (a, moved))]  # NS1
    assert distance(*untransposed) > 0.05
    for cost, differs in ((reference.style_layer_cost, False), (reference.content_cost, True)):
        before, after = called(cost, other, a), called(cost, other, moved)
        assert (distance(after, before) > 1e-3) == differs


def test_how_costs_grow(reference: SimpleNamespace) -> None:
    """k times the activations: k² the content, k⁴ the style; nothing where nothing differs."""
    one, other = pair((4, 5, 3))
    for cost, power in ((reference.content_cost, 2), (reference.style_layer_cost, 4)):
        assert called(cost, one, one) == 0
        assert called(cost, one, other) > 0
        grown = called(cost, 3 * one, 3 * other)
        assert distance(grown, 3**power * called(cost, one, other)) < ROUNDING


@pytest.mark.parametrize("tiles", [(2, 1, 1), (1, 3, 1), (2, 2, 1)])
def test_a_wall_of_tiles_has_the_style_of_one(
    reference: SimpleNamespace, tiles: tuple[int, ...]
) -> None:
    aS, aG = pair((4, 5, 3))
    once = called(reference.style_layer_cost, aS, aG)
    walls = (np.tile(aS, tiles), np.tile(aG, tiles))
    assert distance(called(reference.style_layer_cost, *walls), once) < ROUNDING


# -------------------------------------------------------------------------------------- gradients


def test_gradient_of_the_content(reference: SimpleNamespace) -> None:
    """The difference, scaled; by central differences too; the target gets none."""
    aC, aG = pair((4, 5, 3))
    to_target, gradient = probes.vjp(reference.content_cost, aC, aG)
    assert to_target is None or not to_target.any()
    assert distance(gradient, (aG - aC) / (2 * aG.size)) < ROUNDING
    numerical = probes.numerical_gradient(lambda moved: content_by_hand(aC, moved), aG)
    assert distance(gradient, numerical) < 1e-8


def test_gradient_of_the_gram_matrix(reference: SimpleNamespace) -> None:
    a = pair((4, 5, 3))[0]
    cotangent = np.random.default_rng(3).normal(size=(3, 3))
    (gradient,) = probes.vjp(reference.gram_matrix, a, cotangent=cotangent)
    assert distance(gradient, a @ (cotangent + cotangent.T)) < ROUNDING


def test_gradient_of_the_style(reference: SimpleNamespace) -> None:
    """Formula 6 of Gatys' paper, without its ReLU; and central differences."""
    aS, aG = pair((4, 5, 3))
    (target,) = probes.to_tensors([aS])
    (gradient,) = probes.vjp(lambda moved: reference.style_layer_cost(target, moved), aG)
    gap = np.array(gram_by_hand(aG)) - np.array(gram_by_hand(aS))
    assert distance(gradient, aG @ gap / (3 * 20) ** 2) < 1e-12
    numerical = probes.numerical_gradient(lambda moved: layer_by_hand(aS, moved), aG)
    assert distance(gradient, numerical) < 1e-8


# ----------------------------------------------------------------------------- networks, in NumPy


def convolved(X: Any, kernel: Any, bias: Any) -> Any:
    """`same` convolution of a picture `(H, W, C)` with filters 3 × 3."""
    padded = np.pad(X, ((1, 1), (1, 1), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    return np.einsum("ijcuv,uvck->ijk", views, kernel, optimize=True) + bias


def halved(X: Any) -> Any:
    H, W, C = X.shape
    return X.reshape(H // 2, 2, W // 2, 2, C).mean(axis=(1, 3))


def maps_by_hand(picture: Any, weights: list[Any], activation: Any) -> list[Any]:
    """The activation maps of a picture, in float64; it is halved between two layers."""
    maps: list[Any] = []
    x = np.asarray(picture, dtype=float)
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        x = activation(convolved(halved(x) if maps else x, kernel.astype(float), bias))
        maps.append(x)
    return maps


def descended(inputs: Mapping[str, Any], steps: int) -> tuple[list[float], Any]:
    """The costs before each step of gradient descent with momentum, and the last picture.

    In float64; slopes are central differences of the cost with respect to the pixels.
    """
    weights, lambdas = inputs["weights"], inputs["lambdas"]
    content = maps_by_hand(inputs["content"], weights, np.tanh)[-1]
    styles = maps_by_hand(inputs["style"], weights, np.tanh)

    def cost(picture: Any) -> float:
        maps = maps_by_hand(picture, weights, np.tanh)
        return total_by_hand(maps, content, styles, lambdas, inputs["alpha"], inputs["beta"])

    picture = inputs["image"].astype(float)
    velocity, costs = np.zeros(picture.shape), []
    for _ in range(steps):
        costs.append(cost(picture))
        slope = probes.numerical_gradient(cost, picture)
        velocity = 0.9 * velocity - inputs["lr"] * slope
        picture = np.clip(picture + velocity, 0, 1)
    return costs, picture


@pytest.mark.parametrize("name", ["two_steps", "content_only", "style_only", "in_range"])
def test_steps_are_those_of_numpy(
    loaded: LoadedUnit, reference: SimpleNamespace, name: str
) -> None:
    """What the checks take for the truth: costs, momentum, borders."""
    world, case = world_and_case(loaded, name)
    costs, picture = descended(case.inputs, 2)
    found, image, model = world["stepped"](reference, **case.inputs, steps=2)
    assert all(isinstance(cost, float) for cost in found)
    assert distance(found, costs) < SINGLE
    assert distance(probes.to_arrays(image)[0], picture) < SINGLE
    moved = np.abs(picture - case.inputs["image"]).max()
    assert moved > 100 * SINGLE  # the picture's values alone would agree without a step
    at_border = np.isin(picture, (0, 1)).any()
    assert at_border == (name == "in_range")
    for now, before in zip(model.get_weights(), case.inputs["weights"], strict=True):
        assert np.array_equal(now, before)


def test_no_gradient_but_the_pictures_is_needed(reference: SimpleNamespace) -> None:
    """A frozen network of Keras' own layers, three maps, Adam: its first step is ± its rate."""
    rng = np.random.default_rng(4)
    features = reference.feature_model(3)
    assert features.trainable_variables == []
    start = rng.uniform(0.3, 0.7, (1, 8, 12, 3)).astype("float32")
    content, style = rng.uniform(0, 1, (2, 1, 8, 12, 3)).astype("float32")
    styles = [found[0] for found in features(style)]
    image = keras.Variable(start)
    targets = (features(content)[-1][0], styles, [1.0, 0.5, 2.0], 1.0, 10.0)
    optimizer = keras.optimizers.Adam(0.01, epsilon=1e-12)
    cost = reference.style_step(image, features, targets, optimizer)
    weights = features.get_weights()
    maps, wanted, content_maps = (
        maps_by_hand(2.0 * x[0].astype(float) - 1, weights, relu) for x in (start, style, content)
    )
    by_hand = total_by_hand(maps, content_maps[-1], wanted, [1.0, 0.5, 2.0], 1.0, 10.0)
    assert distance(cost, by_hand) < SINGLE
    steps = np.abs(probes.to_arrays(image) - start)
    assert distance(steps, np.full(start.shape, 0.01)) < 1e-2


def test_the_share_that_is_left_is_of_the_cost_of_the_text(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """`cost_falls` measures by itself what `style_step` returns."""
    world, case = world_and_case(loaded, "cost_falls")
    calls, costs = [], []

    def recorded(*args: Any) -> float:
        calls.append(args)
        costs.append(reference.style_step(*args))
        return 0.0

    found = world["cost_falls"](SimpleNamespace(style_step=recorded), **case.inputs)
    assert distance(found["first"], costs[0]) < SINGLE
    assert distance(found["last"], reference.style_step(*calls[-1])) < SINGLE
    assert len(calls) == 30
    assert found["last"] < 0.2 * found["first"]


# ------------------------------------------------------------- networks and tables of the notebook


def test_feature_model_is_what_the_text_says(reference: SimpleNamespace) -> None:
    pictures = np.random.default_rng(5).uniform(0, 1, (2, 8, 12, 3)).astype("float32")
    one, same, other = (reference.feature_model(seed) for seed in (1, 1, 2))
    found = probes.to_arrays(one(pictures))
    assert [part.shape for part in found] == [(2, 8, 12, 16), (2, 4, 6, 32), (2, 2, 3, 48)]
    for number, part in enumerate(found):
        assert np.array_equal(part, probes.to_arrays(same(pictures))[number])
        assert distance(probes.to_arrays(other(pictures))[number], part) > 0.1
    for n, picture in enumerate(pictures):
        maps = maps_by_hand(2.0 * picture - 1, one.get_weights(), relu)
        for part, by_hand in zip(found, maps, strict=True):
            assert distance(part[n], by_hand) < SINGLE
    assert not one.trainable_variables


def test_trained_filters_leave_the_sky_dark(
    loaded: LoadedUnit, reference: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the text says of the first figure, and that data/features.npz fits the network."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    monkeypatch.chdir(loaded.folder)
    names = experiment(loaded, vars(reference), "def photograph")
    plt.close("all")
    brightness = {}
    for name, network in names["networks"].items():
        assert not network.trainable_variables
        for layer, found in enumerate(probes.to_arrays(network(names["content_picture"][None]))):
            places = 96 // found.shape[1]
            sky = found[0, 4 // places : 28 // places, 64 // places : 92 // places]
            palace = found[0, 32 // places : 88 // places, 16 // places : 64 // places]
            assert np.count_nonzero(palace.max(axis=(0, 1))) >= 0.85 * found.shape[-1]
            brightness[name, layer] = sky.mean() / palace.mean()
    assert all(brightness["random", layer] > 1.5 for layer in range(3))
    assert brightness["trained", 0] > brightness["trained", 1] > brightness["trained", 2]
    assert brightness["trained", 2] < 0.6


def test_only_the_right_cost_obeys_both_laws(
    loaded: LoadedUnit, reference: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table of "Break it"."""
    experiment(loaded, vars(reference), "def without_transpose")
    _, *lines = capsys.readouterr().out.splitlines()
    laws = {}
    for line in lines:
        *name, cost, shuffled, twice = line.split()
        laws[" ".join(name)] = (cost == shuffled, cost == twice)
    assert laws == {
        "right": (True, True),
        "without a transpose": (False, False),
        "of the places": (False, True),
        "divided by HW once": (True, False),
    }
