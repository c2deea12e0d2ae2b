"""Unit 10, `rpn_loss`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, float64

from .cases import LOST

exercise = Exercise("rpn_loss", points=3, uses=("smooth_l1",))


def anchors_with_labels(
    rng: np.random.Generator, labels: list[int], perfect: bool = False
) -> dict[str, Any]:
    """Predictions for each label; deltas differ by less and by more than 1, never by nearly 1."""
    n = len(labels)
    error = np.where(rng.random((n, 4)) < 0.5, rng.uniform(0.1, 0.8, (n, 4)), rng.uniform(1.2, 2.5))
    error *= rng.choice([-1.0, 1.0], (n, 4))
    deltas = rng.normal(size=(n, 4))
    return {
        "labels": np.array(labels)[rng.permutation(n)],
        "deltas_true": deltas,
        "logits": rng.normal(size=n) * 2,
        "deltas_pred": deltas.copy() if perfect else deltas + error,
    }


def perfect_boxes(rng: np.random.Generator) -> Iterator[Case]:
    for labels in ([1, 0, 0], [1, 1, 0, 0, 0, 0, 1]):
        yield Case(anchors_with_labels(rng, labels, perfect=True), f"{len(labels)} perfect boxes")


def one_positive(rng: np.random.Generator) -> Iterator[Case]:
    """A single one, so that sums are means: what is divided by is another check's."""
    for _ in range(2):
        yield Case(anchors_with_labels(rng, [1]), "one anchor, which is positive")


def with_negatives(rng: np.random.Generator) -> Iterator[Case]:
    for labels in ([1, 0, 0], [1, 1, 0, 0, 0, 0]):
        yield Case(anchors_with_labels(rng, labels), f"{labels.count(0)} of {len(labels)} negative")


def with_ignored(rng: np.random.Generator) -> Iterator[Case]:
    for labels in ([1, 0, 0, -1, -1], [1, 1, 0, 0, 0, -1, -1, -1, -1]):
        label = f"{labels.count(-1)} of {len(labels)} ignored"
        yield Case(anchors_with_labels(rng, labels), label)


def wild_ignored(rng: np.random.Generator) -> Iterator[Case]:
    """Boxes are perfect; what is predicted for ignored anchors is far off."""
    for case in with_ignored(rng):
        inputs = dict(case.inputs)
        ignored = inputs["labels"] == -1
        inputs["deltas_pred"] = np.where(ignored[:, None], 1e3, inputs["deltas_true"])
        inputs["logits"] = np.where(ignored, rng.uniform(20, 40, ignored.size), inputs["logits"])
        yield Case(inputs, case.label + ", and far off")


def no_positives(rng: np.random.Generator) -> Iterator[Case]:
    for n in (1, 4):
        yield Case(anchors_with_labels(rng, [0] * n), f"{n} anchors, none of them positive")


def large_logits(rng: np.random.Generator) -> Iterator[Case]:
    """A right and a wrong answer for each label, all of them given with certainty."""
    inputs = anchors_with_labels(rng, [1, 1, 0, 0], perfect=True)
    signs = np.empty(4)
    for label in (0, 1):
        signs[inputs["labels"] == label] = rng.permutation([-1, 1])
    inputs["logits"] = rng.uniform(800, 1000, 4) * signs
    yield Case(inputs, "logits of ±800 and more")


@exercise.check(points=0.75, cases=perfect_boxes, judge=close(float64))
def objectness(program, labels, deltas_true, logits, deltas_pred):
    """Where all boxes are perfect, the mean binary cross-entropy of object or background"""
    return {"loss": program.rpn_loss(labels, deltas_true, logits, deltas_pred)}


@exercise.check(points=0.5, cases=one_positive, judge=close(float64))
def both_parts(program, labels, deltas_true, logits, deltas_pred):
    """A positive anchor adds smooth L1 of its four deltas"""
    return {"loss": program.rpn_loss(labels, deltas_true, logits, deltas_pred)}


@exercise.check(points=0.5, cases=with_negatives, judge=close(float64))
def boxes_of_negatives(program, labels, deltas_true, logits, deltas_pred):
    """The boxes of negative anchors don't count; positive ones are averaged over their number"""
    return {"loss": program.rpn_loss(labels, deltas_true, logits, deltas_pred)}


