"""Reports for other programs: each read by its program, or held against its schema."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from support.places import DATA
from support.results import (
    BACKWARD_CODE,
    EVERY_KIND,
    LINE,
    M_TIMES,
    faulty,
    hostile,
    mixed,
    perfect,
    ungradable,
)

from autograder.batch import reports
from autograder.report.export import github, gradescope, junit, lms_csv
from autograder.results.result import Result

# ------------------------------------------------------------------------------------------ JUnit


def test_junit_is_read_by_a_junit_parser() -> None:
    document = JUnitXml.fromstring(junit.render(EVERY_KIND[:4]).encode())
    suites = {suite.name.split()[-1]: suite for suite in document}
    ada = suites["ada"]
    assert (ada.tests, ada.failures, ada.errors, ada.skipped) == (9, 4, 0, 1)
    assert (suites["grace"].tests, suites["grace"].failures) == (7, 0)
    assert suites["alan"].errors == 1
    assert suites["kurt"].errors == 1
    assert document.tests == sum(suite.tests for suite in suites.values())
    cases = {case.name: case for case in ada}
    wrong = next(case for name, case in cases.items() if "gradient of the mean" in name)
    assert wrong.classname == "01_two_layer_network.backward"
    assert isinstance(wrong.result[0], Failure)
    assert wrong.result[0].message == M_TIMES
    assert "In cell 7, line 12" in wrong.result[0].text
    kinds = {type(case.result[0]) for case in ada if case.result}
    assert kinds == {Failure, Skipped}
    assert isinstance(next(iter(suites["kurt"])).result[0], Error)
    assert {p.name: p.value for p in ada.properties()}["points"] == "11"


def test_junit_takes_hostile_text() -> None:
    text = junit.render([hostile(), replace(mixed(), student="\x00\ufffe￿\ud800")])
    document = JUnitXml.fromstring(text.encode())
    assert len(list(document)) == 2
    names = [case.name for suite in document for case in suite]
    assert any('<script>alert("x")</script>' in name for name in names)
    assert JUnitXml.fromstring(junit.render([]).encode()).tests == 0


# ------------------------------------------------------------------------------------- Gradescope


@pytest.mark.parametrize(
    "result", EVERY_KIND, ids=["mixed", "perfect", "fault", "ungradable", "hostile"]
)
def test_gradescope_gets_what_its_specification_asks_for(result: Result) -> None:
    schema = json.loads((DATA / "gradescope.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(gradescope.render(result)))


def test_gradescope_points_add_up_and_a_fault_is_no_zero() -> None:
    data = json.loads(gradescope.render(mixed(), "after_published"))
    assert data["score"] == sum(test["score"] for test in data["tests"]) == 11
    assert sum(test["max_score"] for test in data["tests"]) == 22
    assert {test["visibility"] for test in data["tests"]} == {"after_published"}
    assert json.loads(gradescope.render(ungradable()))["score"] == 0
    fault = json.loads(gradescope.render(faulty()))
    assert "score" not in fault and "tests" not in fault
    assert "costs you no points" in fault["output"]
    assert "our-secret-seed" not in gradescope.render(mixed())


# -------------------------------------------------------------------------------------- gradebooks


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas_gets_its_columns_and_the_possible_points() -> None:
    other = replace(mixed(), unit="03_optimizers", points=3.25, max_points=20)
    head, possible, *rows = rows_of(lms_csv.canvas([*EVERY_KIND[:4], other]))
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert head[5:] == ["01_two_layer_network", "03_optimizers"]
    assert possible[0].strip() == "Points Possible"
    assert possible[5:] == ["22", "20"]
    grades = {row[3]: row[5:] for row in rows}
    assert grades == {
        "ada": ["11", "3.25"],
        "grace": ["22", ""],
        "alan": ["", ""],  # the grader's fault is no zero
        "kurt": ["", ""],
    }


def test_moodle_gets_usernames_and_a_column_a_unit() -> None:
    assert rows_of(lms_csv.moodle(EVERY_KIND[:2])) == [
        ["username", "01_two_layer_network"],
        ["ada", "11"],
        ["grace", "22"],
    ]


@pytest.mark.parametrize("render", [lms_csv.canvas, lms_csv.moodle])
def test_gradebooks_hold_no_formula(render: Any) -> None:
    formula = replace(perfect(), student='=HYPERLINK("http://host")', unit="+1")
    cells = [cell for row in rows_of(render([formula, hostile()])) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


# ------------------------------------------------------------------------------------------ GitHub

NOTEBOOK = json.dumps({"cells": [{"source": BACKWARD_CODE.splitlines(keepends=True)}]}, indent=1)


def test_github_marks_the_line_of_the_notebook() -> None:
    marks = github.marks(mixed(), "hw/ada.ipynb", NOTEBOOK)
    backward = next(mark for mark in marks if "backward" in mark)
    line = int(re.search(r"line=(\d+)", backward)[1])
    assert NOTEBOOK.splitlines()[line - 1].strip().startswith(json.dumps(LINE)[:-1])
    assert backward.startswith("::error file=hw/ada.ipynb,line=")
    assert "title=backward%3A 2/5::" in backward
    assert len(marks) == 4  # one for each exercise that isn't right
    assert github.marks(perfect(), "x", NOTEBOOK) == []


def test_github_is_told_of_faults_and_of_what_is_no_notebook() -> None:
    [mark] = github.marks(ungradable(), "kurt.ipynb", "")
    assert mark.startswith("::error file=kurt.ipynb,line=1,")
    [mark] = github.marks(faulty(), "alan.ipynb", "")
    assert mark.startswith("::warning ")


def test_no_text_begins_a_command_of_its_own() -> None:
    evil = "x\n::set-output name=points::22\r\n::error::y % %0A"
    for mark in github.marks(hostile(), "a,b:c\n::d", NOTEBOOK):
        assert "\n" not in mark and "\r" not in mark
        assert "file=a%2Cb%3Ac%0A%3A%3Ad,line=" in mark
    result = replace(ungradable(), problem=evil, unit=evil)
    [mark] = github.marks(result, "x.ipynb", "")
    assert len(mark.splitlines()) == 1
    assert github.outputs([replace(hostile(), student=evil)]).count("\n") == 4


def test_github_outputs_points_of_all_submissions() -> None:
    assert github.outputs([mixed()]) == "points=11\nmax_points=22\npercent=50\nstatus=graded\n"
    assert "status=fault" in github.outputs(EVERY_KIND)
    assert github.outputs([]).endswith("status=ungradable\n")


def test_github_files_are_added_to(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (tmp_path / name).write_text("before\n")
        monkeypatch.setenv(name, str(tmp_path / name))
    reports.write([mixed()], tmp_path / "none", ["github"])
    assert (tmp_path / "GITHUB_OUTPUT").read_text().startswith("before\npoints=11\n")
    assert "Start with backward" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert capsys.readouterr().out.count("::error ") == 4
    assert not (tmp_path / "none").exists()
