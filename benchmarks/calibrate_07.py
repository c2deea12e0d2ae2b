"""Measures what a right solution of unit 07 reaches: a small ResNet on digits.

The floor of `build_resnet_mini.learns_digits` is the mean less two standard deviations over these
seeds, of whichever legal form of the network does worst.  Each seed draws the digits and the start
anew, as the grader does, and is observed by the check's own code.

    python benchmarks/calibrate_07.py [--seeds 20] [--first 0] [--wrong 5] [--only NAME]
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
UNIT, EXERCISE, CHECK = "07_vgg_googlenet_resnet", "build_resnet_mini", "learns_digits"

# Blocks in which something is wrong: what accuracy can't see, and the stand-in for a missing one.
WRONG_BLOCKS = {"identity_block": ("RS1a", "RS2a", "RS7a", "RS7b", "RS10")}


def accuracies(
    loaded: LoadedUnit, check: Check, program: Program, shell: Any, seeds: range
) -> list[float]:
    """The accuracy on unseen digits for each seed; 0 where nothing came back."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in seeds:
        (case,) = draw(check, f"calibration {seed}", loaded.name, EXERCISE)
        evidence = session.observe(check.source, dict(case.inputs), seed)
        right = (
            evidence.value["predictions"] == case.truth["labels"] if evidence.status == "ok" else 0
        )
        reached.append(float(np.mean(right)))
    return reached


def line(title: str, reached: list[float], seconds: float) -> str:
    """Mean, standard deviation and range in one line, then each value."""
    values = " ".join(f"{value:.4f}" for value in reached)
    return (
        f"{title:40} mean {np.mean(reached):.4f}  sd {np.std(reached, ddof=1):.4f}  "
        f"{min(reached):.4f} to {max(reached):.4f}  {seconds:.2f} CPU s each\n    {values}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="for every legal form")
    parser.add_argument("--first", type=int, default=0, help="where the seeds begin")
    parser.add_argument("--wrong", type=int, default=0, help="seeds for every known mistake")
    parser.add_argument("--only", help="one legal form")
    options = parser.parse_args()
    loaded = Course(COURSE).load(UNIT)
    by_name = {exercise.name: exercise for exercise in loaded.unit.exercises}
    exercise = by_name[EXERCISE]
    check = next(check for check in exercise.checks if check.name == CHECK)
    shell = worker.make_shell()

    def measured(title: str, program: Program, seeds: int) -> list[float]:
        began = time.process_time()
        numbers = range(options.first, options.first + seeds)
        reached = accuracies(loaded, check, program, shell, numbers)
        print(line(title, reached, (time.process_time() - began) / seeds), flush=True)
        return reached

    right = {"reference": loaded.reference} | {
        form.name: loaded.alternative(exercise, form) for form in exercise.equivalents
    }
    floors = []
    for name, program in right.items():
        if options.only in (None, name):
            reached = measured(name, program, options.seeds)
            floors.append(np.mean(reached) - 2 * np.std(reached, ddof=1))
    print(f"floor: {min(floors):.4f}")
    if options.wrong > 1:
        for variant in exercise.variants:
            measured(f"wrong {variant.name}", loaded.alternative(exercise, variant), options.wrong)
        for block, names in WRONG_BLOCKS.items():
            for variant in by_name[block].variants:
                if variant.name in names:
                    program = loaded.alternative(by_name[block], variant)
                    measured(f"wrong {block} {variant.name}", program, options.wrong)


if __name__ == "__main__":
    main()
