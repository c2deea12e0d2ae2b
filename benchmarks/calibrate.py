"""Measures what right solutions of a unit reach where something is trained.

A floor of accuracy is the mean less two standard deviations over these seeds, of whichever legal
form does worst; a bound (`at_most`, where a check has several tries) is the mean plus two.  Each
seed draws the data and the start anew, as the grader does, and is observed by the check's own
code, in the grading configuration: one thread, oneDNN off.

    python benchmarks/calibrate.py UNIT [--exercise NAME] [--form NAME] [--seeds 20] [--first 0]
                                        [--wrong 5] [--csv benchmarks/training.csv]

Long runs can be cut: every number is printed at once, and `--first` is the first seed.  With
`--csv` each is kept there too, for `training.py`, and no seed that is there already runs again.
Units 01, 02 and 04 measure more than accuracies: they have scripts of their own.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.cases import draw
from autograder.course.course import Course
from autograder.course.exercise import Case, Check, Exercise
from autograder.course.unit import LoadedUnit
from autograder.guest import worker
from autograder.judging.comparison import Wanted
from autograder.judging.detection import AveragePrecision, Recall
from autograder.judging.statistical import Accuracy, AtMost
from autograder.wire.program import Program

COURSE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Training:
    """One training of one program, as a line of `--csv`; `reached` is what `number` gives."""

    unit: str
    exercise: str
    check: str
    form: str  # `reference`, or an equivalent's or a variant's name
    seed: int
    reached: float
    passed: bool


def trainings(path: Path) -> list[Training]:
    """What a file holds; nothing where there is none."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            Training(unit, exercise, check, form, int(seed), float(value), passed == "True")
            for unit, exercise, check, form, seed, value, passed in list(csv.reader(file))[1:]
        ]


class Kept:
    """Trainings that a file keeps from run to run; without a file, those of this run."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = trainings(path) if path else []

    def seeds(self, trial: tuple[str, ...]) -> set[int]:
        """The seeds that ran already; `trial` is unit, exercise, check and form."""
        return {known.seed for known in self._known if astuple(known)[:4] == trial}

    def reached(self, trial: tuple[str, ...], seeds: range) -> list[float]:
        return [
            known.reached
            for known in self._known
            if astuple(known)[:4] == trial and known.seed in seeds
        ]

    def add(self, training: Training) -> None:
        self._known.append(training)
        if self._path is None:
            return
        new = not self._path.exists()
        with self._path.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(field.name for field in fields(Training))
            writer.writerow(
                f"{item:.6g}" if isinstance(item, float) else item for item in astuple(training)
            )


Judge = Accuracy | Recall | AveragePrecision | AtMost


def grading_shell() -> Any:
    """A shell for programs, in a process that computes as the sandbox does.

    To be made before anything imports TensorFlow.
    """
    threads = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    os.environ |= {f"{name}_NUM_THREADS": "1" for name in threads}
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return worker.make_shell()


def observed(
    loaded: LoadedUnit,
    exercise: str,
    check: Check,
    program: Program,
    shell: Any,
    seeds: Iterable[int],
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


def number(judge: Judge, value: Any, case: Case) -> float:
    """What is judged; where nothing came back, the worst there is.

    It is the share of unseen examples that are right, recall, mean average precision, or what an
    author measures.
    """
    if isinstance(judge, AtMost):
        return float(judge.of(value)) if value else float("inf")
    return judge.reached(value, case.truth) if value else 0.0


def passes(judge: Judge, value: Any, case: Case) -> bool:
    """Whether the check would give its points for this."""
    return bool(value) and judge(value, Wanted(truth=dict(case.truth))).passed


def threshold(judge: Judge, reached: Sequence[float]) -> float:
    """The mean less two standard deviations; plus two where less is better."""
    deviations = 2 if isinstance(judge, AtMost) else -2
    return float(np.mean(reached) + deviations * np.std(reached, ddof=1))


def trains(check: Check) -> bool:
    """Whether its threshold is one that this script measures."""
    judge = check.judge
    return judge.trains or (isinstance(judge, AtMost) and check.tries > 1)


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
    kept = Kept(options.csv)

    def measured(form: str, program: Program, seeds: range) -> list[float]:
        began, trial = time.process_time(), (loaded.name, exercise.name, check.name, form)
        left = [seed for seed in seeds if seed not in kept.seeds(trial)]
        # One case a seed: a check that trains draws a single one.
        found = observed(loaded, exercise.name, check, program, shell, left)
        for seed, (value, case) in zip(left, found, strict=True):
            reached, passed = number(check.judge, value, case), passes(check.judge, value, case)
            kept.add(Training(*trial, seed, reached, passed))
            print(f"    {form}: {reached:.4f}{'' if passed else ' fails'}", flush=True)
        seconds = (time.process_time() - began) / max(len(left), 1)
        reached = kept.reached(trial, seeds)
        print(line(form, reached), f" {seconds:.2f} CPU s each", flush=True)
        return reached

    print(f"{exercise.name}.{check.name}")
    thresholds = []
    forms = {"reference": loaded.reference} | {
        form.name: loaded.alternative(exercise, form) for form in exercise.equivalents
    }
    for name, program in forms.items():
        if options.form in (None, name) and options.seeds:
            seeds = range(options.first, options.first + options.seeds)
            thresholds.append(threshold(check.judge, measured(name, program, seeds)))
    if thresholds and isinstance(check.judge, AtMost):
        print(f"bound: {max(thresholds):.4f}")
    elif thresholds:
        print(f"floor: {min(thresholds):.4f}")
    for variant in exercise.variants if options.wrong > 1 else ():
        if options.form in (None, variant.name):
            measured(variant.name, loaded.alternative(exercise, variant), range(options.wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("unit")
    parser.add_argument("--exercise", help="this one only")
    parser.add_argument("--form", help="`reference`, or the name of an equivalent or variant")
    parser.add_argument(
        "--seeds", type=int, default=20, help="for every legal form; 0 or at least 2"
    )
    parser.add_argument("--first", type=int, default=0, help="the first of these seeds")
    parser.add_argument("--wrong", type=int, default=0, help="seeds for every known mistake")
    parser.add_argument("--csv", type=Path, help="keep every training here")
    options = parser.parse_args()
    course = Course(COURSE)
    loaded, shell = course.load(course.unit_name(options.unit)), grading_shell()
    for exercise in loaded.unit.exercises:
        for check in exercise.checks if options.exercise in (None, exercise.name) else ():
            if trains(check):
                measure(loaded, exercise, check, shell, options)


if __name__ == "__main__":
    main()
