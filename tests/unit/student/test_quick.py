"""`check` in the NumPy units feels quick. CPU time is measured: a busy machine is no failure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import ROOT

from autograder.course.course import Course
from autograder.course.unit import LoadedUnit

HERE = Course.find(ROOT)
LOADED = {name: HERE.load(name) for name in HERE.unit_names()}
NUMPY = [name for name, unit in LOADED.items() if unit.unit.framework == "numpy"]
FIRST, LATER = 2.0, 0.3  # seconds
# With IPython's shell, and with the rich findings that a front end asks for.
TIMED = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
cells, exercises = json.load(sys.stdin)
for cell in cells:
    shell.run_cell(cell, store_history=True)
shell.run_cell("from autograder import check", store_history=True)
check = shell.user_ns["check"]
seconds, right = [], []
for exercise in exercises:
    began = time.process_time()
    found = check(exercise)
    found._repr_html_(), repr(found)
    seconds.append(time.process_time() - began)
    right.append(found.result.points == found.result.max_points)
shell.history_manager.enabled = False
print(json.dumps([seconds, right, "tensorflow" in sys.modules]))
"""


def timed(loaded: LoadedUnit, folder: Path) -> tuple[list[float], list[bool], bool]:
    """The CPU seconds of each check of the reference, whether all is right, whether TF is loaded.

    The least of three runs: others on the machine cost caches, too.
    """
    given = json.dumps(
        [
            [source for _, source in loaded.reference.cells],
            [exercise.name for exercise in loaded.unit.exercises],
        ]
    )
    runs = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", TIMED],
            cwd=folder, input=given, capture_output=True, text=True, check=True,
        )  # fmt: skip
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    seconds = [min(each) for each in zip(*(run[0] for run in runs), strict=True)]
    return seconds, runs[0][1], runs[0][2]


@pytest.mark.slow
@pytest.mark.parametrize("name", NUMPY)
def test_a_check_is_quick(name: str) -> None:
    seconds, right, has_framework = timed(LOADED[name], HERE.root / "assignments" / name)
    assert all(right) and not has_framework
    assert seconds[0] < FIRST, seconds
    assert all(each < LATER for each in seconds[1:]), seconds
