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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Case, Check
from autograder.program import Program

COURSE = Path(__file__).parents[1]
LEGAL = ("uniform", "truncated normal")


def observed(
    loaded: LoadedUnit, check: Check, program: Program, shell: Any, seeds: int
) -> Iterator[tuple[Any, Case]]:
    """What the check observes of a program, None where nothing came back, and its case."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    for seed in range(seeds):
        for case in draw(check, f"calibration {seed}", loaded.name, "init_params"):
            evidence = session.observe(check.source, dict(case.inputs), seed)
            yield (evidence.value if evidence.status == "ok" else None), case


def accuracies(*question: Any) -> list[float]:
    """The accuracy on unseen digits for each seed; 0 where nothing came back."""
    return [
        float(np.mean(value["predictions"] == case.truth["labels"])) if value else 0.0
        for value, case in observed(*question)
    ]


def depths(*question: Any) -> list[float]:
    """The logarithm of the spread in the last layer for each seed."""
    return [float(next(iter(value.values()))) for value, _ in observed(*question)]


def line(title: str, reached: list[float]) -> str:
    """Mean, standard deviation and range in one line."""
    return (
        f"{title:28} mean {np.mean(reached):.4f}  sd {np.std(reached, ddof=1):.4f}  "
        f"{min(reached):.4f} to {max(reached):.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40, help="for every legal distribution")
    parser.add_argument("--alternatives", type=int, default=0, help="seeds for known mistakes")
    options = parser.parse_args()
    loaded = Course(COURSE).load("02_initialization")
    exercise = loaded.unit.exercises[0]
    checks = {check.name: check for check in exercise.checks}
    shell = worker.make_shell()

    programs = {"normal (the reference)": loaded.reference} | {
        right.name: loaded.alternative(exercise, right)
        for right in exercise.equivalents
        if right.name in LEGAL
    }
    floors = []
    for name, program in programs.items():
        began = time.process_time()
        reached = accuracies(loaded, checks["learns_digits"], program, shell, options.seeds)
        seconds = (time.process_time() - began) / options.seeds
        floors.append(np.mean(reached) - 2 * np.std(reached, ddof=1))
        below = np.mean(np.array(reached) < floors[-1])
        print(
            line(name, reached), f" {seconds:.2f} CPU s, floor {floors[-1]:.4f}, {below:.1%} under"
        )
    print(f"floor: {min(floors):.4f}")
    for name, program in programs.items():
        logs = np.array(depths(loaded, checks["deep_signal"], program, shell, 10 * options.seeds))
        tails = (logs - logs.mean()) / logs.std()
        print(line(f"depth, {name}", logs.tolist()), f" tails {tails.min():.1f}, {tails.max():.1f}")
    for variant in exercise.variants if options.alternatives > 1 else ():
        program = loaded.alternative(exercise, variant)
        question = loaded, checks["learns_digits"], program, shell, options.alternatives
        print(line(f"wrong {variant.name}", accuracies(*question)))


if __name__ == "__main__":
    main()
