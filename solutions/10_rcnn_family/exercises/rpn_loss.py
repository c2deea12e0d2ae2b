"""Unit 10, `rpn_loss`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, equal_sides, float64

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


@exercise.check(
    points=0.25,
    cases=with_ignored,
    judge=equal_sides(
        "central differences of your loss, and the formulas of the notebook", rtol=1e-6
    ),
)
def gradients(program, labels, deltas_true, logits, deltas_pred):
    """Its gradient is 0 for ignored anchors and for the boxes of negatives"""

    def of_logits(z):
        return program.rpn_loss(labels, deltas_true, z, deltas_pred)

    def of_deltas(t):
        return program.rpn_loss(labels, deltas_true, logits, t)

    left = {
        "logits": probes.numerical_gradient(of_logits, logits),
        "deltas_pred": probes.numerical_gradient(of_deltas, deltas_pred),
    }
    counted, positive = labels >= 0, (labels == 1)[:, None]
    right = {
        "logits": (1 / (1 + np.exp(-logits)) - labels) * counted / counted.sum(),
        "deltas_pred": np.clip(deltas_pred - deltas_true, -1, 1) * positive / positive.sum(),
    }
    return {"left": left, "right": right}


COUNTED = "y, z = labels[labels >= 0], logits[labels >= 0]"
ENTROPY = "np.mean(np.logaddexp(0, z) - y * z)"
POSITIVE = "positive = labels == 1"
SUMMED = "smooth_l1(deltas_pred[positive] - deltas_true[positive]).sum()"
LOSS = "float(objectness + boxes / max(positive.sum(), 1))"
exercise.variant(
    "RC8b",
    "You count ignored anchors as negatives. The label -1 means that the anchor is not in the "
    "loss at all.",
    {COUNTED: "y, z = np.maximum(labels, 0), logits"},
)
exercise.variant(
    "RC8c",
    "You divide the part of the boxes by the number of *all* anchors. Divide by that of the "
    "positive ones, which alone are in the sum.",
    {LOSS: "float(objectness + boxes / len(labels))"},
)
exercise.variant(
    "RC8d",
    "Ignored anchors are not in your sum of cross-entropies, but in the number by which you "
    "divide it.",
    {ENTROPY: "np.sum(np.logaddexp(0, z) - y * z) / len(labels)"},
)
exercise.variant(
    "RC8e",
    "You put the label -1 into the cross-entropy as if it were one of the answers.",
    {COUNTED: "y, z = labels, logits"},
)
exercise.variant(
    "RC10",
    "You take a softmax over the anchors, as if exactly one of them were right. Each anchor is "
    "judged by itself: object or background.",
    {ENTROPY: "np.sum((np.logaddexp.reduce(z) - z) * y) / max(y.sum(), 1)"},
)
exercise.variant(
    "RC11",
    "You train the boxes of background anchors as well. There is no object to which they could be "
    "moved: only positive anchors count.",
    {SUMMED: "smooth_l1(deltas_pred[labels >= 0] - deltas_true[labels >= 0]).sum()"},
)
exercise.variant(
    "RC11c",
    "You train the boxes of background anchors as well, and average over both kinds. Only positive "
    "anchors have an object to be moved to; the sum is over them, and divided by their number.",
    {POSITIVE: "positive = labels >= 0"},
)
exercise.variant(
    "RC11b",
    "You train the boxes of *all* anchors, ignored ones and background included, divided by the "
    "number of the positive ones. Only positive anchors have a box to be moved to.",
    {SUMMED: "smooth_l1(deltas_pred - deltas_true).sum()"},
)
exercise.variant(
    "RC51",
    "Without a positive anchor you divide by zero. Then the part of the boxes is 0.",
    {"max(positive.sum(), 1)": "positive.sum()"},
)
exercise.variant(
    "RC52",
    "You take the mean over the four deltas of a box. They are added up; the mean is over anchors.",
    {LOSS: "float(objectness + boxes / max(positive.sum(), 1) / 4)"},
)
exercise.variant(
    "RC53",
    "For large logits you take the logarithm of 0, since the sigmoid is 0 or 1 to the last digit. "
    "Compute the logarithm of the sum of exponentials without the sigmoid.",
    {
        ENTROPY: (
            "np.mean(-y * np.log(1 / (1 + np.exp(-z)))"
            " - (1 - y) * np.log(1 - 1 / (1 + np.exp(-z))))"
        )
    },
)
exercise.variant(
    "RC54",
    "You take logits for probabilities. The sigmoid belongs in between.",
    {
        ENTROPY: (
            "-np.mean(y * np.log(np.clip(z, 1e-7, 1 - 1e-7)) + "
            "(1 - y) * np.log(1 - np.clip(z, 1e-7, 1 - 1e-7)))"
        )
    },
)
exercise.variant(
    "RC55",
    "You add the cross-entropies up. Their mean is wanted, over all anchors that aren't ignored.",
    {ENTROPY: "np.sum(np.logaddexp(0, z) - y * z)"},
)
exercise.variant(
    "RC56",
    "The part of the boxes is missing.",
    {LOSS: "float(objectness)"},
)
exercise.variant(
    "RC57",
    "You square the errors of the boxes. Smooth L1 is wanted, which lets no single box rule.",
    {SUMMED: "(0.5 * (deltas_pred[positive] - deltas_true[positive]) ** 2).sum()"},
)
exercise.variant(
    "RC58",
    "You cut probabilities off near 0 and 1 to save the logarithm, so that a wrong answer given "
    "with certainty costs no more than a less certain one. Compute it without the sigmoid.",
    {ENTROPY: ("np.mean(np.logaddexp(0, np.clip(z, -16, 16)) - y * np.clip(z, -16, 16))")},
)


@exercise.equivalent("a loop")
def loss_in_a_loop(labels, deltas_true, logits, deltas_pred):
    entropies, boxes = [], []
    for label, t, z, t_hat in zip(labels, deltas_true, logits, deltas_pred, strict=True):
        if label == -1:
            continue
        right_way = z if label == 1 else -z  # -log(sigmoid(right_way))
        entropies.append(max(-right_way, 0) + np.log1p(np.exp(-abs(right_way))))
        if label == 1:
            boxes.append(np.sum(smooth_l1(t_hat - t)))
    loss = sum(entropies) / len(entropies)
    return loss + sum(boxes) / len(boxes) if boxes else loss


@exercise.equivalent("weights of 0 and 1, without smooth_l1")
def loss_with_weights(labels, deltas_true, logits, deltas_pred):
    counted, positive = (labels != -1).astype(float), (labels == 1).astype(float)
    entropy = np.logaddexp(0, logits) - positive * logits
    errors = np.abs(deltas_pred - deltas_true)
    own = np.where(errors < 1, 0.5 * errors**2, errors - 0.5).sum(axis=1)
    loss = (counted * entropy).sum() / counted.sum()
    return np.float64(loss + (positive * own).sum() / max(positive.sum(), 1.0))
