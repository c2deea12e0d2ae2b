"""Unit 01, `cross_entropy`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, unchanged

exercise = Exercise("cross_entropy", points=2)


def predictions(rng: np.random.Generator) -> Iterator[Case]:
    """Uncertain predictions; labels that are all 0 make the second term visible."""
    for n2, m, label in ((1, 7, "one output"), (3, 5, "three outputs"), (2, 1, "one example")):
        labels = (rng.random((n2, m)) < 0.5).astype(float)
        yield Case({"A2": rng.uniform(0.02, 0.98, (n2, m)), "Y": labels}, label)
    yield Case({"A2": rng.uniform(0.02, 0.98, (2, 6)), "Y": np.zeros((2, 6))}, "all labels 0")


def all_labels_1(rng: np.random.Generator) -> Iterator[Case]:
    for n2, m, label in ((1, 7, "one output"), (2, 6, "two outputs")):
        yield Case({"A2": rng.uniform(0.02, 0.98, (n2, m)), "Y": np.ones((n2, m))}, label)


def certain_predictions(rng: np.random.Generator) -> Iterator[Case]:
    """Some predictions are exactly 0 or 1.

    No prediction is 1 where the label is 0: forms of clipping differ there in the sixth digit.
    The law looks at that side.
    """
    for n2, m, label in ((1, 6, "one output"), (2, 4, "two outputs")):
        A2, Y = rng.uniform(0.02, 0.98, n2 * m), (rng.random(n2 * m) < 0.5).astype(float)
        A2[:3], Y[:3] = (0, 0, 1), (1, 0, 1)
        order = rng.permutation(n2 * m)
        yield Case({"A2": A2[order].reshape(n2, m), "Y": Y[order].reshape(n2, m)}, label)
    A2 = np.array([[0.0, *rng.uniform(0.02, 0.98, 2)]])
    yield Case({"A2": A2, "Y": np.array([[1.0, 0.0, 1.0]])}, "one certain and wrong")


@exercise.check(points=0.5, cases=all_labels_1, judge=close("float64"))
def label_1(program, A2, Y):
    """Where all labels are 1, `cross_entropy` is right"""
    return {"cost": program.cross_entropy(A2, Y)}


@exercise.check(points=0.5, cases=predictions, judge=close("float64"))
def mean_over_examples(program, A2, Y):
    """For other labels, too, it is the mean over examples of the sum over outputs"""
    return {"cost": program.cross_entropy(A2, Y)}


@exercise.check(
    points=0.5,
    cases=certain_predictions,
    judge=equal_sides(
        "the cost, as a multiple of what tossing a coin costs, and the same with the two classes "
        "exchanged in predictions and labels",
        rtol=1e-4,
    ),
)
def certain(program, A2, Y):
    """Predictions of exactly 0 and 1 have a finite cost, clipped by 1e-12, for both classes"""

    # A quotient, so that a cost that is wrong by a factor is not wrong here, too.
    def multiple(A2, Y):
        return program.cross_entropy(A2, Y) / program.cross_entropy(np.full(Y.shape, 0.5), Y)

    name = "cost / cost of a coin toss"
    return {"left": {name: multiple(A2, Y)}, "right": {name: multiple(1 - A2, 1 - Y)}}


@exercise.check(points=0.5, cases=certain_predictions, judge=unchanged())
def keeps_predictions(program, A2, Y):
    """`cross_entropy` leaves predictions and labels as they were"""
    program.cross_entropy(A2, Y)
    return {"A2": A2, "Y": Y}


@exercise.equivalent("logaddexp")
def cross_entropy_of_logits(A2, Y):
    A2 = np.clip(A2, 1e-12, 1 - 1e-12)
    Z2 = np.log(A2) - np.log1p(-A2)
    return np.mean(np.sum(np.logaddexp(0, Z2) - Y * Z2, axis=0))


@exercise.equivalent("true_class")
def cross_entropy_of_the_true_class(A2, Y):
    right = np.where(Y == 1, A2, 1 - A2)
    return -np.log(np.maximum(right, 1e-12)).sum() / A2.shape[1]


@exercise.equivalent("einsum")
def cross_entropy_by_products(A2, Y):
    yes, no = np.log(np.clip(A2, 1e-12, 1)), np.log(np.clip(1 - A2, 1e-12, 1))
    return -(np.einsum("ij,ij->", Y, yes) + np.einsum("ij,ij->", 1 - Y, no)) / Y.shape[1]


@exercise.equivalent("plus_eps")
def cross_entropy_with_a_small_summand(A2, Y):
    eps = 1e-12
    losses = Y * np.log(A2 + eps) + (1 - Y) * np.log(1 - A2 + eps)
    return -1 / Y.shape[1] * np.sum(losses)


exercise.variant(
    "FB11a",
    "Your cost is the sum over all examples. J is their mean: otherwise it grows with the number "
    "of examples, and so do its gradients.",
    {"loss.sum() / Y.shape[1]": "loss.sum()"},
)
exercise.variant(
    "FB11b",
    "Your cost is averaged over outputs, too. Average over the examples only; the losses of one "
    "example's outputs add up.",
    {"loss.sum() / Y.shape[1]": "loss.mean()"},
)
exercise.variant(
    "CE1",
    "Examples with label 0 cost nothing in your function: the second half of the formula is "
    "missing.",
    {"-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)": "-Y * np.log(A2)"},
)
exercise.variant(
    "CE2",
    "Your cost has the wrong sign: the logarithm of a probability is negative, and a cost is not.",
    {"-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)": "Y * np.log(A2) + (1 - Y) * np.log(1 - A2)"},
)
exercise.variant(
    "CE3",
    "The two halves of your formula have opposite signs: being sure and wrong about a 0 should "
    "cost, as it does for a 1.",
    {"- (1 - Y) * np.log(1 - A2)": "+ (1 - Y) * np.log(1 - A2)"},
)
exercise.variant(
    "CE4",
    "A prediction of exactly 0 or 1 reaches the logarithm, and 0 times minus infinity is NaN. "
    "Keep the predictions away from both ends first.",
    {"    A2 = np.clip(A2, 1e-12, 1 - 1e-12)\n": ""},
)
exercise.variant(
    "CE5",
    "You keep the predictions away from 0, but not from 1; there the other logarithm fails.",
    {"np.clip(A2, 1e-12, 1 - 1e-12)": "np.clip(A2, 1e-12, 1)"},
)
exercise.variant(
    "CE6",
    "You clip the predictions by much more than 1e-12, so that a sure and wrong answer costs too "
    "little.",
    {"np.clip(A2, 1e-12, 1 - 1e-12)": "np.clip(A2, 1e-7, 1 - 1e-7)"},
)
exercise.variant(
    "CE7",
    "You clip inside the caller's array: afterwards the caller's predictions are others. Clip "
    "into a new one.",
    {"A2 = np.clip(A2, 1e-12, 1 - 1e-12)": "np.clip(A2, 1e-12, 1 - 1e-12, out=A2)"},
)
exercise.variant(
    "CE8",
    "You take the logarithm to another base. In this course it is the natural one: its slope "
    "has no extra factor.",
    {"-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)": "-Y * np.log2(A2) - (1 - Y) * np.log2(1 - A2)"},
)
exercise.variant(
    "CE9",
    "You return the mean squared error. It is a cost, too, but not the one whose slope at the "
    "output is prediction minus label.",
    {"-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)": "(A2 - Y) ** 2"},
)
exercise.variant(
    "CE10",
    "You return one cost for each output. J is one number: the outputs' costs are added.",
    {"float(loss.sum() / Y.shape[1])": "loss.sum(axis=1) / Y.shape[1]"},
)
