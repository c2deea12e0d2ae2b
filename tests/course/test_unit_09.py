"""Unit 09: the reference against implementations that share nothing with it.

Independent are: exact fractions, a grid search for the cell of a centre, the loss written out in
Python floats, central differences, and a box that is drawn and found again in the scene's pixels.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograder.course.unit import LoadedUnit
from autograder.guest import probes

UNIT = "09_yolo"

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
Model: Any = keras.Model


def some_boxes(rng: np.random.Generator, count: int, img: tuple[int, int], grid: int) -> Any:
    """Boxes with their centres in cells of their own."""
    places = rng.permutation(grid * grid)[:count]
    size = np.array([img[1], img[0]]) / grid
    centres = (np.stack([places % grid, places // grid], axis=1) + rng.random((count, 2))) * size
    sides = rng.uniform(0.2, 2, (count, 2)) * size
    return np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)


# ------------------------------------------------------------------------------- encode, decode


@pytest.mark.parametrize("grid", [3, 5])
def test_decoding_undoes_encoding(reference: SimpleNamespace, grid: int) -> None:
    rng = np.random.default_rng(grid)
    for _ in range(50):
        img = (int(rng.integers(20, 200)), int(rng.integers(20, 200)))
        boxes, classes = some_boxes(rng, 4, img, grid), rng.integers(0, 4, 4)
        y = reference.encode_yolo(boxes, classes, img, grid, 4)
        assert y.shape == (grid, grid, 9)
        assert y[..., 0].sum() == 4
        got, scores, labels = reference.decode_yolo(y, img)
        order = np.lexsort(got.T), np.lexsort(boxes.T)
        assert np.abs(got[order[0]] - boxes[order[1]]).max() < 1e-10
        assert labels[order[0]].tolist() == classes[order[1]].tolist()
        assert scores.tolist() == [1.0] * 4


def test_encoding_in_exact_fractions(reference: SimpleNamespace) -> None:
    """By hand: a box in a picture of 60×90, cells of 20×30."""
    box = [32, 44, 53, 54]  # centre (42.5, 49): row 2, column 1
    y = reference.encode_yolo(np.array([box], dtype=float), np.array([2]), (60, 90))
    place = Fraction(85, 60) - 1, Fraction(49, 20) - 2
    want = [Fraction(1), *place, Fraction(10, 20), Fraction(21, 30), Fraction(0), Fraction(0)]
    assert np.argwhere(y.any(axis=-1)).tolist() == [[2, 1]]
    assert y[2, 1].tolist() == pytest.approx([float(part) for part in (*want, 1)])


def test_the_cell_is_the_one_whose_area_holds_the_centre(reference: SimpleNamespace) -> None:
    for number in range(0, 37):  # along the picture's diagonal, borders and edges included
        box = np.array([[number - 4.0, number - 2.0, number + 4.0, number + 2.0]])
        y = reference.encode_yolo(box, np.array([0]), 36)
        cells = [k for k in range(3) if 12 * k <= number < 12 * (k + 1) or (number, k) == (36, 2)]
        assert np.argwhere(y[..., 0]).tolist() == [[cells[0], cells[0]]]


def test_an_empty_picture_and_back(reference: SimpleNamespace) -> None:
    y = reference.encode_yolo(np.zeros((0, 4)), np.zeros(0, dtype=int), 48)
    assert y.shape == (3, 3, 8)
    assert not y.any()
    boxes, scores, classes = reference.decode_yolo(y, 48)
    assert (boxes.shape, scores.shape, classes.shape) == ((0, 4), (0,), (0,))


# --------------------------------------------------------------------------------------- the loss


def loss_by_hand(y_true: Any, y_pred: Any) -> list[float]:
    losses = []
    for truth, said in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        terms = []
        for cell, answer in zip(chain(*truth), chain(*said), strict=True):
            terms.append((cell[0] - answer[0]) ** 2)
            if cell[0] == 1:
                terms += [(a - b) ** 2 for a, b in zip(cell[1:], answer[1:], strict=True)]
        losses.append(math.fsum(terms))
    return losses


def targets(reference: SimpleNamespace, rng: np.random.Generator, count: int) -> Any:
    return np.array(
        [
            reference.encode_yolo(
                some_boxes(rng, n % 4, (36, 36), 3), rng.integers(0, 3, n % 4), 36
            )
            for n in range(count)
        ]
    )


def test_loss_written_out(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(1)
    y_true = targets(reference, rng, 5)
    y_pred = y_true + rng.normal(size=y_true.shape)
    got = probes.to_arrays(reference.yolo_loss(*probes.to_tensors([y_true, y_pred])))
    assert got.tolist() == pytest.approx(loss_by_hand(y_true, y_pred), rel=1e-12)
    perfect = probes.to_arrays(reference.yolo_loss(*probes.to_tensors([y_true, y_true])))
    assert perfect.tolist() == [0.0] * 5


def test_gradient_of_the_loss(reference: SimpleNamespace) -> None:
    """Against central differences; exactly 0 for the boxes of empty cells."""
    rng = np.random.default_rng(2)
    y_true = targets(reference, rng, 3)
    y_pred, weights = y_true + rng.normal(size=y_true.shape), rng.normal(size=3)
    (target,) = probes.to_tensors([y_true])
    (gradient,) = probes.vjp(lambda y: reference.yolo_loss(target, y), y_pred, cotangent=weights)
    numerical = probes.numerical_gradient(
        lambda y: float(np.dot(weights, loss_by_hand(y_true, y))), y_pred
    )
    assert np.abs(gradient - numerical).max() / np.abs(numerical).max() < 1e-6
    empty = y_true[..., 0] == 0
    assert not gradient[empty][:, 1:].any()
    assert gradient[empty][:, 0].all()


# ------------------------------------------------------------------------------ net and detector


def test_the_net_serves_all_cells_alike(reference: SimpleNamespace) -> None:
    model = reference.build_yolo((36, 36, 3))
    assert model.output_shape == (None, 3, 3, 8)
    assert model.count_params() < 100_000
    dense = 3 * 3 * 96 * 512 + 512 * 72  # YO10: what a dense head of the study's kind takes
    assert dense > 4 * model.count_params()
    wider = reference.build_yolo((48, 60, 3))
    assert wider.output_shape == (None, 4, 5, 8)
    assert wider.count_params() == model.count_params()


def test_detecting_what_was_encoded(reference: SimpleNamespace) -> None:
    """A net that says what `encode_yolo` says, whatever it sees."""
    rng = np.random.default_rng(3)
    boxes = np.array([[2.0, 3, 14, 10], [40, 20, 52, 33], [22, 1, 33, 9]])
    classes = np.array([1, 1, 0])
    y = reference.encode_yolo(boxes, classes, (36, 54))
    y[..., 0] *= np.where(y[..., 0] > 0, rng.uniform(0.5, 0.9, (3, 3)), 1)

    class Oracle(Model):
        def call(self, inputs: Any) -> Any:
            return keras.ops.convert_to_tensor(y[None], dtype="float32") + 0 * inputs[0, 0, 0, 0]

    image = rng.uniform(size=(36, 54, 3)).astype("float32")
    got, scores, labels = reference.detect(Oracle(), image, 0.3, 0.5)
    assert np.all(np.diff(scores) < 0)
    far = np.abs(got[:, None] - boxes[None]).max(axis=-1)
    assert far.min(axis=1).max() < 1e-4
    assert labels.tolist() == classes[far.argmin(axis=1)].tolist()
    assert sorted(far.argmin(axis=1).tolist()) == [0, 1, 2]


# -------------------------------------------------------------------------------------- the scenes


def test_scenes_of_notebook_and_checks_are_the_same(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    check = next(check for check in loaded.unit.exercises[3].checks if check.tries > 1)
    (case,) = check.draw(np.random.default_rng(5))
    painted = check.cases.__globals__["painted"]
    rng = np.random.default_rng(5)
    images = case.inputs["images"]
    drawn = [reference.scene(rng, noise=0) for _ in range(len(images["numbers"]))]
    exact = np.array([image for image, _, _ in drawn])
    assert np.abs(painted(images, noise=0) - exact).max() < 1e-6
    assert np.std(painted(images) - exact) == pytest.approx(0.04, rel=0.1)
    encoded = [reference.encode_yolo(boxes, classes, 36) for _, boxes, classes in drawn]
    assert np.abs(np.array(encoded) - case.inputs["targets"]).max() < 1e-6
    assert case.truth["labels"].shape == (len(case.inputs["new_images"]["numbers"]), 3, 3)


def test_scenes_are_what_their_boxes_say(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(6)
    counts = []
    for _ in range(200):
        image, boxes, classes = reference.scene(rng, noise=0)
        assert image.shape == (36, 36, 3)
        assert (image.min() >= 0, image.max() <= 1) == (True, True)
        assert np.all((boxes >= -1e-9) & (boxes <= 36 + 1e-9))
        assert len(boxes) == len(classes)
        y = reference.encode_yolo(boxes, classes, 36)
        assert y[..., 0].sum() == len(boxes)  # never two centres in one cell
        x1, y1, x2, y2 = np.round(boxes[-1]).astype(int)  # nothing was drawn over the last one
        inside = image[(y1 + y2) // 2, (x1 + x2) // 2]
        assert inside.min() >= 0.45
        counts.append(len(boxes))
    assert set(counts) == {1, 2, 3}
