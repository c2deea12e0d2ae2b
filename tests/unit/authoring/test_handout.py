"""`autograder release --zip`: what is published, byte by byte, and the cell that gets it back."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.command import CENTER_MEAN, autograder, grade, record_of
from support.light_install import build_wheel
from support.nbgrader_class import nbgrader, own_environment, tree
from support.places import ROOT, TINY

from autograder.authoring import wheel
from autograder.authoring.archive import packed
from autograder.authoring.handout import publish
from autograder.authoring.release import Stale, release_unit
from autograder.authoring.wheel import this_package
from autograder.course.course import Course
from autograder.errors import UserError

UNIT = "01_lines"
URL = "https://example.org/course/"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that is published at `URL`, with data, released; `handouts/` is written."""
    root = tmp_path_factory.mktemp("published")
    folder = root / "solutions" / UNIT
    shutil.copytree(TINY / "solutions" / UNIT, folder)
    (folder / "data").mkdir()
    (folder / "data" / 'wörter "1".txt').write_text("a")
    (root / "course.toml").write_text(f'release_url = "{URL}"\n')
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = Course(root)
    loaded = course.load(UNIT)
    release_unit(course, loaded)
    publish(course, [loaded], root / "handouts")
    return root


def released_notebook(root: Path) -> Any:
    return nbformat.read(root / "assignments" / UNIT / f"{UNIT}.ipynb", as_version=4)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ------------------------------------------------------------------------------- what is written


def test_the_archive_holds_what_students_get_and_how_to_start(released: Path) -> None:
    found = members(released / "handouts" / f"{UNIT}.zip")
    readme = found.pop(f"{UNIT}/README.md").decode()
    folder = released / "assignments"
    assert found == {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert len(found) == 3
    assert readme.startswith("# Separating by a line\n")
    package = this_package()
    assert f'pip install "{URL}{package.file_name}#sha256={package.wheel.sha256}" ' in readme
    assert "| `data/` |" in readme and "$" not in readme


def test_the_index_says_what_lies_there(released: Path) -> None:
    folder = released / "handouts"
    index = json.loads((folder / "index.json").read_text())
    package = index["package"]
    assert sha256((folder / package["wheel"]).read_bytes()) == package["sha256"]
    assert f"{package['name'].replace('-', '_')}-{package['version']}-" in package["wheel"]
    assert index["units"] == {
        UNIT: {
            "archive": f"{UNIT}.zip",
            "sha256": sha256((folder / f"{UNIT}.zip").read_bytes()),
        }
    }


def test_the_same_course_gives_the_same_bytes(released: Path, tmp_path: Path) -> None:
    course = Course(released)
    publish(course, [course.load(UNIT)], tmp_path)
    for path in (released / "handouts").iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_unit_alone_leaves_the_others_in_the_index(released: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(released, tmp_path / "course"))
    for old, new in (("solutions", "solutions"), ("assignments", "assignments")):
        shutil.copytree(root / old / UNIT, root / new / "02_lines")
    exercises = root / "solutions" / "02_lines" / "exercises.py"
    exercises.write_text(exercises.read_text().replace('Unit("01_lines")', 'Unit("02_lines")'))
    course = Course(root)
    loaded = course.load("02_lines")
    with pytest.raises(Stale, match=r"not current: 02_lines\.zip, index\.json"):
        publish(course, [loaded], root / "handouts", write=False)
    publish(course, [loaded], root / "handouts")
    index = json.loads((root / "handouts" / "index.json").read_text())
    assert set(index["units"]) == {"01_lines", "02_lines"}


@pytest.mark.slow
def test_the_command_writes_checks_and_says_so(lines_course: Path, tmp_path: Path) -> None:
    first = autograder("release", "--zip", cwd=lines_course)
    assert first.returncode == 0, first.stderr
    assert "handouts/01_lines.zip, " in first.stdout and "handouts/index.json" in first.stdout
    assert autograder("release", "--zip", "--check", cwd=lines_course).returncode == 0
    elsewhere = autograder("release", "--zip", "--check", "--out", tmp_path / "x", cwd=lines_course)
    assert elsewhere.returncode == 1 and "not current: 01_lines.zip" in elsewhere.stdout
    assert not (tmp_path / "x").exists()
    wrong = autograder("release", "--out", tmp_path / "x", cwd=lines_course)
    assert wrong.returncode == 2 and "`--out` is the folder for `--zip`" in wrong.stderr
    readme = members(lines_course / "handouts/01_lines.zip")["01_lines/README.md"].decode()
    assert "or from your\nteacher" in readme and "http" not in readme


# ------------------------------------------------------------------------------- the package


def test_the_wheel_holds_what_the_builder_puts_into_one(tmp_path: Path) -> None:
    built = build_wheel(tmp_path)
    package = this_package()
    assert built.name == package.file_name
    path = tmp_path / "ours.whl"
    path.write_bytes(package.content)
    ours, theirs = members(path), members(built)
    assert set(ours) == set(theirs)
    differ = {name.rpartition("/")[2] for name in ours if ours[name] != theirs[name]}
    assert differ <= {"WHEEL", "RECORD", "METADATA"}
    # The README in it is that of the day of the installation.
    (metadata,) = (name for name in ours if name.endswith("/METADATA"))
    assert ours[metadata].partition(b"\n\n")[0] == theirs[metadata].partition(b"\n\n")[0]


def test_sources_that_are_not_installed_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "DISTRIBUTION", "nobody-has-this")
    with pytest.raises(UserError, match=r"nobody-has-this is not installed.* `pip install -e '.*'"):
        this_package.__wrapped__()


