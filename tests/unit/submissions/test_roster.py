"""Rosters as platforms export them, and whose hand-ins they make known."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.places import DATA

from autograder.batch.intake import Intake, with_roster
from autograder.results.result import Person
from autograder.submissions import roster
from autograder.submissions.identify import discover

FILES = DATA / "hand_ins"
UNIT = "01_lines"
MOODLE = "_assignsubmission_file_"
EXPORTS = {
    "canvas.csv": Person("Ada Moreau", "amoreau", "", "S2034111", "20341"),
    "moodle_participants.csv": Person("Ada Moreau", "", "ada@example.org", "S2034111"),
    "moodle_worksheet.csv": Person(
        "Ada Moreau", "", "ada@example.org", "S2034111", moodle_id="2034111"
    ),
    "blackboard.xls": Person("Ada Moreau", "amoreau", "", "S2034111"),
    "nbgrader.csv": Person("Ada Moreau", "amoreau", "ada@example.org"),
    "own.csv": Person("Ada Moreau", "amoreau", "ada@example.org"),
}


def taken_in(folder: Path, names: list[str], path: Path, layout: str | None = None) -> Intake:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    return with_roster(discover([folder], [UNIT], layout=layout), path)


def emails(intake: Intake) -> dict[str, str]:
    return {one.student: one.person.email for one in intake.hand_ins}


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", EXPORTS)
def test_the_exports_of_platforms_are_rosters(name: str) -> None:
    read = roster.read(FILES / name)
    assert read.people[0] == EXPORTS[name]
    assert [person.name for person in read.people] == ["Ada Moreau", "Bo Lind", "Cy Tan"]


@pytest.mark.parametrize(
    ("names", "export", "said"),
    [
        (["amoreau/x.ipynb", "eve/x.ipynb"], "own.csv", "amoreau"),
        (["Ada Moreau/x.ipynb", "eve/x.ipynb"], "own.csv", "Ada Moreau"),
        (["Moreau Ada/x.ipynb", "eve/x.ipynb"], "moodle_participants.csv", "Moreau Ada"),
        (["ADA@example.org.ipynb", "eve.ipynb"], "nbgrader.csv", "ADA@example.org"),
        ([f"moreauada_20341_1_{UNIT}.ipynb", "eve_5_1_x.ipynb"], "canvas.csv", "moreauada"),
        ([f"moreauada_20341_1_{UNIT}.ipynb", "eve_5_1_x.ipynb"], "own.csv", "moreauada"),
        (
            [f"A. M._2034111{MOODLE}/x.ipynb", f"Eve_5{MOODLE}/x.ipynb"],
            "moodle_worksheet.csv",
            "A. M.",
        ),
        (
            [
                f"U_amoreau_attempt_2024-01-02-03-04-05_{UNIT}.ipynb",
                "U_eve_attempt_2024-01-02-03-04-05_x.ipynb",
            ],
            "blackboard.xls",
            "amoreau",
        ),
    ],
)
def test_a_hand_in_is_its_persons(tmp_path: Path, names: list[str], export: str, said: str) -> None:
    intake = taken_in(tmp_path / "class", names, FILES / export)
    found = {one.student: one for one in intake.hand_ins}
    assert found[said].person.name == "Ada Moreau"
    assert [roster.called(one) for one in intake.absent] == ["Bo Lind", "Cy Tan"]
    (unknown,) = intake.unknown
    assert unknown.lower() == "eve"
    assert any("Not found in the roster" in note for note in found[unknown].notes)
    remarks = "\n".join(intake.remarks)
    assert "handed in nothing: `Bo Lind` and `Cy Tan`." in remarks
    assert f"not in the roster: `{unknown}`." in remarks


def test_a_number_of_another_is_not_outdone_by_a_name(tmp_path: Path) -> None:
    """Somebody of the same name in another course's download."""
    names = [f"Ada Moreau_999{MOODLE}/x.ipynb", f"Bo Lind_2034112{MOODLE}/x.ipynb"]
    intake = taken_in(tmp_path / "class", names, FILES / "moodle_worksheet.csv")
    assert intake.unknown == ("Ada Moreau",)
    assert emails(intake) == {"Ada Moreau": "", "Bo Lind": "bo@example.org"}


def test_people_of_one_name_are_not_guessed(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", "id,name,email\na1,Ada Li,1@x\na2,Ada Li,2@x\nb,Bo,3@x\n")
    intake = taken_in(tmp_path / "class", ["Ada Li/x.ipynb", "a2/x.ipynb"], path)
    assert emails(intake) == {"Ada Li": "", "a2": "2@x"}
    assert intake.unknown == ("Ada Li",)


def test_two_hand_ins_of_one_person_are_nobodys(tmp_path: Path) -> None:
    names = ["amoreau/x.ipynb", "Ada Moreau/x.ipynb", "blind/x.ipynb"]
    intake = taken_in(tmp_path / "class", names, FILES / "own.csv")
    problems = {one.student: one.files[0].file.problem for one in intake.hand_ins}
    assert "can't be told which counts" in problems["amoreau"]
    assert "can't be told which counts" in problems["Ada Moreau"]
    assert problems["blind"] == ""
    assert emails(intake)["Ada Moreau"] == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no roster: its first line holds nothing"),
        ("a,b\n1,2\n", "its first line holds `a` and `b`"),
        ("id,name\n", "no people below it"),
    ],
)
def test_what_is_no_roster_says_so(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(roster.RosterError, match=message):
        roster.read(written(tmp_path / "r.csv", text))


def test_a_roster_that_is_not_there_or_huge_says_so(tmp_path: Path) -> None:
    with pytest.raises(roster.RosterError, match="can't be read: No such file"):
        roster.read(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open("wb") as file:
        file.truncate(2**25)
    with pytest.raises(roster.RosterError, match="larger than 16 MiB"):
        roster.read(tmp_path / "r.csv")


def test_encodings_of_spreadsheets_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        (tmp_path / "r.csv").write_bytes("id,name\r\nj,José Müller\r\n".encode(encoding))
        assert roster.read(tmp_path / "r.csv").people == (Person("José Müller", "j"),)
