"""Measures what a right solution of unit 14 reaches on the digit strips.

The floor of `train_crnn.reads_strips` is the mean less two standard deviations over these seeds.
Each seed draws digits, strips and start values anew, as the grader does, and is observed by the
check's own code, in the grading configuration: one thread, oneDNN off.

    python benchmarks/calibrate_14.py [--seeds 20] [--first 0] [--alternatives 3]

`--first` begins at a later seed, for a measurement in parts; `--alternatives` shows as many seeds
of the other right solutions and of the known mistakes.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Check
from autograder.program import Program

COURSE = Path(__file__).parents[1]
UNIT, EXERCISE, CHECK = "14_ctc", "train_crnn", "reads_strips"


def shares(
    loaded: LoadedUnit, check: Check, program: Program, shell: object, seeds: range
) -> list[float]:
    """The share of unseen strips read without a mistake, for each seed; 0 where nothing came."""
    shell.reset(new_session=False)  # type: ignore[attr-defined]
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in seeds:
        for case in draw(check, f"calibration {seed}", UNIT, EXERCISE):
            found = session.observe(check.source, dict(case.inputs), seed)
            right = found.status == "ok" and found.value["predictions"] == case.truth["labels"]
            reached.append(float(np.mean(right)))
            print(f"    seed {seed:2}  {reached[-1]:.3f}  {found.seconds:.1f} CPU s", flush=True)
    return reached


def line(title: str, reached: list[float], seconds: float) -> str:
    """Mean, standard deviation, median and range in one line."""
    spread = np.std(reached, ddof=1) if len(reached) > 1 else 0.0
    return (
        f"{title:36} mean {np.mean(reached):.4f}  sd {spread:.4f}  median {np.median(reached):.4f}"
        f"  {min(reached):.3f} to {max(reached):.3f}  {seconds / len(reached):.1f} CPU s each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="for the reference")
    parser.add_argument("--first", type=int, default=0, help="the first of these seeds")
    parser.add_argument("--alternatives", type=int, default=0, help="seeds for all else")
    options = parser.parse_args()
    # As in the sandbox, and before a cell imports TensorFlow.
    threads = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in threads}
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    loaded = Course(COURSE).load(UNIT)
    exercise = next(item for item in loaded.unit.exercises if item.name == EXERCISE)
    check = next(item for item in exercise.checks if item.name == CHECK)
    shell = worker.make_shell()
    if options.seeds:
        began = time.process_time()
        seeds = range(options.first, options.first + options.seeds)
        reached = shares(loaded, check, loaded.reference, shell, seeds)
        print(line("reference", reached, time.process_time() - began))
        if options.seeds > 1:
            print(f"floor: {np.mean(reached) - 2 * np.std(reached, ddof=1):.4f}")
    for kind, many in (("right", exercise.equivalents), ("wrong", exercise.variants)):
        for alternative in many if options.alternatives else ():
            began = time.process_time()
            program = loaded.alternative(exercise, alternative)
            reached = shares(loaded, check, program, shell, range(options.alternatives))
            title = f"{kind} {alternative.name}"
            print(line(title, reached, time.process_time() - began), flush=True)


if __name__ == "__main__":
    main()
