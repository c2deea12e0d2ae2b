"""Unit 11: the reference against implementations that share nothing with it.

Independent are: sums over entries and places in Python floats; central differences in float64; and
costs that can be said by hand.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograder import probes
from autograder.course import Course, LoadedUnit, draw

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
ROUNDING = 1e-12
SIZES = [(1, 1, 1), (4, 6, 3), (5, 2, 4), (3, 3, 7)]


@pytest.fixture(scope="module")
def loaded() -> LoadedUnit:
    return Course.find(Path(__file__).parent).load("11_style_transfer")


@pytest.fixture(scope="module")
def reference(loaded: LoadedUnit) -> SimpleNamespace:
    """The names that the reference's cells leave behind, experiments aside."""
    names: dict[str, Any] = {}
    for _, source in loaded.reference.cells:
        exec(source, names)
    return SimpleNamespace(**names)


def block(seed: int, size: tuple[int, ...]) -> Any:
    return np.random.default_rng(seed).uniform(0.1, 1.5, size)


def called(function: Any, *args: Any) -> Any:
    """What a function of tensors gives for arrays, in arrays."""
    return probes.to_arrays(function(*probes.to_tensors(list(args))))


def content_by_hand(a: Any, b: Any) -> float:
    squares = [(x - y) ** 2 for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)]
    return math.fsum(squares) / (4 * len(squares))


def gram_by_hand(a: Any) -> list[list[float]]:
    H, W, C = a.shape
    places = list(product(range(H), range(W)))
    return [
        [math.fsum(float(a[h, w, i]) * float(a[h, w, j]) for h, w in places) for j in range(C)]
        for i in range(C)
    ]


def style_by_hand(a: Any, b: Any) -> float:
    H, W, C = a.shape
    one, other = gram_by_hand(a), gram_by_hand(b)
    gaps = [(one[i][j] - other[i][j]) ** 2 for i in range(C) for j in range(C)]
    return math.fsum(gaps) / (4 * C**2 * (H * W) ** 2)


@pytest.mark.parametrize("size", SIZES)
def test_costs_are_those_by_hand(reference: SimpleNamespace, size: tuple[int, ...]) -> None:
    a, b = block(0, size), block(1, size)
    content, style = called(reference.content_cost, a, b), called(reference.style_layer_cost, a, b)
    assert content.shape == style.shape == ()
    assert content == pytest.approx(content_by_hand(a, b), rel=ROUNDING)
    assert style == pytest.approx(style_by_hand(a, b), rel=ROUNDING)
    assert called(reference.gram_matrix, a) == pytest.approx(
        np.array(gram_by_hand(a)), rel=ROUNDING
    )
    assert called(reference.content_cost, a, a) == called(reference.style_layer_cost, a, a) == 0


def test_gram_matrix_has_its_properties(reference: SimpleNamespace) -> None:
    a = block(2, (4, 6, 3))
    gram = called(reference.gram_matrix, a)
    assert np.array_equal(gram, gram.T)
    assert np.linalg.eigvalsh(gram).min() > -1e-12
    assert np.diag(gram) == pytest.approx((a**2).sum(axis=(0, 1)), rel=ROUNDING)
    shuffled = np.random.default_rng(0).permutation(a.reshape(-1, 3)).reshape(a.shape)
    assert called(reference.gram_matrix, shuffled) == pytest.approx(gram, rel=ROUNDING)


def test_costs_scale_as_the_notes_say(reference: SimpleNamespace) -> None:
    a, b = block(3, (5, 2, 4)), block(4, (5, 2, 4))
    content, style = called(reference.content_cost, a, b), called(reference.style_layer_cost, a, b)
    assert called(reference.content_cost, 3 * a, 3 * b) == pytest.approx(9 * content, rel=ROUNDING)
    assert called(reference.style_layer_cost, 3 * a, 3 * b) == pytest.approx(
        81 * style, rel=ROUNDING
    )
    twice = [np.concatenate([x, x], axis=0) for x in (a, b)]
    assert called(reference.style_layer_cost, *twice) == pytest.approx(style, rel=ROUNDING)


def test_weighted_sums(reference: SimpleNamespace) -> None:
    S, G = ([block(seed + n, size) for n, size in enumerate(SIZES)] for seed in (10, 20))
    lambdas = [0.5, 2.0, 0.0, 3.0]
    wanted = math.fsum(w * style_by_hand(a, b) for w, a, b in zip(lambdas, S, G, strict=True))
    found = reference.style_cost(*probes.to_tensors([S, G]), lambdas)
    assert probes.to_arrays(found) == pytest.approx(wanted, rel=ROUNDING)
    assert reference.total_cost(2.0, 3.0, 10.0, 40.0) == 140.0


