"""Measures what right solutions of unit 06 reach on digits that were enlarged.

The floors of `lenet_learns` and `alexnet_learns` are the mean less two standard deviations over
these seeds, of whichever legal form of the model does worst.  Each seed draws the digits and the
start anew, as the grader does, and is observed by the check's own code.

    python benchmarks/calibrate_06.py [--exercise NAME] [--form NAME] [--first 0] [--seeds 20]

Long runs can be cut: every accuracy is printed at once, and `--first` is the first seed.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Check
from autograder.program import Program

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
COURSE = Path(__file__).parents[1]
CHECKS = {"build_lenet5": "lenet_learns", "build_alexnet_mini": "alexnet_learns"}


def accuracies(
    loaded: LoadedUnit, exercise: str, check: Check, program: Program, shell: Any, seeds: range
) -> list[float]:
    """The accuracy on unseen digits for each seed; 0 where nothing came back."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in seeds:
        (case,) = draw(check, f"calibration {seed}", loaded.name, exercise)
        evidence = session.observe(check.source, dict(case.inputs), seed)
        right = (
            evidence.value["predictions"] == case.truth["labels"] if evidence.status == "ok" else 0
        )
        reached.append(float(np.mean(right)))
        print(f"    seed {seed}: {reached[-1]:.4f}", flush=True)
    return reached


def line(reached: list[float], seconds: float) -> str:
    """Mean, standard deviation, range and floor."""
    mean, spread = np.mean(reached), np.std(reached, ddof=1) if len(reached) > 1 else np.nan
    return (
        f"    mean {mean:.4f}  sd {spread:.4f}  {min(reached):.4f} to {max(reached):.4f}  "
        f"floor {mean - 2 * spread:.4f}  {seconds:.2f} CPU s each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--exercise", choices=sorted(CHECKS), help="this one only")
    parser.add_argument("--form", help="`reference`, or the name of an equivalent or variant")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    loaded, shell = Course(COURSE).load("06_convolution_lenet_alexnet"), worker.make_shell()
    seeds = range(options.first, options.first + options.seeds)
    for exercise in loaded.unit.exercises:
        if exercise.name not in CHECKS or options.exercise not in (None, exercise.name):
            continue
        check = next(check for check in exercise.checks if check.name == CHECKS[exercise.name])
        forms = {"reference": loaded.reference} | {
            form.name: loaded.alternative(exercise, form) for form in exercise.equivalents
        }
        if options.form in {variant.name for variant in exercise.variants}:
            variant = next(v for v in exercise.variants if v.name == options.form)
            forms[options.form] = loaded.alternative(exercise, variant)
        for name, program in forms.items():
            if options.form in (None, name):
                print(f"{exercise.name}, {name}", flush=True)
                began = time.process_time()
                reached = accuracies(loaded, exercise.name, check, program, shell, seeds)
                seconds = (time.process_time() - began) / len(seeds)
                print(line(reached, seconds), flush=True)


if __name__ == "__main__":
    main()
