"""Unit 08: the reference against implementations that share nothing with it.

Independent are: counted pixels in exact fractions, a suppression that asks which sets of boxes can
stay at all, the boxes of Keras, TensorFlow's suppression, dense layers on crops.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.closeness import distance
from support.units import boxes_of

from autograder.course.unit import LoadedUnit

UNIT = "08_sliding_windows_iou_nms"

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
SINGLE = 1e-5  # normwise; what float32 may lose in a small net


# ----------------------------------------------------------------------------- the convolutions


def notes_net(filters: int = 16, units: int = 400) -> Any:
    """The net of the notes' figure."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((14, 14, 3)),
            layers.Conv2D(filters, 5, activation="relu", bias_initializer="glorot_uniform"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(units, activation="relu", bias_initializer="he_normal"),
            layers.Dense(units, activation="relu", bias_initializer="he_normal"),
            layers.Dense(4, activation="softmax"),
        ]
    )


def test_a_dense_layer_is_a_convolution_of_keras(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    block = rng.normal(size=(2, 3, 5, 4)).astype("float32")
    dense = keras.layers.Dense(7, bias_initializer="he_normal")
    want = dense(keras.layers.Flatten()(block))
    conv = keras.layers.Conv2D(7, (3, 5))
    conv.build(block.shape)
    conv.set_weights(reference.dense_to_conv(*dense.get_weights(), (3, 5, 4)))
    assert distance(conv(block)[:, 0, 0], want) < SINGLE


def test_the_notes_net_as_convolutions(reference: SimpleNamespace) -> None:
    keras.utils.set_random_seed(0)
    net = notes_net()
    anywhere = reference.convolutionalise(net)
    assert anywhere.count_params() == net.count_params()
    assert anywhere.output_shape == (None, None, None, 4)
    kernels = [w.shape for w in anywhere.get_weights()[2::2]]
    assert kernels == [(5, 5, 16, 400), (1, 1, 400, 400), (1, 1, 400, 4)]
    rng = np.random.default_rng(1)
    for size, places in ((14, 1), (16, 2), (28, 8)):
        image = rng.uniform(size=(size, size, 3)).astype("float32")
        answers = np.asarray(anywhere(image[None]))[0]
        assert answers.shape == (places, places, 4)
        for row in range(places):
            for col in range(places):
                window = image[2 * row : 2 * row + 14, 2 * col : 2 * col + 14]
                assert distance(answers[row, col], np.asarray(net(window[None]))[0]) < SINGLE
        assert distance(reference.sliding_window(net, image, 14, 2), answers) < SINGLE


def test_strides_multiply_and_what_is_left_over_is_ignored(reference: SimpleNamespace) -> None:
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((13, 10, 1)),
            layers.Conv2D(2, 3, strides=2),
            layers.AveragePooling2D((3, 2)),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    image = np.random.default_rng(2).uniform(size=(27, 19, 1)).astype("float32")
    answers = np.asarray(reference.convolutionalise(net)(image[None]))[0]
    assert answers.shape == (3, 3, 3)  # 6 pixels down, 4 to the right
    for row, col in np.ndindex(3, 3):
        window = image[6 * row : 6 * row + 13, 4 * col : 4 * col + 10]
        assert distance(answers[row, col], np.asarray(net(window[None]))[0]) < SINGLE


def test_windows_are_those_of_numpy(reference: SimpleNamespace) -> None:
    """The "classifier" hands the pixels back."""
    image = np.random.default_rng(3).normal(size=(9, 11, 2)).astype("float32")
    for win, (h, w), stride in ((3, (3, 3), 2), ((4, 2), (4, 2), 3), ((9, 11), (9, 11), 1)):
        pixels = keras.Sequential([keras.Input((h, w, 2)), keras.layers.Flatten()])
        got = reference.sliding_window(pixels, image, win, stride)
        views = np.lib.stride_tricks.sliding_window_view(image, (h, w), (0, 1))
        views = np.moveaxis(views[::stride, ::stride], 2, -1)
        assert np.array_equal(got, views.reshape(*views.shape[:2], -1))


# ------------------------------------------------------------------------------------- the boxes


def test_iou_counts_pixels(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(4)
    for _ in range(300):
        corners = rng.integers(0, 12, (2, 2))
        a, b = np.concatenate([corners, corners + rng.integers(0, 9, (2, 2))], axis=1)
        masks = np.zeros((2, 24, 24), dtype=bool)
        for mask, (x1, y1, x2, y2) in zip(masks, (a, b), strict=True):
            mask[y1:y2, x1:x2] = True
        union = int((masks[0] | masks[1]).sum())
        exact = Fraction(int((masks[0] & masks[1]).sum()), union) if union else Fraction(0)
        got = reference.iou(a.astype(float), b.astype(float))
        assert isinstance(got, float)
        assert got == pytest.approx(float(exact), abs=1e-15)


def test_boxes_far_apart_have_no_overlap(reference: SimpleNamespace) -> None:
    pair = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    assert reference.iou(*pair) == 0
    unclamped = (10 - 20) * (10 - 20) / (100 + 100 - (10 - 20) * (10 - 20))
    assert unclamped == 1  # what the floor at 0 prevents


def test_iou_is_that_of_keras(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(5)
    A, B = boxes_of(rng, 40), boxes_of(rng, 30)
    theirs = keras.utils.bounding_boxes.compute_iou(
        A.astype("float32"), B.astype("float32"), bounding_box_format="xyxy"
    )
    ours = reference.iou_matrix(A, B)
    assert distance(ours, theirs) < SINGLE
    assert 0.1 < np.mean(ours > 0) < 0.9
    one_by_one = [[reference.iou(a, b) for b in B] for a in A]
    assert np.abs(ours - one_by_one).max() < 1e-15


def test_iou_matrix_where_there_is_nothing(reference: SimpleNamespace) -> None:
    some, none = boxes_of(np.random.default_rng(6), 3), np.zeros((0, 4))
    assert reference.iou_matrix(none, some).shape == (0, 3)
    assert reference.iou_matrix(some, none).shape == (3, 0)
    with np.errstate(all="raise"):
        point = np.array([[1.0, 2, 1, 2]])
        assert reference.iou_matrix(point, point).tolist() == [[0.0]]


# ----------------------------------------------------------------------------------- suppression


def stable_set(boxes: Any, scores: Any, iou_thr: float, reference: SimpleNamespace) -> set[int]:
    """By trying all sets: the only one without a clash whose every outsider clashes with a better.

    Shares neither sorting nor looping with the greedy rule.
    """
    everyone = range(len(boxes))
    clash = reference.iou_matrix(boxes, boxes) > iou_thr
    found = []
    for size in range(len(boxes) + 1):
        for chosen in map(set, combinations(everyone, size)):
            inside = any(clash[i, j] for i in chosen for j in chosen if i < j)
            outside = all(
                any(clash[i, j] and scores[i] > scores[j] for i in chosen)
                for j in set(everyone) - chosen
            )
            if not inside and outside:
                found.append(chosen)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("seed", range(20))
def test_nms_is_the_only_stable_choice(reference: SimpleNamespace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes, scores = boxes_of(rng, 9, 60), rng.permutation(9) / 10
    iou_thr = rng.choice([0.15, 0.3, 0.45])
    kept = reference.nms(boxes, scores, iou_thr, None)
    assert kept.dtype.kind == "i"
    assert set(kept.tolist()) == stable_set(boxes, scores, iou_thr, reference)
    assert np.all(np.diff(scores[kept]) < 0)


def test_nms_is_that_of_tensorflow(reference: SimpleNamespace) -> None:
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(7)
    for max_out in (None, 1, 7, 200):
        for iou_thr in (0.1, 0.4, 0.7):
            boxes, scores = boxes_of(rng, 80), rng.permutation(80) / 80
            limit = len(boxes) if max_out is None else max_out
            theirs = tf.image.non_max_suppression(boxes, scores, limit, iou_thr).numpy()
            assert reference.nms(boxes, scores, iou_thr, max_out).tolist() == theirs.tolist()


def test_nms_keeps_a_box_at_the_threshold_as_tensorflow_does(reference: SimpleNamespace) -> None:
    tf = pytest.importorskip("tensorflow")
    boxes, scores = np.array([[0.0, 0, 4, 4], [0, 0, 4, 2]]), np.array([0.9, 0.8])  # IoU 1/2
    assert reference.nms(boxes, scores, 0.5, None).tolist() == [0, 1]
    assert tf.image.non_max_suppression(boxes, scores, 2, 0.5).numpy().tolist() == [0, 1]


def test_multiclass_nms_is_tensorflow_class_by_class(reference: SimpleNamespace) -> None:
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(8)
    for score_thr in (0.0, 0.35, 2.0):
        boxes, scores = boxes_of(rng, 90), rng.permutation(90) / 90
        classes = rng.choice([2, 5, 6], 90)
        want: list[int] = []
        for label in (2, 5, 6):
            own = np.flatnonzero(classes == label)
            kept = tf.image.non_max_suppression(boxes[own], scores[own], 90, 0.3, score_thr)
            want += own[kept.numpy()].tolist()
        got = reference.multiclass_nms(boxes, scores, classes, score_thr, 0.3)
        assert got.tolist() == sorted(want, key=lambda place: -scores[place])


def test_a_score_threshold_may_come_last(reference: SimpleNamespace) -> None:
    """Why NM7 is not "the threshold after suppression": that is right."""
    rng = np.random.default_rng(9)
    for _ in range(20):
        boxes, scores = boxes_of(rng, 60), rng.permutation(60) / 60
        classes = rng.integers(0, 2, 60)
        after = reference.multiclass_nms(boxes, scores, classes, 0.0, 0.3)
        before = reference.multiclass_nms(boxes, scores, classes, 0.5, 0.3)
        assert after[scores[after] >= 0.5].tolist() == before.tolist()


# ------------------------------------------------------------------------------------- the cases


def test_no_case_hangs_on_a_tie_or_on_the_threshold(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    drawn = 0
    for exercise in loaded.unit.exercises[-2:]:
        for check in exercise.checks:
            for seed in range(25):
                for case in check.draw(np.random.default_rng(seed)):
                    boxes, scores = case.inputs["boxes"], case.inputs["scores"]
                    overlaps = reference.iou_matrix(boxes, boxes)[~np.eye(len(boxes), dtype=bool)]
                    iou_thr = case.inputs["iou_thr"]
                    if iou_thr < 1:
                        assert np.abs(overlaps - iou_thr).min(initial=1) > 0.02
                    assert overlaps.max(initial=0) < 1
                    assert np.diff(np.sort(scores)).min(initial=1) > 1e-4
                    floor = case.inputs.get("score_thr", 2)
                    assert np.abs(scores - floor).min(initial=1) > 0.02
                    assert len(boxes) == 0 or (boxes[:, 2:] - boxes[:, :2]).min() > 5
                    drawn += 1
    assert drawn > 700


def test_the_detector_of_the_notebook_finds_digits(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """The experiment as it stands; at least nine digits of ten."""
    (cell,) = [
        cell.source
        for cell in loaded.cells
        if "experiment" in cell.tags and "one digit in each of 50 pictures" in cell.source
    ]
    names = dict(vars(reference))
    exec(cell, names)
    assert names["found"] >= 45
