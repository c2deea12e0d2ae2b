"""Whatever is handed in becomes submissions and problems; one bad file never stops the others."""

import json
import os
import stat
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.submissions import (
    archive,
    file,
    identify,
    metadata,
    notebook_file,
    open_zips,
    zips,
)
from autograder.submissions.preview import need_framework
from autograder.submissions.reader import Readers
from autograder.submissions.submission import (
    GradeCell,
    Problem,
    Submission,
    UnitOutline,
    UsageError,
    read,
)
from autograder.submissions.submission import find as find_with

READERS = Readers()


@pytest.fixture(scope="module", autouse=True)
def readers_end() -> Iterator[None]:
    yield
    READERS.close()


ONE, TWO = "01_two_functions", "02_other"
UNITS = {
    ONE: UnitOutline(ONE, {"check_half": GradeCell(3, 'check("half")')}),
    TWO: UnitOutline(TWO, {"check_double": GradeCell(2, 'check("double")')}),
}


def find(
    paths: Sequence[Path], units: Any, unit: str | None = None, student: str | None = None
) -> tuple[list[Submission], list[Problem]]:
    return find_with(paths, units, unit, student, READERS)


def code(source: str, grade_id: str = "", tags: Any = (), **nbgrader: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if grade_id:
        metadata["nbgrader"] = {"grade_id": grade_id, "schema_version": 3, **nbgrader}
    cell = {"cell_type": "code", "metadata": metadata, "source": source}
    return cell | {"execution_count": 1, "outputs": []}


def solution(
    source: str = "def half(x):\n    return x / 2",
    grade_id: str = "half",
    tags: Any = (),
    **nbgrader: Any,
) -> dict[str, Any]:
    return code(
        source, grade_id, tags, **{"solution": True, "grade": False, "locked": False} | nbgrader
    )


def check(source: str = 'check("half")', tags: Any = (), **nbgrader: Any) -> dict[str, Any]:
    flags = {"solution": False, "grade": True, "locked": True, "points": 3}
    return code(source, "check_half", tags, **flags | nbgrader)


def notebook(*given: dict[str, Any], unit: str = ONE, minor: int = 5) -> dict[str, Any]:
    cells = [dict(cell) for cell in given or (code("import math"), solution(), check())]
    for number, cell in enumerate(cells if minor >= 5 else ()):
        cell["id"] = f"cell-{number}"
    metadata = {"autograder": {"unit": unit}} if unit else {}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def put(path: Path, content: Any = None) -> Path:
    """Writes a file; a notebook where nothing is said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes):
        content = json.dumps(content or notebook()).encode()
    path.write_bytes(content)
    return path


def put_zip(path: Path, members: Any, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, content in members.items():
            out.writestr(name, content or json.dumps(notebook()))
    return path


def students(*paths: Path, unit: str | None = None) -> list[tuple[str, str]]:
    submissions, problems = find(paths, UNITS, unit)
    assert not problems
    return sorted((submission.student, submission.unit) for submission in submissions)


def one(path: Path, unit: str | None = None) -> Submission:
    submissions, problems = find([path], UNITS, unit)
    assert not problems
    return submissions[0]


def the_problem(path: Path, unit: str | None = None) -> Problem:
    submissions, problems = find([path], UNITS, unit)
    assert not submissions
    assert len(problems) == 1
    return problems[0]


# Where submissions lie.


def test_one_notebook(tmp_path):
    path = put(tmp_path / "alice.ipynb")
    submission = one(path)
    assert (submission.student, submission.unit, submission.path) == ("alice", ONE, str(path))
    assert submission.notes == ()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["alice.ipynb", "bob.IPYNB"], "alice bob"),
        (["alice/hw.ipynb", "bob/hw.ipynb", "bob/helper.py"], "alice bob"),
        ([f"{ONE}/alice.ipynb", f"{ONE}/bob.ipynb"], "alice bob"),
        ([f"{ONE}/alice/hw.ipynb", f"{ONE}/bob/hw.ipynb"], "alice bob"),
        ([f"alice/{ONE}/{ONE}.ipynb", f"bob/{ONE}/{ONE}.ipynb"], "alice bob"),
        ([f"submitted/alice/{ONE}/{ONE}.ipynb", f"submitted/bob/{ONE}/hw.ipynb"], "alice bob"),
        ([f"{ONE}_alice.ipynb", f"bob-{ONE}.ipynb"], "alice bob"),
        (
            [f"alice/{ONE}.ipynb", f"bob/{ONE}-Copy1.ipynb", f"carl/{ONE} (2).ipynb"],
            "alice bob carl",
        ),
        (["alice/class/bob.ipynb"], "alice"),
        ([f"alice/bob/{ONE}.ipynb", f"carl/bob/{ONE}/hw.ipynb"], "alice carl"),
        ([f"alice/submitted/bob/{ONE}/{ONE}.ipynb"], "alice"),
        (["alice.ipynb", ".hidden.ipynb", ".ipynb_checkpoints/alice-checkpoint.ipynb"], "alice"),
        (["alice.ipynb", "__MACOSX/._alice.ipynb", "__MACOSX/x.ipynb", ".git/y.ipynb"], "alice"),
    ],
)
def test_students_of_a_folder_and_of_the_same_zip(tmp_path, files, expected):
    for name in files:
        put(tmp_path / "batch" / name, b"x = 1" if name.endswith(".py") else None)
    wanted = [(student, ONE) for student in expected.split()]
    assert students(tmp_path / "batch") == wanted
    path = put_zip(tmp_path / "other.zip", dict.fromkeys(files, ""))
    assert students(path) == wanted


def test_nbgraders_tree_from_every_level(tmp_path):
    for student in ("alice", "bob"):
        put(tmp_path / "submitted" / student / ONE / f"{ONE}.ipynb")
    alice, both = [("alice", ONE)], [("alice", ONE), ("bob", ONE)]
    place = tmp_path / "submitted"
    assert students(tmp_path) == students(place) == both
    for path in (place / "alice", place / "alice" / ONE, place / "alice" / ONE / f"{ONE}.ipynb"):
        assert students(path) == alice


def test_lone_notebook_named_as_its_unit_belongs_to_its_folder(tmp_path):
    assert students(put(tmp_path / "alice" / f"{ONE}.ipynb")) == [("alice", ONE)]


def test_a_zip_of_a_folder_holds_the_folder_alone(tmp_path):
    inside = {"class/alice.ipynb": "", "class/bob/hw.ipynb": ""}
    assert students(put_zip(tmp_path / "class.zip", inside)) == [("alice", ONE), ("bob", ONE)]
    assert students(put_zip(tmp_path / "class (1).zip", inside)) == [("alice", ONE), ("bob", ONE)]
    problem = the_problem(put_zip(tmp_path / "other.zip", inside))
    assert problem.student == "class"
    assert "give that folder itself" in problem.message


def test_things_given_side_by_side_are_hand_ins(tmp_path):
    put(tmp_path / "class" / "alice" / "bob" / f"{ONE}.ipynb")
    put(tmp_path / "class" / "bob" / "alice.ipynb")
    put_zip(tmp_path / "class" / "carl.zip", {f"bob/{ONE}.ipynb": ""})
    wanted = [("alice", ONE), ("bob", ONE), ("carl", ONE)]
    assert students(*sorted((tmp_path / "class").iterdir())) == wanted
    assert students(*sorted((tmp_path / "class").rglob("*.ipynb"))) == wanted[:2]
    files = [tmp_path / "flat" / "alice.ipynb", tmp_path / "flat" / "bob.ipynb"]
    assert students(*map(put, files)) == [("alice", ONE), ("bob", ONE)]


def test_a_file_beside_a_folder_that_holds_others_is_seen_from_where_it_lies(tmp_path):
    put(tmp_path / "class" / "alice" / "x.ipynb")
    put(tmp_path / "late" / "bob.ipynb")
    paths = [tmp_path / "class", tmp_path / "late" / "bob.ipynb"]
    assert students(*paths, tmp_path / "class" / "alice" / "x.ipynb") == [
        ("alice", ONE),
        ("bob", ONE),
    ]


def test_folders_of_units_given_side_by_side_hold_hand_ins(tmp_path):
    put(tmp_path / ONE / "alice.ipynb")
    put(tmp_path / TWO / "alice.ipynb")
    assert students(tmp_path / ONE, tmp_path / TWO) == [("alice", ONE), ("alice", TWO)]


def test_a_named_student_owns_all_of_it(tmp_path):
    put(tmp_path / "repository" / "bob" / f"{ONE}.ipynb")
    put(tmp_path / "repository" / f"carl_{TWO}.ipynb")
    submissions, problems = find([tmp_path / "repository"], UNITS, student="alice")
    assert not problems
    found = sorted((one.student, one.unit) for one in submissions)
    assert found == [("alice", ONE), ("alice", TWO)]


def test_a_named_students_scratch_notebook_stands_in_nobodys_way(tmp_path):
    put(tmp_path / "repository" / "work" / f"{ONE}.ipynb")
    put(tmp_path / "repository" / "tries" / "Untitled.ipynb", notebook(code("1"), unit=""))
    submissions, problems = find([tmp_path / "repository"], UNITS, ONE, "alice")
    assert not problems
    assert [(one.student, one.unit) for one in submissions] == [("alice", ONE)]
    assert "`Untitled.ipynb` lies beside it" in submissions[0].notes[0]


def test_people_of_one_name_in_two_downloads_are_not_taken_for_one(tmp_path):
    mark = "_assignsubmission_file_"
    for section, number in (("a", 1), ("b", 2)):
        put(tmp_path / section / "download" / f"Ada Li_{number}{mark}" / "x.ipynb")
        put(tmp_path / section / "download" / f"Bo {section}_{number + 5}{mark}" / "x.ipynb")
    found = identify.hand_ins([tmp_path / s / "download" for s in "ab"], list(UNITS))
    ids = {one.student: one.person.moodle_id for one in found}
    assert ids == {"Ada Li": "", "Bo a": "6", "Bo b": "7"}
    _, problems = find([tmp_path / s / "download" for s in "ab"], UNITS)
    assert [problem.student for problem in problems] == ["Ada Li"]


def test_the_place_decides_on_the_unit_and_names_in_a_hand_in_claim_it(tmp_path):
    def claimed(name, unit=None):
        return one(put(tmp_path / name / f"{TWO}.ipynb", notebook(unit=ONE)), unit).claimed

    assert not claimed(f"submitted/alice/{ONE}")
    assert not claimed("alice", ONE)
    assert not claimed(ONE)
    assert claimed("alice")


def test_a_hand_in_of_very_many_notebooks_is_one_problem(tmp_path):
    for number in range(identify.MAX_NOTEBOOKS + 1):
        put(tmp_path / "alice" / f"{number}.ipynb", b"{}")
    put(tmp_path / "bob.ipynb")
    submissions, problems = find([tmp_path], UNITS)
    assert [submission.student for submission in submissions] == ["bob"]
    assert [problem.student for problem in problems] == ["alice"]
    assert "There are 101 notebooks" in problems[0].message


def test_a_hand_in_of_very_many_files_is_one_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "MAX_ENTRIES", 20)
    for number in range(20):
        put(tmp_path / "alice" / "environment" / f"{number}.py", b"")
    put(tmp_path / "alice" / f"{ONE}.ipynb")
    put(tmp_path / "bob.ipynb")
    submissions, problems = find([tmp_path], UNITS)
    assert [submission.student for submission in submissions] == ["bob"]
    assert [(problem.student, problem.path) for problem in problems] == [
        ("alice", str(tmp_path / "alice"))
    ]


def test_very_deep_folders_are_passed_over(tmp_path):
    here = tmp_path / "alice"
    here.mkdir()
    put(here / f"{ONE}.ipynb")
    deep = os.open(here, os.O_RDONLY)
    for _ in range(1500):  # deeper than a path may be long
        os.mkdir("a", dir_fd=deep)
        inner = os.open("a", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    try:
        assert students(tmp_path) == [("alice", ONE)]
    finally:
        subprocess.run(["rm", "-rf", str(here)], check=True)


def test_a_zip_counts_as_a_folder(tmp_path):
    path = put_zip(tmp_path / "alice.zip", {f"{ONE}.ipynb": ""})
    assert students(path) == [("alice", ONE)]


def test_a_student_may_hand_in_several_units(tmp_path):
    put(tmp_path / "alice" / f"{ONE}.ipynb")
    put(tmp_path / "alice" / f"{TWO}.ipynb", notebook(unit=TWO))
    assert students(tmp_path) == [("alice", ONE), ("alice", TWO)]


def test_a_file_given_twice_counts_once(tmp_path):
    path = put(tmp_path / "alice.ipynb")
    assert students(tmp_path, path, tmp_path) == [("alice", ONE)]


def test_ids_are_made_safe_and_this_is_noted(tmp_path):
    submission = one(put_zip(tmp_path / "a.zip", {"ali\x1bce\u202e.ipynb": ""}))
    assert submission.student == "ali_ce_"
    assert "became `ali_ce_`" in submission.notes[0]
    assert "\x1b" not in submission.notes[0] + submission.path


def test_accents_of_macos_are_the_same_student(tmp_path):
    put(tmp_path / "Jose\u0301.ipynb")
    assert students(tmp_path) == [("Jos\u00e9", ONE)]


def test_two_notebooks_of_a_student_are_a_problem(tmp_path):
    first, second = put(tmp_path / "alice.ipynb"), put(tmp_path / "alice (1).ipynb")
    put(tmp_path / "bob.ipynb")
    submissions, problems = find([tmp_path], UNITS, None)
    assert [submission.student for submission in submissions] == ["bob"]
    assert [(problem.student, problem.unit) for problem in problems] == [("alice", ONE)]
    assert str(first) in problems[0].message
    assert str(second) in problems[0].message
    assert "Keep the right one" in problems[0].message


# Which unit.


@pytest.mark.parametrize(
    ("name", "own", "unit", "expected"),
    [
        (f"{TWO}.ipynb", ONE, TWO, TWO),
        (f"{TWO}.ipynb", ONE, None, TWO),
        (f"{TWO}.ipynb", "", None, TWO),
        (f"x/alice_{TWO}.ipynb", "", None, TWO),
        (f"{TWO}/alice.ipynb", "", None, TWO),
        ("alice.ipynb", "", None, ONE),  # its grade cell says so
        (f"{TWO}.ipynb", "99_unknown", None, TWO),
        (f"{TWO}.ipynb", ["odd"], None, TWO),
    ],
)
def test_unit_of_a_notebook(tmp_path, name, own, unit, expected):
    submission = one(put(tmp_path / name, notebook(unit=own)), unit)
    assert submission.unit == expected
    doubt = any("says" in note for note in submission.notes if "half" not in note)
    assert doubt == (bool(own) and TWO in name)


def test_a_notebook_for_no_unit_names_the_units(tmp_path):
    problem = the_problem(put(tmp_path / "alice.ipynb", notebook(code("1"), unit="")))
    assert (problem.student, problem.unit) == ("alice", "")
    assert f"`{ONE}`, `{TWO}`" in problem.message


def test_what_does_not_exist_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no unit `03_x`"):
        find([tmp_path], UNITS, "03_x")
    with pytest.raises(UsageError, match="nothing at"):
        find([tmp_path / "no.ipynb"], UNITS, None)


# The cells.


def test_cells_are_counted_as_the_student_sees_them(tmp_path):
    text = {"cell_type": "markdown", "metadata": {}, "source": "text"}
    cells = [text, code("1"), solution(), check(), text, code("2", tags=["experiment"]), code("3")]
    submission = one(put(tmp_path / "alice.ipynb", notebook(*cells)))
    assert [(cell.number, cell.skip, cell.why) for cell in submission.cells] == [
        (1, False, ""),
        (2, False, ""),
        (3, True, "grade cell"),
        (4, True, "experiment"),
        (5, False, ""),
    ]
    assert submission.cells[1].grade_id == "half"


def test_hash_is_of_what_runs(tmp_path):
    def hashed(*cells, name="alice"):
        return one(put(tmp_path / f"{name}.ipynb", notebook(*cells))).digest

    output = {"output_type": "stream", "name": "stdout", "text": "x"}
    base = hashed(code("1"), code("2", tags=["experiment"]))
    assert base == hashed(
        code("1") | {"outputs": [output]}, code("9", tags=["experiment"]), name="b"
    )
    assert len({base, hashed(code("1")), hashed(code("1"), code("2")), hashed(code("9"))}) == 4


@pytest.mark.parametrize(
    ("cells", "note", "skipped"),
    [
        ([solution()], "`check_half` is missing", []),
        ([solution(), check(), check()], "is there 2 times: code cells 2 and 3", [2, 3]),
        ([solution(), check("half = 1")], "what you wrote in it isn't graded", [2]),
        ([solution(), check(points=30)], "says `30` points; the course's 3 count", [2]),
        ([solution(), check(points=["`"])], "says `['_']` points", [2]),
        ([solution(), check(grade=False)], "no longer marked as one", []),
        ([solution(grade=True), check()], "Code cell 1 is marked as grade cell `half`", [2]),
        ([solution(grade_id="free", grade=True), check()], "grade cell `free`", [2]),
        ([solution(tags=["experiment"]), check()], "Remove the tag", [1, 2]),
    ],
)
def test_what_was_done_to_graded_cells_is_noted(tmp_path, cells, note, skipped):
    submission = one(put(tmp_path / "alice.ipynb", notebook(*cells)))
    assert any(note in text for text in submission.notes), submission.notes
    assert [cell.number for cell in submission.cells if cell.skip] == skipped


def test_metadata_of_any_shape_is_survived(tmp_path):
    cells = [code("1"), code("2"), code("3"), code("4")]
    cells[0]["metadata"] = {"nbgrader": "no", "tags": "experiment"}
    cells[1]["metadata"] = {"nbgrader": {"grade_id": ["check_half"], "grade": True}}
    cells[2]["metadata"] = {"nbgrader": None, "collapsed": "yes"}
    cells[3] |= {"outputs": "nonsense", "execution_count": "x", "unknown": 1}
    content = notebook(*cells) | {"extra": 1}
    content["metadata"] |= {"kernelspec": {"language": "python"}, "autograder": [1]}
    submission = one(put(tmp_path / "alice.ipynb", content), ONE)
    assert [cell.skip for cell in submission.cells] == [False] * 4


def test_half_characters_do_not_travel_on(tmp_path):
    submission = one(put(tmp_path / "alice.ipynb", notebook(code("x = '\ud800'"))))
    assert submission.cells[0].source == "x = '?'"


# Formats.


@pytest.mark.parametrize("ids", [["a", "a"], [None, None]])
def test_doubled_and_missing_cell_ids_are_nothing(tmp_path, ids):
    content = notebook(solution(), check())
    for cell, name in zip(content["cells"], ids, strict=True):
        cell["id"] = name
    for cell in content["cells"]:
        if cell["id"] is None:
            del cell["id"]
    assert one(put(tmp_path / "alice.ipynb", content)).notes == ()


@pytest.mark.parametrize("minor", [0, 4, 5, 99])
def test_minor_formats_are_fine(tmp_path, minor):
    assert one(put(tmp_path / "alice.ipynb", notebook(minor=minor))).notes == ()


@pytest.mark.parametrize("major", [2, 3])
def test_old_formats_are_read_and_noted(tmp_path, major):
    cell = {"cell_type": "code", "language": "python", "collapsed": False, "metadata": {}}
    end = "\n" if major == 3 else ""
    cell |= {"input": [f"x = 1{end}", "y = 2"], "outputs": [], "prompt_number": 1}
    content = {"nbformat": major, "nbformat_minor": 0, "metadata": {"name": ""}}
    content["worksheets"] = [{"cells": [cell], "metadata": {}}]
    submission = one(put(tmp_path / "alice.ipynb", content), ONE)
    assert [cell.source for cell in submission.cells] == ["x = 1\ny = 2"]
    assert f"old format {major}" in submission.notes[0]


def test_utf8_with_a_byte_order_mark_is_read(tmp_path):
    assert one(put(tmp_path / "alice.ipynb", json.dumps(notebook()).encode("utf-8-sig")))


WHOLE = json.dumps(notebook(), indent=1).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty"),
        (b" \n", "The file is empty"),
        (WHOLE[:200], r"ends too early, in line \d+, column \d+ .*cut off"),
        (WHOLE[:-3], r"ends too early, in line \d+, column"),
        (WHOLE.replace(b",", b"", 1), r"is not JSON from line 5, column \d+"),
        (b"not json", "is not JSON from line 1, column 1"),
        (b"[1]", "JSON, but not a notebook: it holds a list"),
        (b"null", "holds a NoneType"),
        (b"{}", "no `nbformat` number or no list of `cells`"),
        (b'{"cells": {}, "nbformat": 4}', "no list of `cells`"),
        (b'{"cells": [], "nbformat": 7}', "its format is 7; expected 4"),
        (b'{"worksheets": [3], "metadata": {}, "nbformat": 3}', "not a valid notebook of format 3"),
        (b"[" * 100_000, "not a notebook"),
        (b"9" * 10_000, "not a notebook"),
        (json.dumps(notebook()).encode("utf-16"), "it is UTF-16"),
        (json.dumps(notebook()).encode("utf-16-le"), "it is UTF-16"),
        (json.dumps(notebook()).encode("utf-32"), "it is UTF-32"),
        (b'{\n"\xe9": 1}', "byte `0xe9` in line 2"),
        (b"PK\x03\x04 rest", "is a zip archive"),
        (b"<!doctype html>\n<p>", "is a web page"),
        (b"{\n<<<<<<< a\n=======\n>>>>>>> b\n}", "unresolved merge conflict"),
    ],
)
def test_a_damaged_file_is_a_problem_that_says_what_to_do(tmp_path, data, message):
    put(tmp_path / "class" / "alice.ipynb", data)
    put(tmp_path / "class" / "bob.ipynb")
    submissions, problems = find([tmp_path / "class"], UNITS, None)
    assert [submission.student for submission in submissions] == ["bob"]
    assert [problem.student for problem in problems] == ["alice"]
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(problems[0].message)


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        (b'{"cells": [], "nbformat": "4"}', ["The notebook's `nbformat` is text"]),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": "x"}', ["`nbformat_minor` is text"]),
        (b'{"cells": [1, null], "nbformat": 4}', ["Cell 1 is a number", "Cell 2 is null"]),
        (b'{"cells": [{"cell_type": "code"}], "nbformat": 4}', ["no `source`", "no `outputs`"]),
        (
            b'{"worksheets": [{"cells": [{"cell_type": "odd"}]}], "nbformat": 2}',
            ["Cell 1 has the type `odd`", "Cell 1 has no `source`", "the old format 2"],
        ),
        (
            json.dumps({"cells": [{"cell_type": "sql"}] * 9, "nbformat": 4}).encode(),
            [
                "Cells 1, 2, 3, 4, 5 and 4 more have the type `sql`",
                "Cells 1, 2, 3, 4, 5 and 4 more",
            ],
        ),
    ],
)
def test_what_is_odd_and_costs_nothing_is_noted(data, notes):
    _, told = notebook_file.read(data)
    assert len(told) == len(notes)
    for words in notes:
        assert any(words in note for note in told), told


# Files that aren't what they should be.


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("alice.py", "`alice.py` is not a notebook"),
        ("alice.ipynb.txt", "rename it `alice.ipynb`"),
        ("alice", "`alice` is not a notebook"),
    ],
)
def test_another_file_by_name_is_a_problem(tmp_path, name, message):
    assert message in the_problem(put(tmp_path / name)).message


def test_a_folder_names_what_was_meant_as_a_submission(tmp_path):
    put(tmp_path / "alice.ipynb.txt")
    put_zip(tmp_path / "bob.zip", {"x.ipynb": ""})
    put(tmp_path / "carl.py", b"x")
    put(tmp_path / "README.md", b"x")
    put(tmp_path / "roster.csv", b"x")
    submissions, problems = find([tmp_path], UNITS, None)
    assert [submission.student for submission in submissions] == ["bob"]
    assert [problem.student for problem in problems] == ["alice", "carl"]
    assert "Handed in `carl.py` (a Python script), not a notebook." in problems[1].message


@pytest.mark.parametrize("kind", ["folder", "archive"])
@pytest.mark.parametrize("files", [[], ["notes.txt"], ["helper.py", "data.csv"], ["x.py"]])
def test_what_holds_no_hand_in_is_a_usage_error(tmp_path, kind, files):
    path = tmp_path / "empty"
    path.mkdir()
    for name in files:
        put(path / name, b"x")
    if kind == "archive":
        path = put_zip(tmp_path / "empty.zip", dict.fromkeys(files, "x"))
    with pytest.raises(UsageError, match="There is no hand-in in") as raised:
        find([path], UNITS, None)
    assert all(name in str(raised.value) for name in files)


def test_links_are_refused(tmp_path):
    secret = put(tmp_path / "secret" / "reference.ipynb")
    put(tmp_path / "class" / "bob.ipynb")
    (tmp_path / "class" / "alice.ipynb").symlink_to(secret)
    (tmp_path / "class" / "carl.ipynb").symlink_to("bob.ipynb")
    (tmp_path / "class" / "dora").symlink_to(secret.parent)
    submissions, problems = find([tmp_path / "class"], UNITS, None)
    assert [submission.student for submission in submissions] == ["bob"]
    assert sorted(problem.student for problem in problems) == ["alice", "carl", "dora"]
    assert all("link" in problem.message for problem in problems)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "alice.ipynb")
    assert "not a regular file" in the_problem(tmp_path).message
    assert "not a regular file" in the_problem(tmp_path / "alice.ipynb").message


def test_a_file_without_permission_is_a_problem(tmp_path):
    folder = tmp_path / "class"
    put(folder / "alice.ipynb").chmod(0)
    put(folder / "bob.ipynb")
    for path in (folder, *folder.parents[:4]):  # pytest's folders are for its user only
        path.chmod(path.stat().st_mode | stat.S_IROTH | stat.S_IXOTH)
    program = f"""if True:
        import os, pathlib
        from autograder.submissions.reader import Readers
        from autograder.submissions.submission import *
        units, readers = {{"{ONE}": UnitOutline("{ONE}", {{}})}}, Readers()
        # Imports and starts what it needs.
        find([pathlib.Path({str(folder)!r}, "bob.ipynb")], units, readers=readers)
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        submissions, problems = find([pathlib.Path({str(folder)!r})], units, readers=readers)
        print([s.student for s in submissions], problems[0].student, problems[0].message)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.startswith("['bob'] alice It can't be read: Permission denied."), done.stderr


def test_a_huge_notebook_is_a_problem(tmp_path):
    path = put(tmp_path / "alice.ipynb")
    with path.open("r+b") as stream:
        stream.truncate(file.MAX_NOTEBOOK_BYTES + 1)  # a sparse file
    assert "larger than 50 MiB" in the_problem(path).message


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([code("1")] * (notebook_file.MAX_CELLS + 1), "more than 5,000 cells"),
        ([code("x" * 2**20)] * 5, "more than 4 million characters"),
    ],
)
def test_more_than_anybody_writes_is_a_problem(tmp_path, cells, message):
    path = put(tmp_path / "alice.ipynb", notebook(*cells))
    assert message in the_problem(path).message


