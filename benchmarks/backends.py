"""The sample class on each backend of Keras: does every submission get the points of TensorFlow?

Grades tests/data/submissions/<unit> on TensorFlow and on the others that are asked for, each with a
reference of its own backend, and prints a table in Markdown, then every check whose points differ.

    python benchmarks/backends.py [UNIT ...] [--backends jax torch] [--students 14]

A backend that is not installed can't be asked for; docs/backends.md has a result.
Long runs can be cut: Ctrl-C prints the differences that are known so far.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from machine import Watcher, adopt

from autograder.backends import DEFAULT, Backend, asked_for
from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.fingerprint import versions
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import Finding, Result
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, find, outline

COURSE = Path(__file__).parents[1]
CLASS = COURSE / "tests" / "data" / "submissions"
SEED = "backends"


def read(loaded: LoadedUnit, students: int) -> list[Submission]:
    """The first submissions of the sample class that can be read."""
    paths = sorted((CLASS / loaded.name).glob("*.ipynb"))
    return find(paths, {loaded.name: outline(loaded)}, loaded.name)[0][:students]


def graded(loaded: LoadedUnit, submissions: Sequence[Submission], pool: Pool) -> list[Result]:
    """Their results on the pool's backend, nothing kept between runs."""
    oracle = ReferenceOracle(loaded, SEED, pool, EvidenceCache(None))
    try:
        return [grade(submission, oracle) for submission in submissions]
    finally:
        oracle.close()


def checks(result: Result) -> Iterator[tuple[str, Finding]]:
    for exercise in result.exercises:
        for finding in exercise.findings:
            yield f"`{exercise.exercise}` {finding.check}", finding


def differences(one: Result, other: Result) -> Iterator[str]:
    """The checks whose points two results of a submission differ in, as rows of a table."""
    pairs = zip(checks(one), checks(other), strict=True)
    for (name, left), (_, right) in pairs:
        if abs(left.points - right.points) > 1e-9:
            seen = (right if right.points < left.points else left).seen
            yield (
                f"| {one.unit} | {one.student} | {other.backend} | {name} | "
                f"{left.verdict} | {right.verdict} | {seen} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*", metavar="UNIT")
    parser.add_argument("--backends", nargs="+", default=["jax", "torch"])
    parser.add_argument("--students", type=int, default=1000, help="of each unit, at most")
    options = parser.parse_args()
    adopt()
    others = [asked_for(name) for name in options.backends]
    print(", ".join(f"{name} {version}" for name, version in versions(DEFAULT, *others)), "\n")
    print("| unit | backend | submissions | same points in every check | CPU s | dearest check |")
    print("|---|---|---|---|---|---|")
    rows: list[str] = []
    with suppress(KeyboardInterrupt):
        for name in options.units or Course(COURSE).unit_names():
            for row in compared(Course(COURSE).load(name), options.students, others):
                rows.append(row)
    print("\n| unit | student | backend | check | tensorflow | there | what was seen |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(rows))


def compared(loaded: LoadedUnit, students: int, others: Sequence[Backend]) -> Iterator[str]:
    """Prints a unit's rows of the first table; gives those of the second as they are found."""
    submissions = read(loaded, students)
    first: list[Result] = []
    for backend in (DEFAULT, *others):
        watcher = Watcher(os.getpid(), Path(os.devnull), pause=0.5)
        with watcher, Pool(backend=backend) as pool:
            results = graded(loaded, submissions, pool)
        first = first or results
        found = [list(differences(*pair)) for pair in zip(first, results, strict=True)]
        for each in found:
            yield from each
        ran_on = sorted({result.backend for result in results})
        same = sum(not each for each in found)
        said = backend if backend in ran_on else f"{backend} (runs on {', '.join(ran_on)})"
        dearest = max(finding.seconds for result in results for _, finding in checks(result))
        row = [loaded.name, said, len(results), same, f"{watcher.cpu:.0f}", f"{dearest:.1f}"]
        print("|", " | ".join(map(str, row)), "|", flush=True)


if __name__ == "__main__":
    main()
