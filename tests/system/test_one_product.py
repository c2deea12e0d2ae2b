"""`grade`, `nbgrade`, `nbgrader autograde`, `check` and `nbgrader validate` say the same.

One set of odd notebooks goes through all of them.  The first three give the same points, verdicts
and words.  `check` has public cases of its own and nobody's functions to lend: its verdicts and
advice are compared for exercises whose earlier ones are right, in notebooks that run in a kernel.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.nbgrader_class import UNIT, autograded, nbgrader, scores, text_shown
from support.odd_notebooks import ODD, OddNotebook
from support.odd_numbers import NUMBERS
from support.places import ROOT

from autograder.cli.main import main
from autograder.course.course import Course

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nbgrader_environment")]

USES = {"center": (), "learn": ("center",)}
PUBLIC = {"center": ("values",), "learn": ("weights", "unseen_accuracy")}
# Whose kernel has what is not graded, or lacks what is: `check` sees the names of the kernel alone.
ONLY_IN_A_KERNEL = {
    "tagged": "a cell tagged `experiment` runs there",
    "marked-markdown": "a Markdown cell doesn't run there",
    "marked-raw": "a raw cell doesn't run there",
    "stub-that-is-replaced-below": "its check runs before that",
}
# Kinds whose cause only the notebook's file shows, or the place where it is graded.
CAUSE_IS_NOT_IN_THE_KERNEL = (8, 9)


def chosen() -> tuple[OddNotebook, ...]:
    """Return the first eight of each kind, and all of the number types."""
    kinds = itertools.groupby(sorted(ODD, key=lambda odd: odd.kind), lambda odd: odd.kind)
    return (*(odd for _, odds in kinds for odd in itertools.islice(odds, 8)), *NUMBERS)


SET = chosen()
NAMES = [odd.name for odd in SET]


@dataclass(frozen=True)
class Said:
    """What each way says, by the notebook's name."""

    grade: dict[str, Any]
    nbgrade: dict[str, Any]
    autograde: dict[str, Any]
    kernel: dict[str, Any]
    course: Path  # that `nbgrader autograde` graded
    log: str


@pytest.fixture(scope="module")
def said(
    nbgrader_environment: None, gradebook_course: Path, tmp_path_factory: pytest.TempPathFactory
) -> Said:
    base = tmp_path_factory.mktemp("one")
    course = Path(shutil.copytree(gradebook_course, base / "course"))
    Course(course).seed()  # both copies draw the same hidden cases
    for odd in SET:
        odd.write(course / "submitted" / odd.name / UNIT)
        odd.write(base / "class" / odd.name)
    other = Path(shutil.copytree(course, base / "other"))
    runner = CliRunner()
    graded = [str(base / "class"), "--course", str(course), "--out", str(base / "out")]
    assert runner.invoke(main, ["grade", *graded]).exit_code == 1  # some can't be graded
    runner.invoke(main, ["nbgrade", UNIT, "--course", str(other)])
    _, log = nbgrader(course, "autograde", UNIT)
    return Said(
        results(base / "out"),
        results(other / ".autograder" / "results"),
        results(course / ".autograder" / "results"),
        in_kernel(course, base / "kernel"),
        course,
        log,
    )


def results(folder: Path) -> dict[str, Any]:
    """Return the results below a folder by student."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("*.json")]
    return {result["student"]: result for result in found if "student" in result}


def in_kernel(course: Path, folder: Path) -> dict[str, Any]:
    """Return what the notebooks say to their students, all in one kernel."""
    folder.mkdir()
    shutil.copy(course / "assignments" / UNIT / f"{UNIT}.cases", folder)
    for odd in SET:
        (folder / f"{odd.name}.ipynb").write_bytes(odd.content)
    command = [sys.executable, str(ROOT / "tests" / "support" / "notebook_kernel.py"), "."]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


def points(result: Any) -> float | None:
    """Return the points of a result, None where nothing was graded."""
    graded = result is not None and result["status"] == "graded"
    return float(result["points"]) if graded else None


def findings(result: Any) -> dict[tuple[str, str], Any]:
    """Return the findings of a result by exercise and check, but for how long they took."""
    return {
        (exercise["exercise"], finding["check"]): finding | {"seconds": 0.0}
        for exercise in result["exercises"]
        for finding in exercise["findings"]
    }


def test_the_set_is_large_and_every_kind_is_in_it() -> None:
    assert len(SET) >= 60 and len(set(NAMES)) == len(SET)
    assert {odd.kind for odd in SET} >= {odd.kind for odd in ODD} | {14}


def test_points_are_those_declared_whoever_grades(said: Said) -> None:
    differ = {}
    for odd in SET:
        ways = [found.get(odd.name) for found in (said.grade, said.nbgrade, said.autograde)]
        found = [*map(points, ways), in_gradebook(said.course, odd.name)]
        if found != [odd.points] * 4:
            differ[odd.name] = odd.points, found
    assert not differ


def in_gradebook(course: Path, name: str) -> float | None:
    """Return the points of a student in nbgrader's gradebook; None where there are none."""
    given = scores(course, name).values()
    known = [score for score in given if score is not None]
    return sum(known) if known else None


