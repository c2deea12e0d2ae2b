"""The command `autograder`, as people and scripts use it."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from support.command import (
    CENTER_MEAN,
    CENTER_SUM,
    PROGRESS,
    Ran,
    Write,
    autograder,
    grade,
    notes_of,
    record_of,
    table_of,
)
from support.places import TINY

from autograder import __version__
from autograder.errors import DISTRIBUTION
from autograder.programs import PACKAGE
from autograder.sandbox.bubblewrap import bwrap_path

ANSI = re.compile(r"\x1b|\r")


# ---------------------------------------------------------------------------------- exit statuses


def test_status_0_when_all_are_graded_whatever_their_points(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    write_notebook(tmp_path / "in" / "ada.ipynb")
    write_notebook(tmp_path / "in" / "bob.ipynb", stubs=True)
    done = grade(lines_course, tmp_path / "in")
    assert (done.returncode, notes_of(done)) == (0, [])
    rows = table_of(tmp_path / "out")
    assert {name: row["points"] for name, row in rows.items()} == {"ada": "5", "bob": "0"}
    assert {row["status"] for row in rows.values()} == {"graded"}


def test_status_1_when_some_are_not(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    write_notebook(tmp_path / "in" / "ada.ipynb")
    (tmp_path / "in" / "bob.ipynb").write_text("")
    done = grade(lines_course, tmp_path / "in")
    assert done.returncode == 1
    assert "The file is empty" in done.stdout
    assert {n: r["status"] for n, r in table_of(tmp_path / "out").items()} == {
        "ada": "graded",
        "bob": "ungradable",
    }


def test_status_1_when_the_course_is_at_fault(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    script = lines_course / "solutions/01_lines/notebook.py"
    script.write_text(script.read_text().replace("return X - mean", "return X - mean[99]"))
    done = grade(lines_course, write_notebook(tmp_path / "ada.ipynb"))
    assert done.returncode == 1
    row = table_of(tmp_path / "out")["ada"]
    assert (row["status"], row["points"]) == ("fault", "")
    assert "center" in row["problem"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage"),
        (("grade",), "Missing argument"),
        (("grade", "here.ipynb", "--jobs", "0"), "--jobs"),
        (("grade", "here.ipynb", "--isolation", "some"), "--isolation"),
        (("grade", "here.ipynb", "--nonsense"), "--nonsense"),
        (("unknown",), "unknown"),
        (("check-course", "--seeds", "0"), "--seeds"),
    ],
)
def test_status_2_for_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    done = autograder(*arguments)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grade", "nowhere.ipynb"), "There is nothing at `nowhere.ipynb`"),
        (("grade", "solutions", "--unit", "09_none"), "There is no unit `09_none`"),
        (("release", "09_none"), "There is no unit `09_none`"),
        (("check-course", "09_none"), "Its units: `01_lines`"),
        (("grade", "solutions", "--unit", "9"), "There is no unit with the number 9 in this"),
        (("check-course", "1", "09"), "number 09 in this course. Its units: `01_lines`."),
        (("grade", ".", "--course", "/"), "No course here"),
    ],
)
def test_status_2_for_what_is_not_there(
    lines_course: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = autograder(*arguments, cwd=lines_course)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("autograder: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("grade", "solutions", "--unit"), ("similar", "solutions", "-u"), ("release",)]
)
def test_a_number_that_several_units_have_is_not_guessed(
    lines_course: Path, arguments: tuple[str, ...]
) -> None:
    units = lines_course / "solutions"
    shutil.copytree(units / "01_lines", units / "01_curves")
    done = autograder(*arguments, "1", "--course", lines_course, cwd=lines_course.parent)
    assert done.returncode == 2
    assert "2 units of this course have the number 1: `01_curves`, `01_lines`. Name" in done.stderr


@pytest.mark.parametrize("number", ["1", "01"])
def test_a_number_means_the_unit_that_has_it(
    course: Path, write_notebook: Write, number: str
) -> None:
    path = write_notebook(course.parent / "ada_02_swish.ipynb")  # the option decides
    done = grade(course, path, "--unit", number)
    assert (done.returncode, notes_of(done)) == (0, [])
    (row,) = table_of(course.parent / "out").values()
    assert (row["unit"], row["points"]) == ("01_lines", "5")
    done = autograder("release", number, cwd=course)
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["01_lines"]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("exercises.py", "def broken(:", "exercises.py"),
        ("exercises.py", "import nowhere", "nowhere"),
        ("exercises.py", "unit = 1", "must define `unit = Unit("),
        ("notebook.py", "print(1)", "Every cell begins with"),
        ("notebook.py", "# %%\ndef center(X):\n    ### BEGIN SOLUTION\n", "isn't closed"),
    ],
)
def test_status_2_and_the_place_for_an_authors_mistake(
    lines_course: Path, write_notebook: Write, file: str, text: str, said: str
) -> None:
    path = write_notebook(lines_course.parent / "ada.ipynb")
    (lines_course / "solutions/01_lines" / file).write_text(text)
    done = grade(lines_course, path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_unit_does_not_stop_the_grading_of_another(
    course: Path, write_notebook: Write
) -> None:
    path = write_notebook(course.parent / "ada.ipynb")
    (course / "solutions/02_swish/exercises.py").write_text("import nowhere")
    done = grade(course, path)
    assert (done.returncode, notes_of(done)) == (0, [])


def test_the_version_has_the_name_by_which_the_package_is_installed() -> None:
    assert autograder("--version").stdout == f"{DISTRIBUTION} {__version__}\n"


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["grade", "x.ipynb"], "platformdirs"),
        (["report", "grades"], "rich"),
        (["release"], "jupytext"),
        (["nbgrade", "01_lines"], "nbgrader"),
        (["check-course"], "rich"),
    ],
)
def test_a_package_of_an_extra_that_is_not_installed_is_named(
    course: Path, words: list[str], missing: str
) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {words!r}\n"
    program += "from autograder.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=course, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f"autograder: `autograder {words[0]}` needs `{missing}`, which is not installed: "
        f"`pip install '{DISTRIBUTION}[grade]'`."
    )


@pytest.mark.parametrize("theirs", ['__all__ = ["main"]\n__version__ = "3.7.7"\n', None])
def test_another_package_of_this_import_name_is_recognised(
    tmp_path: Path, theirs: str | None
) -> None:
    """Both were installed: theirs came later, or was uninstalled and took `__init__` with it."""
    package = Path(shutil.copytree(PACKAGE, tmp_path / "autograder"))
    if theirs is None:
        (package / "__init__.py").unlink()
    else:
        (package / "__init__.py").write_text(theirs)
    done = subprocess.run(
        # Without `site`, which would find this repository's package where there is no `__init__`.
        [sys.executable, "-S", "-P", "-m", "autograder", "--version"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{Path(click.__file__).parents[1]}"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"autograder: `{package}` holds files of another package")
    assert f"`pip install --force-reinstall --no-deps {DISTRIBUTION}`" in done.stderr


def test_the_package_and_the_script_are_the_same_command() -> None:
    script = Path(sys.executable).parent / "autograder"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert (
        done.stdout.split()
        == autograder("--version").stdout.replace("python -m autograder", "autograder").split()
    )
    assert "check-course" in autograder("-h").stdout


# ------------------------------------------------------------------------------------- bad inputs


def broken_class(folder: Path, write: Write) -> None:
    """One good submission and whatever else people hand in."""
    write(folder / "good.ipynb")
    (folder / "text.ipynb").write_text("# my solution\n")
    (folder / "broken.ipynb").write_text(write(folder / "tmp").read_text()[:500])
    (folder / "tmp").unlink()
    (folder / "empty.ipynb").write_bytes(b"")
    (folder / "other.ipynb").write_text('{"a": 1}')
    (folder / "utf16.ipynb").write_text("{}", encoding="utf-16")
    for name in ("one", "two"):
        write(folder / "twice" / f"{name}.ipynb")
    edited_class(folder, write)
    (folder / "nothing").mkdir()


def edited_class(folder: Path, write: Write) -> None:
    """Right answers in notebooks of which more was changed than the answers."""
    write(folder / "edited.ipynb", check_center="check('center')\nprint('more')")
    changed(write(folder / "deleted_stub.ipynb"), lambda cells: drop(cells, "center"))
    changed(write(folder / "no_grade_cell.ipynb"), lambda cells: drop(cells, "check_center"))
    changed(write(folder / "grade_cell_twice.ipynb"), lambda cells: repeat(cells, "check_center"))
    changed(write(folder / "more_points.ipynb"), lambda cells: points(cells, "check_center", 99))
    changed(write(folder / "other_ids.ipynb"), lambda cells: rename(cells, "check_center", "c"))
    changed(write(folder / "no_metadata.ipynb"), strip)


def changed(path: Path, change: Callable[[list[Any]], object]) -> None:
    notebook = json.loads(path.read_text())
    change(notebook["cells"])
    path.write_text(json.dumps(notebook))


def index(cells: list[Any], grade_id: str) -> int:
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells]
    return ids.index(grade_id)


def drop(cells: list[Any], grade_id: str) -> None:
    cells.pop(index(cells, grade_id))


def repeat(cells: list[Any], grade_id: str) -> None:
    cells.append({**cells[index(cells, grade_id)], "id": "again"})


def points(cells: list[Any], grade_id: str, number: float) -> None:
    cells[index(cells, grade_id)]["metadata"]["nbgrader"]["points"] = number


def rename(cells: list[Any], grade_id: str, new: str) -> None:
    cells[index(cells, grade_id)]["metadata"]["nbgrader"]["grade_id"] = new


def strip(cells: list[Any]) -> None:
    for cell in cells:
        cell["metadata"] = {}


def archives(folder: Path, write: Write) -> None:
    notebook = write(folder / "tmp").read_text()
    (folder / "tmp").unlink()
    with zipfile.ZipFile(folder / "traversal.zip", "w") as archive:
        archive.writestr("../../escaped.ipynb", notebook)
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "symlink.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.ipynb", bytes(60 * 2**20))
    (folder / "damaged.zip").write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        archive.writestr("zipped/01_lines.ipynb", notebook)


UNGRADABLE = "text broken empty other utf16 symlink traversal twice".split()
GRADED = (
    "good edited no_grade_cell grade_cell_twice more_points other_ids no_metadata zipped "
    "deleted_stub"
).split()


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, write_notebook: Write) -> tuple[Ran, Path]:
    """A class with every bad input, graded."""
    folder = tmp_path_factory.mktemp("bad")
    shutil.copytree(TINY / "solutions/01_lines",
                    folder / "course/solutions/01_lines")  # fmt: skip
    broken_class(folder / "in", write_notebook)
    archives(folder / "zips", write_notebook)
    paths = [folder / "in", folder / "in" / "nothing", *sorted((folder / "zips").iterdir())]
    return grade(folder / "course", *paths, "--unit", "01_lines"), folder


def test_bad_inputs_do_not_end_the_class(bad: tuple[Ran, Path]) -> None:
    done, folder = bad
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    rows = table_of(folder / "out")
    assert all(rows[name]["status"] == "graded" for name in GRADED), rows
    assert all(rows[name]["status"] == "ungradable" for name in UNGRADABLE), rows


def test_archives_that_cannot_be_read_are_told_apart(bad: tuple[Ran, Path]) -> None:
    problems = [json.loads(path.read_text()) for path in (bad[1] / "out").rglob("*.json")]
    for name in ("bomb.zip", "damaged.zip", "traversal.zip", "symlink.zip", "in/nothing"):
        assert [p for p in problems if name in p["path"] and p["status"] == "ungradable"], name
    told = (bad[1] / "out" / "index.html").read_text()
    assert {name for name in ("bomb", "damaged", "nothing") if name in told} == {
        "bomb",
        "damaged",
        "nothing",
    }


def test_nothing_of_an_archive_is_written(bad: tuple[Ran, Path]) -> None:
    folder = bad[1]
    assert not list(folder.parent.rglob("escaped.ipynb"))
    assert "root:" not in (folder / "out" / "index.html").read_text()


def test_what_students_change_of_the_grading_changes_no_points(bad: tuple[Ran, Path]) -> None:
    rows = table_of(bad[1] / "out")
    right = [name for name in GRADED if name != "deleted_stub"]
    assert {rows[name]["points"] for name in right} == {"5"}
    assert {rows[name]["max_points"] for name in right} == {"5"}
    # `learn` calls the deleted `center`, and is judged with a right one.
    assert rows["deleted_stub"]["points"] == "3"


def test_what_was_odd_is_noted(bad: tuple[Ran, Path]) -> None:
    words = {
        "edited": "was edited",
        "no_grade_cell": "is missing",
        "grade_cell_twice": "2 times",
        "more_points": "`99` points",
    }
    for student, said in words.items():
        assert said in " ".join(record_of(bad[1] / "out", student)["notes"]), student


def test_every_problem_says_what_to_do(bad: tuple[Ran, Path]) -> None:
    problems = {
        row["student"]: row["problem"]
        for row in table_of(bad[1] / "out").values()
        if row["status"] == "ungradable"
    }
    for student, problem in problems.items():
        assert len(problem) > 40, student
        assert str(bad[1] / "course") not in problem


def test_two_submissions_of_one_student_are_not_chosen_from(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    write_notebook(tmp_path / "in" / "ada_01_lines.ipynb")
    write_notebook(tmp_path / "in" / "submitted" / "ada" / "01_lines" / "01_lines.ipynb")
    write_notebook(tmp_path / "in" / "ada" / "01_lines.ipynb")
    done = grade(lines_course, tmp_path / "in")
    assert done.returncode == 1
    row = table_of(tmp_path / "out")["ada"]
    assert (row["status"], row["points"]) == ("ungradable", "0")
    assert "handed in" in row["problem"]


def test_an_empty_folder_makes_no_report(lines_course: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    done = grade(lines_course, tmp_path / "in")
    assert done.returncode == 2
    assert "There is no hand-in in" in done.stderr and "It is empty." in done.stderr
    assert not (tmp_path / "out").exists()


# -------------------------------------------------------------------------------- what is printed


def test_without_a_terminal_there_are_no_colours_and_no_bars(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    done = grade(lines_course, write_notebook(tmp_path / "ada.ipynb", center=CENTER_SUM))
    assert not ANSI.search(done.stdout + done.stderr)
    assert notes_of(done) == []
    assert "ada" in done.stdout
    assert "3/5" in done.stdout
    assert "Pages: " in done.stdout


@pytest.mark.slow
def test_without_a_terminal_each_submission_is_a_line_as_soon_as_it_is_done(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    write_notebook(tmp_path / "in" / "ada.ipynb", center=CENTER_SUM)
    write_notebook(tmp_path / "in" / "王小明.ipynb")
    (tmp_path / "in" / "zoe.ipynb").write_text("")
    slow = "import time\ntime.sleep(3)\n" + CENTER_MEAN
    write_notebook(tmp_path / "in" / ("long " * 15).strip() / "01_lines.ipynb", center=slow)
    words = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "in")]
    options = ["--course", str(lines_course), "--out", str(tmp_path / "out"), "--seed", "s"]
    words = [*words, *options, "--no-cache"]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        came = [(line.rstrip("\n"), process.poll()) for line in process.stderr]
    found = [(PROGRESS.fullmatch(line), line, status) for line, status in came]
    told = [(match, line, status) for match, line, status in found if match]
    assert [(match["done"], match["total"]) for match, _, _ in told] == [
        (str(n), "4") for n in (1, 2, 3, 4)
    ]
    assert told[0][2] is None  # the command still runs
    said = {line.split("  ")[-1]: line for _, line, _ in told}
    assert said.keys() == {"ada", "王小明", "zoe", ("long " * 15).strip()}
    assert " 3/5 " in said["ada"] and " 5/5 " in said["王小明"] and "not gradable" in said["zoe"]
    again = grade(lines_course, tmp_path / "in")
    assert "  ada" not in again.stderr and "3 of 4 were graded before" in again.stderr


@pytest.mark.slow
def test_without_a_width_nothing_is_cut_and_no_line_ends_with_spaces(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    name = "Maximiliane Alexandra von Hohenlohe-Schillingsfürst zu Waldenburg"
    write_notebook(tmp_path / "in" / name / "01_lines.ipynb", center=CENTER_SUM)
    words = ("grade", tmp_path / "in", "--course", lines_course, "--out", tmp_path / "out")
    piped = autograder(*words, "--seed", "s", COLUMNS="").stdout  # which GNU readline may have set
    assert name in piped and "divide it by m." in piped and "…" not in piped
    assert all(line == line.rstrip() for line in piped.splitlines())
    narrow = autograder(*words, "--seed", "s", COLUMNS="60").stdout
    assert name not in narrow and "Maximiliane Alexan" in narrow
    assert max(len(line) for line in narrow.splitlines() if "Pages" not in line) <= 60


def in_a_terminal(arguments: list[str]) -> tuple[int, str]:
    """Runs a command in a pseudo-terminal; gives its status and all that was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"},
    )  # fmt: skip
    os.close(theirs)
    shown = b"".join(iter(lambda: read(ours), b"")).decode()
    os.close(ours)
    return process.wait(), shown


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody writes any more
        return b""


