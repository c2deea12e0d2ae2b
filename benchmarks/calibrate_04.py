"""Measures what right solutions of unit 04 reach on noisy digits, and what no regularisation does.

The floors of `dropout_trains`, `l2_trains` and `l1_trains` are the mean less two standard
deviations over these seeds, each of which draws digits, wrong labels and start anew, as the grader
does; each is observed by the check's own code.  Beside the accuracy on unseen digits the share of
noisy training labels that the network gives back is told: it must stay below `NOISY_BELOW`, and
does so for no network without regularisation.

    python benchmarks/calibrate_04.py [--seeds 40] [--variants 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from calibrate import COURSE, grading_shell, number, observed, threshold

from autograder.course.course import Course
from autograder.course.exercise import Check, Exercise
from autograder.course.unit import LoadedUnit
from autograder.wire.program import Program

UNIT = "04_regularization"
CHECKS = {
    "dropout_backward": "dropout_trains",
    "l2_grad": "l2_trains",
    "l1_grad": "l1_trains",
}
# Functions that do nothing, in a cell of their own: a network without regularisation.
NOTHING = """
def dropout_forward(A, keep_prob, rng, training):
    return A, 1.0 + 0 * A

def dropout_backward(dA, mask, keep_prob):
    return dA

def l2_grad(W, lam, m):
    return 0 * W

l1_grad = l2_grad
"""


def reached(
    loaded: LoadedUnit, exercise: str, check: Check, *trial: Any
) -> Iterator[tuple[float, float]]:
    """For each seed: the accuracy on unseen digits, and on the noisy training labels."""
    for value, case in observed(loaded, exercise, check, *trial):
        noisy = np.mean(value["train_predictions"] == case.truth["train_labels"]) if value else 1.0
        yield number(check.judge, value, case), float(noisy)


def told(title: str, pairs: list[tuple[float, float]], check: Check) -> str:
    """Mean, spread, range and floor in one line, and how many seeds pass the check as it is."""
    unseen, noisy = np.array(pairs).T
    mean, sd = unseen.mean(), unseen.std(ddof=1)
    judge: Any = check.judge
    passed = np.mean((unseen >= judge.floor) & (noisy < judge.train_below))
    return (
        f"{title:34} unseen {mean:.4f} sd {sd:.4f} from {unseen.min():.3f} floor "
        f"{threshold(judge, unseen):.4f}; noisy labels {noisy.min():.3f} to {noisy.max():.3f}; "
        f"passes {passed:.0%}"
    )


def measure(loaded: LoadedUnit, exercise: Exercise, options: Any, shell: Any) -> None:
    """The lines of one exercise."""
    check = next(check for check in exercise.checks if check.name == CHECKS[exercise.name])
    last = loaded.reference.cells[-1][0] + 1
    nothing = Program((*loaded.reference.cells, (last, NOTHING)))
    for title, program in (("right", loaded.reference), ("no regularisation", nothing)):
        began = time.process_time()
        pairs = list(reached(loaded, exercise.name, check, program, shell, range(options.seeds)))
        seconds = (time.process_time() - began) / options.seeds
        print(
            told(f"{exercise.name}: {title}", pairs, check),
            f" {seconds:.2f} CPU s each",
            flush=True,
        )
    for variant in exercise.variants if options.variants > 1 else ():
        program = loaded.alternative(exercise, variant)
        few = range(options.variants)
        pairs = list(reached(loaded, exercise.name, check, program, shell, few))
        print(told(f"  {variant.name}", pairs, check), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40, help="for right and for nothing")
    parser.add_argument("--variants", type=int, default=0, help="seeds for each known mistake")
    parser.add_argument("--exercise", choices=sorted(CHECKS), help="this one only")
    options = parser.parse_args()
    loaded, shell = Course(COURSE).load(UNIT), grading_shell()
    for exercise in loaded.unit.exercises:
        if exercise.name in CHECKS and options.exercise in (None, exercise.name):
            measure(loaded, exercise, options, shell)


if __name__ == "__main__":
    main()