@pytest.mark.parametrize("name", ["content_cost", "style_layer_cost"])
def test_gradients_are_the_measured_slopes(reference: SimpleNamespace, name: str) -> None:
    function, a, b = getattr(reference, name), block(5, (4, 5, 3)), block(6, (4, 5, 3))
    target = probes.to_tensors(a)
    (gradient,) = probes.vjp(lambda moved: function(target, moved), b)
    slopes = probes.numerical_gradient(lambda moved: float(called(function, a, moved)), b)
    assert np.abs(gradient - slopes).max() < 1e-8 * max(1.0, np.abs(slopes).max())
    assert gradient.any()


def test_the_content_is_a_constant(reference: SimpleNamespace) -> None:
    first, second = probes.vjp(reference.content_cost, block(7, (2, 3, 2)), block(8, (2, 3, 2)))
    assert first is None
    assert second is not None


def test_the_network_is_frozen_and_the_same_for_a_seed(reference: SimpleNamespace) -> None:
    picture = block(9, (1, 16, 24, 3)).astype("float32") / 1.5
    one, again, other = (reference.feature_model(seed) for seed in (1, 1, 2))
    maps = [probes.to_arrays(found) for found in one(picture)]
    assert [found.shape for found in maps] == [(1, 16, 24, 16), (1, 8, 12, 32), (1, 4, 6, 48)]
    assert one.trainable_variables == []
    for found, same, different in zip(maps, again(picture), other(picture), strict=True):
        assert np.array_equal(found, probes.to_arrays(same))
        assert not np.array_equal(found, probes.to_arrays(different))
        assert (found > 0).mean() > 0.1


def test_a_step_is_gradient_descent_on_the_picture(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """Against central differences of the cost by hand, through a network in float64."""
    features = reference.feature_model(3)
    before = [array.copy() for array in features.get_weights()]
    rng = np.random.default_rng(12)
    start, content, style = (rng.uniform(0.3, 0.7, (8, 8, 3)).astype("float32") for _ in range(3))
    maps = [found[0] for found in features(style[None])]
    targets = (features(content[None])[-1][0], maps, [1.0, 0.5, 2.0], 2.0, 5.0)

    def cost(picture: Any) -> float:
        found = [np.asarray(probes.to_arrays(one))[0].astype(float) for one in features(picture)]
        wanted = [np.asarray(probes.to_arrays(one)).astype(float) for one in maps]
        style_part = sum(
            weight * style_by_hand(a, b)
            for weight, a, b in zip(targets[2], wanted, found, strict=True)
        )
        aim = np.asarray(probes.to_arrays(targets[0])).astype(float)
        return 2.0 * content_by_hand(aim, found[-1]) + 5.0 * style_part

    image = keras.Variable(start[None])
    told = reference.style_step(image, features, targets, keras.optimizers.SGD(1e-3))
    assert told == pytest.approx(cost(start[None]), rel=1e-4)
    moved = (start - probes.to_arrays(image)[0]).astype(float) / 1e-3  # the gradient
    ahead = 1e-2 * moved / np.abs(moved).max()
    slope = (cost((start + ahead)[None]) - cost((start - ahead)[None])) / 2
    assert slope == pytest.approx(float((moved * ahead).sum()), rel=0.02)
    assert all(np.array_equal(a, b) for a, b in zip(before, features.get_weights(), strict=True))


def test_pixels_stay_in_range(reference: SimpleNamespace) -> None:
    features = reference.feature_model(4)
    picture = block(13, (1, 8, 8, 3)).astype("float32") / 1.5
    maps = [found[0] for found in features(1 - picture)]
    image = keras.Variable(picture)
    reference.style_step(
        image, features, (maps[-1], maps, [1.0] * 3, 1.0, 1.0), keras.optimizers.Adam(3.0)
    )
    values = probes.to_arrays(image)
    assert values.min() == 0
    assert values.max() == 1


def test_photographs_of_the_check(loaded: LoadedUnit) -> None:
    exercise = next(item for item in loaded.unit.exercises if item.name == "style_step")
    check = next(item for item in exercise.checks if item.name == "cost_falls")
    (case,) = draw(check, "a seed", loaded.name, "style_step")
    for role in ("content", "style"):
        assert case.inputs[role].shape == (32, 32, 3)
        assert 0 <= case.inputs[role].min() < case.inputs[role].max() <= 1
        assert case.inputs[role].std() > 0.05


def test_trained_filters_fit_the_network(reference: SimpleNamespace, loaded: LoadedUnit) -> None:
    path = loaded.folder / "data" / "features.npz"
    assert path.stat().st_size < 100_000
    model = reference.feature_model(0)
    with np.load(path) as weights:
        arrays = [weights[name].astype("float32") for name in weights.files]
    assert [array.shape for array in arrays] == [array.shape for array in model.get_weights()]
    assert all(np.isfinite(array).all() for array in arrays)
    untrained = model.get_weights()
    assert all(np.abs(a - b).max() > 0.01 for a, b in zip(arrays, untrained, strict=True))
