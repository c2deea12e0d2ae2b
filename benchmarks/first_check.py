#!/usr/bin/env python3
"""Measure how long a student waits for `check` in a kernel, beside `python -c "import numpy"`.

usage: python benchmarks/first_check.py [UNIT] [--rounds N]

Each round starts a kernel of the environment, runs the cells of the unit's reference without its
experiments, and then the check of every exercise, through nbclient as a front end would. Time is
what passes between the request and the answer, rich findings included. The two sides take turns.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
from machine import OthersUse, facts
from nbclient import NotebookClient

from autograder.course.course import Course
from autograder.course.unit import LoadedUnit

ROOT = Path(__file__).resolve().parent.parent


def notebook(unit: LoadedUnit) -> tuple[Any, int]:
    """Return the reference's cells with a check of each exercise behind them, and their number."""
    sources = [source for _, source in unit.reference.cells]
    checks = [f'check("{exercise.name}")' for exercise in unit.unit.exercises]
    given = [*sources, "from autograder import check"]
    make: Any = nbformat.v4  # which has no types
    cells = [make.new_code_cell(source) for source in [*given, *checks]]
    return make.new_notebook(cells=cells), len(given)


def waited(unit: LoadedUnit, folder: Path) -> tuple[float, list[float]]:
    """Return the seconds of the import of `check`, and of each check in one kernel."""
    asked, first = notebook(unit)
    client = NotebookClient(asked, timeout=300, resources={"metadata": {"path": str(folder)}})
    seconds = []
    with client.setup_kernel():
        for number, cell in enumerate(asked.cells):
            began = time.perf_counter()
            done = client.execute_cell(cell, number)
            seconds.append(time.perf_counter() - began)
            if number >= first and "text/html" not in done.outputs[-1].data:
                raise SystemExit(f"`{cell.source}` showed no findings.")
    return seconds[first - 1], seconds[first:]


def numpy_import() -> float:
    """Return the seconds of a Python that imports NumPy."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return time.perf_counter() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("unit", nargs="?", default="03_optimizers")
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    unit = Course.find(ROOT).load(asked.unit)
    rows = []
    for name, value in facts().items():
        print(f"{name}: {value}")
    with tempfile.TemporaryDirectory(prefix="first-check-") as folder, OthersUse() as others:
        shutil.copytree(ROOT / "assignments" / unit.name, folder, dirs_exist_ok=True)
        for _ in range(asked.rounds):
            rows.append((numpy_import(), *waited(unit, Path(folder))))
    later = [seconds for _, _, checks in rows for seconds in checks[1:]]
    print(f"others used {others.share:.0%} of the cores")
    print("\n| what | median | most |\n|---|---|---|")
    for what, values in [
        ('`python -c "import numpy"`', [row[0] for row in rows]),
        ("`from autograder import check`", [row[1] for row in rows]),
        ("first check", [row[2][0] for row in rows]),
        ("each later check", later),
    ]:
        print(f"| {what} | {median(values):.2f} s | {max(values):.2f} s |")


if __name__ == "__main__":
    main()
