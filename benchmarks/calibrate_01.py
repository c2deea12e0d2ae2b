"""Measures what a right solution of unit 01 reaches on the two moons.

The floor of `train_two_layer.separates_moons` is the mean less two standard deviations over these
seeds, of whichever legal way to draw the start values does worst.  Each seed draws the data, 2000
unseen points and the start anew, as the grader does, and is observed by the check's own code.

    python benchmarks/calibrate_01.py [--seeds 40] [--alternatives 5]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Check
from autograder.program import Program

COURSE = Path(__file__).parents[1]


def accuracies(
    loaded: LoadedUnit, check: Check, program: Program, shell: object, seeds: int
) -> list[float]:
    """The accuracy on unseen points for each seed; 0 where nothing came back."""
    shell.reset(new_session=False)  # type: ignore[attr-defined]
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in range(seeds):
        (case,) = draw(check, f"calibration {seed}", loaded.name, "train_two_layer")
        evidence = session.observe(check.source, dict(case.inputs), seed)
        predictions = evidence.value["predictions"] if evidence.status == "ok" else None
        reached.append(float(np.mean(predictions == case.truth["labels"])))
    return reached


def line(title: str, reached: list[float]) -> str:
    """Mean, standard deviation and range in one line."""
    return (
        f"{title:32} mean {np.mean(reached):.4f}  sd {np.std(reached, ddof=1):.4f}  "
        f"{min(reached):.4f} to {max(reached):.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40, help="for every legal start")
    parser.add_argument("--alternatives", type=int, default=0, help="seeds for all else")
    options = parser.parse_args()
    loaded = Course(COURSE).load("01_two_layer_network")
    exercises = {exercise.name: exercise for exercise in loaded.unit.exercises}
    checks = {check.name: check for check in exercises["train_two_layer"].checks}
    check, shell = checks["separates_moons"], worker.make_shell()

    # Start values are free: what counts is the start that does worst.
    programs = {"reference": loaded.reference} | {
        start.name: loaded.alternative(exercises["train_two_layer"], start)
        for start in exercises["train_two_layer"].equivalents
        if start.name.endswith("_start")
    }
    floors = []
    for name, program in programs.items():
        began = time.process_time()
        reached = accuracies(loaded, check, program, shell, options.seeds)
        seconds = (time.process_time() - began) / options.seeds
        floors.append(np.mean(reached) - 2 * np.std(reached, ddof=1))
        print(line(name, reached), f" {seconds:.2f} CPU s each, floor {floors[-1]:.4f}")  # noqa: T201
    print(f"floor: {min(floors):.4f}")  # noqa: T201
    if options.alternatives < 2:
        return
    for name in ("train_two_layer", "backward"):
        exercise = exercises[name]
        for kind, many in (("right", exercise.equivalents), ("wrong", exercise.variants)):
            for alternative in many:
                if alternative.name == "one_by_one":  # right, and a hundred times slower
                    continue
                program = loaded.alternative(exercise, alternative)
                reached = accuracies(loaded, check, program, shell, options.alternatives)
                print(line(f"{kind} {name} {alternative.name}", reached))  # noqa: T201


if __name__ == "__main__":
    main()