@exercise.check(points=0.5, cases=wild_ignored, judge=close(float64))
def ignored_anchors(program, labels, deltas_true, logits, deltas_pred):
    """Ignored anchors count nowhere, whatever is predicted for them"""
    return {"loss": program.rpn_loss(labels, deltas_true, logits, deltas_pred)}


@exercise.check(points=0.25, cases=no_positives, judge=close(float64))
def without_positives(program, labels, deltas_true, logits, deltas_pred):
    """Without a positive anchor the part of the boxes is 0"""
    return {"loss": program.rpn_loss(labels, deltas_true, logits, deltas_pred)}


@exercise.check(points=0.25, cases=large_logits, judge=close(float64))
def certain_answers(program, labels, deltas_true, logits, deltas_pred):
    """Large logits give a large loss, no infinity"""
    return {"loss": program.rpn_loss(labels, deltas_true, logits, deltas_pred)}


@exercise.check(points=0.25, cases=with_ignored, judge=close(float64))
def gradients(program, labels, deltas_true, logits, deltas_pred):
    """Its gradient, by automatic differentiation, is right: 0 for ignored anchors and the boxes of
    negatives"""

    def loss(z, t):
        return program.rpn_loss(labels, deltas_true, z, t)

    of_logits, of_deltas = probes.vjp(loss, logits, deltas_pred)
    return {"gradient of logits": of_logits, "gradient of deltas_pred": of_deltas}


COUNTED = "ops.not_equal(labels, -1)"
TARGET = "y = ops.cast(positive, logits.dtype)"
ENTROPY = "ops.softplus(logits) - y * logits"
OWN_BOXES = "ops.where(positive[:, None], smooth_l1(deltas_pred - deltas_true), 0.0)"
AVERAGED = "ops.sum(entropy) / n_counted"
LOSS = f"return {AVERAGED} + ops.sum(boxes) / n_positive"
exercise.variant(
    "RC8b",
    "You count ignored anchors as negatives. The label -1 means that the anchor is not in the "
    "loss at all.",
    {COUNTED: "ops.not_equal(labels, -9)"},
)
exercise.variant(
    "RC8c",
    "You divide the part of the boxes by the number of *all* anchors. Divide by that of the "
    "positive ones, which alone are in the sum.",
    {LOSS: f"return {AVERAGED} + ops.sum(boxes) / len(labels)"},
)
exercise.variant(
    "RC8d",
    "Ignored anchors are not in your sum of cross-entropies, but in the number by which you "
    "divide it.",
    {AVERAGED: "ops.sum(entropy) / len(labels)"},
)
exercise.variant(
    "RC8e",
    "You put the label -1 into the cross-entropy as if it were one of the answers.",
    {
        COUNTED: "ops.not_equal(labels, -9)",
        ENTROPY: "ops.softplus(logits) - ops.cast(labels, logits.dtype) * logits",
    },
)
exercise.variant(
    "RC10",
    "You take a softmax over the anchors, as if exactly one of them were right. Each anchor is "
    "judged by itself: object or background.",
    {
        AVERAGED: (
            "ops.sum((ops.logsumexp(ops.where(counted, logits, -1e9)) - logits) * y) / n_positive"
        )
    },
)
exercise.variant(
    "RC11",
    "You train the boxes of background anchors as well. There is no object to which they could be "
    "moved: only positive anchors count.",
    {OWN_BOXES: OWN_BOXES.replace("positive", "counted")},
)
exercise.variant(
    "RC11c",
    "You train the boxes of background anchors as well, and average over both kinds. Only positive "
    "anchors have an object to be moved to; the sum is over them, and divided by their number.",
    {
        OWN_BOXES: OWN_BOXES.replace("positive", "counted"),
        LOSS: f"return {AVERAGED} + ops.sum(boxes) / n_counted",
    },
)
exercise.variant(
    "RC11b",
    "You train the boxes of *all* anchors, ignored ones and background included, divided by the "
    "number of the positive ones. Only positive anchors have a box to be moved to.",
    {OWN_BOXES: "smooth_l1(deltas_pred - deltas_true)"},
)
exercise.variant(
    "RC51",
    "Without a positive anchor you divide by zero. Then the part of the boxes is 0.",
    {"ops.maximum(ops.sum(y), 1.0)": "ops.sum(y)"},
)
exercise.variant(
    "RC52",
    "You take the mean over the four deltas of a box. They are added up; the mean is over anchors.",
    {LOSS: f"return {AVERAGED} + ops.sum(boxes) / n_positive / 4"},
)
exercise.variant(
    "RC53",
    "For large logits you take the logarithm of 0, since the sigmoid is 0 or 1 to the last digit. "
    "Compute the logarithm of the sum of exponentials without the sigmoid.",
    {
        ENTROPY: (
            "-y * ops.log(1 / (1 + ops.exp(-logits)))"
            " - (1 - y) * ops.log(1 - 1 / (1 + ops.exp(-logits)))"
        )
    },
)
exercise.variant(
    "RC54",
    "You take logits for probabilities. The sigmoid belongs in between.",
    {
        ENTROPY: (
            "-y * ops.log(ops.clip(logits, 1e-7, 1 - 1e-7))"
            " - (1 - y) * ops.log(1 - ops.clip(logits, 1e-7, 1 - 1e-7))"
        )
    },
)
exercise.variant(
    "RC55",
    "You add the cross-entropies up. Their mean is wanted, over all anchors that aren't ignored.",
    {AVERAGED: "ops.sum(entropy)"},
)
exercise.variant(
    "RC56",
    "The part of the boxes is missing.",
    {LOSS: f"return {AVERAGED}"},
)
exercise.variant(
    "RC57",
    "You square the errors of the boxes. Smooth L1 is wanted, which lets no single box rule.",
    {"smooth_l1(deltas_pred - deltas_true)": "0.5 * (deltas_pred - deltas_true) ** 2"},
)
exercise.variant(
    "RC58",
    "You cut probabilities off near 0 and 1 to save the logarithm, so that a wrong answer given "
    "with certainty costs no more than a less certain one. Compute it without the sigmoid.",
    {ENTROPY: "ops.softplus(ops.clip(logits, -16, 16)) - y * ops.clip(logits, -16, 16)"},
)
exercise.variant(
    "RC59",
    LOST,
    {
        ENTROPY: ("ops.softplus(ops.convert_to_numpy(logits)) - y * ops.convert_to_numpy(logits)"),
        "deltas_pred - deltas_true": "ops.convert_to_numpy(deltas_pred) - deltas_true",
    },
)


