"""Grading again after the course was changed, as a teacher does it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support.command import CENTER_SUM, Write, autograder, notes_of, record_of, table_of

pytestmark = pytest.mark.slow


@pytest.fixture
def graded(lines_course: Path, tmp_path: Path, write_notebook: Write) -> dict[str, Any]:
    """A class of three, graded."""
    write_notebook(tmp_path / "in" / "ada.ipynb")
    write_notebook(tmp_path / "in" / "bo.ipynb", center=CENTER_SUM)
    write_notebook(tmp_path / "in" / "cy.ipynb", stubs=True)
    common = ("--course", lines_course, "--out", tmp_path / "grades", "--seed", "s")
    done = autograder("grade", tmp_path / "in", *common, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    return {"common": common, "course": lines_course, "folder": tmp_path}


def regrade(graded: dict[str, Any], *more: str | Path) -> Any:
    cache = str(graded["folder"] / "cache")
    return autograder(
        "regrade", graded["folder"] / "in", *graded["common"], *more, XDG_CACHE_HOME=cache
    )


def change(graded: dict[str, Any], **edits: str) -> None:
    path = graded["course"] / "solutions" / "01_lines" / "exercises.py"
    text = path.read_text()
    for old, new in edits.items():
        text = text.replace(EDITS[old], new)
    path.write_text(text)


EDITS = {
    "points": "points=1.5, cases=matrices",
    "rest": "points=0.5, cases=matrices",
    "words": "You subtract the sum: divide it by m.",
}


def results_in(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if ".regraded" not in path.parts and not path.name.startswith("differences")
    }


def test_differences_come_first_and_results_only_when_asked(graded: dict[str, Any]) -> None:
    before = results_in(graded["folder"] / "grades")
    change(graded, points="points=1.0, cases=matrices", rest="points=1.0, cases=matrices")
    change(graded, words="Divide the sum by m.")
    done = regrade(graded)
    assert (done.returncode, notes_of(done)) == (0, [])
    assert results_in(graded["folder"] / "grades") == before
    assert "No result was changed" in done.stdout
    told = (graded["folder"] / "grades" / "differences.md").read_text()
    assert "Divide the sum by m" in told
    with (graded["folder"] / "grades" / "differences.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    # `bo` fails `values`, and `keeps_x` counts beside a passed check only: nothing is gained.
    assert {(r["student"], r["exercise"], r["gained"]) for r in rows if r["gained"] != "0"} == {
        ("ada", "center", "-0.5"),
        ("ada", "center", "0.5"),
    }
    done = regrade(graded, "--apply")
    assert done.returncode == 0
    assert table_of(graded["folder"] / "grades")["ada"]["points"] == "5"
    advice = json.dumps(record_of(graded["folder"] / "grades", "bo"))
    assert "Divide the sum by m." in advice


def test_nothing_changed_is_told(graded: dict[str, Any]) -> None:
    done = regrade(graded)
    assert (done.returncode, notes_of(done)) == (0, [])
    assert "0 gained points, 0 lost points." in done.stdout
    assert (graded["folder"] / "grades" / "differences.md").read_text() == "Nothing changed.\n"


def test_results_of_another_course_and_seed_are_told_and_stay(graded: dict[str, Any]) -> None:
    grades = graded["folder"] / "grades"
    stranger = record_of(grades, "ada") | {"unit": "07_other", "seed": "t"}
    (grades / "07_other").mkdir()
    (grades / "07_other" / "ada.json").write_text(json.dumps(stranger))
    (grades / "01_lines" / "cut.json").write_text("{")
    done = regrade(graded, "--apply")
    assert done.returncode == 0
    assert "no `07_other`" in done.stderr and "another seed" in done.stderr
    assert "cut.json" in done.stderr
    assert json.loads((grades / "07_other" / "ada.json").read_text()) == stranger


def test_without_earlier_results_it_says_what_to_do(graded: dict[str, Any]) -> None:
    done = autograder("regrade", graded["folder"] / "in", "--out", graded["folder"] / "none")
    assert done.returncode == 2
    assert "holds no results" in done.stderr
