"""The class table as CSV."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.results import (
    UNIT,
    dicts_of,
    faulty,
    mixed,
    perfect,
    ungradable,
)

from autograder.report.class_table import class_csv


def test_csv_has_a_row_for_each_submission() -> None:
    rows = dicts_of(class_csv([ungradable(), perfect(), mixed(), faulty()]))
    assert [row["student"] for row in rows] == ["ada", "alan", "grace", "kurt"]
    ada, alan, grace, kurt = rows
    assert (ada["points"], ada["max_points"], ada["percent"]) == ("11", "22", "50.0")
    assert (ada["backward (5)"], grace["backward (5)"], kurt["backward (5)"]) == ("2", "5", "")
    assert (kurt["status"], kurt["points"]) == ("ungradable", "0")
    assert "cut off" in kurt["problem"]
    assert (alan["points"], alan["percent"], alan["backward (5)"]) == ("", "", "")
    assert alan["problem"] == "backward: the grader failed, run it again"


def test_csv_keeps_units_apart() -> None:
    other = replace(perfect("ada"), unit="00_start")
    rows = dicts_of(class_csv([mixed(), other]))
    assert [row["unit"] for row in rows] == ["00_start", UNIT]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\x1b[0m=1", "\uff1d1", "\tx"],
)
def test_csv_holds_no_formula(text: str) -> None:
    (row,) = dicts_of(class_csv([replace(ungradable(text), problem=text)]))
    assert row["student"].startswith("'")
    assert row["problem"].startswith("'")


def test_csv_survives_quotes_and_line_breaks() -> None:
    name = 'a";=1,2\r\nb'
    text = class_csv([perfect(name)])
    assert dicts_of(text)[0]["student"] == 'a";=1,2 b'
    assert len(text.splitlines()) == 2
