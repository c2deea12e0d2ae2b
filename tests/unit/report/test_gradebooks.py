"""Tables for Canvas, Moodle and Blackboard, read as these read them, against their own exports."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from support.places import DATA
from support.results import dicts_of, faulty, mixed, perfect, ungradable

from autograder.report.export import lms_csv
from autograder.results.result import ABSENT, Person, Result
from autograder.submissions import roster

FILES = DATA / "hand_ins"
UNIT = "01_two_layer_network"
PEOPLE = {
    "ada": Person("Ada Moreau", "amoreau", "ada@example.org", "S2034111", "20341", "2034111"),
    "bo": Person("Bo Lind", "blind", "bo@example.org", "S2034112", "20342", "2034112"),
    "cy": Person("Cy Tan", "ctan", "cy@example.org", "S2034113", "20343", "2034113"),
}


def of(student: str, result: Result, person: Person | None = None) -> Result:
    return replace(result, student=student, person=person or PEOPLE[student])


CLASS = [of("ada", mixed()), of("bo", perfect()), of("cy", ungradable())]


def exported(name: str, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    with (FILES / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_canvas_finds_each_student_by_the_first_key_that_it_has() -> None:
    """Canvas: `ID`, else `SIS User ID`, else `SIS Login ID`; a line of points below the heading."""
    known = {key: row for row in exported("canvas.csv") for key in (row["ID"],) if key}
    possible, *rows = dicts_of(lms_csv.canvas(CLASS))
    assert possible["Student"].strip() == "Points Possible"
    assert possible[UNIT] == "22"
    assert {known[row["ID"]]["Student"]: row[UNIT] for row in rows} == {
        "Moreau, Ada": "11",
        "Lind, Bo": "22",
        "Tan, Cy": "",
    }
    for row in rows:
        assert row["SIS User ID"] == known[row["ID"]]["SIS User ID"]
        assert row["SIS Login ID"] == known[row["ID"]]["SIS Login ID"]
    login = [of("ada", mixed(), Person(login="amoreau"))]
    assert dicts_of(lms_csv.canvas(login))[1]["SIS Login ID"] == "amoreau"


def test_a_name_in_a_canvas_file_is_no_login() -> None:
    result = of("moreauada", mixed(), Person("moreauada", canvas_id="20341"))
    row = dicts_of(lms_csv.canvas([result]))[1]
    assert (row["ID"], row["SIS Login ID"], row["Student"]) == ("20341", "", "moreauada")


def test_moodle_maps_by_number_address_or_username() -> None:
    known = {row["ID number"]: row for row in exported("moodle_participants.csv")}
    rows = dicts_of(lms_csv.moodle(CLASS))
    assert {known[row["ID number"]]["Email address"]: row[UNIT] for row in rows} == {
        "ada@example.org": "11",
        "bo@example.org": "22",
        "cy@example.org": "",
    }
    assert {row["Email address"] for row in rows} == {
        "ada@example.org",
        "bo@example.org",
        "cy@example.org",
    }


def test_moodles_worksheet_goes_by_the_participant() -> None:
    """Where nothing but the download is known, which names participants."""
    known = {row["Identifier"]: row for row in exported("moodle_worksheet.csv")}
    own = [
        of(one.student, one, Person(one.person.name, moodle_id=one.person.moodle_id))
        for one in CLASS
    ]
    text = lms_csv.moodle(own)
    heading = text.splitlines()[0].split(",")
    assert heading == ["Identifier", "Full name", UNIT, "Grade"]
    grades = {known[row["Identifier"]]["Full name"]: row["Grade"] for row in dicts_of(text)}
    assert grades == {"Ada Moreau": "11", "Bo Lind": "22", "Cy Tan": ""}


def test_blackboard_goes_by_the_username() -> None:
    known = {row["Username"]: row for row in exported("blackboard.xls", "\t", "utf-16")}
    rows = dicts_of(lms_csv.blackboard(CLASS))
    for row in rows:
        for column in ("Last Name", "First Name", "Student ID"):
            assert row[column] == known[row["Username"]][column]
    assert [row[UNIT] for row in rows] == ["11", "22", ""]


RENDER = {
    "canvas": lms_csv.canvas,
    "moodle": lms_csv.moodle,
    "blackboard": lms_csv.blackboard,
}


@pytest.mark.parametrize("name", RENDER)
def test_what_was_written_is_a_roster(name: str, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(RENDER[name](CLASS), encoding="utf-8")
    read = roster.read(tmp_path / "r.csv").people
    assert [one.name for one in read] == ["Ada Moreau", "Bo Lind", "Cy Tan"]
    assert [one.number for one in read] == ["S2034111", "S2034112", "S2034113"]


@pytest.mark.parametrize("name", RENDER)
def test_no_column_is_without_a_name_and_nobody_without_a_key_gets_a_row(name: str) -> None:
    unknown = [
        of("amoreau", perfect(), Person()),  # a login that somebody chose as a name
        replace(ungradable("eve"), unit=""),
    ]
    text = RENDER[name]([*CLASS, *unknown])
    assert "" not in text.splitlines()[0].split(",")
    assert lms_csv.left_out([*CLASS, *unknown], name) == ["amoreau", "eve"]
    assert [row[UNIT] for row in dicts_of(text) if row[UNIT]][-2:] == ["11", "22"]


@pytest.mark.parametrize("name", RENDER)
def test_a_key_of_two_students_gives_points_to_neither(name: str) -> None:
    both = [of("ada", mixed()), of("other", perfect(), PEOPLE["ada"]), of("bo", faulty())]
    assert lms_csv.left_out(both, name) == ["ada", "other"]
    assert [row[UNIT] for row in dicts_of(RENDER[name](both))][-1] == ""  # a fault is no zero


@pytest.mark.parametrize("name", RENDER)
def test_who_handed_in_nothing_keeps_the_grade_that_the_platform_has(name: str) -> None:
    absent = Result("Cy Tan", UNIT, "ungradable", 0, 22, problem=ABSENT, person=PEOPLE["cy"])
    found = {str(row): row[UNIT] for row in dicts_of(RENDER[name]([*CLASS[:2], absent]))}
    assert [grade for row, grade in found.items() if "S2034113" in row] == [""]
    assert [grade for row, grade in found.items() if "S2034112" in row] == ["22"]
