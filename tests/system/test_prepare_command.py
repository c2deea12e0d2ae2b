"""`autograder prepare`: with its files, grading runs submissions alone."""

from __future__ import annotations

import logging
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.command import run_to_end

from autograder.batch.grader import Grader
from autograder.grading.hosts import Hosts
from autograder.grading.prepared import path_of
from autograder.results.result import Result

Write = Callable[..., Path]
UNIT = "01_lines"


def prepare(course: Path, *options: str) -> Path:
    words = [sys.executable, "-m", "autograder", "prepare", UNIT, "--course", str(course), *options]
    status, said = run_to_end(words)
    assert status == 0, said
    path = path_of(course, UNIT)
    assert f"{UNIT}: .autograder/prepared/{UNIT}.prepared (0.0" in said
    return path


def graded(course: Path, handed_in: Path) -> list[Result]:
    with Grader(course, keep_evidence=False, jobs=1) as grader:
        return [replace(each, seconds=0.0) for each in grader.grade(handed_in, unit=UNIT)]


def points(results: list[Result]) -> dict[str, tuple[Any, ...]]:
    """Points and explanations by student; times differ from run to run."""
    return {
        result.student: tuple(
            (finding.check, finding.points, finding.explained_by, finding.seen, finding.advice)
            for exercise in result.exercises
            for finding in exercise.findings
        )
        for result in results
    }


@pytest.fixture
def handed_in(tmp_path: Path, write_notebook: Write) -> Path:
    folder = tmp_path / "in"
    write_notebook(folder / "right.ipynb")
    total = "def center(X):\n    return X - X.sum(axis=1, keepdims=True)"
    write_notebook(folder / "sum.ipynb", center=total)
    write_notebook(folder / "stubs.ipynb", stubs=True)
    return folder


def test_grading_asks_none_of_the_units_own_programs(
    lines_course: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = points(graded(lines_course, handed_in))
    path = prepare(lines_course)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def asked(*_: Any) -> Any:
        raise AssertionError("A program of the unit was run.")

    monkeypatch.setattr(Hosts, "of", asked)
    monkeypatch.setattr(Hosts, "reference", asked)
    assert points(graded(lines_course, handed_in)) == without
    explained = {name for found in without["sum"] for name in found[2]}
    assert explained == {"sum"}


def test_evidence_for_another_seed_is_not_used_and_that_is_reported(
    lines_course: Path, handed_in: Path, caplog: pytest.LogCaptureFixture
) -> None:
    without = points(graded(lines_course, handed_in))
    path = prepare(lines_course, "--seed", "another")
    with caplog.at_level(logging.WARNING):
        assert points(graded(lines_course, handed_in)) == without
    (said,) = [record.getMessage() for record in caplog.records]
    assert str(path) in said
    assert "`autograder prepare`" in said


def test_evidence_of_an_older_state_of_the_unit_is_not_used(
    lines_course: Path, handed_in: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(lines_course)
    source = lines_course / "solutions" / UNIT / "exercises.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        results = graded(lines_course, handed_in)
    assert {result.status for result in results} == {"graded"}
    (said,) = [record.getMessage() for record in caplog.records]
    assert "was made for other sources of the unit" in said