# Zips.


@pytest.mark.parametrize("end", ["\r", "\v", "\u2028"])
def test_every_line_end_that_nbformat_knows_counts(tmp_path, end):
    text = {"cell_type": "markdown", "metadata": {}, "source": end * (notebook_file.MAX_LINES + 1)}
    problem = the_problem(put(tmp_path / "ada.ipynb", notebook(text)))
    assert "more than 200,000 lines" in problem.message


def test_windows_line_ends_count_once():
    data = json.dumps(notebook(code("\r\n" * (notebook_file.MAX_LINES // 2 + 1)))).encode()
    assert notebook_file.read(data)


@pytest.mark.parametrize(
    "cell",
    [
        {"metadata": {"tags": [f"tag-{n}" for n in range(2_000)] + ["experiment"]}},
        {"metadata": {f"entry-{n}": [n] for n in range(2_000)} | {"tags": ["experiment"]}},
        {"metadata": {"nbgrader": {f"entry-{n}": n for n in range(2_000)} | {"grade_id": "x"}}},
        {"attachments": {f"{n}.png": {} for n in range(2_000)}, "cell_type": "markdown"},
    ],
)
@pytest.mark.parametrize("times", [1, 60])
def test_a_whole_notebook_is_of_few_parts(cell, times):
    cells = [code("1") | cell] * times
    read, _ = notebook_file.read(json.dumps(notebook(*cells)).encode(), whole=True)
    assert len(json.dumps(read)) < 2 * metadata.MAX_ALL_METADATA
    for kept in read["cells"]:
        assert ("experiment" in kept["metadata"].get("tags", ())) == ("experiment" in str(cell))
        assert notebook_file.grade_id_of(kept) == ("x" if "nbgrader" in str(cell) else "")


def test_members_that_lead_out_are_refused_and_others_graded(tmp_path):
    names = ["../bob.ipynb", "/etc/carl.ipynb", "C:\\dora.ipynb", "..\\eve.ipynb", "alice.ipynb"]
    path = put_zip(tmp_path / "class.zip", dict.fromkeys(names, ""))
    link = zipfile.ZipInfo("fred.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as out:
        out.writestr(link, "/etc/passwd")
    submissions, problems = find([path], UNITS, None)
    assert [submission.student for submission in submissions] == ["alice"]
    assert len(problems) == 5
    assert "The member `../bob.ipynb` of the archive leads out" in problems[0].message
    assert "`fred.ipynb` of the archive is a link" in problems[-1].message


def test_a_zip_in_a_zip_of_a_zip_is_named_not_opened(tmp_path):
    inner = put_zip(tmp_path / "inner.zip", {f"{ONE}.ipynb": ""}).read_bytes()
    outer = put_zip(tmp_path / "outer.zip", {"homework.zip": inner}).read_bytes()
    path = put_zip(tmp_path / "class.zip", {"alice.zip": inner, "bob.zip": outer})
    submissions, problems = find([path], UNITS, None)
    assert [submission.student for submission in submissions] == ["alice"]
    assert [(p.student, "not opened" in p.message) for p in problems] == [("bob", True)]


def test_an_archive_in_a_hand_in_is_opened_within_the_limits_of_one(tmp_path, monkeypatch):
    put_zip(tmp_path / "in" / "alice" / "work.zip", {f"deep/{ONE}.ipynb": "", "../bob.ipynb": ""})
    put_zip(tmp_path / "in" / "bob.zip", dict.fromkeys([f"{n}.txt" for n in range(30)], "x"))
    put_zip(tmp_path / "in" / "carl" / "a.zip", {f"{n}.py": "x" for n in range(15)})
    put_zip(tmp_path / "in" / "carl" / "b.zip", {f"{n}.py": "x" for n in range(15)})
    monkeypatch.setattr(zips, "MAX_ENTRIES", 20)
    submissions, problems = find([tmp_path / "in"], UNITS)
    assert [submission.student for submission in submissions] == ["alice"]
    assert "`../bob.ipynb` of the archive leads out" in submissions[0].notes[-1]
    found = {problem.student: problem.message for problem in problems}
    assert set(found) == {"bob", "carl"}
    assert "it has 30 members. The limit is 20" in found["bob"]
    assert "more than 20 files" in found["carl"]


def test_many_archives_are_not_held_open(tmp_path):
    for number in range(3 * open_zips._MAX_OPEN):
        put_zip(tmp_path / "class" / f"s{number:02}.zip", {f"{ONE}.ipynb": ""})
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Readers() as readers:
        submissions, problems = find_with([tmp_path / "class"], UNITS, readers=readers)
        assert (len(submissions), problems) == (3 * open_zips._MAX_OPEN, [])
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + open_zips._MAX_OPEN + 4


def test_limits_of_a_class_in_a_zip_are_for_each_hand_in(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "MAX_ENTRIES", 20)
    members = {f"bob/environment/{n}.py": "x" for n in range(20)} | {f"bob/{ONE}.ipynb": ""}
    members |= {f"s{n}/{ONE}.ipynb": "" for n in range(30)}
    for name in ("class.zip", f"{ONE}.zip"):
        inside = {f"{ONE}/{member}": text for member, text in members.items()}
        path = put_zip(tmp_path / name, inside if name.startswith(ONE) else members)
        submissions, problems = find([path], UNITS)
        assert len(submissions) == 30
        assert [problem.student for problem in problems] == ["bob"]
        assert "more than 20 files in this part of the archive" in problems[0].message


def test_a_large_class_in_a_zip_is_an_ordinary_one(tmp_path):
    """500 notebooks of 2 MB with pictures."""
    noise = os.urandom(24_000).hex()
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": noise * 40}}
    content = json.dumps(notebook(code("1") | {"outputs": [output]}, solution(), check()))
    assert len(content) > 1_900_000
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for number in range(500):
            out.writestr(f"s{number:03}/{ONE}.ipynb", content)
            out.writestr(f"s{number:03}/blank.bmp", bytes(3 * file.MIB))
    found = identify.hand_ins([tmp_path / "class.zip"], list(UNITS))
    assert len(found) == 500
    assert {placed.file.problem for one in found for placed in one.files} == {""}
    submissions, problems = read(found[-1], UNITS, READERS)
    assert (submissions[0].student, problems) == ("s499", [])


@pytest.mark.parametrize("flag", [0, 0x800])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_zips_are_what_people_wrote(tmp_path, flag, form):
    names = ["José Müller", "山田太郎", "Łukasz", "ada"]
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as out:
        for name in names:
            member = RawName(unicodedata.normalize(form, f"{name}/{ONE}.ipynb"), flag)
            out.writestr(member, json.dumps(notebook()))
    assert students(path) == sorted((name, ONE) for name in names)


class RawName(zipfile.ZipInfo):
    """A member whose name is UTF-8, whether its flag says so or not, as macOS writes it."""

    def __init__(self, name, flag):
        super().__init__(name)
        self.flag = flag

    def _encodeFilenameFlags(self):
        return self.filename.encode(), self.flag


def test_names_of_the_old_code_page_stay_readable(tmp_path):
    class Old(RawName):
        def _encodeFilenameFlags(self):
            return self.filename.encode("cp437"), 0

    with zipfile.ZipFile(tmp_path / "class.zip", "w") as out:
        out.writestr(Old(f"José Müller/{ONE}.ipynb", 0), json.dumps(notebook()))
    assert students(tmp_path / "class.zip") == [("José Müller", ONE)]


def test_an_encrypted_member_is_a_problem(tmp_path):
    path = put_zip(tmp_path / "class.zip", {"alice.ipynb": ""})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of the member, and in the table
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in the_problem(put(path, bytes(data))).message


def test_an_unusual_packing_is_refused_because_it_has_no_limit(tmp_path):
    path = put_zip(tmp_path / "class.zip", {"alice.ipynb": ""}, zipfile.ZIP_LZMA)
    assert "deflate" in the_problem(path).message


@pytest.mark.parametrize("keep", [10, 400])
def test_a_cut_off_zip_is_a_problem(tmp_path, keep):
    path = put_zip(tmp_path / "class.zip", {"alice.ipynb": ""}, zipfile.ZIP_STORED)
    put(path, path.read_bytes()[:keep])
    assert "archive is damaged: `File is not a zip file`" in the_problem(path).message


def test_a_damaged_member_does_not_stop_the_others(tmp_path):
    members = {"alice.ipynb": "", "bob.ipynb": ""}
    path = put_zip(tmp_path / "class.zip", members, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    submissions, problems = find([put(path, bytes(data))], UNITS, None)
    assert [submission.student for submission in submissions] == ["bob"]
    assert "`alice.ipynb` of the archive is damaged" in problems[0].message


def test_two_members_of_one_name_are_two_notebooks(tmp_path):
    path = put_zip(tmp_path / "class.zip", {"alice.ipynb": ""})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as out:
        out.writestr("alice.ipynb", json.dumps(notebook(solution("half = 1"), check())))
    assert "2 notebooks" in the_problem(path).message


def test_a_bomb_is_refused_and_nothing_beside_it(tmp_path):
    members = {"alice.ipynb": "", "bob.ipynb": bytes(2 * file.MIB)}
    path = put_zip(tmp_path / "class.zip", members)
    submissions, problems = find([path], UNITS)
    assert [submission.student for submission in submissions] == ["alice"]
    assert [problem.student for problem in problems] == ["bob"]
    assert "more than 200 times its size" in problems[0].message


def test_what_is_no_notebook_counts_for_nothing(tmp_path):
    rows: dict[str, Any] = {f"bob/{n}.bin": os.urandom(file.MIB) * 45 for n in range(5)}
    rows |= {"bob/zeros.bmp": bytes(3 * file.MIB), f"alice/{ONE}.ipynb": ""}
    submissions, problems = find([put_zip(tmp_path / "class.zip", rows)], UNITS)
    assert [submission.student for submission in submissions] == ["alice"]
    assert [problem.student for problem in problems] == ["bob"]
    assert "Handed in `0.bin`, `1.bin`, `2.bin`, `3.bin`, `4.bin` and 1 more" in problems[0].message


def test_a_huge_table_of_members_is_refused(tmp_path, monkeypatch):
    members = dict.fromkeys([f"{n}.txt" for n in range(50)], "x")
    path = put_zip(tmp_path / "class.zip", members)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 49)
    assert "it has 50 members" in the_problem(path).message
    monkeypatch.setattr(open_zips, "_MAX_DIRECTORY_BYTES", 1000)
    assert "table of members" in the_problem(path).message


def test_a_member_with_a_long_name_is_refused_alone_and_at_once(tmp_path):
    long = {"a" + "-" * 60_000 + f"{ONE}.ipynb": "", "a" + "-_. " * 15_000 + ".ipynb": ""}
    path = put_zip(tmp_path / "class.zip", {"alice.ipynb": "", **long})
    began = time.perf_counter()
    submissions, problems = find([path], UNITS)
    assert time.perf_counter() - began < 2
    assert [submission.student for submission in submissions] == ["alice"]
    assert len(problems) == 2
    assert all("more than 255 characters" in problem.message for problem in problems)
    assert all(len(problem.message) < 500 for problem in problems)


def test_headers_that_lie_about_size_yield_no_more_than_they_say(tmp_path):
    path = put_zip(tmp_path / "class.zip", {"alice.ipynb": b" " * 3 * file.MIB + b"{}"})
    data = bytearray(path.read_bytes())
    for header, offset in ((data.index(b"PK\x03\x04"), 22), (data.index(b"PK\x01\x02"), 24)):
        data[header + offset : header + offset + 4] = (1000).to_bytes(4, "little")
    assert "is damaged" in the_problem(put(path, bytes(data))).message


def test_a_large_member_is_read_in_full(tmp_path):
    noise = {"output_type": "stream", "name": "stdout", "text": os.urandom(6 * file.MIB).hex()}
    content = notebook(code("1") | {"outputs": [noise]})
    path = put_zip(tmp_path / "class.zip", {"a.ipynb": json.dumps(content)}, zipfile.ZIP_STORED)
    assert students(path) == [("a", ONE)]


def test_what_read_notebooks_say_is_what_nbformat_says(tmp_path):
    path = put(tmp_path / "alice.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    assert [cell.source for cell in one(path).cells] == [cell.source for cell in cells]


def test_a_guess_survives_a_tree_of_any_depth(tmp_path):
    put(tmp_path / "ada.ipynb", notebook(code("import keras")))
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        assert need_framework([tmp_path])
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # which Python can't


def test_reading_submissions_imports_no_framework():
    program = "import sys, autograder.submissions.submission; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_paths_are_shown_as_given(tmp_path, monkeypatch):
    put(tmp_path / "class" / "alice.ipynb")
    monkeypatch.chdir(tmp_path)
    assert one(Path("class")).path == "class/alice.ipynb"
    monkeypatch.chdir(tmp_path / "class")
    assert students(Path()) == [("alice", ONE)]


def test_the_order_of_paths_changes_nothing(tmp_path):
    for name in ("alice/hw", "bob", "bob (1)", "carl"):
        put(tmp_path / "in" / f"{name}.ipynb")
    put(tmp_path / "in" / "dora.ipynb", b"{")
    paths = [tmp_path / "in", *sorted((tmp_path / "in").rglob("*.ipynb"))]
    assert find(paths, UNITS) == find(paths[::-1], UNITS) == find(paths[:1], UNITS)
