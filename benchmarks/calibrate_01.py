"""Measures what a right solution of unit 01 reaches on the two moons and on the two clusters.

The floor of `train_two_layer.separates_moons` is the mean less two standard deviations over these
seeds, of whichever legal way to draw the start values does worst.  Each seed draws the data, 2000
unseen points and the start anew, as the grader does, and is observed by the check's own code.
Of the two clusters (`learns`) the largest mean error over all seeds is told; its bound is 0.05.

    python benchmarks/calibrate_01.py [--seeds 40] [--alternatives 5]
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from calibrate import COURSE, grading_shell, line, number, observed, threshold

from autograder.course.course import Course
from autograder.course.exercise import Check
from autograder.course.unit import LoadedUnit

TRAINING = "train_two_layer"


def accuracies(loaded: LoadedUnit, exercise: str, check: Check, *trial: Any) -> list[float]:
    """The accuracy on unseen points for each seed; 0 where nothing came back."""
    found = observed(loaded, exercise, check, *trial)
    return [number(check.judge, value, case) for value, case in found]


def errors(*trial: Any) -> list[float]:
    """The mean error on the two clusters for each case and seed; 1 where nothing came back."""
    return [
        float(np.abs(value["errors"]).mean()) if value else 1.0 for value, _ in observed(*trial)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40, help="for every legal start")
    parser.add_argument("--alternatives", type=int, default=0, help="seeds for all else")
    options = parser.parse_args()
    loaded = Course(COURSE).load("01_two_layer_network")
    exercises = {exercise.name: exercise for exercise in loaded.unit.exercises}
    checks = {check.name: check for check in exercises[TRAINING].checks}
    check, shell = checks["separates_moons"], grading_shell()

    # Start values are free: what counts is the start that does worst.
    programs = {"reference": loaded.reference} | {
        start.name: loaded.alternative(exercises[TRAINING], start)
        for start in exercises[TRAINING].equivalents
        if start.name.endswith("_start")
    }
    floors, seeds = [], range(options.seeds)
    for name, program in programs.items():
        began = time.process_time()
        reached = accuracies(loaded, TRAINING, check, program, shell, seeds)
        seconds = (time.process_time() - began) / options.seeds
        floors.append(threshold(check.judge, reached))
        print(line(name, reached), f" {seconds:.2f} CPU s each, floor {floors[-1]:.4f}")
        worst = max(errors(loaded, TRAINING, checks["learns"], program, shell, seeds))
        print(f"{'':32} largest error on the clusters {worst:.4f}")
    print(f"floor: {min(floors):.4f}")
    if options.alternatives < 2:
        return
    for name in (TRAINING, "backward"):
        exercise = exercises[name]
        for kind, many in (("right", exercise.equivalents), ("wrong", exercise.variants)):
            for alternative in many:
                if alternative.name == "one_by_one":  # right, and a hundred times slower
                    continue
                program = loaded.alternative(exercise, alternative)
                few = range(options.alternatives)
                reached = accuracies(loaded, TRAINING, check, program, shell, few)
                print(line(f"{kind} {name} {alternative.name}", reached))


if __name__ == "__main__":
    main()
