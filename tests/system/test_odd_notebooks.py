"""OddNotebook notebooks get the points that they are worth, and messages say what was seen.

`support/odd_notebooks.py` declares them; tests/data/odd has some for the course's first unit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.odd_notebooks import ODD, UNIT, OddNotebook
from support.places import DATA, ROOT, TINY

from autograder import Grader
from autograder.report import class_table, markdown, page, phrases, terminal
from autograder.results.result import Result

FIRST = "01_two_layer_network"


def read_by_the_student(result: Result) -> str:
    """All that is said of a submission, but for code and numbers."""
    findings = [finding for exercise in result.exercises for finding in exercise.findings]
    parts = [result.problem, *result.notes, *(cell.error for cell in result.cells)]
    for finding in findings:
        parts += [finding.seen, finding.expected, finding.advice, *finding.remarks]
    return "\n".join(parts)


@pytest.fixture(scope="module")
def graded() -> Iterator[dict[str, Result]]:
    """The results of all of them, by name: graded as one class."""
    with tempfile.TemporaryDirectory() as folder:
        for odd in ODD:
            odd.write(Path(folder) / odd.name)
        with Grader(TINY, seed="odd", keep_evidence=False) as grader:
            results = grader.grade(folder, unit=UNIT)
        yield {result.student: result for result in results}


def test_they_are_many_and_each_has_a_name() -> None:
    assert len(ODD) >= 60
    assert len({odd.name for odd in ODD}) == len(ODD)
    assert {odd.kind for odd in ODD} == {5, 6, 7, 8, 9, 10, 11, 12}


@pytest.mark.parametrize("odd", ODD, ids=[odd.name for odd in ODD])
def test_an_odd_notebook_is_worth_what_it_is(graded: dict[str, Result], odd: OddNotebook) -> None:
    result = graded[odd.name]
    said = read_by_the_student(result)
    assert result.status == ("ungradable" if odd.points is None else "graded"), said
    assert result.points == (odd.points or 0), said
    for words in odd.says:
        assert words in said
    for words in odd.never:
        assert words not in said


@pytest.mark.parametrize("odd", ODD, ids=[odd.name for odd in ODD])
def test_nothing_is_advised_without_what_it_refers_to(
    graded: dict[str, Result], odd: OddNotebook
) -> None:
    """Wherever there is room for one sentence: it says what was seen, or explains by itself."""
    result = graded[odd.name]
    first = phrases.first_to_fix(result)
    if first is None:
        return
    short = phrases.headline(first.finding)
    assert first.finding.explained_by or first.finding.seen in short
    assert phrases.headline(first.finding) in terminal.render(result, width=10_000)
    assert "Start here" in page.student_page(result)
    assert markdown.inline(short) in markdown.student(result)
    assert class_table.class_csv([result])


CASES = {
    "04_later_cell_overwrites/ada": (2, ["before cell 4, which gives the name to something else"]),
    "05_first_cell_dies/colab": (2, []),
    "05_first_cell_dies/unused_import": (2, ["`pandas` is not installed where grading happens"]),
    "05_first_cell_dies/widget": (2, []),
    "06_not_answered_yet/line_left_in": (0, ["line 3, `raise NotImplementedError()`, is still"]),
    "06_not_answered_yet/own_branch": (0, ["NotImplementedError: only matrices, not 1 axes"]),
    "07_answer_in_markdown_cell/ada": (2, ["is a Markdown cell; it counts as code cell 2"]),
    "10_helper_file/ada/": (0, ["only the notebook is graded", "`my_functions.py`"]),
    "12_line_ends/ada": (2, []),
    "13_wrong_diagnosis/a_link": (None, ["is a link to Google Colab"]),
    "13_wrong_diagnosis/all_nuls": (None, ["nothing but 4,096 NUL bytes"]),
    "13_wrong_diagnosis/whole_and_a_rest": (2, ["A whole notebook ends in line 27"]),
    "14_one_odd_cell/null_metadata": (2, ["`metadata` is null"]),
    "14_one_odd_cell/sql_cell": (2, ["Cell 2 has the type `sql`"]),
}
NEVER = ("cut off", "was edited", "NoneType", "`sigmoid` is not answered yet", "Mend")


@pytest.fixture(scope="module")
def first_unit() -> Iterator[Grader]:
    with Grader(ROOT, seed="odd", keep_evidence=False) as grader:
        yield grader


@pytest.mark.parametrize("case", CASES)
def test_a_case_of_the_first_unit(first_unit: Grader, case: str) -> None:
    points, says = CASES[case]
    name = f"{case}{FIRST}" if case.endswith("/") else f"{case}_{FIRST}"
    path = DATA / "odd" / f"{name}.ipynb"
    (result,) = first_unit.grade(path, unit=FIRST)
    said = read_by_the_student(result)
    assert result.status == ("ungradable" if points is None else "graded"), said
    assert result.points == (points or 0), said
    for words in says:
        assert words in said
    for words in NEVER:
        assert words not in said


def test_python_that_is_newer_than_gradings_is_named(first_unit: Grader) -> None:
    path = DATA / "odd" / "11_newer_python" / f"ada_{FIRST}.ipynb"
    (result,) = first_unit.grade(path, unit=FIRST)
    if result.versions["python"] >= "3.12":
        assert result.points == 2
    else:
        said = read_by_the_student(result)
        assert "Grading runs Python 3.11" in said
        assert "saved by Python 3.12.11, in which this line may be right" in said
