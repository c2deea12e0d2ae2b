"""Measures what a softmax head learns on features that are pooled rightly, and wrongly.

The floor of `roi_max_pool.head_learns` is the mean less two standard deviations over these seeds,
of whichever right pooling does worst (they all pool the same, so that they should agree).  Each
seed draws the pictures anew, as the grader does, and is observed by the check's own code.

    python benchmarks/calibrate_10.py [--seeds 20] [--wrong 5]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Check
from autograder.program import Program

COURSE = Path(__file__).parents[1]


def accuracies(
    loaded: LoadedUnit, check: Check, program: Program, shell: Any, seeds: int
) -> list[float]:
    """The accuracy on unseen pictures for each seed; 0 where nothing came back."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in range(seeds):
        (case,) = draw(check, f"calibration {seed}", loaded.name, "roi_max_pool")
        evidence = session.observe(check.source, dict(case.inputs), seed)
        right = (
            evidence.value["predictions"] == case.truth["labels"] if evidence.status == "ok" else 0
        )
        reached.append(float(np.mean(right)))
    return reached


def line(title: str, reached: list[float], seconds: float) -> str:
    """Mean, standard deviation and range in one line."""
    return (
        f"{title:28} mean {np.mean(reached):.4f}  sd {np.std(reached, ddof=1):.4f}  "
        f"{min(reached):.4f} to {max(reached):.4f}  {seconds:.2f} CPU s each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="for every right form")
    parser.add_argument("--wrong", type=int, default=0, help="seeds for every known mistake")
    options = parser.parse_args()
    loaded = Course(COURSE).load("10_rcnn_family")
    exercise = next(e for e in loaded.unit.exercises if e.name == "roi_max_pool")
    check = next(check for check in exercise.checks if check.name == "head_learns")
    shell = worker.make_shell()

    def measured(title: str, program: Program, seeds: int) -> list[float]:
        began = time.process_time()
        reached = accuracies(loaded, check, program, shell, seeds)
        print(line(title, reached, (time.process_time() - began) / seeds), flush=True)
        return reached

    right = {"reference": loaded.reference} | {
        form.name: loaded.alternative(exercise, form) for form in exercise.equivalents
    }
    floors = []
    for name, program in right.items():
        reached = measured(name, program, options.seeds)
        floors.append(np.mean(reached) - 2 * np.std(reached, ddof=1))
    print(f"floor: {min(floors):.4f}")
    for variant in exercise.variants if options.wrong > 1 else ():
        measured(f"wrong {variant.name}", loaded.alternative(exercise, variant), options.wrong)


if __name__ == "__main__":
    main()
