"""A course with a class for the tests of nbgrader, and nbgrader's commands, in this process."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from jupyter_core.application import NoStart
from nbgrader.apps import NbGraderApp

from autograder.authoring.release import release_unit
from autograder.course.course import Course
from support.places import ROOT, TINY

HERE = Course.find(ROOT)
UNIT = "01_lines"

NOISY = """\
def center(X):
    import sys, warnings
    print("told", file=sys.stderr)
    warnings.warn("and warned")
    mean = X.mean(axis=1, keepdims=True)
    return X - mean
"""
WRONG_AXIS = "def center(X):\n    return X - X.mean(axis=0, keepdims=True)\n"
SILENT = "def center(X):\n    return None\n"

GRADES = """
select s.id, n.name, c.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade,
       sn.late_submission_penalty, sa.timestamp
from grade g join base_cell c on c.id = g.cell_id
join submitted_notebook sn on sn.id = g.notebook_id join notebook n on n.id = sn.notebook_id
join submitted_assignment sa on sa.id = sn.assignment_id join student s on s.id = sa.student_id
order by 1, 2, 3
"""
COMMENTS = """
select s.id, n.name, b.name, c.auto_comment, c.manual_comment
from comment c join base_cell b on b.id = c.cell_id
join submitted_notebook sn on sn.id = c.notebook_id join notebook n on n.id = sn.notebook_id
join submitted_assignment sa on sa.id = sn.assignment_id join student s on s.id = sa.student_id
order by 1, 2, 3
"""


def new_course(folder: Path, *units: Path) -> Path:
    """A course with its notebooks generated and the configuration of this repository."""
    for unit in units or (TINY / "solutions" / UNIT,):
        shutil.copytree(unit, folder / "solutions" / unit.name)
        released = unit.parents[1] / "assignments" / unit.name
        if released.is_dir():  # else it is made below, which takes longer
            shutil.copytree(released, folder / "assignments" / unit.name)
    shutil.copy(HERE.root / "nbgrader_config.py", folder)
    course = Course(folder)
    for name in course.unit_names():
        release_unit(course, course.load(name))
    return folder


@contextlib.contextmanager
def own_environment(home: Path) -> Iterator[None]:
    """No cache, no configuration and no programs of the person who runs the tests."""
    changed = {
        "XDG_CACHE_HOME": str(home / "cache"),
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "PYTHONPATH": os.pathsep.join([str(HERE.root), *filter(None, [os.getenv("PYTHONPATH")])]),
        # nbgrader calls `alembic`, which lies beside this Python.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    before = dict(os.environ)
    os.environ.update(changed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def nbgrader(course: Path, *arguments: str) -> tuple[int, str]:
    """Runs a command of nbgrader as from a shell in the course; gives its status and its log."""
    log = io.StringIO()
    app = NbGraderApp.instance()
    path = list(sys.path)
    with contextlib.chdir(course), contextlib.redirect_stdout(log):
        try:
            app.initialize(list(arguments))
            app.init_logging(logging.StreamHandler, [log], color=False, subapps=True)
            app.start()
            status = 0  # of nbgrader's own; NoStart says that a command has run
        except NoStart:
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            app.reset()
            sys.path[:] = path
    return status, log.getvalue()


class Class:
    """Submissions for the released notebook of a unit."""

    def __init__(self, course: Path, unit: str = UNIT) -> None:
        self.course = course
        self.unit = unit
        release = course / "assignments" / unit / f"{unit}.ipynb"
        self.released = json.loads(release.read_text(encoding="utf-8"))
        author = course / "solutions" / unit / f"{unit}.ipynb"
        self.right = {
            cell["metadata"]["nbgrader"]["grade_id"]: cell["source"]
            for cell in json.loads(author.read_text(encoding="utf-8"))["cells"]
            if cell["metadata"].get("nbgrader", {}).get("solution")
        }

    def folder(self, student: str) -> Path:
        path = self.course / "submitted" / student / self.unit
        path.mkdir(parents=True, exist_ok=True)
        return path

    def notebook(self, **answers: str) -> dict[str, Any]:
        """The released notebook with answers in it; those not given are right."""
        notebook: dict[str, Any] = deepcopy(self.released)
        for cell in notebook["cells"]:
            name = grade_id(cell)
            if name in self.right:
                cell["source"] = answers.get(name, self.right[name])
        return notebook

    def hand_in(self, student: str, notebook: Any, name: str = "") -> Path:
        path = self.folder(student) / f"{name or self.unit}.ipynb"
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        path.write_text(text, encoding="utf-8")
        return path


def grade_id(cell: Any) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def cell_of(notebook: Any, name: str) -> Any:
    """The cell with a grade id."""
    return next(cell for cell in notebook["cells"] if grade_id(cell) == name)


def rows(course: Path, query: str = GRADES) -> list[tuple[Any, ...]]:
    """Rows of the gradebook."""
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as database:
        return database.execute(query).fetchall()


def scores(course: Path, student: str) -> dict[str, float | None]:
    """The automatic scores of a student by exercise."""
    found = [row for row in rows(course) if row[0] == student]
    return {row[2].removeprefix("check_"): row[3] for row in found}


def tree(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def autograded(course: Path, student: str, unit: str = UNIT) -> Any:
    """The autograded notebook of a student."""
    path = course / "autograded" / student / unit / f"{unit}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))


def text_shown(cell: Any) -> str:
    """What a cell shows, as text."""
    parts: list[str] = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        for part in (output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")):
            parts.append("".join(part))
        parts += output.get("traceback", [])
    return "\n".join(parts)
