"""Hand-ins as they really come: every one has a row, with its own student's points."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from support.command import CENTER_SUM, autograder, table_of
from support.hand_in_cases import CASES, MOODLE, MORE, NB, UNIT, Case
from support.places import TINY

from autograder.batch.grader import Grader
from autograder.batch.intake import Intake
from autograder.batch.outbox import Outbox
from autograder.results.result import Result

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory, write_notebook: Write) -> dict[str, bytes]:
    """The notebooks that cases name, made once."""
    folder = tmp_path_factory.mktemp("contents")
    full = write_notebook(folder / "full.ipynb").read_bytes()
    half = write_notebook(folder / "half.ipynb", center=CENTER_SUM).read_bytes()
    cell = {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": []}
    unmarked = {"cells": [cell | {"execution_count": None}], "metadata": {}, "nbformat": 4}
    return {
        "full": full,
        "half": half,
        "more": full.replace(UNIT.encode(), MORE.encode()),
        "unmarked": json.dumps(unmarked | {"nbformat_minor": 4}).encode(),
        "broken": full[:300],
    }


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    """The tiny course with its first unit twice."""
    course = tmp_path_factory.mktemp("course")
    for name in (UNIT, MORE):
        target = course / "solutions" / name
        shutil.copytree(TINY / "solutions" / UNIT, target)
        for file in ("exercises.py", "notebook.py"):
            text = (target / file).read_text(encoding="utf-8")
            (target / file).write_text(text.replace(UNIT, name), encoding="utf-8")
    with Grader(course, seed="s", jobs=1) as grader:
        yield grader


def content_of(text: str, contents: Mapping[str, bytes]) -> bytes:
    if not text.startswith("zip:"):
        return contents.get(text, text.encode())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part in text.removeprefix("zip:").split(","):
            name, _, inner = part.partition("=")
            archive.writestr(name, content_of(inner, contents))
    return file.getvalue()


def written(folder: Path, files: Mapping[str, str], contents: Mapping[str, bytes]) -> Path:
    for name, text in files.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(text, contents))
    return folder


def zipped(path: Path, files: Mapping[str, str], contents: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, b"" if name.endswith("/") else content_of(text, contents))
    return path


def graded(grader: Grader, intake: Intake, out: Path) -> list[Result]:
    outbox = Outbox(out)
    outbox.open()
    return [result for result, _ in grader.results(list(intake.hand_ins), outbox)]


def assert_is_right(case: Case, intake: Intake, results: list[Result]) -> None:
    assert [one.name for one in intake.found.layouts] == ([case.layout] if case.layout else [])
    assert sorted(intake.found.passed_over) == sorted(case.passed_over)
    rows: dict[str, Result] = {}
    for result in results:
        name = result.student + (f"/{MORE}" if result.unit == MORE else "")
        assert name not in rows
        rows[name] = result
    points = {
        name: f"{one.points:g}" if one.status == "graded" else "-" for name, one in rows.items()
    }
    assert points == case.rows
    for name, words in case.words.items():
        assert words in "\n".join([rows[name].problem, *rows[name].notes])
    for words in case.silent:
        assert not [name for name in rows if words in name]
    for result in results:
        assert result.status != "fault"
        assert "Traceback" not in result.problem


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_hand_in_has_a_row(
    case: Case, grader: Grader, contents: dict[str, bytes], tmp_path: Path
) -> None:
    folder = written(tmp_path / "class", case.files, contents)
    given = [folder / name for name in case.given] or [folder]
    intake = grader.intake(given, case.unit, layout=case.forced)
    assert_is_right(case, intake, graded(grader, intake, tmp_path / "out"))
    if case.zipped:
        intake = grader.intake(
            [zipped(tmp_path / "class.zip", case.files, contents)], case.unit, layout=case.forced
        )
        assert_is_right(case, intake, graded(grader, intake, tmp_path / "of_zip"))


# ------------------------------------------------------------------------------------ the command

ROSTER = """\
Identifier,Full name,ID number,Email address
Participant 1,Ada Moreau,S1,ada@example.org
Participant 2,Bo Lind,S2,bo@example.org
Participant 4,Di Marsh,S4,di@example.org
"""


def command(
    grader: Grader, what: Path, out: Path, *more: str | Path
) -> subprocess.CompletedProcess[str]:
    common = ("--course", grader.course.root, "--out", out, "--seed", "s", "--no-cache")
    return autograder("grade", what, *common, *more)


def test_what_a_teacher_sees_of_a_mixed_class(
    grader: Grader, contents: dict[str, bytes], tmp_path: Path
) -> None:
    files = {
        f"Ada Moreau_1{MOODLE}/{NB}": "full",
        f"Bo Lind_2{MOODLE}/answer.pdf": "%PDF",
        f"Cy Tan_3{MOODLE}/homework/{NB}": "half",
        "Grades-DL.csv": "",
    }
    folder = written(tmp_path / "class", files, contents)
    (tmp_path / "roster.csv").write_text(ROSTER)
    out = tmp_path / "out"
    more = ("--roster", tmp_path / "roster.csv", "--format", "html,csv,canvas,moodle,blackboard")
    done = command(grader, folder, out, *more)
    assert done.returncode == 1, done.stderr
    assert "Read as a download of Moodle (`moodle`): 3 hand-ins." in done.stderr
    assert "Passed over: `Grades-DL.csv`." in done.stderr
    assert "In the roster and handed in nothing: `Di Marsh`." in done.stderr
    assert "Handed in and not in the roster: `Cy Tan`." in done.stderr
    assert "Left out of moodle.csv" not in done.stderr  # it has the participant's number
    assert "Left out of canvas.csv, for want of an id: `Cy Tan`." in done.stderr
    for words in ("Ada Moreau", "Handed in `answer.pdf`", "3/5", "Handed in nothing."):
        assert words in done.stdout
    rows = table_of(out)
    assert {name: (row["status"], row["points"]) for name, row in rows.items()} == {
        "Ada Moreau": ("graded", "5"),
        "Bo Lind": ("ungradable", "0"),
        "Cy Tan": ("graded", "3"),
        "Di Marsh": ("ungradable", "0"),
    }
    assert rows["Ada Moreau"]["email"] == "ada@example.org"
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = {link.get_text(): link["href"] for link in page.select("th a")}
    assert set(links) == {"Ada Moreau", "Bo Lind", "Cy Tan"}
    assert all((out / unquote(str(href))).is_file() for href in links.values())
    assert "3 submissions" in page.get_text() and "1 handed in nothing" in page.get_text()
    moodle = (out / "moodle.csv").read_text(encoding="utf-8").splitlines()
    assert moodle[0] == f"Identifier,Full name,ID number,Email address,{UNIT},Grade"
    assert "Participant 1,Ada Moreau,S1,ada@example.org,5,5" in moodle
    assert "Participant 3,Cy Tan,,,3,3" in moodle


def test_a_row_without_points_is_replaced_when_the_notebook_comes(
    grader: Grader, contents: dict[str, bytes], tmp_path: Path
) -> None:
    folder = written(tmp_path / "class", {f"ada/{UNIT}.py": "", f"bo/{NB}": "full"}, contents)
    assert command(grader, folder, tmp_path / "out").returncode == 1
    written(folder, {f"ada/{NB}": "full"}, contents)
    done = command(grader, folder, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert table_of(tmp_path / "out")["ada"]["points"] == "5"


def test_results_in_the_class_folder_are_no_hand_in(
    grader: Grader, contents: dict[str, bytes], tmp_path: Path
) -> None:
    folder = written(tmp_path / "class", {f"ada/{NB}": "full"}, contents)
    for _ in range(2):
        done = command(grader, folder, folder / "grades")
        assert done.returncode == 0, done.stderr
        assert set(table_of(folder / "grades")) == {"ada"}


@pytest.mark.parametrize(
    ("files", "more", "status", "words"),
    [
        ({f"ada/{NB}": "full"}, ("--threshold", "90"), 0, ""),
        ({f"ada/{NB}": "half"}, ("--threshold", "90"), 3, ""),
        ({"ada/x.pdf": "", "README": ""}, (), 1, "(`plain`): 1 hand-in. Passed over: `README`."),
        (
            {"01_lines/ada/x.pdf": "", "01_lines/README": "", "README": ""},
            (),
            1,
            "1 hand-in. Passed over: `README`.",
        ),
        ({}, (), 2, "There is no hand-in"),
        ({"notes.txt": "", "x.csv": ""}, (), 2, "There is `notes.txt` and `x.csv`, but no"),
        ({f"ada/{NB}": "full"}, ("--layout", "sakai"), 2, "There is no layout `sakai`"),
        ({f"ada/{NB}": "full"}, ("--roster", "none.csv"), 2, "The roster `none.csv` can't be read"),
    ],
)
def test_exit_statuses(
    grader: Grader,
    contents: dict[str, bytes],
    tmp_path: Path,
    files: dict[str, str],
    more: tuple[str, ...],
    status: int,
    words: str,
) -> None:
    (tmp_path / "class").mkdir()
    folder = written(tmp_path / "class", files, contents)
    done = command(grader, folder, tmp_path / "out", *more)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert (tmp_path / "out").exists() == (status != 2)


def test_the_help_says_what_there_is() -> None:
    text = " ".join(autograder("grade", "--help").stdout.split())
    assert "--layout" in text and "--roster" in text and "blackboard" in text
    assert "3 all graded and one of them below" in text