def test_verdicts_and_words_are_the_same_whoever_grades(said: Said) -> None:
    differ: list[tuple[Any, ...]] = []
    for name in NAMES:
        if points(said.grade[name]) is None:
            continue
        ours = findings(said.grade[name])
        for way, theirs in (("nbgrade", said.nbgrade), ("autograde", said.autograde)):
            for key, finding in findings(theirs[name]).items():
                if finding != ours[key]:
                    differ.append((name, way, key, ours[key], finding))
            if theirs[name]["notes"] != said.grade[name]["notes"]:
                differ.append((name, way, said.grade[name]["notes"], theirs[name]["notes"]))
    assert not differ, "\n".join(map(str, differ))


def test_what_cannot_be_graded_has_one_reason(said: Said) -> None:
    for odd in SET:
        if odd.points is None:
            why = said.grade[odd.name]["problem"]
            reason = why.partition(": ")[2] or why
            assert reason[:60] in said.log, (odd.name, why)


def test_what_is_found_is_shown_in_the_autograded_notebook(said: Said) -> None:
    for odd in SET:
        if points(said.autograde.get(odd.name)) is None:
            continue
        told = "\n".join(map(text_shown, cells_of(said.course, odd.name)))
        for finding in findings(said.autograde[odd.name]).values():
            for part in (finding["seen"], finding["advice"]):
                assert plain(part) in plain(told), (odd.name, part)


def cells_of(course: Path, name: str) -> list[Any]:
    cells = autograded(course, name)["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def plain(text: str) -> str:
    """Return a text without marks and line ends, which differ between ways to show it."""
    return re.sub(r"[\s`│]+|&#x27;|&#39;|'", "", re.sub(r"<[^>]+>", "", text))


def test_check_gives_the_verdict_and_the_advice_of_grading(said: Said) -> None:
    differ, compared = [], set[str]()
    kinds = {odd.name: odd.kind for odd in SET}
    for name in NAMES:
        kernel = said.kernel.get(name)
        if kernel is None or not kernel["starts"] or name in ONLY_IN_A_KERNEL:
            continue
        answers = {one: finding_by_check(kernel, one) for one in kernel["checks"]}
        for exercise, found in answers.items():
            if USES[exercise] and kinds[name] == 5:
                continue  # grading calls the function as it stood, a kernel the name as it is
            earlier = [answers.get(other, {}) for other in USES[exercise]]
            if any(f["verdict"] != "passed" for one in earlier for f in one.values()):
                continue  # grading lends the reference's
            graded = findings(said.grade[name])
            for check in PUBLIC[exercise]:
                compared.add(name)
                ours, theirs = found[check], graded[exercise, check]
                same_cause = kinds[name] not in CAUSE_IS_NOT_IN_THE_KERNEL
                missing = theirs["verdict"] == "missing"
                # A kernel says which run of which cell failed; the line is the same.
                compares = ["verdict", "advice"] if same_cause and not missing else ["verdict"]
                lines = re.findall(r"line \d+", theirs["advice"]) if same_cause and missing else []
                if any(ours[part] != theirs[part] for part in compares) or any(
                    line not in ours["advice"] for line in lines
                ):
                    differ.append((name, check, theirs, ours))
    assert not differ, "\n".join(map(str, differ))
    assert len(compared) >= 30


def finding_by_check(kernel: Any, exercise: str) -> dict[str, Any]:
    result = kernel["checks"][exercise]["result"]
    return {finding["check"]: finding for finding in result["findings"]}


def test_validate_says_what_check_says(said: Said) -> None:
    for name, kernel in said.kernel.items():
        for checked in kernel["checks"].values():
            wrong = [f for f in checked["result"]["findings"] if f["verdict"] != "passed"]
            assert bool(wrong) == bool(checked["validate"]), name
            for finding in wrong:
                assert plain(finding["seen"]) in plain(checked["validate"]), name


def test_nbgrader_validate_itself_says_so(said: Said, tmp_path: Path) -> None:
    """Its own command, which starts a kernel for each notebook, on a right and a wrong one."""
    shutil.copy(said.course / "assignments" / UNIT / f"{UNIT}.cases", tmp_path)
    for name in ("numbers-list", "numbers-matrix"):
        content = next(odd.content for odd in SET if odd.name == name)
        (tmp_path / f"{name}.ipynb").write_bytes(content)
        ran = subprocess.run(
            [sys.executable, "-m", "nbgrader", "validate", f"{name}.ipynb"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        for checked in said.kernel[name]["checks"].values():
            assert plain(checked["validate"]) in plain(ran.stdout)
        assert ("Success" in ran.stdout) == (name == "numbers-list"), ran.stdout
