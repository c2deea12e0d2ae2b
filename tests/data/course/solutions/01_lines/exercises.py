"""A tiny unit for the tests: two exercises in NumPy, one of which uses the other."""

from __future__ import annotations

import numpy as np

from autograder import Case, Unit, accuracy, close, unchanged

unit = Unit("01_lines")

center = unit.exercise("center", points=2)


def matrices(rng):
    for shape in ((3, 5), (2, 7), (4, 1)):
        yield Case({"X": rng.normal(size=shape)}, f"shape {shape}")


@center.check(points=1.5, cases=matrices, judge=close())
def values(program, X):
    """`center` subtracts the mean over the examples"""
    return program.center(X)


@center.check(points=0.5, cases=matrices, judge=unchanged(), public=False)
def keeps_x(program, X):
    """`center` leaves its argument as it was"""
    program.center(X)
    return {"X": X}


def center_one_by_one(X):
    return np.array([row - sum(row) / len(row) for row in X])


def center_in_place(X):
    X -= X.mean(axis=1, keepdims=True)
    return X


center.equivalent("one by one", center_one_by_one)
center.variant(
    "axis",
    "You average over the units: the examples lie along the other axis.",
    {"axis=1": "axis=0"},
)
center.variant("sum", "You subtract the sum: divide it by m.", {"X.mean(": "X.sum("})
center.variant("in_place", "You write into the caller's array.", center_in_place)

learn = unit.exercise("learn", points=3, uses=("center",))


def blobs(rng, m):
    """Two classes, far from the origin, that a line through their middle separates."""
    y = rng.permutation(np.repeat([-1.0, 1.0], m // 2))
    return 5 + np.outer([1.0, -2.0], y) + 0.4 * rng.normal(size=(2, m)), y


def few(rng):
    for seed in (1, 2):
        X, y = blobs(rng, 6)
        yield Case({"X": X, "y": y, "steps": 4, "seed": seed}, "4 steps")


def unseen(rng):
    X, y = blobs(rng, 60)
    X_test, labels = blobs(rng, 200)
    yield Case({"X": X, "y": y, "X_test": X_test, "seed": 3}, "", {"labels": labels})


@learn.check(points=2, cases=few, judge=close())
def weights(program, X, y, steps, seed):
    """`learn` returns the weights after a few steps"""
    return program.learn(X, y, steps, np.random.default_rng(seed))


EASY = "two clusters, for tests of the grader and not of students"


@learn.check(
    points=1,
    cases=unseen,
    judge=accuracy(floor=0.9, typical=0.99),
    tries=3,
    guessed_by={"feature": EASY, "neighbour": EASY},
)
def unseen_accuracy(program, X, y, X_test, seed):
    """What `learn` returns separates examples that it has not seen"""
    w = program.learn(X, y, 100, np.random.default_rng(seed))
    return {"predictions": np.sign(w @ program.center(X_test))}


learn.equivalent("in place", {"w = w + y[i] * centred[:, i]": "w += y[i] * centred[:, i]"})
learn.variant("sign", "You step away from the example.", {"w = w + y[i]": "w = w - y[i]"})
learn.variant(
    "always", "You step at right answers, too.", {"if y[i] * (w @ centred[:, i]) <= 0:": "if True:"}
)


@learn.symptom("one_class", "Your classifier gives every example the same class.")
def one_class(evidence):
    return len(set(evidence["predictions"].tolist())) == 1
