"""Whatever a student hands in to nbgrader's folders, it is that student's affair alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support import nbgrader_class as own
from support.nbgrader_class import UNIT, Class, nbgrader, rows, scores, tree

from autograder.cli.main import main
from autograder.plugins.nbgrader import config, folder
from autograder.submissions.file import MAX_NOTEBOOK_BYTES
from autograder.submissions.reader import Readers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nbgrader_environment")]

SECRET = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)  # bo's own words\n"
RIGHT = {"center": 2.0, "learn": 3.0}
NOTEBOOK = f"{UNIT}.ipynb"


@pytest.fixture
def course(gradebook_course: Path, tmp_path: Path) -> Path:
    """A course in which bo has handed in what is right."""
    course = Path(shutil.copytree(gradebook_course, tmp_path / "course"))
    group = Class(course)
    group.hand_in("bo", group.notebook(center=SECRET))
    (group.folder("bo") / "notes.csv").write_text("bo's own notes")
    return course


def grade_by(course: Path, command: str) -> tuple[int, str]:
    if command == "autograde":
        return nbgrader(course, "autograde", UNIT)
    told = CliRunner().invoke(main, ["nbgrade", UNIT, "--course", str(course), "--jobs", "1"])
    assert "Traceback" not in told.output
    return told.exit_code, told.output


def refused(course: Path, command: str, *says: str) -> None:
    """Grade a class in which ada's hand-in is refused, and bo's gets what it should."""
    begun = time.monotonic()
    status, said = grade_by(course, command)
    assert time.monotonic() - begun < 20
    assert status == 1
    for part in ("ada is not graded.", *says):
        assert part in said, said
    assert scores(course, "bo") == RIGHT
    assert {row[3] for row in rows(course) if row[0] == "ada"} == {None}
    assert {row[6] for row in rows(course) if row[0] == "ada"} == {1}
    assert set(tree(course / "autograded")) == {f"bo/{UNIT}/{NOTEBOOK}", f"bo/{UNIT}/notes.csv"}
    assert not (course / "autograded" / "ada" / UNIT).exists()


# ----------------------------------------------------------------------------------- the folder


def linked_student(group: Class) -> str:
    (group.course / "submitted" / "ada").symlink_to("bo")
    return "submitted/ada` is a link"


def linked_assignment(group: Class) -> str:
    (group.course / "submitted" / "ada").mkdir()
    (group.course / "submitted" / "ada" / UNIT).symlink_to(f"../bo/{UNIT}")
    return f"submitted/ada/{UNIT}` is a link"


def linked_notebook(group: Class) -> str:
    (group.folder("ada") / NOTEBOOK).symlink_to(f"../../bo/{UNIT}/{NOTEBOOK}")
    return f"{NOTEBOOK}`: This file is a link"


def linked_solution(group: Class) -> str:
    (group.folder("ada") / NOTEBOOK).symlink_to(f"../../../solutions/{UNIT}/{NOTEBOOK}")
    return "copy it here"


def link_to_nowhere(group: Class) -> str:
    (group.folder("ada") / NOTEBOOK).symlink_to("nowhere.ipynb")  # nbgrader gives a zero
    return "This file is a link"


def link_to_the_gradebook(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    (group.folder("ada") / "data.csv").symlink_to("../../../gradebook.db")
    return "data.csv` is a link"


def link_to_a_device(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    (group.folder("ada") / "zero.bin").symlink_to("/dev/zero")
    return "zero.bin` is a link"


def link_to_a_folder(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    (group.folder("ada") / "inner").mkdir()
    (group.folder("ada") / "inner" / "more").symlink_to(f"../../../bo/{UNIT}")
    return "inner/more` is a link"


def linked_time(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    (group.folder("ada") / "timestamp.txt").symlink_to("/dev/zero")
    return "timestamp.txt` is a link"


LINKS = [
    linked_student,
    linked_assignment,
    linked_notebook,
    linked_solution,
    link_to_nowhere,
    link_to_the_gradebook,
    link_to_a_device,
    link_to_a_folder,
    linked_time,
]


@pytest.mark.parametrize("command", ["autograde", "nbgrade"])
@pytest.mark.parametrize("make", LINKS)
def test_links_are_not_followed(course: Path, make: Callable[[Class], str], command: str) -> None:
    refused(course, command, make(Class(course)))


def pipe_for_a_notebook(group: Class) -> str:
    os.mkfifo(group.folder("ada") / NOTEBOOK)
    return "is not a regular file"


def folder_for_a_notebook(group: Class) -> str:
    (group.folder("ada") / NOTEBOOK).mkdir()
    return "is not a regular file"


def pipe_beside(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    os.mkfifo(group.folder("ada") / "pipe\x1b[2J`.csv")
    return "pipe_[2J_.csv` is not a regular file"


def pipe_for_a_time(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    os.mkfifo(group.folder("ada") / "timestamp.txt")
    return "timestamp.txt` is not a regular file"


def no_time(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    (group.folder("ada") / "timestamp.txt").write_text("yesterday")
    return "timestamp.txt` holds no time"


def large_notebook(group: Class) -> str:
    with group.hand_in("ada", "{").open("ab") as stream:
        stream.truncate(MAX_NOTEBOOK_BYTES + 1)
    return "is larger than 50 MiB"


def large_files(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    for name in ("a.bin", "b.bin"):
        with (group.folder("ada") / name).open("wb") as file:
            file.truncate(101 * 2**20)
    return "more than 200 MiB together"


def a_hundred_notebooks(group: Class) -> str:
    group.hand_in("ada", group.notebook())
    for number in range(100):
        group.hand_in("ada", "{}", name=f"copy-{number}")
    return "There are 101 notebooks"


@pytest.mark.parametrize(
    "make",
    [
        pipe_for_a_notebook,
        folder_for_a_notebook,
        pipe_beside,
        pipe_for_a_time,
        no_time,
        large_notebook,
        large_files,
        a_hundred_notebooks,
    ],
)
def test_what_is_no_hand_in_is_refused(course: Path, make: Callable[[Class], str]) -> None:
    refused(course, "nbgrade", make(Class(course)))


def test_by_nbgraders_own_command_too(course: Path) -> None:
    refused(course, "autograde", pipe_for_a_notebook(Class(course)))


def test_an_earlier_grade_goes_where_a_forced_grading_is_refused(course: Path) -> None:
    group = Class(course)
    group.hand_in("ada", group.notebook())
    assert grade_by(course, "autograde")[0] == 0 and scores(course, "ada") == RIGHT
    link_to_the_gradebook(group)
    assert grade_by(course, "autograde")[0] == 0 and scores(course, "ada") == RIGHT  # as it was
    assert nbgrader(course, "autograde", UNIT, "--force")[0] == 1
    assert scores(course, "ada") == {"center": None, "learn": None}


def test_an_unreadable_time_leaves_an_earlier_grading(course: Path) -> None:
    group = Class(course)
    group.hand_in("ada", group.notebook())
    assert grade_by(course, "nbgrade")[0] == 0
    os.mkfifo(group.folder("ada") / "timestamp.txt")
    for command in ("nbgrade", "autograde"):
        status, said = grade_by(course, command)
        assert status == 0 and "The earlier grading is kept." in said
    assert scores(course, "ada") == RIGHT


def test_the_submitted_directory_itself_may_be_a_link(course: Path) -> None:
    (course / "submitted").rename(course / "elsewhere")
    (course / "submitted").symlink_to("elsewhere")
    assert grade_by(course, "nbgrade")[0] == 0
    assert scores(course, "bo") == RIGHT


def test_ordinary_files_are_copied_and_what_is_ignored_is_not(course: Path) -> None:
    group = Class(course)
    group.hand_in("ada", group.notebook())
    for name in ("data/a.csv", "data/b/c.csv", "data/x.ipynb", "__pycache__/x", "y.pyc", ".git/z"):
        path = group.folder("ada") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (group.folder("ada") / ".git" / "link").symlink_to("/dev/zero")
    status, log = nbgrader(course, "autograde", UNIT)
    assert status == 0, log
    copied = {name for name in tree(course / "autograded") if name.startswith("ada")}
    expected = {NOTEBOOK, "data/a.csv", "data/b/c.csv"}
    assert copied == {f"ada/{UNIT}/{name}" for name in expected}
    assert f"Copying {group.folder('ada')}/data/a.csv -> " in log


@pytest.mark.parametrize("command", ["autograde", "nbgrade"])
def test_a_deep_tree_is_passed_over(course: Path, command: str) -> None:
    group = Class(course)
    group.hand_in("ada", group.notebook())
    here = os.open(group.folder("ada"), os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        status, said = grade_by(course, command)
    finally:
        subprocess.run(["rm", "-rf", str(group.folder("ada") / "d")], check=True)
    assert status == 0, said
    assert f"Files in `{'/'.join('d' * 31)}` of `ada` lie too deep" in said
    assert scores(course, "ada") == scores(course, "bo") == RIGHT


def test_a_name_with_a_line_break_stops_nobody(course: Path) -> None:
    group = Class(course)
    for name in ("a\nda", "ad\udcffa"):
        group.hand_in(name, group.notebook())
    for command in ("nbgrade", "autograde"):
        status, said = grade_by(course, command)
        assert status == 1
        assert f"submitted/a_da/{UNIT}` is not looked at: its name has line breaks" in said
        assert scores(course, "bo") == RIGHT


@pytest.mark.parametrize("command", ["autograde", "nbgrade"])
def test_a_name_that_reads_as_a_pattern_means_itself(course: Path, command: str) -> None:
    group = Class(course)
    for name in ("[b]o", "*"):
        group.hand_in(name, group.notebook(center=own.WRONG_AXIS))
    status, said = grade_by(course, command)
    assert status == 0, said
    assert scores(course, "bo") == RIGHT
    assert scores(course, "[b]o") == scores(course, "*") == {"center": 0.0, "learn": 3.0}
    assert f"*/{UNIT}/{NOTEBOOK}" in tree(course / "autograded")


# ----------------------------------------------------------------------------- without a course


def look(place: Path) -> folder.Looked:
    return folder.look(place, 1, ["a"], [".*", "*.pyc"])


def test_many_files_are_refused_at_once(tmp_path: Path) -> None:
    for number in range(folder.MAX_FILES + 1):
        (tmp_path / str(number)).touch()
    begun = time.monotonic()
    with pytest.raises(folder.RefusedError, match="more than 20,000 files"):
        look(tmp_path)
    assert time.monotonic() - begun < 5


def test_hidden_and_ignored_files_do_not_count(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(folder, "MAX_FILES", 1)
    for name in (".a", ".b", "c.pyc", "d.pyc", "e", "f.ipynb"):
        (tmp_path / name).touch()
    assert [file.parts for file in look(tmp_path).files] == [("e",)]


@pytest.mark.parametrize("change", ["link", "pipe", "grown", "other", "gone", "linked folder"])
def test_what_changes_between_look_and_copy_is_not_copied(tmp_path: Path, change: str) -> None:
    place, target = tmp_path / "from", tmp_path / "to"
    (place / "b").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "c").write_text("secret")
    path = place / "b" / "c"
    path.write_text("hers")
    (place / "a").write_text("first")
    looked = look(place)
    if change == "grown":
        path.write_text("hers and more")
    elif change == "linked folder":
        (place / "b").rename(place / "old")
        (place / "b").symlink_to(tmp_path / "secret")
    else:
        path.rename(place / "b" / "old")
    if change == "link":
        path.symlink_to(tmp_path / "secret" / "c")
    elif change == "pipe":
        os.mkfifo(path)
    elif change == "other":
        path.write_text("secret")
    with pytest.raises(folder.RefusedError, match=r"c` (was changed|can't be copied)"):
        folder.copy(place, looked.files, target, print)
    assert tree(target) == {}


@pytest.mark.parametrize(
    "name",
    ["a" + "-_. " * 1_000, "a-" * 2_000, "/" * 4_000, "/a-_" * 1_000, "_03_optimizers" * 290],
)
def test_collecting_takes_no_time_whatever_a_file_is_called(tmp_path: Path, name: str) -> None:
    for unit in range(14):
        (tmp_path / "solutions" / f"{unit:02}_optimizers").mkdir(parents=True)
    pattern = config._collected(tmp_path)
    begun = time.monotonic()
    re.match(pattern, f"/x/{name}.ipynb")
    assert time.monotonic() - begun < 0.1


def test_collecting_gives_no_student_a_line_break(tmp_path: Path) -> None:
    (tmp_path / "solutions" / UNIT).mkdir(parents=True)
    assert not re.match(config._collected(tmp_path), f"/x/a\nda_{UNIT}.ipynb")


# --------------------------------------------------------------------------------- the notebooks


def test_a_limit_is_reached_once(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = Class(course)
    empty = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    group.hand_in("ada", f'{empty[:-1]}, "x": [{"[]," * 12_000_000}0]}}')
    asked = []
    ask = Readers._asked

    def counted(self: Any, data: bytes, *rest: Any) -> Any:
        if len(data) > 10**6:
            asked.append(len(data))
        return ask(self, data, *rest)

    monkeypatch.setattr(Readers, "_asked", counted)
    refused(course, "nbgrade", "than any notebook needs")
    assert len(asked) == 1


def test_thousands_of_marks_of_others_are_told_in_one_line(course: Path) -> None:
    group = Class(course)
    notebook = group.notebook()
    cell = {"cell_type": "markdown", "metadata": {}, "source": ""}
    for number in range(2_000):
        marks = {"grade_id": f"\x1b[2J{number}" + "g" * 900, "grade": True, "points": 1}
        notebook["cells"].append(cell | {"id": f"e{number}", "metadata": {"nbgrader": marks}})
    group.hand_in("ada", notebook)
    status, said = grade_by(course, "nbgrade")
    assert status == 0, said
    assert scores(course, "ada") == RIGHT
    assert "\x1b" not in said and len(said) < 10_000
    assert "does not exist in the database" in said and "(1,995 more)" in said


@pytest.mark.parametrize("command", ["autograde", "nbgrade"])
def test_half_a_character_costs_nothing(course: Path, command: str) -> None:
    group = Class(course)
    notebook = group.notebook(center=f"{SECRET}word = '\ud83d'\n")
    marks = {"tags": ["\ud83d"], "\ud83d": "\ud83d", "nbgrader": {"grade_id": "\ud83d"}}
    text = {"cell_type": "markdown", "source": "\ud83d", "metadata": marks, "id": "half"}
    notebook["cells"].append(text)
    group.hand_in("ada", notebook)
    status, said = grade_by(course, command)
    assert status == 0, said
    assert scores(course, "ada") == RIGHT
