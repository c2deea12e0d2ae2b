"""What is wrong with a gradebook, a course or a submission is said clearly, and nothing is lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook
from support import nbgrader_class as own
from support.nbgrader_class import UNIT, Class, cell_of, nbgrader, rows, scores, tree

from autograder.authoring.release import release_unit
from autograder.cli.main import main
from autograder.course.course import Course
from autograder.plugins.nbgrader import assert_cells, gradebook

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nbgrader_environment")]


@pytest.fixture
def course(gradebook_course: Path, tmp_path: Path) -> Path:
    """A course with one submission, not graded yet."""
    course = Path(shutil.copytree(gradebook_course, tmp_path / "course"))
    Class(course).hand_in("ada", Class(course).notebook())
    return course


def both(course: Path, unit: str = UNIT) -> list[str]:
    """What the two commands say that grade a class; both fail."""
    status, log = nbgrader(course, "autograde", unit)
    assert status == 1
    told = CliRunner().invoke(main, ["nbgrade", unit, "--course", str(course)])
    assert told.exit_code == 2, told.output
    return [log, told.output]


def test_no_gradebook(course: Path) -> None:
    (course / "gradebook.db").unlink()
    for said in both(course):
        assert "There is no gradebook at" in said and f"generate_assignment {UNIT}`" in said
    assert not (course / "gradebook.db").exists()


def test_a_locked_gradebook(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradebook, "WAIT_SECONDS", 0.2)
    before = rows(course)
    database = sqlite3.connect(course / "gradebook.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        for said in both(course):
            assert "Another program holds the gradebook" in said and "Nothing was changed" in said
    finally:
        database.close()
    assert rows(course) == before
    assert nbgrader(course, "autograde", UNIT)[0] == 0


def test_a_course_that_can_not_be_written_to(course: Path) -> None:
    (course / ".autograder" / "nbgrade.lock").mkdir(parents=True)
    for said in both(course):
        assert "nbgrade.lock` can't be written: Is a directory." in said
    assert not (course / "autograded").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("other", "the database of another program"),
        ("text", "is no SQLite database"),
        ("older", "another version of nbgrader"),
    ],
)
def test_a_foreign_gradebook(course: Path, content: str, says: str) -> None:
    path = course / "gradebook.db"
    if content == "older":
        with sqlite3.connect(path) as database:
            database.execute("UPDATE alembic_version SET version_num = '50a4d84c131a'")
        database.close()
    else:
        path.unlink()
        if content == "text":
            path.write_text("student,points\n" * 100)
        else:
            with sqlite3.connect(path) as database:
                database.execute("CREATE TABLE songs (title TEXT)")
            database.close()
    before = path.read_bytes()
    for said in both(course):
        assert says in said
    assert path.read_bytes() == before


def test_a_unit_that_the_gradebook_does_not_know(course: Path) -> None:
    for said in both(course, "07_other"):
        assert "07_other" in said
    Class(course).hand_in("ada", "{}", name="x")
    shutil.copytree(course / "submitted" / "ada" / UNIT, course / "submitted" / "ada" / "07_other")
    for said in both(course, "07_other"):
        assert "has no assignment `07_other`" in said and UNIT in said


def rename_assignment(course: Path, name: str) -> None:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.find_assignment(UNIT).name = name
        book.db.commit()


def test_a_unit_under_another_name(course: Path) -> None:
    rename_assignment(course, "homework 1")
    for said in both(course):
        assert "as a notebook of the assignment `homework 1`" in said
    folder = course / "submitted" / "ada"
    (folder / UNIT).rename(folder / "homework 1")
    assert nbgrader(course, "autograde", "homework 1")[0] == 0
    assert scores(course, "ada") == {"center": 2.0, "learn": 3.0}


def test_an_assignment_without_checks(course: Path) -> None:
    (course / "solutions" / UNIT / "exercises.py").unlink()
    for said in both(course):
        assert "the course has no unit of either name" in said
    assert scores(course, "ada") == {}


def test_points_that_were_changed_after_the_release(course: Path) -> None:
    path = course / "solutions" / UNIT / "exercises.py"
    text = path.read_text().replace('"center", points=2)', '"center", points=4)')
    path.write_text(text.replace("points=1.5", "points=3.5"))
    release_unit(Course(course), Course(course).load(UNIT))
    for said in both(course):
        assert "`check_center` has 2 points there, 4 points in the course" in said
    assert nbgrader(course, "generate_assignment", UNIT)[0] == 0
    # The submission is of the old release, whose grade cell says 2.
    status, log = nbgrader(course, "autograde", UNIT)
    assert status == 0 and "Attribute 'points' for cell check_center has changed!" in log
    assert scores(course, "ada") == {"center": 4.0, "learn": 3.0}


def test_an_exercise_that_went_while_submissions_are_there(course: Path) -> None:
    assert nbgrader(course, "autograde", UNIT)[0] == 0
    before = rows(course), tree(course / "assignments")
    source = course / "solutions" / UNIT
    text = (source / "exercises.py").read_text()
    (source / "exercises.py").write_text(text[: text.index('learn = unit.exercise("learn"')])
    script = (source / "notebook.py").read_text()
    (source / "notebook.py").write_text(script[: script.index("# %% [markdown]\n# ## `learn`")])
    release_unit(Course(course), Course(course).load(UNIT))
    released = tree(course / "assignments")
    status, log = nbgrader(course, "generate_assignment", UNIT)
    assert status == 1
    assert "1 submissions of `01_lines` are in the gradebook, and `check_learn` came or went" in log
    assert (rows(course), tree(course / "assignments")) == (before[0], released)


def test_a_fault_is_no_zero(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert nbgrader(course, "autograde", UNIT)[0] == 0
    never_run = f"{own.WRONG_AXIS}# not run before, so nothing of it is kept\n"
    Class(course).hand_in("ada", Class(course).notebook(center=never_run))
    # A machine without a sandbox: no program to make one with.
    monkeypatch.setattr("autograder.sandbox.bubblewrap.bwrap_path", lambda: None)
    status, log = nbgrader(course, "autograde", UNIT, "--force")
    assert status == 1
    assert "ada is not graded." in log
    assert {row[3] for row in rows(course)} == {None}
    assert {row[6] for row in rows(course)} == {1}
    assert not (course / "autograded" / "ada" / UNIT).exists()
    path = course / "grades.csv"
    nbgrader(course, "export", "--to", str(path))
    assert path.read_text().splitlines()[1].split(",")[-4:] == ["", "", "", "5.0"]


def test_a_course_whose_configuration_grades_by_itself(course: Path) -> None:
    (course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.source_directory = 'solutions'\n"
    )
    told = CliRunner().invoke(main, ["nbgrade", UNIT, "--course", str(course)])
    assert told.exit_code == 2
    assert "does not hand grading to autograder" in told.output
    assert "configure(get_config(), __file__)" in told.output
    assert {row[3] for row in rows(course)} <= {None}


def test_nobody_has_handed_in(course: Path) -> None:
    shutil.rmtree(course / "submitted")
    for said in both(course):
        assert "No notebooks were matched by" in said


def plain_assignment(course: Path, *sources: str, **metadata: object) -> None:
    """An assignment that is no unit, `warm_up`, with these sources of its cells; ada's is right."""
    source, handed_in = course / "solutions" / "warm_up", course / "submitted" / "ada" / "warm_up"
    notebook = Class(course).notebook()
    cells = [cell_of(notebook, name) for name in ("center", "check_center", "check_learn")]
    for cell, text in zip(cells, sources, strict=True):
        cell["metadata"]["nbgrader"].pop("checksum")
        cell["source"] = text
    notebook["cells"] = cells
    notebook["metadata"] |= metadata
    for folder in (source, handed_in):
        folder.mkdir()
        (folder / "warm_up.ipynb").write_text(json.dumps(notebook))
    assert nbgrader(course, "generate_assignment", "warm_up")[0] == 0


