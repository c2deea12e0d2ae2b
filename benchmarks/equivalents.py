"""Right solutions of other forms against the reference over many seeds: none may lose a point.

Each seed draws every case anew.  Checks that train are left out: their floors have scripts of their
own (calibrate.py).  A deviation is in units of the judge, of which 64 pass.

    python benchmarks/equivalents.py UNIT ... [--seeds 200] [--first 0]

Long runs can be cut: Ctrl-C prints what is known so far, and `--first` is the first seed.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from machine import cpu_seconds

from autograder.authoring.proof import equivalents
from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.sandbox.pool import Pool

COURSE = Path(__file__).parents[1]


class Study:
    """What the equivalents of one unit gave so far."""

    def __init__(self, loaded: LoadedUnit, pool: Pool) -> None:
        self._loaded = loaded
        self._pool = pool
        self.seeds = 0
        self.failed: list[str] = []
        # Of each exercise: the worst deviation, and whose it was.
        self.worst: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, "exact"))
        self.graded = 0

    def add(self, seed: str) -> None:
        """Grades every equivalent on the cases of a seed."""
        for row in equivalents(self._loaded, seed, self._pool, EvidenceCache(None)):
            self.graded += 1
            if row.problem:
                self.failed.append(f"{row.exercise}: {row.name}, {row.failed}, {row.problem}")
            for check, deviation in row.deviations.items():
                found = (deviation or 0.0, f"{row.name}, {check}")
                self.worst[row.exercise] = max(self.worst[row.exercise], found)
        self.seeds += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="+", metavar="UNIT")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    for name in options.units:
        loaded = Course(COURSE).load(name)
        began = time.monotonic(), cpu_seconds()
        with Pool() as pool:
            study = Study(loaded, pool)
            with suppress(KeyboardInterrupt):
                for number in range(options.first, options.first + options.seeds):
                    study.add(f"equivalents-{number}")
            spent = time.monotonic() - began[0], cpu_seconds() - began[1]
        print(
            f"{name}: {study.seeds} seeds from {options.first}, {study.graded} gradings, "
            f"{len(study.failed)} did not hold; {spent[0]:.0f} s, {spent[1]:.0f} CPU s"
        )
        for exercise, (deviation, where) in study.worst.items():
            print(f"    {exercise:24} at most {deviation:8.3g} ({where})")
        for line in study.failed:
            print(f"    FAILED {line}", flush=True)


if __name__ == "__main__":
    main()
