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
from bs4 import BeautifulSoup
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from support.places import DATA
from support.results import (
    BACKWARD_CODE,
    HOSTILE,
    LINE,
    M_TIMES,
    faulty,
    hostile,
    mixed,
    perfect,
    ungradable,
)

from autograder.batch import reports
from autograder.batch.outbox import OutputError
from autograder.report import markdown
from autograder.report.export import github, gradescope, junit, lms_csv
from autograder.results import record
from autograder.results.result import Result

CLASS = [mixed(), perfect(), faulty(), ungradable(), hostile()]
FILES = DATA
# As hosts render it: GitHub's dialect, where HTML would be let through.
RENDER = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render


def rendered(text: str) -> BeautifulSoup:
    return BeautifulSoup(RENDER(text), "html.parser")


# --------------------------------------------------------------------------------------- Markdown


def test_markdown_shows_what_to_mend_first_and_every_exercise() -> None:
    page = rendered(markdown.student(mixed()))
    assert page.h2.get_text() == "01_two_layer_network: 11/22 points"
    assert "Start with backward:" in page.get_text()
    assert page.get_text().count(M_TIMES.replace("`", "")) == 2
    rows = [row.get_text(" ", strip=True) for row in page.find("tbody").find_all("tr")]
    assert "sigmoid ok 2/2" in rows and "numerical_gradient not answered yet 0/2" in rows
    assert "In cell 7, line 12" in page.get_text()
    assert LINE.strip() in {tag.get_text() for tag in page.find_all("code")}


def test_markdown_of_what_has_no_grade_says_so() -> None:
    assert "could not be graded" in rendered(markdown.student(ungradable())).get_text()
    assert "costs you no points" in rendered(markdown.student(faulty())).get_text()
    assert "Well done" in rendered(markdown.student(perfect())).get_text()
    alone = replace(perfect(), isolation="none")
    assert "without isolation" in rendered(markdown.student(alone)).get_text()


def test_a_class_in_markdown_is_a_table() -> None:
    page = rendered(markdown.class_summary(CLASS[:4]))
    rows = [row.get_text(" ", strip=True) for row in page.find("tbody").find_all("tr")]
    assert [row.split()[0] for row in rows] == ["ada", "alan", "grace", "kurt"]
    assert markdown.class_summary([]) == "No submissions.\n"


@pytest.mark.parametrize("text", [markdown.student(hostile()), markdown.class_summary(CLASS)])
def test_markdown_lets_nothing_through(text: str) -> None:
    page = rendered(text)
    assert not page.find_all(["script", "img", "a", "iframe"])
    assert "\x1b" not in text and "\x00" not in text
    assert '<script>alert("x")</script>' in page.get_text()


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://host/y.png)",
        "[click](javascript:1)",
        "<img src=x>",
        "http://host",
        "# big",
        "- item",
        "1. item",
        "**bold** _it_ ~~no~~",
        "a | b",
        "> quote",
        "&lt;b&gt;",
        "\\*",
        "@team #1 :tada:",
        "$x$",
        "first\n\n# second",
    ],
)
def test_what_markdown_acts_on_is_shown_as_it_is(text: str) -> None:
    page = rendered(f"| {markdown.inline(text)} |\n|---|\n")
    assert [tag.name for tag in page.th.find_all()] == []
    assert page.th.get_text() == " ".join(text.split())


@pytest.mark.parametrize("code", ["a", "x ` y", "``", "a | b", "<b>", "`x"])
def test_code_stays_code(code: str) -> None:
    page = rendered(f"{markdown._code(code)} rest")
    assert page.code.get_text().strip() == code.replace("|", "¦")
    assert page.p.get_text().endswith("rest")


# ------------------------------------------------------------------------------------------ JUnit


def test_junit_is_read_by_a_junit_parser() -> None:
    document = JUnitXml.fromstring(junit.render(CLASS[:4]).encode())
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
    "result", CLASS, ids=["mixed", "perfect", "fault", "ungradable", "hostile"]
)
def test_gradescope_gets_what_its_specification_asks_for(result: Result) -> None:
    schema = json.loads((FILES / "gradescope.schema.json").read_text())
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
    head, possible, *rows = rows_of(lms_csv.canvas([*CLASS[:4], other]))
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
    assert rows_of(lms_csv.moodle(CLASS[:2])) == [
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
    assert "status=fault" in github.outputs(CLASS)
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


# ------------------------------------------------------------------------------------------- files


def test_formats_are_named_and_unknown_ones_told() -> None:
    assert reports.parsed("json, HTML,,csv,json") == ("json", "html", "csv")
    with pytest.raises(reports.FormatError, match=r"no format `pdf`.*`junit`"):
        reports.parsed("json,pdf")


def test_reports_come_from_what_was_graded_before(tmp_path: Path) -> None:
    reports.write(CLASS, tmp_path, list(reports.FORMATS))
    results, problems = reports.read(tmp_path)
    assert problems == []
    assert sorted(r.student for r in results) == sorted(r.student for r in CLASS)
    again = tmp_path / "again"
    reports.write(results, again, ["csv", "junit", "markdown", "html", "gradescope"])
    for path in filter(Path.is_file, again.rglob("*")):
        assert path.read_bytes() == (tmp_path / path.relative_to(again)).read_bytes()


def test_results_of_other_versions_are_left_out_and_told(tmp_path: Path) -> None:
    reports.write([mixed()], tmp_path, ["json"])
    other = json.loads(record.dumps(perfect())) | {"schema_version": 9}
    (tmp_path / "01_two_layer_network" / "grace.json").write_text(json.dumps(other))
    (tmp_path / "01_two_layer_network" / "cut.json").write_text("{")
    results, problems = reports.read(tmp_path)
    assert [result.student for result in results] == ["ada"]
    assert len(problems) == 2
    assert any("schema_version 9" in problem for problem in problems)
    for folder in (tmp_path / "nothing", FILES):
        with pytest.raises(reports.NoResultsError, match="holds no results"):
            reports.read(folder)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        reports.write([mixed()], tmp_path / "file", ["csv"])


def test_hostile_text_is_in_every_report_and_harms_none(tmp_path: Path) -> None:
    reports.write([hostile()], tmp_path, [name for name in reports.FORMATS if name != "github"])
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        text = path.read_text(encoding="utf-8-sig")
        assert "\x1b" not in text and "\x00" not in text, path
        assert path.resolve().is_relative_to(tmp_path)
    assert HOSTILE not in (tmp_path / "junit.xml").read_text()
