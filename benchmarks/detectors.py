"""Measures what detectors of unit 10 get without the idea of each exercise, beside the floor.

Each is an answer that the exercise's trained check observes in place of a right one, by its own
code; or an edit of that code, where the idea lies there:

    python benchmarks/detectors.py [--exercise NAME] [--seeds 3]

All must lie clearly under the floor; `calibrate.py` measures right answers.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from calibrate import COURSE, grading_shell, line, number, observed, trains

from autograder.course.course import Course
from autograder.judging.detection import AveragePrecision, Recall
from autograder.judging.statistical import Accuracy
from autograder.wire.program import Program

UNIT = "10_rcnn_family"
WITHOUT: dict[str, dict[str, str | dict[str, str]]] = {
    "svm_loss": {
        "the pixels of the crops": {
            "return edges.reshape(len(crops), 4, 2, 4, 2, 8).max(axis=(2, 4))"
            ".reshape(len(crops), -1)": "return crops.reshape(len(crops), -1) / 255"
        },
    },
    "build_rpn": {
        "a linear model of the flat map": """
def build_rpn(features, n_anchors, filters):
    _, height, width, _ = features.output.shape
    flat = layers.Flatten()(features.input)
    anchors = height * width * n_anchors
    scores = layers.Reshape((anchors, 2))(layers.Dense(anchors * 2)(flat))
    deltas = layers.Reshape((anchors, 4))(layers.Dense(anchors * 4)(flat))
    return keras.Model(features.input, [layers.Softmax()(scores), deltas])
""",
        "anchors that no deltas move": """
def build_rpn(features, n_anchors, filters):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(features.output)
    scores = layers.Conv2D(2 * n_anchors, 1)(x)
    deltas = layers.Conv2D(4 * n_anchors, 1, kernel_initializer="zeros", trainable=False)(x)
    objectness = layers.Softmax()(layers.Reshape((-1, 2))(scores))
    return keras.Model(features.input, [objectness, layers.Reshape((-1, 4))(deltas)])
""",
    },
}


def edited(source: str, edits: dict[str, str]) -> str:
    """Return a text with each edit made in the one place where it fits."""
    for old, new in edits.items():
        if source.count(old) != 1:
            raise ValueError(f"{old!r} occurs {source.count(old)} times.")
        source = source.replace(old, new)
    return source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--exercise", choices=WITHOUT, help="this one only")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    loaded, shell = Course(COURSE).load(UNIT), grading_shell()
    cells = loaded.reference.cells
    for exercise in loaded.unit.exercises:
        if options.exercise not in (None, exercise.name):
            continue
        for check in filter(trains, exercise.checks):
            for name, other in WITHOUT.get(exercise.name, {}).items():
                answer, edits = (other, {}) if isinstance(other, str) else ("", other)
                program = Program((*cells, (cells[-1][0] + 1, answer)))
                observing = replace(check, source=edited(check.source, edits))
                seeds = range(options.seeds)
                found = observed(loaded, exercise.name, observing, program, shell, seeds)
                judge = check.judge
                if not isinstance(judge, Accuracy | Recall | AveragePrecision):
                    raise TypeError(f"`{check.name}` is judged by {type(judge).__name__}.")
                reached = [number(judge, value, case) for value, case in found]
                print(line(f"{check.name}: {name}", reached), f" floor {judge.floor}", flush=True)


if __name__ == "__main__":
    main()
