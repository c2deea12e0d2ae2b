"""Measures what a submission with one known mistake costs beside a right one, both alone and cold.

    python benchmarks/wrong_answers.py cost [UNIT ...] [--each N] [--json FILE]
    python benchmarks/wrong_answers.py names FILE [UNIT ...] [--each N]

`cost` grades the reference and programs with one known mistake each, in turns, each with nothing
kept of the unit's own programs, and prints by unit how many times the right one's CPU seconds a
wrong one takes: with the start of the command, as CI grades a push, and without it.  That start is
the same for both, so it is measured once: the command on the reference, less the grading alone.
`names` writes what each program got and how its mistake was named, to be compared with another
commit's: `diff`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).parent))
from cost import read, turns
from machine import adopt, cpu_seconds, facts

from autograder.course.course import Course
from autograder.course.exercise import Alternative, Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import Result
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission
from autograder.wire.program import Program

COURSE = Path(__file__).parents[1]
SEED = "benchmark"
RIGHT = 3  # gradings of the right one, of which the median counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    cost = modes.add_parser("cost")
    cost.add_argument("--json", type=Path, help="write all numbers here")
    names = modes.add_parser("names")
    names.add_argument("file", type=Path)
    for each in (cost, names):
        each.add_argument("units", nargs="*", metavar="UNIT")
        each.add_argument("--each", type=int, help="mistakes of a unit, spread over its exercises")
    options = parser.parse_args()
    adopt()
    course = Course.find(COURSE)
    units = [course.unit_name(name) for name in options.units] or course.unit_names()
    with tempfile.TemporaryDirectory(prefix="wrong-") as folder, Pool() as pool:
        measure = _Measure(Path(folder), pool, options.each)
        if options.mode == "names":
            named = {unit: measure.names(course.load(unit)) for unit in units}
            options.file.write_text(json.dumps(named, indent=1, ensure_ascii=False) + "\n")
            return
        print("  ".join(f"{name} {value}" for name, value in facts().items()), "\n")
        print(f"{'':28} {'start':>6} {'right':>6}  wrong: median, worst  ratio: median, worst;")
        print(f"{'CPU seconds':28} {'':37} with start   without it")
        costs = {}
        for unit in units:
            costs[unit] = measure.costs(course.load(unit))
            _show(unit, costs[unit])
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": facts(), "cpu": costs}, indent=1) + "\n")


def _show(unit: str, costs: dict[str, float]) -> None:
    start, right = costs["start"], costs["right"]
    wrong = {name: seconds for name, seconds in costs.items() if ": " in name}
    middle, (name, worst) = median(wrong.values()), max(wrong.items(), key=lambda item: item[1])
    ratios = [(each + extra) / (right + extra) for extra in (start, 0) for each in (middle, worst)]
    print(
        f"{unit:28} {start:6.2f} {right:6.2f} {middle:14.2f} {worst:6.2f}  "
        f"{ratios[0]:6.2f} {ratios[1]:5.2f}  {ratios[2]:5.2f} {ratios[3]:5.2f}  {name}",
        flush=True,
    )


class _Measure:
    def __init__(self, folder: Path, pool: Pool, each: int | None) -> None:
        self._folder = folder
        self._pool = pool
        self._each = each
        self._count = 0

    def costs(self, loaded: LoadedUnit) -> dict[str, float]:
        """Return CPU seconds of the command's start, the right program and, by name, wrong ones."""
        self._cold(loaded, loaded.reference)  # warms the template
        right = median(self._cold(loaded, loaded.reference) for _ in range(RIGHT))
        whole = median(self._command(loaded) for _ in range(RIGHT))
        found = {"start": max(0.0, whole - right), "right": right}
        for exercise, variant in self._mistakes(loaded):
            program = loaded.alternative(exercise, variant)
            found[f"{exercise.name}: {variant.name}"] = self._cold(loaded, program)
        return found

    def _command(self, loaded: LoadedUnit) -> float:
        """Return CPU seconds of `autograder grade` on the reference, with nothing kept."""
        self._submission(loaded, loaded.reference)
        before = cpu_seconds()
        place = self._folder / f"out{self._count}"
        words = ["grade", self._folder / f"student{self._count}.ipynb", "--unit", loaded.name]
        words += ["--course", COURSE, "--seed", SEED, "--out", place, "--fresh"]
        subprocess.run(
            [sys.executable, "-m", "autograder", *map(str, words)],
            env={**os.environ, "XDG_CACHE_HOME": str(self._folder / "cache")},
            check=True,
            capture_output=True,
        )
        return cpu_seconds() - before

    def names(self, loaded: LoadedUnit) -> dict[str, Any]:
        """Return what programs with one mistake get and what is said of it."""
        found = {}
        cache = EvidenceCache(None)
        with closing(ReferenceOracle(loaded, SEED, self._pool, cache)) as oracle:
            for exercise, variant in self._mistakes(loaded):
                program = loaded.alternative(exercise, variant)
                result = grade(self._submission(loaded, program), oracle)
                found[f"{exercise.name}: {variant.name}"] = _said(result)
        return found

    def _mistakes(self, loaded: LoadedUnit) -> Iterator[tuple[Exercise, Alternative]]:
        every = turns([(exercise, exercise.variants) for exercise in loaded.unit.exercises])
        return islice(every, self._each)

    def _cold(self, loaded: LoadedUnit, program: Program) -> float:
        """Return CPU seconds of grading a program with nothing kept of the unit's own."""
        submission = self._submission(loaded, program)
        before = cpu_seconds()
        cache = EvidenceCache(None)
        with closing(ReferenceOracle(loaded, SEED, self._pool, cache)) as oracle:
            result = grade(submission, oracle)
        if result.status != "graded":
            raise SystemExit(f"{loaded.name}: {result.status}")
        return cpu_seconds() - before

    def _submission(self, loaded: LoadedUnit, program: Program) -> Submission:
        """Return a program as a submission that differs from all before in a comment."""
        self._count += 1
        cells = [nbformat.v4.new_code_cell(source) for _, source in program.cells]
        cells[0]["source"] += f"\n# handed in: {self._count}"
        path = self._folder / f"student{self._count}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return read(loaded, [path])[0]


def _said(result: Result) -> dict[str, Any]:
    return {
        "points": result.points,
        "findings": [
            f"{exercise.exercise}.{finding.check}: {finding.verdict} {finding.points} "
            f"{list(finding.explained_by)} {finding.advice} | {finding.seen} | {finding.expected}"
            for exercise in result.exercises
            for finding in exercise.findings
            if finding.verdict != "passed"
        ],
    }


if __name__ == "__main__":
    main()
