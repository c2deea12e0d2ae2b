"""What names the seed is for the account that grades alone; what students get is not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from support.command import CENTER_MEAN, CENTER_SUM, Write, autograder, table_of

from autograder.course.course import Course

pytestmark = pytest.mark.slow


@pytest.fixture
def handed_in(tmp_path: Path, write_notebook: Write) -> Path:
    """Two students, the second of whom is wrong."""
    for student, answer in {"ada": CENTER_MEAN, "bob": CENTER_SUM}.items():
        write_notebook(tmp_path / "in" / f"{student}.ipynb", center=answer)
    return tmp_path / "in"


def graded(course: Path, handed_in: Path, place: Path) -> tuple[dict[str, str], str]:
    """Grade a class that was not graded before; return the points, and what was noted."""
    options = ("--course", course, "--out", place / "out", "--fresh")
    done = autograder("grade", handed_in, *options, XDG_CACHE_HOME=str(place / "cache"))
    assert done.returncode == 0, done.stderr
    rows = table_of(place / "out")
    return {name: row["points"] for name, row in rows.items()}, done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_names_the_seed_is_for_the_account_alone(
    lines_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    graded(lines_course, handed_in, place)
    assert autograder("report", place / "out", "--format", "json,html").returncode == 0
    seed = Course(lines_course).seed().encode()
    files = [path for path in place.rglob("*") if path.is_file() and path.stat().st_size]
    naming = {path for path in files if seed in path.read_bytes()}
    assert naming == set((place / "out").rglob("*.json"))
    evidence = set((place / "cache").rglob("*.evidence"))
    assert naming and evidence
    assert {mode(path) for path in naming | evidence} == {0o600}
    folders = [lines_course / ".autograder", place / "cache" / "autograder" / "evidence"]
    folders += [path for path in folders[1].rglob("*") if path.is_dir()]
    assert {mode(path) for path in folders} == {0o700}
    # What others get stays readable.
    pages = [*(place / "out").rglob("*.html"), place / "out" / "class.csv"]
    assert {mode(path) for path in pages} == {0o644} and len(pages) == 4
    assert mode(place / "out") & mode(place / "out" / "01_lines") & 0o055 == 0o055
