"""nbgrader's gradebook: whether it is there, is one and fits the course; leaving no grade in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import nbgrader
from alembic.script import ScriptDirectory
from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from autograder.course.exercise import Unit
from autograder.course.notebook import check_id
from autograder.errors import UserError

WAIT_SECONDS = 10.0  # for another program to let go of the gradebook
_TABLES = {"alembic_version", "assignment", "notebook", "grade", "submitted_notebook"}


class GradebookError(UserError):
    """The gradebook is not there, not one, or does not fit; says what to do."""


def require(db_url: str, assignment: str) -> None:
    """Makes sure that a gradebook can be written and knows an assignment.

    Raises:
        GradebookError: it can't or doesn't; nothing was changed.
    """
    path = _sqlite_file(db_url)
    if path is not None:
        _require_file(path, assignment)
    with Gradebook(db_url) as gradebook:
        known = {one.name: [nb.name for nb in one.notebooks] for one in gradebook.assignments}
    if assignment in known:
        return
    for other, notebooks in known.items():
        if assignment in notebooks:
            raise GradebookError(
                f"The gradebook knows `{assignment}` as a notebook of the assignment `{other}`: "
                f"give that name, `{other}`, and hand in to `submitted/<student>/{other}/`."
            )
    raise GradebookError(_unknown(assignment, known))


def unit_of(assignment: str, notebook: str, units: Collection[str]) -> str:
    """The course's unit that a notebook of an assignment is, "" if it is none."""
    return next((name for name in (notebook, assignment) if name in units), "")


def no_unit(assignment: str, notebook: str, units: Collection[str]) -> GradebookError:
    """What to say of a notebook that is no unit of the course."""
    listed = ", ".join(f"`{name}`" for name in units) or "none"
    return GradebookError(
        f"nbgrader knows the notebook `{notebook}` of the assignment `{assignment}`, but the "
        "course has no unit of either name, so there are no checks to grade it by. Its units: "
        f"{listed}. Rename the folder in `solutions/`, or write its `exercises.py` there."
    )


def require_same_exercises(db_url: str, assignment: str, unit: Unit) -> None:
    """Makes sure that a unit still has the exercises that students have handed in.

    Raises:
        GradebookError: exercises came or went; nothing was changed.
    """
    path = _sqlite_file(db_url)
    if path is not None:
        if not path.is_file():
            return
        _require_file(path, assignment)
    with Gradebook(db_url) as gradebook:
        try:
            notebook = gradebook.find_notebook(unit.name, assignment)
        except MissingEntry:
            return
        theirs = {cell.name for cell in notebook.grade_cells}
        submissions = len(notebook.submissions)
    changed = theirs ^ {check_id(exercise.name) for exercise in unit.exercises}
    if submissions and changed:
        listed = ", ".join(f"`{name}`" for name in sorted(changed))
        raise GradebookError(
            f"{submissions} submissions of `{assignment}` are in the gradebook, and {listed} came "
            "or went since: nbgrader can't add or remove exercises then. Nothing was changed. Take "
            "the change back, or give the unit another name (see `nbgrader db assignment --help`)."
        )


def require_points(db_url: str, assignment: str, notebook: str, unit: Unit) -> None:
    """Makes sure that the gradebook has the exercises and points that the course has now.

    Raises:
        GradebookError: the unit was changed after `nbgrader generate_assignment`.
    """
    with Gradebook(db_url) as gradebook:
        cells = gradebook.find_notebook(notebook, assignment).grade_cells
        theirs = {cell.name: float(cell.max_score) for cell in cells}
    ours = {check_id(exercise.name): float(exercise.points) for exercise in unit.exercises}
    if theirs == ours:
        return
    changed = ", ".join(
        f"`{name}` has {_points(theirs.get(name))} there, {_points(ours.get(name))} in the course"
        for name in sorted(theirs.keys() | ours.keys())
        if theirs.get(name) != ours.get(name)
    )
    raise GradebookError(
        f"The gradebook is older than the unit: {changed}. Run `nbgrader generate_assignment "
        f"{assignment}`, then this again."
    )