@pytest.mark.slow
def test_in_a_terminal_there_is_progress(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    slow = "import time\ntime.sleep(0.3)\n" + CENTER_SUM
    for student in ("ada", "bob", "cleo"):
        write_notebook(tmp_path / "in" / f"{student}.ipynb", center=slow)
    start = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "in")]
    options = ["--course", str(lines_course), "--out", str(tmp_path / "out"), "-j", "1"]
    status, shown = in_a_terminal([*start, *options, "--no-cache", "--seed", "s"])
    assert status == 0
    assert {f"{n}/3" for n in (1, 2)} <= set(re.findall(r"\d/\d", shown))
    assert "Grading" in shown
    assert "\x1b[" in shown
    assert "cleo" in shown
    assert "Now: bob" in shown
    assert "left" in shown
    assert not any(PROGRESS.fullmatch(line.strip()) for line in shown.splitlines())


def test_a_reader_that_goes_away_is_no_error(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    path = write_notebook(tmp_path / "ada.ipynb")
    start = [sys.executable, "-m", "autograder", "grade", str(path), "--course", str(lines_course)]
    process = subprocess.Popen(
        [*start, "--out", str(tmp_path / "out"), "--no-cache"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read().splitlines()
    process.stderr.close()
    assert process.wait() == 0
    assert len(said) == 1 and PROGRESS.fullmatch(said[0])
    assert (tmp_path / "out" / "class.csv").is_file()


@pytest.mark.slow
def test_grading_goes_on_when_nobody_reads_how_far_it_is(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    for student in ("ada", "bob", "cleo"):
        write_notebook(tmp_path / "in" / f"{student}.ipynb")
    words = ["grade", tmp_path / "in", "--course", lines_course, "--out", tmp_path / "out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", *map(str, words), "--no-cache"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait() == 0
    assert len(table_of(tmp_path / "out")) == 3


@pytest.mark.slow
def test_the_secret_seed_is_made_once_and_is_in_nothing_that_students_get(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    path = write_notebook(tmp_path / "ada.ipynb", center=CENTER_SUM)
    arguments = ("grade", path, "--course", lines_course, "--out", tmp_path / "out", "--no-cache")
    assert autograder(*arguments).returncode == 0
    file = lines_course / ".autograder" / "seed"
    seed = file.read_text().strip()
    assert len(seed) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "1 of 1 were graded before" in autograder(*arguments).stderr
    assert file.read_text().strip() == seed
    for page in (tmp_path / "out").rglob("*.html"):
        assert seed not in page.read_text()


# ------------------------------------------------------------------------------------ other inputs


def test_an_nbgrader_tree_is_graded(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    for student, answer in {"ada": CENTER_MEAN, "bob": CENTER_SUM}.items():
        path = tmp_path / "submitted" / student / "01_lines" / "01_lines.ipynb"
        write_notebook(path, center=answer)
    assert grade(lines_course, tmp_path / "submitted").returncode == 0
    rows = table_of(tmp_path / "out")
    assert {name: row["points"] for name, row in rows.items()} == {"ada": "5", "bob": "3"}


def test_a_zip_of_a_class_is_graded(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for student in ("ada", "bob", "Zoë Müller"):
            notebook = write_notebook(tmp_path / "n.ipynb").read_text()
            archive.writestr(f"class/{student}/01_lines.ipynb", notebook)
    assert grade(lines_course, tmp_path / "class.zip").returncode == 0
    rows = table_of(tmp_path / "out")
    assert set(rows) == {"ada", "bob", "Zoë Müller"}
    assert {row["points"] for row in rows.values()} == {"5"}


def test_names_of_students_are_text_in_tables_and_pages(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    names = ["=HYPERLINK(A1)", "<script>alert(1)<", "[bold]x[", "a;b,c\"d'"]
    for name in names:
        write_notebook(tmp_path / "in" / f"{name}.ipynb")
    assert grade(lines_course, tmp_path / "in").returncode == 0
    rows = table_of(tmp_path / "out")
    assert set(rows) == {"'=HYPERLINK(A1)", *names[1:]}
    index = (tmp_path / "out" / "index.html").read_text()
    assert "<script>alert" not in index
    assert "&lt;script&gt;alert(1)" in index


@pytest.mark.slow
def test_evidence_is_kept_where_the_user_keeps_caches(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    from platformdirs import user_cache_path

    path = write_notebook(tmp_path / "ada.ipynb", center=CENTER_SUM)
    (tmp_path / "cache" / "autograder").mkdir(parents=True)
    fonts = user_cache_path("autograder") / "matplotlib"  # seconds to make
    fonts.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "autograder" / "matplotlib").symlink_to(fonts)
    for out in ("first", "second"):
        options = ("--course", lines_course, "--out", tmp_path / out, "--seed", "s")
        done = autograder("grade", path, *options, XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert done.returncode == 0
    assert list((tmp_path / "cache").rglob("*.evidence"))
    first, second = (record_of(tmp_path / out, "ada") for out in ("first", "second"))
    assert first["exercises"] == second["exercises"]
    assert first["cells"] == second["cells"]


# ------------------------------------------------------------------------------- other commands


@pytest.mark.slow
def test_release_writes_once_and_check_sees_what_is_stale(lines_course: Path) -> None:
    first = autograder("release", cwd=lines_course)
    assert first.returncode == 0
    assert "assignments/01_lines/01_lines.ipynb" in first.stdout
    assert autograder("release", cwd=lines_course).stdout == "01_lines: current\n"
    assert autograder("release", "--check", cwd=lines_course).returncode == 0
    notebook = lines_course / "assignments/01_lines/01_lines.ipynb"
    notebook.write_text(notebook.read_text().replace("perceptron", "classifier"))
    stale = autograder("release", "--check", cwd=lines_course)
    assert stale.returncode == 1
    assert stale.stdout.startswith("01_lines: not current: assignments/01_lines/01_lines.ipynb")
    assert "classifier" in notebook.read_text()


@pytest.mark.slow
def test_check_course_says_what_does_not_hold(lines_course: Path, tmp_path: Path) -> None:
    exercises = lines_course / "solutions/01_lines/exercises.py"
    text = exercises.read_text().replace('{"X.mean(": "X.sum("}', '{"X.mean(": "+X.mean("}')
    exercises.write_text(text)
    words = ("check-course", "1", "--json", tmp_path / "m.json", "--no-cache")
    done = autograder(*words, cwd=lines_course)
    assert done.returncode == 1
    (matrix,) = json.loads((tmp_path / "m.json").read_text())
    problems = {row["name"]: row["problem"] for row in matrix["rows"] if row["problem"]}
    assert problems == {"sum": "must lose points (seed check-course-0)."}
    assert not matrix["holds"]
    assert any("not current" in problem for problem in matrix["problems"])


def test_doctor_finds_that_the_sandbox_holds() -> None:
    done = autograder("doctor")
    assert done.returncode == 0
    *lines, gpu = [line for line in done.stdout.splitlines() if not line.startswith("    ")]
    assert len(lines) >= 8
    # Few machines delegate a cgroup; it is another layer, and nothing is amiss without it.
    assert all(line.startswith("ok  ") or "cgroup" in line for line in lines)
    assert "GPU" in gpu and gpu.startswith(("ok  ", "--  "))  # without one nothing is amiss


def test_the_sandbox_holds_in_a_container_that_covers_parts_of_proc() -> None:
    # As docker and NVIDIA's runtime do; the kernel then lets nobody mount another /proc.
    covered = f"{bwrap_path()} --dev-bind / / --tmpfs /proc/tty --"
    refused = "bwrap --unshare-all --ro-bind / / --proc /proc -- true"
    assert subprocess.run([*covered.split(), *refused.split()], check=False).returncode != 0
    done = subprocess.run(
        [*covered.split(), sys.executable, "-m", "autograder", "doctor"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok   no other process can be seen" in done.stdout
    assert "--   the sandbox makes do with the container's /proc" in done.stdout


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    false = tmp_path / "bwrap"
    false.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    false.chmod(0o755)
    done = autograder("doctor", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "NO  " in done.stdout
    assert "No permissions" in done.stdout
    # What stands in the way depends on the machine that the tests run on.
    assert any(how in done.stdout for how in ("bwrap --unshare-all", "sysctl", "--security-opt"))
    assert "--isolation none" in done.stdout


def test_isolation_is_never_silently_weaker(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    false = tmp_path / "bin" / "bwrap"
    false.parent.mkdir()
    false.write_text("#!/bin/sh\nexit 1\n")
    false.chmod(0o755)
    path = write_notebook(tmp_path / "ada.ipynb")
    arguments = ("grade", path, "--course", lines_course, "--out", tmp_path / "out", "--seed", "s")
    done = autograder(*arguments, "--no-cache", PATH=f"{false.parent}:{os.environ['PATH']}")
    assert done.returncode in (1, 2)
    if done.returncode == 1:
        assert table_of(tmp_path / "out")["ada"]["status"] == "fault"
        assert "autograder doctor" in (tmp_path / "out" / "class.csv").read_text()


def test_no_isolation_is_marked(lines_course: Path, tmp_path: Path, write_notebook: Write) -> None:
    done = grade(lines_course, write_notebook(tmp_path / "ada.ipynb"), "--isolation", "none")
    assert done.returncode == 0
    assert "without isolation" in done.stdout
    assert table_of(tmp_path / "out")["ada"]["isolation"] == "none"
    page = next((tmp_path / "out").rglob("ada.html"))
    assert "without isolation" in page.read_text()


# ---------------------------------------------------------------------------------------- reports


def test_formats_are_written_beside_each_other_and_again_from_the_results(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    path = write_notebook(tmp_path / "ada.ipynb", center=CENTER_SUM)
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    arguments = ("grade", path, "--course", lines_course, "--out", tmp_path / "out", "--seed", "s")
    done = autograder(
        *arguments,
        *("--no-cache", "--format", "junit,markdown,gradescope,canvas,github", "--threshold", "90"),
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_OUTPUT=str(outputs),
    )
    assert (done.returncode, notes_of(done)) == (3, [])  # graded, and below the threshold
    assert f"::error file={path},line=" in done.stdout
    assert "max_points=5" in outputs.read_text()
    assert "Start with center" in summary.read_text()
    assert {item.name for item in (tmp_path / "out").iterdir()} == {
        *("01_lines", "junit.xml", "index.md", "canvas.csv"),
    }
    done = autograder("report", tmp_path / "out", "--format", "csv,html", "--out", tmp_path / "new")
    assert (done.returncode, done.stderr) == (0, "")
    assert table_of(tmp_path / "new")["ada"]["status"] == "graded"
    assert (tmp_path / "new" / "01_lines" / "ada.html").is_file()


def test_wrong_formats_and_folders_without_results_are_told(tmp_path: Path) -> None:
    done = autograder("report", tmp_path, "--format", "pdf")
    assert done.returncode == 2
    assert "no format `pdf`" in done.stderr and "junit" in done.stderr
    done = autograder("report", tmp_path / "nothing")
    assert done.returncode == 2
    assert "holds no results" in done.stderr
