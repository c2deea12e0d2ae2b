"""The class that other graders are compared on: its asserts tell right from wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import peers
import pytest

from autograder.course.unit import LoadedUnit

# Runs notebooks' cells as a kernel does, each in a process, and says how many of its tests fail.
RUN = """
import os, sys, nbformat, course_asserts
for path in sys.argv[1:]:
    if os.fork() == 0:
        names, failed = {}, 0
        for cell in nbformat.read(path, 4).cells:
            try:
                exec(cell.source, names)
            except Exception:
                failed += cell.metadata.get("nbgrader", {}).get("grade", False)
        print(failed, flush=True)
        os._exit(0)
    os.wait()
"""
SOME = (
    "one by one",
    "axis",
    "stubs as released",
    "functions that return None",
    "helper of the tests replaced",
)


@pytest.fixture(scope="module")
def found(lines: LoadedUnit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Failed tests by student."""
    folder = tmp_path_factory.mktemp("peers")
    (folder / "answers.pkl").write_bytes(peers.answers(lines, folder / "evidence"))
    environment = os.environ | {
        "COURSE_ANSWERS": str(folder / "answers.pkl"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    notebooks = {}
    for student in peers.class_of(lines, 40):
        if student.what.endswith(SOME):
            notebooks[student.what] = folder / f"{student.name}.ipynb"
            notebook = peers.assert_notebook(lines, student.cells)
            peers.nbformat.write(notebook, notebooks[student.what])
    run = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, notebooks.values())],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(notebooks, map(int, run.stdout.split()), strict=True))


def test_a_class_has_all_kinds_and_no_notebook_twice(lines: LoadedUnit) -> None:
    students = peers.class_of(lines, 40)
    assert [s.kind for s in students].count("cheat") == len(peers.CHEATS) == 8
    assert len({tuple(s.cells.values()) for s in students}) == 40


def test_the_asserts_pass_what_is_right_and_fail_what_is_wrong(found: dict[str, int]) -> None:
    assert found["center one by one"] == 0
    assert found["center axis"] > 0
    assert found["stubs as released"] > 0
    assert found["functions that return None"] > 0


def test_in_one_process_with_its_tests_a_cheat_passes_them(found: dict[str, int]) -> None:
    assert found["helper of the tests replaced"] == 0