def notebooks(db_url: str, assignment: str) -> list[str]:
    """Return the names of an assignment's notebooks."""
    with Gradebook(db_url) as gradebook:
        return [notebook.name for notebook in gradebook.find_assignment(assignment).notebooks]


def enter_ungraded(db_url: str, assignment: str, student: str, create_student: bool) -> None:
    """Enter a submission as handed in and not graded: without an entry it would count as zero."""
    with Gradebook(db_url) as gradebook:
        if create_student:
            gradebook.update_or_create_student(student)
        try:
            gradebook.update_or_create_submission(assignment, student)
        except MissingEntry:
            return  # the gradebook doesn't have this student, and is not to
    for notebook in notebooks(db_url, assignment):
        leave_ungraded(db_url, assignment, student, notebook)


def leave_ungraded(db_url: str, assignment: str, student: str, notebook: str) -> None:
    """Takes automatic scores away, so that a failure reads as "to be graded", never as a zero.

    What a teacher entered stays.
    """
    with Gradebook(db_url) as gradebook:
        try:
            submission = gradebook.find_submission_notebook(notebook, assignment, student)
        except MissingEntry:
            return  # nobody has made an entry, so there is nothing that reads as a zero
        for grade in submission.grades:
            grade.auto_score = None
            grade.needs_manual_grade = True
        gradebook.db.commit()


def _sqlite_file(db_url: str) -> Path | None:
    try:
        url = make_url(db_url)
    except ArgumentError:
        raise GradebookError(
            f"`CourseDirectory.db_url` is `{db_url}`. Expected an address like "
            "`sqlite:////home/me/course/gradebook.db`: see nbgrader_config.py."
        ) from None
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(str(url.database)) if is_file else None


def _require_file(path: Path, assignment: str) -> None:
    if not path.is_file():
        raise GradebookError(
            f"There is no gradebook at `{path}` yet: `nbgrader generate_assignment {assignment}` "
            "makes it."
        )
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            if tables and not tables >= _TABLES:
                raise GradebookError(
                    f"`{path}` is the database of another program, not a gradebook of nbgrader. "
                    "Nothing was changed in it. Move it away, or set `CourseDirectory.db_url`."
                )
            if tables:
                _require_version(path, database)
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise GradebookError(
                f"Another program holds the gradebook `{path}` (waited {WAIT_SECONDS:g} s): "
                "another autograding, a form grader, a database browser? Nothing was changed. Run "
                "this again when it has let go."
            ) from None
        raise GradebookError(
            f"The gradebook `{path}` can't be written: {error}. Nothing was changed. Who owns it, "
            "and is the disk full?"
        ) from None
    except sqlite3.DatabaseError as error:
        raise GradebookError(
            f"`{path}` is no SQLite database ({error}). Nothing was changed in it. Restore your "
            "backup, or move it away and run `nbgrader generate_assignment` again."
        ) from None


def _require_version(path: Path, database: sqlite3.Connection) -> None:
    found = [version for (version,) in database.execute("SELECT version_num FROM alembic_version")]
    # nbgrader asks a program called `alembic` on the PATH, which may be another environment's.
    wanted = ScriptDirectory(str(Path(nbgrader.__file__).with_name("alembic"))).get_current_head()
    if found != [wanted]:
        raise GradebookError(
            f"The gradebook `{path}` was made by another version of nbgrader (it is at "
            f"{', '.join(map(str, found)) or 'none'}, this one wants {wanted}). Nothing was "
            "changed. Make a backup, then run `nbgrader db upgrade`."
        )


def _unknown(assignment: str, known: Collection[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in known) or "none yet"
    return (
        f"The gradebook has no assignment `{assignment}` (it has: {listed}). Run "
        f"`nbgrader generate_assignment {assignment}` first."
    )


def _points(value: float | None) -> str:
    return "no cell" if value is None else f"{value:g} points"
