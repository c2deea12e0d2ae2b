"""Measures what labels get that nobody has learnt, beside the floor of each trained check.

For each draw of a unit's cases, as the grader makes them:

    package      the nearest of scikit-learn's digits, each picture cut to its ink: what a
                 submission could do that carries the package's data set with it (pictures only)
    logistic     logistic regression on the inputs, at the best of three strengths
    neighbour    the label of the nearest example to learn from, pixel by pixel
    order        the best of all guesses by place, and the others of `check-course`
    dense        with `--dense`: two hidden dense layers of 128 and 84 units on the pixels, 30
                 epochs of Adam, for units whose topic is more than that

    python benchmarks/labels.py [UNIT ...] [--draws 3] [--dense]

All but `neighbour`, where a unit declares that it may pass, must lie under the floor.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograder.authoring import label_guesses
from autograder.course.cases import draw
from autograder.course.course import Course
from autograder.course.exercise import Case, Check
from autograder.judging.statistical import Accuracy

COURSE = Path(__file__).parents[1]
UNITS = (
    "02_initialization",
    "06_convolution_lenet_alexnet",
    "07_vgg_googlenet_resnet",
    "12_gru_lstm",
)
SIDE = 8  # of the package's pictures
Array = np.ndarray[Any, Any]


def pictures(case: Case) -> tuple[Array, Array, Array, Array]:
    """What a case gives to learn from and what it asks about: pictures and labels of each."""
    known, labels = label_guesses.to_learn_from(case)
    asked, wanted = label_guesses.examples(case), np.asarray(case.truth["labels"])
    if known is None or asked is None:
        return np.zeros((0, 1)), np.zeros(0), np.zeros((0, 1)), wanted
    return known, np.asarray(labels), asked, wanted


def cut(rows: Array, shape: tuple[int, int]) -> Array:
    """Each picture cut to its ink, bright on dark, in the size of the package's."""
    found = []
    for picture in rows.reshape(-1, *shape):
        light = 16 - picture if np.median(picture) > 8 else picture
        inked = light > 6
        down, across = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        if len(down) and len(across):
            light = light[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
        places = [np.arange(4 * SIDE) * size // (4 * SIDE) for size in light.shape]
        found.append(light[np.ix_(*places)].reshape(SIDE, 4, SIDE, 4).mean(axis=(1, 3)).ravel())
    return np.array(found)


def nearest(known: Array, labels: Array, asked: Array) -> Array:
    """The labels of the nearest pictures."""
    found: Array = labels[((known**2).sum(axis=1) - 2 * asked @ known.T).argmin(axis=1)]
    return found


def logistic(known: Array, labels: Array, asked: Array, wanted: Array) -> float:
    """What logistic regression gets at the best of three strengths, chosen by the answers."""
    from sklearn.linear_model import LogisticRegression

    models = [LogisticRegression(C=C, max_iter=200) for C in (0.01, 0.1, 1.0)]
    scale = max(float(known.max()), 1.0)
    return max(
        float(model.fit(known / scale, labels).score(asked / scale, wanted)) for model in models
    )


def dense(known: Array, labels: Array, asked: Array, wanted: Array) -> float:
    """What a network of dense layers gets."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (128, 84), batch_size=32, learning_rate_init=3e-3, max_iter=30, random_state=0
    )
    scale = 16.0
    return float(model.fit(known / scale, labels).score(asked / scale, wanted))


def shape_of(case: Case, pixels: int) -> tuple[int, int]:
    """Rows and columns of a case's pictures; square where the inputs don't say."""
    for value in case.inputs.values():
        shape = [size for size in np.shape(value)[1:] if size > 1]
        if len(shape) == 2 and np.prod(shape) == pixels:
            return int(shape[0]), int(shape[1])
    side = round(pixels**0.5)
    return side, side


def scores(check: Check, known: Case, asked: Case, with_dense: bool) -> Iterator[tuple[str, float]]:
    """The name and the accuracy of every way to get labels."""
    from sklearn.datasets import load_digits

    wanted = np.asarray(asked.truth["labels"])
    for name, answer in label_guesses.answers(known, asked):
        yield name, float(np.mean(answer["predictions"] == wanted))
    X, labels, new, _ = pictures(asked)
    if not len(X):
        return
    yield "logistic", logistic(X, labels, new, wanted)
    if with_dense:
        yield "dense", dense(X, labels, new, wanted)
    if X.max() <= 1:
        return  # bits, not pictures
    package, shape = load_digits(), shape_of(asked, X.shape[1])
    cuts = cut(package.data, (SIDE, SIDE))
    yield "package", float(np.mean(nearest(cuts, package.target, cut(new, shape)) == wanted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*", default=UNITS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--dense", action="store_true", help="a network of dense layers, too")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    for unit in Course(COURSE).named(options.units):
        for exercise in Course(COURSE).load(unit).unit.exercises:
            for check in exercise.checks:
                if not isinstance(check.judge, Accuracy):
                    continue
                best: dict[str, float] = {}
                (known, *_) = draw(check, "public", unit, exercise.name)
                for number in range(options.draws):
                    (asked, *_) = draw(check, f"labels {number}", unit, exercise.name)
                    for name, share in scores(check, known, asked, options.dense):
                        best[name] = max(share, best.get(name, 0.0))
                said = "  ".join(f"{name} {share:.3f}" for name, share in best.items())
                print(f"{unit} {check.name}: floor {check.judge.floor}  {said}", flush=True)


if __name__ == "__main__":
    main()
