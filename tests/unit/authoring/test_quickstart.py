"""A teacher's own course in an empty folder, through all commands, as typed in a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import nbgrader_class as own
from support.nbgrader_class import Class, cell_of, nbgrader, rows, tree

from autograder.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nbgrader_environment")]

UNIT = "01_standardise"
VARIANCE = """\
def standardise(X):
    c = X - X.mean(axis=1, keepdims=True)
    return c / (c * c).mean(axis=1, keepdims=True)
"""
BY_HAND = """\
import sys
def standardise(X):
    print("a log line", file=sys.stderr)
    return np.array([(row - row.mean()) / row.std() for row in X])
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher") / "deep learning"
    made = CliRunner().invoke(main, ["quickstart", str(folder)])
    assert made.exit_code == 0, made.output
    assert f"nbgrader generate_assignment {UNIT}" in made.output
    return folder


@pytest.fixture(scope="module")
def exchange(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course released to an exchange; its folder."""
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o777)
    config = course / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\nget_config().Exchange.root = {str(folder)!r}\n")
    before = tree(course / "assignments")
    done = shell(course, "nbgrader", "generate_assignment", UNIT)
    assert done.returncode == 0, done.stderr
    assert tree(course / "assignments") == before
    status, log = nbgrader(course, "release_assignment", UNIT)
    assert status == 0, log
    return folder


def shell(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    module = [sys.executable, "-m", *command]
    return subprocess.run(module, cwd=folder, capture_output=True, text=True, check=False)


def test_its_checks_are_proved(course: Path) -> None:
    proved = CliRunner().invoke(main, ["check-course", "--course", str(course)])
    assert proved.exit_code == 0, proved.output


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    told = CliRunner().invoke(main, ["quickstart", str(tmp_path)])
    assert told.exit_code == 2 and "is not empty" in told.output
    assert tree(tmp_path) == {"thesis.txt": b"mine"}


def test_students_work_and_marks_are_not_for_a_repository(course: Path) -> None:
    ours, theirs = (
        {line for line in (root / ".gitignore").read_text().splitlines() if line[:1] == "/"}
        for root in (own.HERE.root, course)
    )
    assert "/grades.csv" in theirs and theirs <= ours


def test_students_get_what_was_released_and_nothing_else(course: Path, exchange: Path) -> None:
    names = set(tree(exchange / "deep_learning" / "outbound"))
    assert names == {f"{UNIT}/{UNIT}.ipynb", f"{UNIT}/{UNIT}.cases"}


def test_from_the_exchange_to_the_students_page(
    course: Path, exchange: Path, tmp_path: Path
) -> None:
    student = tmp_path / "student"
    student.mkdir()
    (student / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'deep_learning'\n"
        f"c.Exchange.root = {str(exchange)!r}\nc.Exchange.cache = {str(tmp_path / 'cache')!r}\n"
    )
    assert nbgrader(student, "fetch_assignment", UNIT)[0] == 0
    group = Class(course, UNIT)
    mine = student / UNIT / f"{UNIT}.ipynb"
    mine.write_text(json.dumps(group.notebook(standardise=VARIANCE)))

    told = shell(student, "nbgrader", "validate", str(mine))
    assert "VALIDATION FAILED ON 1 CELL(S)" in told.stdout
    assert "You divide by the variance" in told.stdout
    mine.write_text(json.dumps(group.notebook(standardise=BY_HAND)))
    told = shell(student, "nbgrader", "validate", str(mine))
    assert told.stdout == "Success! Your notebook passes all the tests.\n"
    assert "cannot be converted" not in told.stderr

    mine.write_text(json.dumps(group.notebook(standardise=VARIANCE)))
    assert nbgrader(student, "submit", UNIT)[0] == 0
    status, log = nbgrader(course, "collect", UNIT)
    assert status == 0, log
    zipped = course / "downloaded" / UNIT / "archive"
    zipped.mkdir(parents=True)
    (zipped / f"zoe_{UNIT}.ipynb").write_text(json.dumps(group.notebook(standardise=BY_HAND)))
    status, log = nbgrader(course, "zip_collect", UNIT)
    assert status == 0, log

    done = CliRunner().invoke(main, ["nbgrade", UNIT, "--course", str(course)])
    assert done.exit_code == 0, done.output
    scores = {row[0]: row[3] for row in rows(course)}
    assert len(scores) == 2 and scores.pop("zoe") == 3.0
    assert [*scores.values()] == [0.0]
    (name,) = scores
    check = cell_of(own.autograded(course, name, UNIT), "check_standardise")
    assert "You divide by the variance" in own.text_shown(check)
    assert nbgrader(course, "generate_feedback", UNIT)[0] == 0
    # By the exchange to the one who handed in by it; nbgrader wants a timestamp for that.
    status, log = nbgrader(course, "release_feedback", UNIT, "--student", name)
    assert status == 0, log
    assert nbgrader(student, "fetch_feedback", UNIT)[0] == 0
    (page,) = (student / UNIT / "feedback").rglob("*.html")
    assert "You divide by the variance" in page.read_text(encoding="utf-8")
