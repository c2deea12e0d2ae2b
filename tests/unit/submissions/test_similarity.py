"""Similar notebooks: copies are found however they are disguised, and independent work is not."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from support.places import ROOT, SAMPLES

from autograder.course import first_cell
from autograder.course.course import Course
from autograder.report import page
from autograder.submissions.similarity import pairs, segments, starter_code
from autograder.submissions.submission import Submission, find, outline

UNIT = "03_optimizers"
LOADED = Course(ROOT).load(UNIT)
STARTER = {UNIT: starter_code(LOADED)}


def samples(*students: str) -> list[Submission]:
    paths = [SAMPLES / UNIT / f"{student}.ipynb" for student in students]
    return find(paths, {UNIT: outline(LOADED)})[0]


def disguised(submission: Submission, **names: str) -> Submission:
    """A copy with other names, other layout and comments of its own."""

    def dress(source: str) -> str:
        for old, new in names.items():
            source = re.sub(rf"\b{old}\b", new, source)
        lines = [f"{line}  # mine" if line.strip() and "#" not in line else line
                 for line in source.splitlines()]  # fmt: skip
        return "\n\n".join(lines) if '"""' not in source else source

    cells = tuple(replace(cell, source=dress(cell.source)) for cell in submission.cells)
    return replace(submission, student="copy", cells=cells)


def test_a_copy_is_told_whatever_it_is_dressed_in() -> None:
    ada, chen = samples("ada", "chen")
    copy = disguised(chen, new_w="u", new_v="q", result="out", value="val", index="k")
    found = pairs([ada, chen, copy], STARTER)
    assert [pair.students for pair in found] == [("chen", "copy")]
    assert found[0].share > 0.9
    for side in range(2):
        pieces = list(segments(found[0].codes[side], found[0].spans[side]))
        assert "".join(text for _, text in pieces) == found[0].codes[side]
        assert any(shared for shared, _ in pieces)


def test_independent_work_is_not_told_and_starter_code_does_not_count() -> None:
    assert pairs(samples("ada", "bao", "chen"), STARTER) == []
    twice = [replace(one, student=name) for name in "xy" for one in samples("dilara")]
    untouched = [
        replace(one, cells=tuple(c for c in one.cells if c.source in STARTER[UNIT]))
        for one in twice
    ]
    assert pairs(untouched, STARTER) == []
    assert pairs([], STARTER) == []


def test_the_first_cell_of_a_published_course_does_not_count() -> None:
    wheel = first_cell.Wheel("p", "p-2.0-py3-none-any.whl", "0f" * 32)
    text = first_cell.source("https://example.org/a/", wheel, UNIT, {f"{UNIT}.cases": b"1"})
    (ada,) = samples("ada")
    twice = [
        replace(ada, student=name, cells=(replace(ada.cells[0], source=text),)) for name in "xy"
    ]
    assert pairs(twice, STARTER) == []
    assert pairs(twice, {UNIT: ""}) != []


def test_the_page_shows_both_and_lets_nothing_through() -> None:
    (chen,) = samples("chen")
    evil = chen.cells[0].source + '\nx = "</pre><script>alert(1)</script>"\x1b[31m'
    cells = (replace(chen.cells[0], source=evil), *chen.cells[1:])
    found = pairs([replace(chen, cells=cells), replace(chen, student="<b>co")], STARTER)
    html = page.similar_page(found, segments)
    shown = BeautifulSoup(html, "html.parser")
    assert len(shown.find_all("pre")) == 2 and shown.find_all("mark")
    assert not shown.find_all(["script", "b"]) and "\x1b" not in html
    assert "<b>co" in shown.h2.get_text()
    assert "No two notebooks are alike" in page.similar_page([], segments)


@pytest.mark.slow
def test_the_command_writes_a_page_and_runs_nothing(tmp_path: Path) -> None:
    folder = SAMPLES / UNIT
    out = tmp_path / "similar.html"
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "similar", str(folder), "-o", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert "are alike" in done.stdout and "Left out" in done.stderr
    assert "ada" in out.read_text() and "farid" in out.read_text()