def test_archives_depend_on_content_alone() -> None:
    files = {"b.txt": b"b" * 1000, "a/ü.txt": b""}
    assert packed(files) == packed(dict(files))
    with zipfile.ZipFile(io.BytesIO(packed(files))) as archive:
        assert archive.namelist() == ["b.txt", "a/ü.txt"]
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
    assert len(packed(files, compress=False)) > len(packed(files)) + 900


# ------------------------------------------------------------------------------- the first cell


def test_the_first_code_cell_names_what_was_released(released: Path) -> None:
    notebook = released_notebook(released)
    nbformat.validate(notebook)
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert notebook.cells[0].cell_type == "markdown"
    text = codes[0].source
    names: dict[str, Any] = {}
    exec(text.partition("\nif ")[0], names)
    folder = released / "assignments" / UNIT
    assert names["FILES"] == {
        name: sha256((folder / name).read_bytes())
        for name in (f"{UNIT}.cases", 'data/wörter "1".txt')
    }
    package = this_package()
    assert names["WHEEL"] == f"{URL}{package.file_name}#sha256={package.wheel.sha256}"
    assert (
        f"%pip uninstall --yes autograder {package.distribution}".removesuffix(
            " autograder" if package.distribution == "autograder" else ""
        )
        in text
    )
    assert len(text.splitlines()) <= 40


def test_without_an_address_the_notebook_is_as_it_was(released: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(released, tmp_path / "course"))
    before = released_notebook(root).cells
    (root / "course.toml").unlink()
    course = Course(root)
    release_unit(course, course.load(UNIT))
    after = released_notebook(root).cells
    assert after == [cell for cell in before if "import prepare" not in cell.source]
    assert len(after) == len(before) - 1


@pytest.mark.slow
def test_nbgrader_writes_the_same_bytes(released: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(released, tmp_path / "course"))
    before = tree(root / "assignments")
    with own_environment(tmp_path / "home"):
        status, log = nbgrader(root, "generate_assignment", UNIT)
    assert status == 0, log
    assert tree(root / "assignments") == before and len(before) == 3


@pytest.mark.slow
def test_nbgrader_refuses_wrong_settings_before_the_earlier_release_is_gone(
    released: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(released, tmp_path / "course"))
    (root / "course.toml").write_text('release_url = "example.org"')
    with own_environment(tmp_path / "home"):
        status, log = nbgrader(root, "generate_assignment", UNIT)
    assert status != 0 and "Expected the address of a folder on a web server" in log
    assert tree(root / "assignments") == tree(released / "assignments")


@pytest.mark.slow
def test_when_grading_the_cell_does_nothing(released: Path, tmp_path: Path) -> None:
    """Nothing is fetched or installed, and no point depends on it."""
    notebook = released_notebook(released)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "center":
            cell.source = CENTER_MEAN
    path = tmp_path / "ada.ipynb"
    nbformat.write(notebook, path)
    done = grade(released, path, out=tmp_path / "out")
    assert done.returncode == 0
    assert [line.split()[-2:] for line in done.stderr.splitlines()] == [["01_lines", "ada"]]
    record = record_of(tmp_path / "out", "ada")
    assert {one["exercise"]: one["points"] for one in record["exercises"]}["center"] == 2
    assert record["cells"][0] == {"cell": 1, "status": "ok", "output": "", "error": ""}
