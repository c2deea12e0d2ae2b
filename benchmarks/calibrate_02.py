"""Measures what a right start of unit 02 gives: on digits, and twenty relu layers deep.

The floor of `init_params.learns_digits` is the mean less two standard deviations over these seeds,
of whichever legal distribution does worst.  Each seed draws the split of the digits, the start and
the batches anew, as the grader does, and is observed by the check's own code.  With them come the
known mistakes: those that the check must stop stay far below.

`init_params.deep_signal` is judged by the law of the spread's logarithm, measured here, too; its
tails are told in standard deviations, since five of them pass.

    python benchmarks/calibrate_02.py [--seeds 40] [--alternatives 3]
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

LEGAL = ("uniform", "truncated normal")


def accuracies(loaded: LoadedUnit, exercise: str, check: Check, *trial: Any) -> list[float]:
    """The accuracy on unseen digits for each seed; 0 where nothing came back."""
    found = observed(loaded, exercise, check, *trial)
    return [number(check.judge, value, case) for value, case in found]


def depths(*trial: Any) -> list[float]:
    """The logarithm of the spread in the last layer for each seed."""
    return [float(next(iter(value.values()))) for value, _ in observed(*trial)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40, help="for every legal distribution")
    parser.add_argument("--alternatives", type=int, default=0, help="seeds for known mistakes")
    options = parser.parse_args()
    loaded = Course(COURSE).load("02_initialization")
    exercise = loaded.unit.exercises[0]
    checks = {check.name: check for check in exercise.checks}
    shell, seeds = grading_shell(), range(options.seeds)

    programs = {"normal (the reference)": loaded.reference} | {
        right.name: loaded.alternative(exercise, right)
        for right in exercise.equivalents
        if right.name in LEGAL
    }
    floors = []
    for name, program in programs.items():
        began = time.process_time()
        trial = loaded, exercise.name, checks["learns_digits"], program, shell, seeds
        reached = accuracies(*trial)
        seconds = (time.process_time() - began) / options.seeds
        floors.append(threshold(checks["learns_digits"].judge, reached))
        below = np.mean(np.array(reached) < floors[-1])
        print(
            line(name, reached), f" {seconds:.2f} CPU s, floor {floors[-1]:.4f}, {below:.1%} under"
        )
    print(f"floor: {min(floors):.4f}")
    for name, program in programs.items():
        many = range(10 * options.seeds)
        trial = loaded, exercise.name, checks["deep_signal"], program, shell, many
        logs = np.array(depths(*trial))
        tails = (logs - logs.mean()) / logs.std()
        print(line(f"depth, {name}", logs.tolist()), f" tails {tails.min():.1f}, {tails.max():.1f}")
    for variant in exercise.variants if options.alternatives > 1 else ():
        program = loaded.alternative(exercise, variant)
        few = range(options.alternatives)
        trial = loaded, exercise.name, checks["learns_digits"], program, shell, few
        print(line(f"wrong {variant.name}", accuracies(*trial)))


if __name__ == "__main__":
    main()
