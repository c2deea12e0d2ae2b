"""Measures what right solutions of a unit reach where something is trained.

A floor of accuracy is the mean less two standard deviations over these seeds, of whichever legal
form does worst; a bound (`at_most`, where a check has several tries) is the mean plus two.  Each
seed draws the data and the start anew, as the grader does, and is observed by the check's own
code, in the grading configuration: one thread, oneDNN off.

    python benchmarks/calibrate.py UNIT [--exercise NAME] [--form NAME] [--seeds 20] [--first 0]
                                        [--wrong 5]

Long runs can be cut: every number is printed at once, and `--first` is the first seed.  Units 01,
02 and 04 measure more than accuracies: they have scripts of their own.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder import worker
from autograder.course import Course, LoadedUnit, draw
from autograder.exercise import Case, Check, Exercise
from autograder.measured import Accuracy, AtMost
from autograder.program import Program

COURSE = Path(__file__).parents[1]


def grading_shell() -> Any:
    """A shell for programs, in a process that computes as the sandbox does.

    To be made before anything imports TensorFlow.
    """
    threads = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in threads}
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return worker.make_shell()


def observed(
    loaded: LoadedUnit, exercise: str, check: Check, program: Program, shell: Any, seeds: range
) -> Iterator[tuple[Any, Case]]:
    """What the check observes of a program, None where nothing came back, and its case."""
    shell.reset(new_session=False)
    session = worker.Session(shell)
    for number, source in program.cells:
        session.run_cell(number, source)
    for seed in seeds:
        for case in draw(check, f"calibration {seed}", loaded.name, exercise):
            evidence = session.observe(check.source, dict(case.inputs), seed)
            yield (evidence.value if evidence.status == "ok" else None), case


def number(judge: Accuracy | AtMost, value: Any, case: Case) -> float:
    """What is judged; where nothing came back, the worst there is.

    It is the share of unseen examples that are right, or what an author measures.
    """
    if isinstance(judge, AtMost):
        return float(judge.of(value)) if value else float("inf")
    return float(np.mean(value["predictions"] == case.truth["labels"])) if value else 0.0


def threshold(judge: Accuracy | AtMost, reached: Sequence[float]) -> float:
    """The mean less two standard deviations; plus two where less is better."""
    deviations = 2 if isinstance(judge, AtMost) else -2
    return float(np.mean(reached) + deviations * np.std(reached, ddof=1))


def trains(check: Check) -> bool:
    """Whether its threshold is one that this script measures."""
    judge = check.judge
    return isinstance(judge, Accuracy) or (isinstance(judge, AtMost) and check.tries > 1)


def line(title: str, reached: Sequence[float]) -> str:
    """Mean, standard deviation and range in one line."""
    return (
        f"{title:40} mean {np.mean(reached):.4f}  sd {np.std(reached, ddof=1):.4f}  "
        f"{min(reached):.4f} to {max(reached):.4f}"
    )


def measure(
    loaded: LoadedUnit, exercise: Exercise, check: Check, shell: Any, options: argparse.Namespace
) -> None:
    """The lines of one check: its right forms, the floor, and known mistakes."""

    def measured(title: str, program: Program, seeds: range) -> list[float]:
        began, reached = time.process_time(), []
        for value, case in observed(loaded, exercise.name, check, program, shell, seeds):
            reached.append(number(check.judge, value, case))
            print(f"    {title}: {reached[-1]:.4f}", flush=True)
        seconds = (time.process_time() - began) / len(seeds)
        print(line(title, reached), f" {seconds:.2f} CPU s each", flush=True)
        return reached

    print(f"{exercise.name}.{check.name}")
    thresholds = []
    forms = {"reference": loaded.reference} | {
        form.name: loaded.alternative(exercise, form) for form in exercise.equivalents
    }
    for name, program in forms.items():
        if options.form in (None, name):
            seeds = range(options.first, options.first + options.seeds)
            thresholds.append(threshold(check.judge, measured(name, program, seeds)))
    if thresholds and isinstance(check.judge, AtMost):
        print(f"bound: {max(thresholds):.4f}")
    elif thresholds:
        print(f"floor: {min(thresholds):.4f}")
    for variant in exercise.variants if options.wrong > 1 else ():
        if options.form in (None, variant.name):
            program = loaded.alternative(exercise, variant)
            measured(f"wrong {variant.name}", program, range(options.wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("unit")
    parser.add_argument("--exercise", help="this one only")
    parser.add_argument("--form", help="`reference`, or the name of an equivalent or variant")
    parser.add_argument("--seeds", type=int, default=20, help="for every legal form, at least 2")
    parser.add_argument("--first", type=int, default=0, help="the first of these seeds")
    parser.add_argument("--wrong", type=int, default=0, help="seeds for every known mistake")
    options = parser.parse_args()
    loaded, shell = Course(COURSE).load(options.unit), grading_shell()
    for exercise in loaded.unit.exercises:
        for check in exercise.checks if options.exercise in (None, exercise.name) else ():
            if trains(check):
                measure(loaded, exercise, check, shell, options)


if __name__ == "__main__":
    main()
