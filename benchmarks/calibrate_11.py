"""Measures how far forty steps bring the cost down in unit 11, for right and wrong solutions.

The bound of `style_step.cost_falls` leaves the mean two standard deviations of these seeds, and
more than that.  Each seed draws parts of the photographs and filters anew, as the grader does,
and is observed by the check's own code.

    python benchmarks/calibrate_11.py [--seeds 20] [--wrong 3]
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

COURSE = Path(__file__).parents[1]
UNIT, EXERCISE, CHECK = "11_style_transfer", "style_step", "cost_falls"


def shares(
    loaded: LoadedUnit, check: Check, program: Program, shell: Any, seeds: int
) -> list[float]:
    """The last cost by the first for each seed; infinite where nothing came back."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in range(seeds):
        for case in draw(check, f"calibration {seed}", UNIT, EXERCISE):
            found = session.observe(check.source, dict(case.inputs), seed)
            known = found.status == "ok"
            reached.append(found.value["last"] / found.value["first"] if known else float("inf"))
    return reached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="for the reference")
    parser.add_argument("--wrong", type=int, default=0, help="seeds for every known mistake")
    options = parser.parse_args()
    # As in the sandbox, and before a cell imports TensorFlow.
    threads = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in threads}
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    loaded = Course(COURSE).load(UNIT)
    exercise = next(item for item in loaded.unit.exercises if item.name == EXERCISE)
    check = next(item for item in exercise.checks if item.name == CHECK)
    shell = worker.make_shell()

    def measured(title: str, program: Program, seeds: int) -> list[float]:
        began = time.process_time()
        reached = shares(loaded, check, program, shell, seeds)
        seconds = (time.process_time() - began) / seeds
        print(
            f"{title:20} mean {np.mean(reached):.4f}  {min(reached):.4f} to {max(reached):.4f}  "
            f"{seconds:.1f} CPU s each",
            flush=True,
        )
        return reached

    reached = measured("reference", loaded.reference, options.seeds)
    print(f"mean plus two deviations: {np.mean(reached) + 2 * np.std(reached, ddof=1):.4f}")
    for variant in exercise.variants if options.wrong else ():
        measured(f"wrong {variant.name}", loaded.alternative(exercise, variant), options.wrong)


if __name__ == "__main__":
    main()
