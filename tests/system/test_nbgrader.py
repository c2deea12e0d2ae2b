"""nbgrader's own commands on a course: release, autograde, a class at once, what follows."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from nbgrader.api import Gradebook
from support import nbgrader_class as own
from support.nbgrader_class import (
    UNIT,
    Class,
    autograded,
    cell_of,
    nbgrader,
    rows,
    scores,
    text_shown,
    tree,
)
from support.places import SAMPLES
from traitlets.config import Config

from autograder.authoring.release import release_unit
from autograder.cli.main import main
from autograder.course.course import Course
from autograder.plugins.nbgrader import configure

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nbgrader_environment")]


@dataclass(frozen=True)
class Graded:
    """One class, graded by `nbgrader autograde` and, in a copy, by `autograder nbgrade`."""

    course: Path
    status: int
    log: str
    parallel: Path
    told: Result


def nbgrade(course: Path, *arguments: str) -> Result:
    command = ["nbgrade", UNIT, "--course", str(course), *arguments]
    return CliRunner().invoke(main, command)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose unit is in the gradebook."""
    course = own.new_course(tmp_path_factory.mktemp("course") / "course")
    # What authors leave in a source folder, and nbgrader would copy.
    source = course / "solutions" / UNIT
    (source / "figures").mkdir()
    (source / "figures" / "plot.svg").write_text("<svg/>")
    (source / "helper.txt").write_text("answer = 42")
    (source / "[draft].md").write_text("answer = 42")
    # What a unit has for students.
    (source / "data").mkdir()
    (source / "data" / "numbers.csv").write_text("1,2,3")
    (source / "data" / ".left-by-an-editor").write_text("")
    release_unit(Course(course), Course(course).load(UNIT))
    before = tree(course / "assignments")
    status, log = nbgrader(course, "generate_assignment", UNIT)
    assert status == 0, log
    assert tree(course / "assignments") == before
    return course


@pytest.fixture(scope="module")
def graded(released: Path) -> Graded:
    hand_in_class(Class(released))
    Course(released).seed()  # both copies draw the same hidden cases
    parallel = Path(shutil.copytree(released, released.parent / "parallel"))
    status, log = nbgrader(released, "autograde", UNIT)
    return Graded(released, status, log, parallel, nbgrade(parallel, "--jobs", "2"))


