"""Measures what a right solution of unit 13 reaches on short dates.

The floor of `build_encoder_decoder.learns_dates` is the mean less two standard deviations over
these seeds, of whichever legal form of the model does worst.  Each seed draws the dates and the
start anew, as the grader does, and is observed by the check's own code.

    python benchmarks/calibrate_13.py [--seeds 20] [--first 0] [--wrong 5] [--forms NAME ...]
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


def accuracies(
    loaded: LoadedUnit, check: Check, program: Program, shell: Any, seeds: range
) -> list[float]:
    """The share of unseen dates that are right, for each seed; 0 where nothing came back."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    reached = []
    for seed in seeds:
        (case,) = draw(check, f"calibration {seed}", loaded.name, "build_encoder_decoder")
        evidence = session.observe(check.source, dict(case.inputs), seed)
        right = (
            evidence.value["predictions"] == case.truth["labels"] if evidence.status == "ok" else 0
        )
        reached.append(float(np.mean(right)))
    return reached


def line(title: str, reached: list[float], seconds: float) -> str:
    """Mean, standard deviation and range in one line, and below it each seed's."""
    return (
        f"{title:40} mean {np.mean(reached):.4f}  sd {np.std(reached, ddof=1):.4f}  "
        f"{min(reached):.4f} to {max(reached):.4f}  {seconds:.2f} CPU s each\n"
        f"    {' '.join(f'{share:.3f}' for share in reached)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="for every legal form")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--forms", nargs="*", help="only these legal forms and known mistakes")
    parser.add_argument("--wrong", type=int, default=0, help="seeds for every known mistake")
    options = parser.parse_args()
    loaded = Course(COURSE).load("13_seq2seq_attention")
    exercise = next(e for e in loaded.unit.exercises if e.name == "build_encoder_decoder")
    check = next(check for check in exercise.checks if check.name == "learns_dates")
    shell = worker.make_shell()

    def measured(title: str, program: Program, seeds: int) -> list[float]:
        began = time.process_time()
        drawn = range(options.first, options.first + seeds)
        reached = accuracies(loaded, check, program, shell, drawn)
        print(line(title, reached, (time.process_time() - began) / seeds), flush=True)
        return reached

    def asked_for(name: str) -> bool:
        return options.forms is None or name in options.forms

    right = {"reference": loaded.reference} | {
        form.name: loaded.alternative(exercise, form) for form in exercise.equivalents
    }
    floors = []
    for name, program in right.items():
        if not asked_for(name):
            continue
        reached = measured(name, program, options.seeds)
        floors.append(np.mean(reached) - 2 * np.std(reached, ddof=1))
    if floors:
        print(f"floor: {min(floors):.4f}")
    for variant in exercise.variants if options.wrong > 1 else ():
        if not asked_for(variant.name):
            continue
        measured(f"wrong {variant.name}", loaded.alternative(exercise, variant), options.wrong)


if __name__ == "__main__":
    main()
