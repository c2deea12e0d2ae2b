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
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Case, Check
from autograder.program import Program

COURSE = Path(__file__).parents[1]


def accuracies(
    loaded: LoadedUnit, check: Check, program: Program, shell: object, seeds: int
) -> list[float]:
    """The accuracy on unseen points for each seed; 0 where nothing came back."""
    return [
        float(np.mean(value["predictions"] == case.truth["labels"])) if value else 0.0
        for value, case in observed(loaded, check, program, shell, seeds)
    ]


def errors(
    loaded: LoadedUnit, check: Check, program: Program, shell: object, seeds: int
) -> list[float]:
    """The mean error on the two clusters for each case and seed; 1 where nothing came back."""
    return [
        float(np.abs(value["errors"]).mean()) if value else 1.0
        for value, _ in observed(loaded, check, program, shell, seeds)
    ]


def observed(
    loaded: LoadedUnit, check: Check, program: Program, shell: object, seeds: int
) -> Iterator[tuple[dict[str, np.ndarray] | None, Case]]:
    """What the check observes of a program, None where nothing came back, and its case."""
    shell.reset(new_session=False)  # type: ignore[attr-defined]
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    for seed in range(seeds):
        for case in draw(check, f"calibration {seed}", loaded.name, "train_two_layer"):
            evidence = session.observe(check.source, dict(case.inputs), seed)
            yield (evidence.value if evidence.status == "ok" else None), case


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
        print(line(name, reached), f" {seconds:.2f} CPU s each, floor {floors[-1]:.4f}")
        worst = max(errors(loaded, checks["learns"], program, shell, options.seeds))
        print(f"{'':32} largest error on the clusters {worst:.4f}")
    print(f"floor: {min(floors):.4f}")
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
                print(line(f"{kind} {name} {alternative.name}", reached))


if __name__ == "__main__":
    main()