def hand_in_class(group: Class) -> None:
    group.hand_in("ada", group.notebook(center=own.NOISY))
    (group.folder("ada") / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    (group.folder("ada") / "notes.csv").write_text("her,own,file")
    group.hand_in("bob", group.notebook(center=own.WRONG_AXIS))
    group.hand_in("cleo", group.released)
    group.hand_in("dan", tampered(group))
    group.hand_in("eve", json.dumps(group.notebook())[:2000])
    group.hand_in("fay", older_schema(group))
    group.hand_in("gus", without_marks(group))
    group.hand_in("hal", group.notebook(), name="my homework")
    group.folder("ivy")
    group.hand_in("jo", group.notebook(center=own.SILENT, learn="def learn(: broken"))


def tampered(group: Class) -> Any:
    """Edited grade cells, changed points, a deleted cell, a doubled one, outputs of one's own."""
    notebook = group.notebook(center=own.WRONG_AXIS)
    cells = notebook["cells"]
    check = cell_of(notebook, "check_center")
    check["source"] = "print('all points')"
    check["metadata"]["nbgrader"] |= {"points": 200, "grade": False, "locked": False}
    answer = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
    check["outputs"] = [answer | {"data": {"text/plain": "2.0"}}]
    cells.remove(cell_of(notebook, "check_learn"))
    copy = json.loads(json.dumps(cell_of(notebook, "center"))) | {"id": "copy"}
    cells.insert(cells.index(cell_of(notebook, "center")), copy)
    foreign = json.loads(json.dumps(check)) | {"id": "foreign"}
    foreign["metadata"]["nbgrader"] |= {"grade_id": "extra_credit", "grade": True}
    cells.append(foreign)
    return notebook


def older_schema(group: Class) -> Any:
    """A notebook of the first schema, as an old release has it, and one damaged mark."""
    notebook = group.notebook()
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader")
        if marks:
            marks["schema_version"] = 1
            del marks["task"]
    notebook["cells"][0]["metadata"]["nbgrader"] = ["not", "a", "mark"]
    return notebook


def without_marks(group: Class) -> Any:
    """As some editors save it: solution cells without marks; and both check cells deleted."""
    notebook = group.notebook()
    notebook["cells"] = [
        cell for cell in notebook["cells"] if not own.grade_id(cell).startswith("check_")
    ]
    for cell in notebook["cells"]:
        cell["metadata"].pop("nbgrader", None)
    return notebook


# ------------------------------------------------------------------------------------------ release


def test_the_release_is_what_autograder_wrote_and_holds_nothing_else(released: Path) -> None:
    names = set(tree(released / "assignments"))
    assert names == {f"{UNIT}/{UNIT}.ipynb", f"{UNIT}/{UNIT}.cases", f"{UNIT}/data/numbers.csv"}


def test_nothing_of_the_sources_lands_beside_a_submission(graded: Graded) -> None:
    for course in (graded.course, graded.parallel):
        names = {Path(name).name for name in tree(course / "autograded")}
        assert names == {f"{UNIT}.ipynb", "numbers.csv", "timestamp.txt", "notes.csv"}


def test_a_source_that_gets_there_all_the_same_is_refused(released: Path, tmp_path: Path) -> None:
    other = shutil.ignore_patterns("autograded")  # of tests that share the course
    course = Path(shutil.copytree(released, tmp_path / "course", ignore=other))
    config = course / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\nget_config().CourseDirectory.ignore = []\n")
    Class(course).hand_in("ada", Class(course).notebook())
    before, points = tree(course / "assignments"), scores(course, "ada")
    for command in ("generate_assignment", "autograde"):
        status, log = nbgrader(course, command, UNIT)
        assert status == 1
        assert "nbgrader would copy" in log and "`exercises.py`" in log
        assert "figures/plot.svg" in log and "numbers.csv" not in log
    assert not (course / "autograded").exists()
    assert tree(course / "assignments") == before
    assert scores(course, "ada") == points


@pytest.mark.parametrize("what", ["stale", "stray"])
def test_what_would_release_something_else_is_refused(
    released: Path, tmp_path: Path, what: str
) -> None:
    course = Path(shutil.copytree(released, tmp_path / "course"))
    source = course / "solutions" / UNIT
    if what == "stale":
        script = (source / "notebook.py").read_text()
        (source / "notebook.py").write_text(script.replace("Separating", "Dividing"))
    else:
        shutil.copy(source / f"{UNIT}.ipynb", source / "scratch.ipynb")
    before = tree(course / "assignments")
    status, log = nbgrader(course, "generate_assignment", UNIT)
    assert status == 1
    assert ("run `autograder release 01_lines`" if what == "stale" else "scratch.ipynb") in log
    assert tree(course / "assignments") == before


@pytest.mark.parametrize(
    ("name", "student", "unit"),
    [
        ("ada_03_optimizers.ipynb", "ada", "03_optimizers"),
        ("ab_12_03_optimizers-1.ipynb", "ab_12", "03_optimizers"),
        ("Ada Lovelace - 03_optimizers (2).ipynb", "Ada Lovelace", "03_optimizers"),
        ("ada_lovelace_5021_77_03_optimizers_2.ipynb", "ada_lovelace_5021_77", "03_optimizers_2"),
        ("bob_Week-1.ipynb", "bob", "Week-1"),  # a unit's name is its author's affair
        ("bob_07_other.ipynb", None, None),
        ("ada_03_optimizers_final.ipynb", "ada", "03_optimizers"),
        ("03_optimizers.ipynb", None, None),
    ],
)
def test_zip_collect_takes_files_by_the_names_of_the_units(
    tmp_path: Path, name: str, student: str | None, unit: str | None
) -> None:
    for folder in ("03_optimizers", "03_optimizers_2", "Week-1"):
        (tmp_path / "solutions" / folder).mkdir(parents=True)
    config = Config()
    configure(config, str(tmp_path / "nbgrader_config.py"))
    found = re.match(config.FileNameCollectorPlugin.named_regexp, f"/x/extracted/class 1/{name}")
    assert (found and found["student_id"], found and found["file_id"]) == (student, unit)


# ---------------------------------------------------------------------------------------- autograde


@pytest.mark.parametrize(
    ("student", "center", "learn"),
    [
        ("ada", 2.0, 3.0),  # right, though it writes to stderr
        ("bob", 0.0, 3.0),  # one slip costs once
        ("cleo", 0.0, 0.0),
        ("dan", 0.0, 3.0),  # no profit from what was tampered with
        ("fay", 2.0, 3.0),
        ("gus", 2.0, 3.0),
        ("jo", 0.0, 0.0),  # silence earns nothing
    ],
)
def test_points_are_the_sandboxs(graded: Graded, student: str, center: float, learn: float) -> None:
    assert scores(graded.course, student) == {"center": center, "learn": learn}


def test_who_can_not_be_graded_is_left_ungraded_and_named(graded: Graded) -> None:
    assert graded.status == 1
    assert scores(graded.course, "eve") == {"center": None, "learn": None}
    assert "eve is not graded." in graded.log and "cut off" in graded.log
    assert "my homework.ipynb` is not looked at" in graded.log and f"`{UNIT}.ipynb`" in graded.log
    for student in ("eve", "hal", "ivy"):
        assert not (graded.course / "autograded" / student / UNIT).exists()
    waiting = {row[0] for row in rows(graded.course) if row[3] is None}
    assert waiting == {"eve", "hal"}
    assert all(row[6] for row in rows(graded.course) if row[3] is None)  # to be graded by hand


def test_what_was_changed_is_restored_and_reported(graded: Graded) -> None:
    notebook = autograded(graded.course, "dan")
    check = cell_of(notebook, "check_center")
    assert check["metadata"]["nbgrader"]["points"] == 2.0
    assert check["metadata"]["nbgrader"]["grade"] and check["metadata"]["nbgrader"]["locked"]
    assert 'check("center")' in "".join(check["source"])
    assert "missing from the submission" in "".join(cell_of(notebook, "check_learn")["source"])
    marked = [own.grade_id(cell) for cell in notebook["cells"] if own.grade_id(cell)]
    assert sorted(marked) == ["center", "check_center", "check_learn", "learn"]
    for told in (
        "Attribute 'points' for cell check_center has changed! (should be: 2.0, got: 200)",
        "Attribute 'grade' for cell check_center",
        "Attribute 'checksum' for cell check_center",
        "Missing grade cell check_learn",
        "Cell with id 'center' exists multiple times!",
        "'extra_credit' does not exist in the database",
    ):
        assert told in graded.log
    first = "".join(notebook["cells"][0]["source"])
    assert "About this notebook" in first and "`check_learn` is missing" in first


def test_findings_and_output_are_in_the_notebook(graded: Graded) -> None:
    notebook = autograded(graded.course, "bob")
    check = cell_of(notebook, "check_center")
    assert [output["output_type"] for output in check["outputs"]] == [
        "display_data",
        "execute_result",
    ]
    assert "You average over the units" in text_shown(check)
    assert "autograder-findings" in text_shown(check)
    broken = autograded(graded.course, "jo")
    assert "line 1: invalid syntax" in text_shown(cell_of(broken, "learn"))


def test_no_solution_and_no_seed_is_in_what_students_get_back(graded: Graded) -> None:
    seed = (graded.course / ".autograder" / "seed").read_text().strip()
    for content in tree(graded.course / "autograded").values():
        assert seed.encode() not in content
    # `cleo` has answered nothing, so that whatever answers is not hers.
    assert "axis=1" not in json.dumps(autograded(graded.course, "cleo"))


def test_notebooks_stay_valid_and_keep_their_figures(graded: Graded) -> None:
    import nbformat

    for student in ("ada", "dan", "fay", "gus"):
        path = graded.course / "autograded" / student / UNIT / f"{UNIT}.ipynb"
        nbformat.validate(nbformat.read(path, as_version=4))


# ---------------------------------------------------------------------------------- a class at once


def test_the_class_at_once_is_nbgraders_own_row_by_row(graded: Graded) -> None:
    assert rows(graded.parallel) == rows(graded.course)
    assert rows(graded.parallel, own.COMMENTS) == rows(graded.course, own.COMMENTS)
    ours, theirs = tree(graded.parallel / "autograded"), tree(graded.course / "autograded")
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_the_sample_class_gets_what_it_should_by_both_commands(tmp_path: Path) -> None:
    unit = "03_optimizers"
    samples = SAMPLES / unit
    expected = tomllib.loads((samples / "expected.toml").read_text(encoding="utf-8"))
    course = own.new_course(tmp_path / "course", own.HERE.root / "solutions" / unit)
    assert nbgrader(course, "generate_assignment", unit)[0] == 0
    students = ["dilara", "emeka", "milan", "rosa"]
    for student in [*students, "pavel"]:
        text = (samples / f"{student}.ipynb").read_text(encoding="utf-8")
        Class(course, unit).hand_in(student, text)
    Course(course).seed()
    parallel = Path(shutil.copytree(course, tmp_path / "parallel"))
    assert nbgrader(course, "autograde", unit)[0] == 1  # pavel's file is cut off
    told = CliRunner().invoke(main, ["nbgrade", unit, "--course", str(parallel)])
    assert told.exit_code == 1 and "Not graded: pavel." in told.output
    assert rows(parallel) == rows(course)
    assert tree(parallel / "autograded") == tree(course / "autograded")
    full = {e.name: e.points for e in own.HERE.load(unit).unit.exercises}
    for student in students:
        assert scores(course, student) == full | expected[student].get("points", {})


def test_the_class_at_once_tells_who_is_left(graded: Graded) -> None:
    assert graded.told.exit_code == 1
    assert "Not graded: eve, hal." in graded.told.output
    assert "dan: Attribute 'points' for cell check_center has changed!" in graded.told.output
    assert "Traceback" not in graded.told.output


def test_without_a_terminal_a_line_says_whose_turn_it_is(graded: Graded) -> None:
    turns = re.findall(r"^ *(\d+) of \d+  (\w+)$", graded.told.output, re.MULTILINE)
    assert [int(number) for number, _ in turns] == list(range(1, len(turns) + 1))
    assert {"ada", "bob", "jo"} <= {name for _, name in turns}


def test_it_goes_on_where_it_was_killed(graded: Graded, tmp_path: Path) -> None:
    course = Path(shutil.copytree(graded.parallel, tmp_path / "course"))
    before = tree(course / "autograded")
    shutil.rmtree(course / "autograded" / "ada")
    # Killed between nbgrader's two passes: the notebook is there, and has no points.
    half = course / "autograded" / "bob" / UNIT / f"{UNIT}.ipynb"
    notebook = autograded(course, "bob")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    half.chmod(0o644)
    half.write_text(json.dumps(notebook))
    told = nbgrade(course, "--student", "[abc]*")
    assert told.exit_code == 0, told.output
    assert "left half done; it is graded again" in told.output
    assert "Autograded before, and kept: 1" in told.output
    assert tree(course / "autograded") == before
    assert rows(course) == rows(graded.parallel)


def test_one_run_at_a_time_by_either_command(graded: Graded) -> None:
    import fcntl

    course = graded.parallel
    before = rows(course), tree(course / "autograded")
    with (course / ".autograder" / "nbgrade.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = nbgrade(course, "--force")
        status, log = nbgrader(course, "autograde", UNIT, "--force")
    assert (told.exit_code, status) == (2, 1)
    for said in (told.output, log):
        assert "Another `nbgrader autograde` or `autograder nbgrade` is at work" in said
    assert (rows(course), tree(course / "autograded")) == before
    # Each lets go at its end, in the same process, too.
    assert nbgrader(course, "autograde", UNIT, "--student", "ada")[0] == 0
    assert nbgrade(course, "--student", "ada").exit_code == 0


# --------------------------------------------------------------------------------- what comes after


def test_export_and_db_give_the_right_numbers(graded: Graded) -> None:
    path = graded.course / "grades.csv"
    status, log = nbgrader(graded.course, "export", "--to", str(path))
    assert status == 0
    with path.open(newline="") as file:
        table = {row["student_id"]: row for row in csv.DictReader(file)}
    assert table["bob"]["score"] == "3.0" and table["bob"]["max_score"] == "5.0"
    assert table["cleo"]["score"] == "0.0"  # nothing answered is a zero; nothing graded is not
    assert table["eve"]["score"] == "" and table["eve"]["raw_score"] == ""
    assert "Not graded yet, so without a score: eve" in log
    status, log = nbgrader(graded.course, "db", "student", "list")
    assert status == 0 and "ada" in log
    status, log = nbgrader(graded.course, "db", "assignment", "list")
    assert UNIT in log


def test_a_teachers_score_and_comment_and_late_penalty_stay(graded: Graded, tmp_path: Path) -> None:
    course = Path(shutil.copytree(graded.course, tmp_path / "course"))
    config = course / "nbgrader_config.py"
    config.write_text(
        f"{config.read_text()}\nget_config().LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    url = f"sqlite:///{course / 'gradebook.db'}"
    with Gradebook(url) as book:
        book.update_or_create_assignment(UNIT, duedate="2026-02-01 12:00:00 UTC")
        grade = book.find_grade("check_center", UNIT, UNIT, "bob")
        grade.manual_score, grade.extra_credit = 1.5, 0.25
        book.find_comment("center", UNIT, UNIT, "bob").manual_comment = "Nearly: <b>which</b> axis?"
        book.db.commit()
    status, log = nbgrader(course, "autograde", UNIT, "--force", "--student", "[ab]*")
    assert status == 0, log
    bob = {row[2]: row for row in rows(course) if row[0] == "bob"}["check_center"]
    assert bob[3:7] == (0.0, 1.5, 0.25, 1)  # kept, and marked to be looked at again
    with Gradebook(url) as book:
        ada = book.find_submission(UNIT, "ada")
        assert (ada.score, ada.late_submission_penalty) == (5.0, 5.0)
        assert book.find_submission(UNIT, "bob").score == 4.75
    status, log = nbgrader(course, "generate_feedback", UNIT, "--student", "bob")
    assert status == 0, log
    page = (course / "feedback" / "bob" / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")
    assert "4.75 / 5.0" in page and "Nearly" in page and "You average over the units" in page


def test_a_grading_without_execution_gives_no_points_for_silence(
    graded: Graded, tmp_path: Path
) -> None:
    course = Path(shutil.copytree(graded.course, tmp_path / "course"))
    status, log = nbgrader(course, "autograde", UNIT, "--no-execute", "--force", "--student", "dan")
    assert status == 0, log
    assert scores(course, "dan") == {"center": 0.0, "learn": 3.0}