@exercise.equivalent("a loop")
def loss_in_a_loop(labels, deltas_true, logits, deltas_pred):
    entropies, boxes = [], []
    for i, label in enumerate(labels):
        if label == -1:
            continue
        right_way = logits[i] if label == 1 else -logits[i]
        entropies.append(ops.softplus(-right_way))  # -log(sigmoid(right_way))
        if label == 1:
            boxes.append(ops.sum(smooth_l1(deltas_pred[i] - deltas_true[i])))
    loss = sum(entropies) / len(entropies)
    return loss + sum(boxes) / len(boxes) if boxes else loss


@exercise.equivalent("weights of 0 and 1, without smooth_l1")
def loss_with_weights(labels, deltas_true, logits, deltas_pred):
    counted, positive = ((labels != -1).astype(float), (labels == 1).astype(float))
    entropy = ops.logaddexp(ops.zeros_like(logits), logits) - positive * logits
    errors = ops.abs(deltas_pred - deltas_true)
    own = ops.sum(ops.where(errors < 1, 0.5 * errors**2, errors - 0.5), axis=1)
    loss = ops.sum(counted * entropy) / counted.sum()
    return loss + ops.sum(positive * own) / max(positive.sum(), 1.0)


@exercise.equivalent("the anchors that count are picked out")
def loss_of_picked(labels, deltas_true, logits, deltas_pred):
    counted, positive = np.flatnonzero(labels >= 0), np.flatnonzero(labels == 1)
    z = ops.take(logits, counted)
    side = np.where(labels[counted] == 1, -1.0, 1.0)
    loss = ops.mean(ops.softplus(side * z))
    if len(positive) == 0:
        return loss
    errors = ops.take(deltas_pred, positive, axis=0) - deltas_true[positive]
    return loss + ops.mean(ops.sum(smooth_l1(errors), axis=1))


@exercise.symptom("no gradient", LOST)
def no_gradient(got: Any) -> bool:
    return any(value is None for name, value in got.items() if name.startswith("gradient of"))