def allow_plain_assignments(course: Path, *lines: str) -> None:
    config = course / "nbgrader_config.py"
    allowed = "get_config().GradeInSandbox.plain_assignments = True"
    config.write_text("\n".join([config.read_text(), allowed, *lines, ""]))


def test_a_plain_assignment_is_graded_where_that_is_asked_for(course: Path) -> None:
    plain_assignment(
        course,
        "import sys, os\nprint('loud', file=sys.stderr)\nx = 2",
        # nbgrader promises its cells that variable.
        "assert (x, os.environ['NBGRADER_EXECUTION']) == (2, 'autograde')\n"
        "print('still', file=sys.stderr)",
        "assert x == 3",
    )
    status, log = nbgrader(course, "autograde", "warm_up")
    assert status == 1 and "no checks to grade it by" in log
    allow_plain_assignments(course)
    assert nbgrader(course, "autograde", "warm_up")[0] == 0
    found = {row[2]: row[3] for row in rows(course) if row[1] == "warm_up"}
    assert found == {"check_center": 2.0, "check_learn": 0.0}
    before = rows(course), tree(course / "autograded")
    told = CliRunner().invoke(main, ["nbgrade", "warm_up", "--course", str(course), "--force"])
    assert told.exit_code == 0, told.output
    assert (rows(course), tree(course / "autograded")) == before


def test_nbgraders_timeout_counts_for_plain_assignments(course: Path) -> None:
    sleeps = "import time\ntime.sleep(8)"
    plain_assignment(course, sleeps, "while True: pass", "assert True")
    allow_plain_assignments(course, "get_config().Execute.timeout = 1")
    assert nbgrader(course, "autograde", "warm_up")[0] == 0
    found = {row[2]: row[3] for row in rows(course) if row[1] == "warm_up"}
    assert found == {"check_center": 0.0, "check_learn": 3.0}
    notebook = own.autograded(course, "ada", "warm_up")
    assert "stopped after waiting 2 s" in own.text_shown(cell_of(notebook, "center"))
    assert "stopped after 1 s of computing" in own.text_shown(cell_of(notebook, "check_center"))


@pytest.mark.parametrize(
    ("timeout", "cell", "together"), [(30, 30, 1200), (600, 600, 6000), (None, 1200, 12000)]
)
def test_a_long_timeout_is_not_cut_short(timeout: int | None, cell: int, together: int) -> None:
    limits = assert_cells.limits(timeout)
    assert (limits.cell_seconds, limits.cells_seconds) == (cell, together)
    assert limits.submission_seconds == together <= max(limits.total_cpu_seconds, 1200)


def test_a_plain_assignment_in_another_language_is_no_zero(course: Path) -> None:
    r = {"name": "ir", "language": "R", "display_name": "R"}
    plain_assignment(course, "x <- 2", "stopifnot(x == 2)", "stopifnot(x > 1)", kernelspec=r)
    allow_plain_assignments(course)
    status, log = nbgrader(course, "autograde", "warm_up")
    assert status == 1
    assert "ada is not graded. The notebook's kernel is `ir`, its language `R`" in log
    assert not (course / "autograded" / "ada" / "warm_up").exists()
    assert {(row[3], row[6]) for row in rows(course) if row[1] == "warm_up"} == {(None, 1)}
