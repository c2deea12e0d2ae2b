"""Unit 10: the reference against implementations that share nothing with it.

Independent are: scipy's components, TensorFlow's resizing, pooling that asks of every cell in which
bins it is, the definition of anchors solved backwards, the deltas and smooth L1 of Keras, counted
pixels, other formulas of the losses, convolutions counted out at a cell.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.closeness import distance
from support.units import boxes_of, world_and_case

from autograder.course.unit import LoadedUnit
from autograder.guest.probes import numerical_gradient

UNIT = "10_rcnn_family"

SINGLE = 1e-5  # normwise; what float32 may lose


# ---------------------------------------------------------------------------- proposals and crops


def test_proposals_are_the_components_of_scipy(reference: SimpleNamespace) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    rng = np.random.default_rng(0)
    found = 0
    for density in (0.1, 0.4, 0.6):
        image = rng.uniform(0, 1, (30, 41, 3))
        thr = 1 - density / 3
        labels, count = ndimage.label((image > thr).any(axis=2))
        want = {(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(labels)}
        got = reference.propose_regions(image, thr)
        assert got.shape == (count, 4)
        assert got.dtype == np.float64
        assert {tuple(box) for box in got} == want
        found += count
    assert found > 100


def test_proposals_of_a_dark_picture(reference: SimpleNamespace) -> None:
    assert reference.propose_regions(np.zeros((3, 4, 1)), 0.5).shape == (0, 4)


@pytest.mark.slow
def test_crops_are_resized_as_by_tensorflow(reference: SimpleNamespace) -> None:
    """Half-pixel centres, no antialiasing."""
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(1)
    image = rng.normal(size=(20, 26, 3))
    rois = np.array([[0, 0, 26, 20], [3, 5, 12, 9], [7, 2, 8, 14], [4, 4, 6, 5]], dtype=float)
    for size in ((7, 5), (3, 11), (16, 16), (1, 2)):
        crops = reference.crop_and_resize(image, rois, size)
        for crop, (x1, y1, x2, y2) in zip(crops, rois.astype(int), strict=True):
            theirs = tf.image.resize(image[y1:y2, x1:x2].astype("float32"), size, antialias=False)
            assert distance(crop, theirs.numpy()) < SINGLE
    square = reference.crop_and_resize(image, rois, 6)
    assert np.array_equal(square, reference.crop_and_resize(image, rois, (6, 6)))


# ------------------------------------------------------------------------ support vector machines


def test_svm_loss_is_that_of_scikit_learn(reference: SimpleNamespace) -> None:
    """Descent on it comes to the machine that a solver of the dual problem finds."""
    svm = pytest.importorskip("sklearn.svm")
    rng = np.random.default_rng(20)
    X = rng.normal(size=(60, 3))
    y = np.where(X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=60) > 0.2, 1.0, -1.0)
    theirs = svm.SVC(kernel="linear", C=10 / 60, tol=1e-8).fit(X, y)
    w, b = theirs.coef_.T, theirs.intercept_
    least = reference.svm_loss(w, b, X, y[:, None], 10.0)[0]
    W, B = np.zeros((3, 1)), np.zeros(1)
    for step in range(4000):
        _, dW, db = reference.svm_loss(W, B, X, y[:, None], 10.0)
        W, B = W - dW / (step + 50), B - db / (step + 50)
    found = reference.svm_loss(W, B, X, y[:, None], 10.0)[0]
    assert least <= found <= 1.001 * least
    for _ in range(20):  # nowhere near it is the loss smaller
        moved = w + 0.05 * rng.normal(size=w.shape), b + 0.05 * rng.normal(size=1)
        assert reference.svm_loss(*moved, X, y[:, None], 10.0)[0] >= least - 1e-9


# ------------------------------------------------------------------------------------ RoI pooling


def pooled_by_cells(feat: Any, roi: Any, oh: int, ow: int) -> Any:
    """Each cell is asked in which bins it has a share: floor(start) to ceil(end) in other words."""
    x1, y1, x2, y2 = roi
    h, w = y2 - y1, x2 - x1
    pooled = np.full((oh, ow, feat.shape[2]), -np.inf)
    for y, x in np.ndindex(h, w):
        for i, j in np.ndindex(oh, ow):
            # Cell y is [y, y+1); bin i is [i*h/oh, (i+1)*h/oh).  They meet in more than a point.
            if y * oh < (i + 1) * h and i * h < (y + 1) * oh:
                if x * ow < (j + 1) * w and j * w < (x + 1) * ow:
                    pooled[i, j] = np.maximum(pooled[i, j], feat[y1 + y, x1 + x])
    return pooled


def test_roi_pooling_by_brute_force(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(2)
    feat = rng.normal(size=(12, 15, 3)) - 2
    for _ in range(60):
        y1, x1 = rng.integers(0, 9, 2)
        y2, x2 = rng.integers(y1 + 1, 13), rng.integers(x1 + 1, 16)
        oh, ow = (int(n) for n in rng.integers(1, 6, 2))
        roi = np.array([x1, y1, x2, y2])
        want = pooled_by_cells(feat, roi, oh, ow)
        exactly = roi * 8 + rng.uniform(-3.5, 3.5, 4)
        got = reference.roi_max_pool(feat, exactly[None], (oh, ow), 1 / 8)
        assert np.array_equal(got[0], want)


def test_aligned_roi_pooling_is_max_pooling(reference: SimpleNamespace) -> None:
    feat = np.random.default_rng(3).normal(size=(8, 8, 2))
    got = reference.roi_max_pool(feat, np.array([[2.0, 1, 6, 5]]), 2, 1.0)[0]
    assert np.array_equal(got, feat[1:5, 2:6].reshape(2, 2, 2, 2, 2).max(axis=(1, 3)))


def test_floats_and_integers_agree_on_every_bin_of_a_case(loaded: LoadedUnit) -> None:
    """`floor(i * (h / oh))` must not fall on the wrong side of a whole number in any case."""
    sizes = set()
    for h in range(1, 15):
        for bins in range(1, 6):
            starts = [int(np.floor(i * (h / bins))) == i * h // bins for i in range(bins)]
            ends = [
                min(int(np.ceil((i + 1) * (h / bins))), h) == -(-(i + 1) * h // bins)
                for i in range(bins)
            ]
            if all(starts) and all(ends):
                sizes.add((h, bins))
    exercise = next(e for e in loaded.unit.exercises if e.name == "roi_max_pool")
    for check in exercise.checks:
        for case in check.draw(np.random.default_rng(4)):
            if "out" not in case.inputs:
                continue
            oh, ow = np.broadcast_to(case.inputs["out"], 2)
            for x1, y1, x2, y2 in np.round(case.inputs["rois"] * case.inputs["scale"]).astype(int):
                assert {(y2 - y1, oh), (x2 - x1, ow)} <= sizes


# ------------------------------------------------------------------------------ anchors and deltas


def test_anchors_solve_their_definition(reference: SimpleNamespace) -> None:
    Hf, Wf, stride, scales, ratios = 3, 5, 7, (11.0, 4.0), (0.3, 1.0, 2.5)
    anchors = reference.generate_anchors(Hf, Wf, stride, scales, ratios)
    assert anchors.shape == (3 * 5 * 6, 4)
    cells = anchors.reshape(Hf, Wf, 2, 3, 4)
    for i, j, s, r in np.ndindex(Hf, Wf, 2, 3):
        x1, y1, x2, y2 = cells[i, j, s, r]
        assert (x2 - x1) * (y2 - y1) == pytest.approx(scales[s] ** 2)
        assert (y2 - y1) / (x2 - x1) == pytest.approx(ratios[r])
        assert x1 + x2 == pytest.approx((2 * j + 1) * stride)
        assert y1 + y2 == pytest.approx((2 * i + 1) * stride)


@pytest.mark.slow
def test_deltas_are_those_of_keras(reference: SimpleNamespace) -> None:
    """With the variances that it divides by set to 1."""
    bounding_boxes = pytest.importorskip("keras").utils.bounding_boxes
    rng = np.random.default_rng(5)
    anchors, gt = boxes_of(rng, 30), boxes_of(rng, 30)
    deltas = reference.encode_deltas(anchors, gt)
    formats = {
        "anchor_format": "xyxy",
        "box_format": "xyxy",
        "variance": [1.0, 1.0, 1.0, 1.0],
        "image_shape": (100, 100, 3),
    }
    single = anchors.astype("float32"), gt.astype("float32")
    theirs = bounding_boxes.encode_box_to_deltas(*single, encoding_format="center_xywh", **formats)
    assert distance(deltas, theirs) < SINGLE
    back = bounding_boxes.decode_deltas_to_boxes(
        single[0], deltas.astype("float32"), encoded_format="center_xywh", **formats
    )
    assert distance(reference.decode_deltas(anchors, deltas), back) < SINGLE
    assert distance(back, gt) < SINGLE


def test_decoding_undoes_encoding(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(6)
    anchors, gt = boxes_of(rng, 50), boxes_of(rng, 50)
    assert distance(reference.decode_deltas(anchors, reference.encode_deltas(anchors, gt)), gt) < (
        1e-12
    )
    assert distance(reference.decode_deltas(anchors, np.zeros((50, 4))), anchors) < 1e-15


# ------------------------------------------------------------------------------------ the matching


def test_the_given_iou_counts_pixels(reference: SimpleNamespace) -> None:
    rng = np.random.default_rng(7)
    corners = rng.integers(0, 12, (12, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 9, (12, 2))], axis=1)
    masks = np.zeros((12, 24, 24), dtype=bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    got = reference.iou_matrix(boxes[:7].astype(float), boxes[7:].astype(float))
    for i, j in np.ndindex(7, 5):
        a, b = masks[i], masks[7 + j]
        assert got[i, j] == pytest.approx((a & b).sum() / (a | b).sum(), abs=1e-15)
    assert reference.iou_matrix(np.zeros((0, 4)), np.ones((2, 4))).shape == (0, 2)


@pytest.mark.parametrize("seed", range(8))
def test_matches_keep_the_four_rules(reference: SimpleNamespace, seed: int) -> None:
    """The rules, stated; not how to get there."""
    rng = np.random.default_rng(seed)
    anchors, gt = boxes_of(rng, 120, 60), boxes_of(rng, 5, 60)
    pos, neg = rng.choice([0.5, 0.7]), rng.choice([0.2, 0.3])
    labels, index = reference.match_anchors(anchors, gt, pos, neg)
    overlaps = reference.iou_matrix(anchors, gt)
    favourites = {int(overlaps[:, j].argmax()) for j in range(5)}
    for i, (label, place) in enumerate(zip(labels, index, strict=True)):
        best = max(overlaps[i])
        if i in favourites or best >= pos:
            assert label == 1
            assert overlaps[i, place] == best
        else:
            assert label == (0 if best < neg else -1)
            assert place == -1
    assert {0, 1} <= set(labels.tolist())


def test_no_boxes_at_all(reference: SimpleNamespace) -> None:
    anchors = boxes_of(np.random.default_rng(8), 4)
    labels, index = reference.match_anchors(anchors, np.zeros((0, 4)))
    assert labels.tolist() == [0] * 4
    assert index.tolist() == [-1] * 4


# -------------------------------------------------------------------------------------- the losses


@pytest.mark.slow
def test_smooth_l1_is_the_huber_loss_of_keras_over_beta(reference: SimpleNamespace) -> None:
    keras = pytest.importorskip("keras")
    x = np.linspace(-4, 4, 37)
    for beta in (0.4, 1.0, 2.5):
        single = x.astype("float32")[:, None]
        huber = keras.losses.huber(np.zeros_like(single), single, delta=beta)
        assert distance(reference.smooth_l1(x, beta), np.asarray(huber) / beta) < SINGLE


def test_smooth_l1_meets_at_beta(reference: SimpleNamespace) -> None:
    for beta in (0.3, 1.0, 4.0):
        below, at, above = np.asarray(reference.smooth_l1(beta + np.array([-1e-9, 0, 1e-9]), beta))
        assert at == pytest.approx(beta / 2)
        assert above - at == pytest.approx(at - below, rel=1e-5)


@pytest.mark.slow
def test_the_loss_and_its_gradient_by_autodiff(reference: SimpleNamespace) -> None:
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(9)
    labels = rng.choice([1, 0, -1], 40)
    true, pred = rng.normal(size=(2, 40, 4))
    logits = 3 * rng.normal(size=40)
    z, t = tf.constant(logits), tf.constant(pred)
    with tf.GradientTape() as tape:
        tape.watch([z, t])
        counted, positive = np.flatnonzero(labels >= 0), np.flatnonzero(labels == 1)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(
            tf.constant(labels[counted], tf.float64), tf.gather(z, counted)
        )
        error = tf.abs(tf.gather(t, positive) - true[positive])
        boxes = tf.where(error < 1, error**2 / 2, error - 0.5)
        loss = tf.reduce_mean(entropy) + tf.reduce_sum(boxes) / len(positive)
    dz, dt = (tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, [z, t]))
    value = float(reference.rpn_loss(labels, true, logits, pred))
    assert value == pytest.approx(float(loss), rel=1e-13)
    of_z, of_t = (
        numerical_gradient(loss, x)
        for loss, x in (
            (lambda v: reference.rpn_loss(labels, true, v, pred), logits),
            (lambda v: reference.rpn_loss(labels, true, logits, v), pred),
        )
    )
    assert distance(of_z, dz) < 1e-7
    assert distance(of_t, dt) < 1e-7
    assert not of_z[labels == -1].any()
    assert not of_t[labels != 1].any()


def test_the_loss_of_certain_answers_and_of_no_positive(reference: SimpleNamespace) -> None:
    labels, zeros = np.array([1, 0]), np.zeros((2, 4))
    with np.errstate(all="raise", under="ignore"):
        wrong = float(reference.rpn_loss(labels, zeros, np.array([-900.0, 900.0]), zeros))
    assert wrong == pytest.approx(900)
    alone = float(reference.rpn_loss(np.zeros(2, dtype=int), zeros, np.zeros(2), zeros + 5))
    assert alone == pytest.approx(np.log(2))


def test_the_parts_of_the_loss_are_means_over_their_anchors(reference: SimpleNamespace) -> None:
    """As the docstring says, and not as in the paper."""
    rng = np.random.default_rng(10)
    labels = np.array([1, 0, -1, 1, 0, 0, -1])
    true, pred, logits = rng.normal(size=(7, 4)), rng.normal(size=(7, 4)), rng.normal(size=7)
    p = 1 / (1 + np.exp(-logits))
    entropies = [-np.log(p[i] if labels[i] else 1 - p[i]) for i in (0, 1, 3, 4, 5)]
    errors = np.abs(pred - true)[[0, 3]]
    boxes = np.where(errors < 1, errors**2 / 2, errors - 0.5).sum(axis=1)
    wanted = np.mean(entropies) + np.mean(boxes)
    assert float(reference.rpn_loss(labels, true, logits, pred)) == pytest.approx(wanted)


# ------------------------------------------------------------------------------------ the networks


@pytest.mark.slow
def test_the_network_speaks_of_anchors_in_their_order(reference: SimpleNamespace) -> None:
    """Cell by cell, and in a cell anchor by anchor: each from its own channels."""
    keras = pytest.importorskip("keras")
    inputs = keras.Input((3, 4, 2))
    model = reference.build_rpn(keras.Model(inputs, inputs), 3, 5)
    rng = np.random.default_rng(11)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    hidden, scores, deltas = (
        next(layer for layer in model.layers if getattr(layer, "filters", 0) == filters)
        for filters in (5, 6, 12)
    )
    x = rng.normal(size=(1, 3, 4, 2)).astype("float32")
    objectness, moves = (np.asarray(output)[0] for output in model(x))
    assert objectness.shape == (36, 2) and moves.shape == (36, 4)
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    for i, j, a in np.ndindex(3, 4, 3):
        near = padded[i : i + 3, j : j + 3]
        kernel, bias = hidden.get_weights()
        h = np.maximum(np.tensordot(near, kernel, 3) + bias, 0)
        (of_scores, score_bias), (of_deltas, delta_bias) = (
            scores.get_weights(),
            deltas.get_weights(),
        )
        pair = h @ of_scores[0, 0, :, 2 * a : 2 * a + 2] + score_bias[2 * a : 2 * a + 2]
        place = (i * 4 + j) * 3 + a
        assert np.allclose(objectness[place], np.exp(pair) / np.exp(pair).sum(), atol=1e-5)
        four = h @ of_deltas[0, 0, :, 4 * a : 4 * a + 4] + delta_bias[4 * a : 4 * a + 4]
        assert np.allclose(moves[place], four, atol=1e-4)


def test_scenes_hold_what_they_say(loaded: LoadedUnit) -> None:
    """Objects lie in the picture, apart from one another, and are all of one kind or another."""
    exercise = next(e for e in loaded.unit.exercises if e.name == "build_rpn")
    (case,) = exercise.checks[-1].draw(np.random.default_rng(0))
    truth, owners = case.truth, case.inputs["owners"]
    assert set(owners) == set(range(len(case.inputs["images"])))
    assert set(truth["owners"]) == set(range(truth["pictures"]))
    assert case.inputs["boxes"].min() >= 0 and case.inputs["boxes"].max() <= 24
    for picture in range(truth["pictures"]):
        boxes = truth["boxes"][truth["owners"] == picture]
        assert 1 <= len(boxes) <= 2
        if len(boxes) == 2:
            (a1, b1), (a2, b2) = np.minimum(*boxes)[2:], np.maximum(*boxes)[:2]
            assert a2 >= a1 or b2 >= b1


@pytest.mark.slow
def test_the_formulas_of_the_training_are_those_of_the_exercises(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """The check's own anchors, deltas and overlaps, which no mistake of a student's reaches."""
    world, _ = world_and_case(loaded, "finds_objects")
    anchors = reference.generate_anchors(6, 6, 4, (9.5,), (0.4, 2.5))
    assert distance(world["all_anchors"](6, 4), anchors) < 1e-12
    boxes = boxes_of(np.random.default_rng(12), len(anchors), 20)
    deltas = reference.encode_deltas(anchors, boxes)
    assert distance(world["to_deltas"](anchors, boxes), deltas) < 1e-12
    assert distance(world["overlaps_of"](anchors, boxes), reference.iou_matrix(anchors, boxes)) < (
        1e-12
    )
    assert distance(world["moved"](anchors, deltas, 100), np.clip(boxes, 0, 100)) < 1e-12


# ---------------------------------------------------------------------------------------- the cases


def test_no_case_hangs_on_what_is_free(loaded: LoadedUnit, reference: SimpleNamespace) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    cases = {"rounded": 0, "matched": 0, "regions": 0}
    for exercise in loaded.unit.exercises:
        for check in exercise.checks:
            for seed in range(12 if check.tries == 1 else 1):
                for case in check.draw(np.random.default_rng(seed)):
                    inputs = case.inputs
                    if exercise.name == "propose_regions":
                        bright = (inputs["image"] > inputs["thr"]).any(axis=2)
                        four, eight = (
                            ndimage.label(bright, structure=structure)[1]
                            for structure in (None, np.ones((3, 3)))
                        )
                        assert four == eight
                        assert np.abs(inputs["image"].max(axis=2) - inputs["thr"]).min() > 0.01
                        cases["regions"] += 1
                    elif exercise.name == "roi_max_pool" and check.tries == 1:
                        products = inputs["rois"] * inputs["scale"]
                        assert np.abs(products % 1 - 0.5).min() > 0.1
                        cells = np.round(products)
                        assert (cells[:, 2:] - cells[:, :2]).min() >= 1
                        assert cells.min() >= 0
                        assert (cells[:, [3, 2]] <= inputs["feat"].shape[:2]).all()
                        cases["rounded"] += 1
                    elif exercise.name == "match_anchors" and len(inputs["gt"]):
                        overlaps = reference.iou_matrix(inputs["anchors"], inputs["gt"])
                        best = overlaps.max(axis=1)
                        assert np.abs(best - inputs["pos"]).min() > 0.02
                        assert np.abs(best - inputs["neg"]).min() > 0.02
                        top = np.sort(overlaps, axis=0)
                        assert (top[-1] - top[-2]).min() > 0.02
                        assert (overlaps.argmax(axis=0)[:, None] >= 0).all()
                        for box, place in enumerate(overlaps.argmax(axis=0)):
                            assert overlaps[place].argmax() == box
                        cases["matched"] += 1
    assert min(cases.values()) > 50


def test_regions_of_the_head_are_whole_cells(loaded: LoadedUnit) -> None:
    """The head's regions too are at least a cell high and wide, and lie in the map."""
    exercise = next(e for e in loaded.unit.exercises if e.name == "roi_max_pool")
    (case,) = exercise.checks[-1].draw(np.random.default_rng(0))
    for name in ("rois", "new_rois"):
        cells = np.round(case.inputs[name] / 2)
        assert (cells[:, 2:] - cells[:, :2]).min() >= 3
        assert cells.min() >= 0
        assert cells.max() <= 24
    kinds = np.bincount(case.truth["labels"], minlength=4)
    assert (kinds > 10).all()


@pytest.mark.slow
def test_the_experiments_show_what_the_notebook_says(
    loaded: LoadedUnit, reference: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-CNN and Fast R-CNN name the shapes, with one call of `features` for each picture."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    names = dict(vars(reference))
    for title in ("def mask_of", "def learn_svms", "def fast_features"):
        (cell,) = [
            cell.source
            for cell in loaded.cells
            if "experiment" in cell.tags and title in cell.source
        ]
        exec(cell, names)
        plt.close("all")
    assert np.trace(names["confusion"]) >= 0.95 * names["confusion"].sum()
    assert names["right"] >= 0.95 * names["total"]
    assert names["calls"] < names["rcnn_calls"] / 3
