"""`Grader`, as a person's own program uses it: the grading of the command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

import pytest
from support.command import CENTER_SUM, Write, grade, table_of
from support.places import ROOT

from autograder import Grader
from autograder.batch.run import Attempt
from autograder.course.course import Course, CourseError
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import Result
from autograder.submissions.identify import UsageError
from autograder.submissions.submission import Submission, find, outline

pytestmark = pytest.mark.slow

DOCS = ROOT / "docs" / "architecture.md"


@pytest.fixture
def handed_in(tmp_path: Path, write_notebook: Write) -> Path:
    write_notebook(tmp_path / "in" / "ada.ipynb")
    write_notebook(tmp_path / "in" / "bo.ipynb", center=CENTER_SUM)
    (tmp_path / "in" / "cy.ipynb").write_text("{", encoding="utf-8")
    return tmp_path / "in"


def test_it_grades_as_the_command_does(lines_course: Path, handed_in: Path, tmp_path: Path) -> None:
    with Grader(lines_course, seed="s", keep_evidence=False) as grader:
        results = grader.grade(handed_in, unit="01_lines")
        again = grader.grade(str(handed_in / "bo.ipynb"), student="dora")
    found = {one.student: (one.status, one.points) for one in results}
    assert found == {"ada": ("graded", 5.0), "bo": ("graded", 3.0), "cy": ("ungradable", 0.0)}
    assert [(one.student, one.points) for one in again] == [("dora", 3.0)]
    grade(lines_course, handed_in)
    rows = table_of(tmp_path / "out")
    assert {name: (row["status"], float(row["points"])) for name, row in rows.items()} == found


def test_records_and_pages_are_written_where_it_is_said(
    lines_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    with Grader(lines_course, seed="s", keep_evidence=False) as grader:
        grader.grade(handed_in / "ada.ipynb", out=tmp_path / "kept")
    names = {path.name for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    assert names == {"ada.json", "ada.html"}


def test_a_number_names_its_unit(lines_course: Path, handed_in: Path) -> None:
    with Grader(lines_course, seed="s", keep_evidence=False) as grader:
        found = grader.hand_ins([handed_in], unit="1")
        assert {one.unit for one in found} == {"01_lines"}
        with pytest.raises(CourseError, match="no unit with the number 2 in"):
            grader.hand_ins([handed_in], unit="2")


def test_one_submission_is_graded_and_nothing_kept(lines_course: Path, handed_in: Path) -> None:
    with Grader(lines_course, seed="s", keep_evidence=False) as grader:
        units = {"01_lines": outline(grader.units["01_lines"])}
        ((submission,), _) = find([handed_in / "bo.ipynb"], units)
        result = grader.grade_one(submission)
    assert (result.student, result.status, result.points) == ("bo", "graded", 3.0)
    assert not (lines_course / ".autograder").exists()


class Elsewhere:
    """An engine: it says what it was asked."""

    on_gpu = True
    in_flight = 7

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool, bool]] = []
        self.is_open = False

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def grading(self, course: Course, keep_evidence: bool) -> Attempt:
        def attempt(submission: Submission, oracle: ReferenceOracle) -> Result:
            self.asked.append((course.root.name, keep_evidence, self.is_open))
            return Result(submission.student, submission.unit, "graded", 1.5, 5)

        return attempt


def test_an_engine_grades_and_is_closed(lines_course: Path, handed_in: Path) -> None:
    engine = Elsewhere()
    with Grader(lines_course, seed="s", keep_evidence=False, engine=engine) as grader:
        assert grader.slots == 7
        results = grader.grade(handed_in / "ada.ipynb", handed_in / "cy.ipynb")
    assert [(one.student, one.status, one.points) for one in results] == [
        ("ada", "graded", 1.5),
        ("cy", "ungradable", 0.0),
    ]
    assert engine.asked == [("course", False, True)]
    assert not engine.is_open


def test_what_is_not_there_is_said(lines_course: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="No course here"):
        Grader("/")
    with Grader(lines_course) as grader, pytest.raises(UsageError, match="nothing at"):
        grader.grade(tmp_path / "nowhere")


def test_the_example_in_the_docs_runs(
    lines_course: Path, handed_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    for told, real in (
        ("~/deep_learning", lines_course),
        ("submissions/", handed_in),
        ("03_optimizers", "01_lines"),
    ):
        assert told in example
        example = example.replace(told, str(real))
    exec(example, {})
    assert capsys.readouterr().out.splitlines() == [
        "ada 5.0 of 5",
        "bo 3.0 of 5",
        "cy 0.0 of 5",
    ]
