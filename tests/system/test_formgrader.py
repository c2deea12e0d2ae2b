"""nbgrader's form grader in a browser: a teacher sees the class, reads, and changes a score."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import nbgrader_class as own
from support.browser import BROWSER, TOKEN, Browser, jupyter
from support.nbgrader_class import UNIT, Class, nbgrader, rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium"),
    pytest.mark.skipif(os.name != "posix", reason="the browser is driven through pipes"),
]

TEXT = "document.body.innerText"
LOADED = f"document.readyState == 'complete' && {TEXT}.includes"


@pytest.fixture(scope="module")
def course(gradebook_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course of two students, one of them with a mistake, autograded."""
    course = Path(shutil.copytree(gradebook_course, tmp_path_factory.mktemp("form") / "course"))
    with own.own_environment(tmp_path_factory.mktemp("home")):
        group = Class(course)
        group.hand_in("ada", group.notebook())
        group.hand_in("bob", group.notebook(center=own.WRONG_AXIS))
        assert nbgrader(course, "autograde", UNIT)[0] == 0
        yield course


@pytest.fixture(scope="module")
def browser(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that has logged in to a server with the form grader."""
    home = tmp_path_factory.mktemp("browser")
    exchange = home / "exchange"
    exchange.mkdir()
    # The extension as installing nbgrader switches it on.
    extension = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
    with ExitStack() as stack:
        options = [extension, f"--Exchange.root={exchange}"]
        address = stack.enter_context(jupyter("jupyter_server", course, home, *options))
        browser = Browser(home / "profile")
        stack.callback(browser.close)
        browser.open(f"{address}/formgrader?token={TOKEN}")
        yield browser


def visit(browser: Browser, path: str, text: str) -> None:
    """Opens a page of the same server and waits until it shows a text."""
    browser.value(f"void (location.href = {path!r})")
    browser.wait(f"{LOADED}({text!r})", seconds=60)


def test_a_teacher_sees_the_class_reads_and_changes_a_score(
    browser: Browser, course: Path, pictures: Path | None
) -> None:
    browser.wait(f"{LOADED}('{UNIT}')", seconds=60)
    visit(browser, f"/formgrader/manage_submissions/{UNIT}", "graded")
    browser.wait(f"{TEXT}.includes('bob') && {TEXT}.includes('ada')", seconds=60)
    assert "3 / 5" in browser.value(TEXT) and "5 / 5" in browser.value(TEXT)
    browser.picture(pictures, "class")

    submission = next(row for row in rows(course, SUBMISSIONS) if row[1] == "bob")[0]
    visit(browser, f"/formgrader/submissions/{submission}/?index=0", "You average over the units")
    found = "[...document.querySelectorAll('input.score')].map(e => [e.id, e.placeholder])"
    browser.wait(f"{found}.length == 2 && {found}.every(([_, hint]) => hint)", seconds=60)
    browser.picture(pictures, "notebook")
    grades = {row[2]: row for row in rows(course) if row[0] == "bob"}
    assert grades["check_center"][3:5] == (0.0, None)

    change = "new Event('change', {bubbles: true})"
    scores = "[...document.querySelectorAll('input.score')]"
    assert browser.value(f"{scores}.length") == 2
    browser.value(f"{scores}[0].value = '1.25'; {scores}[0].dispatchEvent({change}); true")
    wait_for_score(browser, course, 1.25)
    assert nbgrader(course, "generate_feedback", UNIT, "--student", "bob")[0] == 0
    page = (course / "feedback" / "bob" / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")
    assert "4.25 / 5.0" in page


def test_feedback_shows_findings_as_they_are_meant_to_be_read(
    browser: Browser, course: Path, pictures: Path | None
) -> None:
    shutil.rmtree(course / "feedback", ignore_errors=True)
    assert nbgrader(course, "generate_feedback", UNIT, "--student", "bob")[0] == 0
    page = course / "feedback" / "bob" / UNIT / f"{UNIT}.html"
    browser.open(page.as_uri())
    browser.wait("document.readyState == 'complete'", seconds=60)
    browser.value("document.querySelector('.autograder-findings').scrollIntoView(); true")
    browser.picture(pictures, "feedback")
    finding = "document.querySelector('.ag-finding.ag-bad')"
    assert "✗ wrong" in browser.value(f"{finding}.innerText")
    assert "You average over the units" in browser.value(f"{finding}.innerText")
    colour = browser.value(f"getComputedStyle({finding}.querySelector('.ag-verdict')).color")
    # Red mixed with the text's own colour, as the style sheet of findings says.
    assert colour.startswith("color(srgb 0.54"), colour
    assert browser.value(f"getComputedStyle({finding}).listStyleType") == "none"


SUBMISSIONS = """
select sn.id, sa.student_id from submitted_notebook sn
join submitted_assignment sa on sa.id = sn.assignment_id
"""


def wait_for_score(browser: Browser, course: Path, score: float) -> None:
    """Waits until the gradebook has a teacher's score."""
    for _ in range(200):
        grades = {row[2]: row for row in rows(course) if row[0] == "bob"}
        if grades["check_center"][4] == score:
            return
        time.sleep(0.1)
    raise AssertionError(f"The gradebook has {grades}; the page says {browser.value(TEXT)}")
